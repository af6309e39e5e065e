/** The column left of the lanes: a picture of each world and its number; only those in sight. */

import { element } from "./elements.js";
import { app, hover, select, shownTime } from "./state.js";
import { ancestors, livesAt } from "./model.js";
import { THUMBNAIL_PITCH, visibleRows } from "./layout.js";
import { nicheThumbnail } from "./thumbnails.js";

const LABEL_PITCH = 11; // [px] of narrower lanes only some have numbers

/** A gutter in `root`; `refresh(scene, change)` shows the lanes in sight of a scene. */
export function makeGutter(root, { width, onhover }) {
  const rows = new Map();
  let drawn = "";
  root.addEventListener("pointerleave", () => onhover(null));
  function refresh({ model, lanes, layout, top }, change) {
    const [first, last] = visibleRows(layout, top);
    const picture = width() > 80 && layout.pitch >= THUMBNAIL_PITCH;
    const look = [layout.pitch, picture, change, model.id, width()].join();
    if (look !== drawn) {
      root.replaceChildren();
      rows.clear();
      drawn = look;
    }
    const wanted = labelledRows(lanes, layout, first, last);
    for (const [id, button] of rows) {
      if (wanted.has(id)) continue;
      button.remove();
      rows.delete(id);
    }
    for (let row = first; row <= last; row += 1) {
      const id = lanes.rows[row];
      if (!wanted.has(id)) continue;
      const high = Math.max(layout.high(row), LABEL_PITCH);
      if (!rows.has(id)) {
        rows.set(
          id,
          laneButton(model.niches.get(id), high, picture && high >= THUMBNAIL_PITCH, onhover),
        );
        root.append(rows.get(id));
      }
      rows.get(id).style.top = `${layout.y(row) - high / 2}px`;
    }
    mark(model, rows);
  }
  return { refresh, mark: (model) => mark(model, rows) };
}

/** The lanes that have a button: all where there is room, else the selected one and some others. */
function labelledRows(lanes, layout, first, last) {
  const chosen = lanes.place.get(app.selected);
  const wanted = new Set(chosen >= first && chosen <= last ? [app.selected] : []);
  const middle = chosen === undefined ? -Infinity : layout.y(chosen);
  let free = -Infinity;
  for (let row = first; row <= last; row += 1) {
    const [y, high] = [layout.y(row), Math.max(layout.high(row), LABEL_PITCH)];
    // thin lanes only get a number where a wide gap is left
    const room = lanes.thin[row] ? 3 * LABEL_PITCH : 0;
    if (y - high / 2 < free + room - 0.01 || Math.abs(y - middle) < LABEL_PITCH) continue;
    wanted.add(lanes.rows[row]);
    free = y + high / 2;
  }
  return wanted;
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

function laneButton(niche, high, picture, onhover) {
  const height = Math.max(9, Math.round(high - (high > 18 ? 5 : 2)));
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
  made.style.height = `${high}px`;
  return made;
}
