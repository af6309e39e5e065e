/** The card beside the pointer that explains the mark under it. */

import { element } from "./elements.js";
import { drawNiche, drawThumbnail } from "./thumbnails.js";

let card = null;

/** Show a card near a point [px] of the window: a title, lines of text, and an outline if given. */
export function showTooltip(x, y, { title, lines = [], niche = null, outline = null }) {
  card ??= document.body.appendChild(
    element("div", { class: "tooltip", role: "tooltip", "data-testid": "tooltip" }),
  );
  const picture = niche || outline ? element("canvas", { class: "thumb" }) : null;
  if (niche) drawNiche(picture, niche, 280, 74);
  else if (outline) drawThumbnail(picture, outline, 280, 74);
  card.replaceChildren(
    ...[picture, element("strong", { text: title })].filter(Boolean),
    ...lines.filter(Boolean).map((line) => element("div", { text: line })),
  );
  card.hidden = false;
  const { width, height } = card.getBoundingClientRect();
  // beside the panel if there is one
  const panel = document.querySelector(".panel")?.getBoundingClientRect();
  const edge = panel?.width && panel.left > x ? panel.left : window.innerWidth;
  const left = x + 16 + width > edge ? x - width - 12 : x + 16;
  const top = Math.min(y + 14, window.innerHeight - height - 8);
  card.style.left = `${Math.max(4, left)}px`;
  card.style.top = `${Math.max(4, top)}px`;
}

/** Hide the card. */
export function hideTooltip() {
  if (card) card.hidden = true;
}
