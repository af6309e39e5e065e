/** Lanes, branches from parent to child, births, first solutions and retirements on the canvas. */

import { ancestors, endOf } from "./model.js";
import { visibleRows } from "./layout.js";
import { theme } from "./theme.js";

const ROUNDED = 9; // [px] pitch from which lanes have round ends and rings

/** Draw the grid and everything but arcs; `scene`: {model, lanes, layout, strips, selected, top}. */
export function drawLanes(context, scene) {
  const { lanes, layout, top } = scene;
  const [first, last] = visibleRows(layout, top);
  drawSelection(context, scene);
  drawBranches(context, scene);
  for (let row = first; row <= last; row += 1) {
    drawLane(context, scene, row, lanes.rows[row]);
  }
  if (layout.pitch >= 5) {
    for (let row = first; row <= last; row += 1) drawMarks(context, scene, row, lanes.rows[row]);
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

function drawSelection(context, { lanes, layout, selected, hovered, top }) {
  for (const [id, colour] of [[hovered, theme.faint], [selected, theme.high]]) {
    const row = lanes.place.get(id);
    if (row === undefined) continue;
    context.fillStyle = colour;
    const height = Math.max(layout.pitch, 3);
    context.fillRect(0, layout.y(row) - height / 2 - top, layout.width, height);
  }
}

function drawLane(context, { model, layout, strips, top }, row, id) {
  const niche = model.niches.get(id);
  const { image, line } = strips.chunk(row);
  const scale = strips.columns / layout.inner;
  const from = layout.x(niche.born);
  const to = Math.max(from + 1.5, layout.x(endOf(model, niche)));
  const [y, height] = [layout.y(row) - layout.lane / 2 - top, layout.lane];
  const start = Math.max(0, Math.min(strips.columns - 1, (from - layout.x(0)) * scale));
  const across = Math.max(1, Math.min((to - from) * scale, strips.columns - start));
  context.imageSmoothingEnabled = false;
  if (layout.pitch < ROUNDED) {
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
  context.lineWidth = layout.pitch < 5 ? 0.6 : 1;
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
  const [from, to] = [layout.y(above) + layout.lane / 2 - top, layout.y(row) - top];
  const round = Math.min(6, (to - from) / 2);
  context.moveTo(x, from);
  context.lineTo(x, to - round);
  context.quadraticCurveTo(x, to, x + round, to);
}

/** A ring where the niche was first solved, a bar where it was retired. */
function drawMarks(context, { model, lanes, layout, selected, top }, row, id) {
  const niche = model.niches.get(id);
  const y = layout.y(row) - top;
  if (niche.died !== null) {
    const x = layout.x(niche.died);
    const half = layout.lane / 2 + (layout.pitch < ROUNDED ? 0 : 1.5);
    context.fillStyle = theme.muted;
    context.fillRect(x - 0.75, y - half, 1.5, 2 * half);
  }
  if (niche.solved !== null) {
    context.beginPath();
    const radius = layout.pitch < ROUNDED ? layout.lane * 0.7 : Math.min(4.6, layout.lane * 0.56 + 0.5);
    context.arc(layout.x(niche.solved), y, radius, 0, 2 * Math.PI);
    context.fillStyle = theme.paper;
    context.fill();
    context.lineWidth = layout.pitch < ROUNDED ? 1 : 1.6;
    context.strokeStyle = theme.ink;
    context.stroke();
  }
  const hidden = lanes.folded.get(id);
  if (hidden && layout.pitch >= ROUNDED) drawFolded(context, layout, niche, y, hidden, id === selected);
}

/** A row of dots under a lane: branches that died out are folded into it. */
function drawFolded(context, layout, niche, y, hidden) {
  const x = layout.x(niche.born);
  context.fillStyle = theme.muted;
  const dots = Math.min(3, hidden);
  for (let dot = 0; dot < dots; dot += 1) {
    context.beginPath();
    context.arc(x - 5 - 3.5 * dot, y, 1, 0, 2 * Math.PI);
    context.fill();
  }
}
