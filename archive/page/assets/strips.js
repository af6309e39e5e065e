/** The colours of lanes, one pixel row a lane and one column a pixel of time, painted in chunks. */

import { agentOwners, endOf } from "./model.js";
import { familyShares } from "./genealogy.js";
import { hueColour, packed, rampStep, theme } from "./theme.js";

const CHUNK = 128; // lanes of one image

/**
 * Strips of the lanes `rows` (ids), `columns` pixels wide for the iterations of `span`; colouring:
 * "score" or "agents". `chunk(row)`: {image, line}, the canvas that has the lane and its pixel row.
 */
export function makeStrips({ model, rows, columns, span, colouring }) {
  const images = new Map();
  const paint = colouring === "agents" ? agentPainter(model) : scorePainter(model);
  return {
    columns,
    chunk(row) {
      const number = Math.floor(row / CHUNK);
      if (!images.has(number)) {
        const part = rows.slice(number * CHUNK, (number + 1) * CHUNK);
        images.set(number, paintChunk(model, part, columns, span, paint));
      }
      return { image: images.get(number), line: row - number * CHUNK };
    },
  };
}

function paintChunk(model, ids, columns, { from, to }, paint) {
  const canvas = document.createElement("canvas");
  canvas.width = columns;
  canvas.height = ids.length;
  const context = canvas.getContext("2d");
  const picture = context.createImageData(columns, ids.length);
  const pixels = new Uint32Array(picture.data.buffer);
  const size = (to - from) / columns; // iterations a column
  ids.forEach((id, line) => {
    const niche = model.niches.get(id);
    const first = Math.floor((niche.born - from) / size);
    const last = Math.max(first + 1, Math.ceil((endOf(model, niche) - from) / size));
    if (last <= 0 || first >= columns) return;
    const shown = [Math.max(0, first), Math.min(last, columns)];
    paint(id, pixels.subarray(line * columns, (line + 1) * columns), shown, { from, size });
  });
  context.putImageData(picture, 0, 0);
  return canvas;
}

/** Mean score of the iterations of a column, as a colour; grey where there is no score. */
function scorePainter(model) {
  const missing = packed(theme.dark ? [62, 66, 74] : [214, 211, 202]);
  return (id, line, [first, last], { from: start, size }) => {
    const row = model.scores.get(id);
    const stride = model.score_stride;
    for (let column = first; column < last; column += 1) {
      const time = start + column * size;
      const from = row ? Math.floor((time - row.start) / stride) : 0;
      const to = row ? Math.max(from + 1, Math.floor((time + size - row.start) / stride)) : 0;
      let [sum, count] = [0, 0];
      for (
        let place = Math.max(0, from);
        place < to && row && place < row.values.length;
        place += 1
      ) {
        if (row.values[place] === null) continue;
        sum += row.values[place];
        count += 1;
      }
      line[column] = count ? theme.ramp[rampStep(sum / count, model.range)] : missing;
    }
    // before the first score of a newborn, and after the last one, the nearest is shown
    for (let column = first + 1; column < last; column += 1) {
      if (line[column] === missing) line[column] = line[column - 1];
    }
  };
}

/** The line of agents that a niche had, as its hue. */
function agentPainter(model) {
  const owners = agentOwners(model);
  const shares = familyShares(model);
  const colours = new Map(
    model.ids.map((id) => [id, packed(hueColour(shares.get(id).share, shares.get(id).shade))]),
  );
  return (id, line, [first, last], { from: start, size }) => {
    const owned = owners.get(id) ?? [];
    let at = 0;
    for (let column = first; column < last; column += 1) {
      while (at + 1 < owned.length && owned[at + 1].from <= start + (column + 1) * size) at += 1;
      line[column] = colours.get(owned[at]?.line) ?? 0;
    }
  };
}
