/** Lanes, branches from parent to child, births, first solutions and retirements on the canvas. */

import { ancestors, endOf } from "./model.js";
import { visibleRows } from "./layout.js";
import { theme } from "./theme.js";

const ROUNDED = 9; // [px] pitch from which lanes have round ends and rings

/** Draw branches, lanes and their marks; `scene`: {model, lanes, layout, strips, selected, top}. */
export function drawLanes(context, scene) {
  const { lanes, layout, top } = scene;
  const [first, last] = visibleRows(layout, top);
  drawBranches(context, scene);
  for (let row = first; row <= last; row += 1) {
    drawLane(context, scene, row, lanes.rows[row]);
  }
  for (let row = first; row <= last; row += 1) {
    if (layout.high(row) >= 4) drawMarks(context, scene, row, lanes.rows[row]);
  }
}

/** Vertical lines at round iterations. */
export function drawGrid(context, layout, ticks) {
  context.strokeStyle = theme.rule;
  context.lineWidth = 1;
  context.beginPath();
  for (const tick of ticks) {
    const x = Math.round(layout.x(tick)) + 0.5;
    context.moveTo(x, 0);
    context.lineTo(x, layout.height);
  }
  context.stroke();
}

/** The bands of the selected lane and the one under the pointer; drawn first. */
export function drawBands(context, { lanes, layout, selected, hovered, top }) {
  for (const [id, colour] of [
    [hovered, theme.faint],
    [selected, theme.high],
  ]) {
    const row = lanes.place.get(id);
    if (row === undefined) continue;
    context.fillStyle = colour;
    const height = Math.max(layout.high(row), 3);
    context.fillRect(0, layout.y(row) - height / 2 - top, layout.width, height);
  }
}

function drawLane(context, { model, layout, strips, top }, row, id) {
  const niche = model.niches.get(id);
  const { image, line } = strips.chunk(row);
  const scale = strips.columns / layout.inner;
  const [left, right] = [layout.x(layout.from), layout.x(layout.to)];
  const [birth, end] = [layout.x(niche.born), layout.x(endOf(model, niche))];
  if (end < left || birth > right) return;
  const from = Math.max(birth, left);
  const to = Math.max(from + 1.5, Math.min(end, right));
  const height = layout.lane(row);
  const y = layout.y(row) - height / 2 - top;
  const start = Math.max(0, Math.min(strips.columns - 1, (from - left) * scale));
  const across = Math.max(1, Math.min((to - from) * scale, strips.columns - start));
  context.imageSmoothingEnabled = false;
  if (layout.high(row) < ROUNDED) {
    context.drawImage(image, start, line, across, 1, from, y, to - from, height);
    return;
  }
  context.save();
  context.beginPath();
  context.roundRect(from, y, to - from, height, Math.min(height, to - from) / 2);
  context.clip();
  context.drawImage(image, start, line, across, 1, from, y, to - from, height);
  context.restore();
}

/** One line down from the parent's lane at the iteration of birth, round into the child's lane. */
function drawBranches(context, scene) {
  const { model, lanes, layout, selected, top } = scene;
  const line = new Set(selected === null ? [] : [selected, ...ancestors(model, selected)]);
  const strong = [];
  context.lineWidth = layout.pitch < 5 ? 0.5 : 1;
  context.strokeStyle = theme.low;
  context.beginPath();
  for (let row = 0; row < lanes.rows.length; row += 1) {
    const id = lanes.rows[row];
    const above = lanes.place.get(model.niches.get(id).parent);
    if (above === undefined) continue;
    if (layout.y(above) > top + layout.height || layout.y(row) < top) continue;
    if (line.has(id)) strong.push([id, row, above]);
    else branchPath(context, layout, layout.x(model.niches.get(id).born), above, row, top);
  }
  context.stroke();
  context.lineWidth = layout.pitch < 5 ? 1.2 : 2;
  context.strokeStyle = theme.ink;
  context.beginPath();
  for (const [id, row, above] of strong) {
    branchPath(context, layout, layout.x(model.niches.get(id).born), above, row, top);
  }
  context.stroke();
}

function branchPath(context, layout, x, above, row, top) {
  const [from, to] = [layout.y(above) + layout.lane(above) / 2 - top, layout.y(row) - top];
  const round = Math.min(6, (to - from) / 2);
  context.moveTo(x, from);
  context.lineTo(x, to - round);
  context.quadraticCurveTo(x, to, x + round, to);
}

/** A ring where the niche was first solved, a bar where it was retired. */
function drawMarks(context, { model, layout, top }, row, id) {
  const niche = model.niches.get(id);
  const y = layout.y(row) - top;
  const shown = (iteration) => iteration >= layout.from && iteration <= layout.to;
  if (niche.died !== null && shown(niche.died)) {
    const x = layout.x(niche.died);
    const half = layout.lane(row) / 2 + (layout.pitch < ROUNDED ? 0 : 1.5);
    context.fillStyle = theme.muted;
    context.fillRect(x - 0.75, y - half, 1.5, 2 * half);
  }
  if (niche.solved !== null && shown(niche.solved)) {
    context.beginPath();
    const lane = layout.lane(row);
    const radius = layout.pitch < ROUNDED ? lane * 0.7 : Math.min(5.5, lane * 0.56 + 0.5);
    context.arc(layout.x(niche.solved), y, radius, 0, 2 * Math.PI);
    context.fillStyle = theme.paper;
    context.fill();
    context.lineWidth = layout.pitch < ROUNDED ? 1 : 1.6;
    context.strokeStyle = theme.ink;
    context.stroke();
  }
}
