/** Transfers on the tree's canvas: faint arcs, their density when there are too many, the path of
 *  one agent, and the arcs of the last iterations while the film plays. Arcs are orange, or have
 *  the colour of the agent's line where lanes have. */

import { iterationsPerPixel } from "./layout.js";
import { TRANSFER, roundNumber, roundOf } from "./model.js";
import { theme } from "./theme.js";

const MOST_ARCS = 4000; // drawn one by one; beyond, their density
const STEPS_FADING = 30; // of an agent's path, from the newest
const OLDEST = 0.3; // opacity of the oldest steps
const RECENT = 20; // [px] of time in which a moved agent is shown strongly
const CELL = 3; // [px] of the density's picture

/** Draw all transfers behind the lanes. `scene`: {model, lanes, layout, lines, top}. */
export function drawTransfers(context, scene) {
  const rows = shownTransfers(scene);
  if (rows.dense || rows.length > MOST_ARCS) drawDensity(context, scene, rows);
  else drawArcs(context, scene, rows);
}

/**
 * Transfers between lanes in sight: [{x, from, to, count, colour}] [px]; those folded into one lane
 * are none.
 */
function shownTransfers({ model, lanes, layout, lines, top }) {
  const own = rgbOf(theme.accent);
  const colourOf = (niche, round) =>
    lines ? (lines.colours.get(lines.lineBefore(niche, round)) ?? own) : own;
  const columns = model.transfers ?? model.density ?? { iteration: [] };
  const rows = [];
  rows.dense = !model.transfers;
  for (let row = 0; row < columns.iteration.length; row += 1) {
    const [source, target] = [columns.source[row], columns.target[row]];
    const [above, below] = [lanes.place.get(source), lanes.place.get(target)];
    if (above === undefined || below === undefined || above === below) continue;
    // the agent of a parent at birth: the branch shows it
    if (columns.at_birth?.[row] && model.niches.get(target).parent === source) continue;
    const [from, to] = [layout.y(above) - top, layout.y(below) - top];
    if (Math.max(from, to) < -20 || Math.min(from, to) > layout.height + 20) continue;
    const middle = columns.iteration[row] + (columns.bin ?? 0) / 2;
    if (middle < layout.from || middle > layout.to) continue;
    const colour = colourOf(source, roundIn(columns, row));
    rows.push({ x: layout.x(middle), from, to, colour, count: columns.count?.[row] ?? 1 });
  }
  return rows;
}

/** The number of a transfer's round; of a density's, which have no kinds, that of transfers. */
function roundIn(columns, row) {
  if (columns.kind) return roundOf(columns, row);
  return roundNumber(columns.iteration[row], TRANSFER);
}

/** The channels [red, green, blue] of a colour of the style sheet. */
function rgbOf(hex) {
  return [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16));
}

function drawArcs(context, { layout }, rows) {
  const faint = Math.max(0.08, Math.min(0.5, 4.5 / Math.sqrt(rows.length + 1)));
  context.lineWidth = 1;
  for (const [colour, some] of Map.groupBy(rows, (row) => `rgb(${row.colour.join(" ")})`)) {
    context.globalAlpha = faint;
    context.strokeStyle = colour;
    context.fillStyle = colour;
    context.beginPath();
    for (const { x, from, to } of some) arcPath(context, x, from, to);
    context.stroke();
    if (layout.pitch < 6) continue;
    context.globalAlpha = Math.min(0.75, faint * 1.8);
    context.beginPath();
    for (const { x, to } of some) {
      context.moveTo(x + 1.8, to);
      context.arc(x, to, 1.8, 0, 2 * Math.PI);
    }
    context.fill();
  }
  context.globalAlpha = 1;
}

function arcPath(context, x, from, to) {
  const reach = Math.min(14, 3 + Math.abs(to - from) * 0.05);
  context.moveTo(x, from);
  context.bezierCurveTo(
    x + reach,
    from + (to - from) * 0.3,
    x + reach,
    from + (to - from) * 0.7,
    x,
    to,
  );
}

/**
 * How many transfers pass each place, as a haze in the mean of their colours: sums along every
 * column of pixels.
 */
function drawDensity(context, { layout }, rows) {
  const [across, down] = [Math.ceil(layout.width / CELL), Math.ceil(layout.height / CELL) + 2];
  const passing = new Float32Array(4 * across * down); // red, green, blue times count; count
  const cell = (y) => Math.max(0, Math.min(down - 1, Math.round(y / CELL)));
  for (const { x, from, to, count, colour } of rows) {
    const column = Math.max(0, Math.min(across - 1, Math.floor(x / CELL)));
    const [above, below] = [cell(Math.min(from, to)), cell(Math.max(from, to))];
    [...colour, 1].forEach((value, channel) => {
      passing[4 * (above * across + column) + channel] += count * value;
      passing[4 * (below * across + column) + channel] -= count * value;
    });
  }
  for (let at = 4 * across; at < passing.length; at += 1) passing[at] += passing[at - 4 * across];
  const sorted = passing.filter((value, at) => at % 4 === 3 && value > 0.5).sort();
  const top = sorted[Math.floor(sorted.length * 0.97)] ?? 1;
  const canvas = document.createElement("canvas");
  canvas.width = across;
  canvas.height = down;
  const paint = canvas.getContext("2d");
  const picture = paint.createImageData(across, down);
  for (let at = 0; at < passing.length; at += 4) {
    const count = passing[at + 3];
    if (count < 0.5) continue;
    for (let channel = 0; channel < 3; channel += 1) {
      picture.data[at + channel] = passing[at + channel] / count;
    }
    picture.data[at + 3] = 100 * Math.min(1, Math.sqrt(count / top));
  }
  paint.putImageData(picture, 0, 0);
  context.imageSmoothingEnabled = true;
  context.drawImage(canvas, 0, 0, across * CELL, down * CELL);
}

/** The path of an agent through the niches: along the lanes, and across by strong arcs. */
export function drawAgentPath(context, { lanes, layout, top }, line) {
  context.strokeStyle = theme.accent;
  context.fillStyle = theme.accent;
  const small = layout.pitch < 6;
  context.lineWidth = small ? 1.2 : 1.8;
  context.lineCap = "round";
  let before = null;
  for (let step = line.length - 1; step >= 0; step -= 1) {
    const { niche, from, to } = line[step];
    const row = lanes.place.get(niche);
    if (row === undefined) continue;
    context.globalAlpha = Math.max(OLDEST, 1 - step / STEPS_FADING);
    const y = layout.y(row) - top + layout.lane(row) / 2 + (small ? 0 : 2.2);
    context.beginPath();
    if (before !== null && before !== y) arcPath(context, layout.x(from), before, y);
    context.moveTo(layout.x(from), y);
    context.lineTo(Math.max(layout.x(to), layout.x(from) + 1), y);
    context.stroke();
    if (before !== null && before !== y) {
      context.beginPath();
      context.arc(layout.x(from), y, small ? 1.6 : 3.2, 0, 2 * Math.PI);
      context.fill();
    }
    before = y;
  }
  context.globalAlpha = 1;
  context.lineCap = "butt";
}

/** The transfers of the last iterations before `time`, fading with their age. */
export function drawRecent(context, { model, lanes, layout, top }, time) {
  const { iteration, source, target } = model.transfers ?? { iteration: [] };
  const window = Math.max(2, RECENT * iterationsPerPixel(layout));
  let row = firstAfter(iteration, time - window);
  context.strokeStyle = theme.accent;
  context.lineWidth = layout.pitch < 6 ? 0.8 : 2;
  for (; row < iteration.length && iteration[row] <= time; row += 1) {
    const [above, below] = [lanes.place.get(source[row]), lanes.place.get(target[row])];
    if (above === undefined || below === undefined || above === below) continue;
    context.globalAlpha = Math.max(0, 1 - (time - iteration[row]) / window);
    context.beginPath();
    arcPath(context, layout.x(iteration[row]), layout.y(above) - top, layout.y(below) - top);
    context.stroke();
  }
  context.globalAlpha = 1;
}

function firstAfter(sorted, value) {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle] < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The transfer under a point [px] of the canvas: its row in the columns, or null. */
export function transferAt({ model, lanes, layout, top }, x, y) {
  const { iteration, source, target } = model.transfers ?? { iteration: [] };
  const size = iterationsPerPixel(layout);
  const time = layout.from + (x - layout.x(layout.from)) * size;
  let [best, nearest] = [null, 3.5];
  for (let row = firstAfter(iteration, time - 22 * size); row < iteration.length; row += 1) {
    if (iteration[row] > time + 5 * size) break;
    const [above, below] = [lanes.place.get(source[row]), lanes.place.get(target[row])];
    if (above === undefined || below === undefined || above === below) continue;
    const [from, to] = [layout.y(above) - top, layout.y(below) - top];
    const share = (y - from) / (to - from);
    if (!(share > 0.02 && share < 0.98)) continue;
    const reach = Math.min(14, 3 + Math.abs(to - from) * 0.05);
    const bulge = 3 * share * (1 - share) * reach; // of the curve of `arcPath`, nearly
    const distance = Math.abs(layout.x(iteration[row]) + bulge - x);
    if (distance < nearest) [best, nearest] = [row, distance];
  }
  return best;
}
