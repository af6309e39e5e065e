/** The colours of lanes, one pixel row a lane and one column a pixel of time, painted in chunks. */

import { endOf } from "./model.js";
import { packed, rampStep, theme } from "./theme.js";

const CHUNK = 128; // lanes of one image

/**
 * Strips of the lanes `rows` (ids), `columns` pixels wide for the iterations of `span`, coloured by
 * score, or by lines of agents where `lines` are given (agentLines). `chunk(row)`: {image, line},
 * the canvas that has the lane and its pixel row.
 */
export function makeStrips({ model, rows, columns, span, lines }) {
  const images = new Map();
  const paint = lines ? agentPainter(lines) : scorePainter(model);
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

/**
 * Mean score of the iterations of a column, as a colour; grey where there is no score. The score of
 * iteration t, which is that after its training, is drawn from t - 1 to t.
 */
function scorePainter(model) {
  const missing = packed(theme.dark ? [62, 66, 74] : [214, 211, 202]);
  const none = { start: 0, values: [] };
  return (id, line, [first, last], { from, size }) => {
    const { start, values } = model.scores.get(id) ?? none;
    const placeOf = (iteration) => Math.floor((iteration - start) / model.score_stride);
    for (let column = first; column < last; column += 1) {
      const time = from + column * size;
      const mean = meanOf(values, placeOf(Math.floor(time) + 1), placeOf(Math.ceil(time + size)));
      line[column] = mean === null ? missing : theme.ramp[rampStep(mean, model.range)];
    }
    // before the first score of a newborn, and after the last one, the nearest is shown
    for (let column = first + 1; column < last; column += 1) {
      if (line[column] === missing) line[column] = line[column - 1];
    }
  };
}

/** Mean of the values from one place to another, both included; null if there are none. */
function meanOf(values, from, to) {
  let [sum, count] = [0, 0];
  for (let place = Math.max(0, from); place <= Math.max(from, to); place += 1) {
    if (place >= values.length) break;
    if (values[place] === null) continue;
    sum += values[place];
    count += 1;
  }
  return count ? sum / count : null;
}

/** The line of agents that a niche had, as its hue. */
function agentPainter({ owners, colours }) {
  const packedColours = new Map([...colours].map(([id, colour]) => [id, packed(colour)]));
  return (id, line, [first, last], { from: start, size }) => {
    const owned = owners.get(id) ?? [];
    let at = 0;
    for (let column = first; column < last; column += 1) {
      while (at + 1 < owned.length && owned[at + 1].from <= start + (column + 1) * size) at += 1;
      line[column] = packedColours.get(owned[at]?.line) ?? 0;
    }
  };
}
