/** The column left of the lanes: a picture of each world and its number; only those in sight. */

import { element } from "./elements.js";
import { app, hover, select } from "./state.js";
import { ancestors, livesAt } from "./model.js";
import { THUMBNAIL_PITCH, visibleRows } from "./layout.js";
import { nicheThumbnail } from "./thumbnails.js";
import { shownTime } from "./state.js";

const LABEL_PITCH = 11; // [px] of narrower lanes only some have numbers

/** A gutter in `root`; `refresh(scene, change)` shows the lanes in sight of a scene. */
export function makeGutter(root, { width, onhover }) {
  const rows = new Map();
  let drawn = "";
  root.addEventListener("pointerleave", () => onhover(null));
  function refresh({ model, lanes, layout, top }, change) {
    const [first, last] = visibleRows(layout, top);
    const every = Math.ceil(LABEL_PITCH / layout.pitch);
    const picture = width() > 80 && layout.pitch >= THUMBNAIL_PITCH;
    const look = [layout.pitch, picture, change, model.id, width()].join();
    if (look !== drawn) {
      root.replaceChildren();
      rows.clear();
      drawn = look;
    }
    const chosen = lanes.place.get(app.selected) ?? -Infinity;
    const labelled = (id, row) => row >= first && row <= last && (row === chosen || (row % every === 0 && Math.abs(row - chosen) >= every));
    const wanted = new Set(lanes.rows.filter(labelled));
    for (const [id, button] of rows) {
      if (wanted.has(id)) continue;
      button.remove();
      rows.delete(id);
    }
    for (let row = first; row <= last; row += 1) {
      const id = lanes.rows[row];
      if (!wanted.has(id)) continue;
      if (!rows.has(id)) {
        rows.set(id, laneButton(model.niches.get(id), layout, picture, onhover));
        root.append(rows.get(id));
      }
      rows.get(id).style.top = `${layout.y(row) - Math.max(layout.pitch, LABEL_PITCH) / 2}px`;
      const hidden = layout.pitch >= LABEL_PITCH ? lanes.folded.get(id) : 0;
      rows.get(id).dataset.folded = hidden ? `+${hidden}` : "";
    }
    mark(model, rows);
  }
  return { refresh, mark: (model) => mark(model, rows) };
}

/** Strong for the selected niche and its ancestors, pale for niches not alive at this time. */
function mark(model, rows) {
  const line = app.selected === null ? [] : ancestors(model, app.selected);
  const time = shownTime();
  for (const [id, button] of rows) {
    const niche = model.niches.get(id);
    button.classList.toggle("selected", id === app.selected);
    button.classList.toggle("ancestor", line.includes(id));
    button.classList.toggle("unborn", niche.born > time);
    button.classList.toggle("gone", niche.born <= time && !livesAt(niche, time));
  }
}

function laneButton(niche, layout, picture, onhover) {
  const height = Math.max(9, Math.round(layout.pitch - (layout.pitch > 18 ? 5 : 2)));
  const made = element(
    "button",
    {
      type: "button",
      class: "lane",
      "data-testid": "lane",
      "data-niche": niche.id,
      "aria-label": `niche ${niche.id}, ${niche.title}`,
      on: {
        click: () => select(niche.id),
        pointerenter: (event) => {
          hover(niche.id);
          onhover(niche.id, event);
        },
      },
    },
    picture ? nicheThumbnail(niche, 104, height) : null,
    element("span", { text: niche.id }),
  );
  made.style.height = `${Math.max(layout.pitch, LABEL_PITCH)}px`;
  return made;
}
