/** Lists of the panel: transfers, children, refused children, parameters. */

import { button, element } from "./elements.js";
import { select } from "./state.js";
import { drawThumbnail } from "./thumbnails.js";
import { cut, score, several, whole } from "./format.js";

const MOST_ROWS = 60; // of a table in the panel
const MOST_PICTURES = 12;

/** A link to a niche. */
export function nicheLink(id) {
  return button(String(id), () => select(id), { class: "niche", title: `niche ${id}` });
}

/** A part of the panel with a heading, which can be folded. */
export function panelPart(title, content, open = false) {
  return element(
    "details",
    { open, "data-testid": `part-${title.split(" ")[0].toLowerCase()}` },
    element("summary", { text: title }),
    content,
  );
}

/** Transfers into or out of a niche, the newest first. */
export function transferTable(rows, partner) {
  const newest = [...rows].reverse();
  const lines = newest.slice(0, MOST_ROWS).map((row) =>
    element(
      "tr",
      { class: row.accepted ? "accepted" : "tried" },
      element("td", { text: whole(row.iteration) }),
      element("td", {}, nicheLink(row[partner])),
      element("td", { text: row.kind }),
      element("td", { text: score(row.score) }),
      element("td", {
        text: row.bar === null ? "" : `${row.accepted ? "≥" : "<"} ${score(row.bar)}`,
      }),
    ),
  );
  const table = element("table", { class: "transfers" }, element("tbody", {}, lines));
  const rest = rows.length - lines.length;
  return element(
    "div",
    {},
    table,
    rest > 0
      ? element("p", { class: "quietly", text: `and ${several(rest, "earlier one")}` })
      : null,
  );
}

/** How many of some transfers were accepted, in words. */
export function transferCount(rows, direction) {
  const accepted = rows.filter((row) => row.accepted).length;
  return `Transfers ${direction}: ${whole(accepted)} accepted of ${whole(rows.length)} tried`;
}

/** Children that were refused: pictures with the reason. */
export function refusedPictures(rows) {
  const newest = [...rows].reverse().slice(0, MOST_PICTURES);
  const pictures = newest.map((row) => {
    const canvas = element("canvas", { class: "thumb" });
    drawThumbnail(canvas, row.outline, 96, 26);
    const reached = row.score === null ? "" : `, ${score(row.score)}`;
    const text = `${whole(row.iteration)}: ${cut(row.outcome, 60)}${reached}`;
    return element("figure", {}, canvas, element("figcaption", { text }));
  });
  const rest = rows.length - newest.length;
  return element(
    "div",
    { class: "pictures" },
    pictures,
    rest > 0
      ? element("p", { class: "quietly", text: `and ${several(rest, "earlier one")}` })
      : null,
  );
}
