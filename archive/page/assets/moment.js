/** The iteration shown: the time axis, what lies in the future, and the niches active then. */

import { drawRecent } from "./arcs.js";
import { FONT } from "./axes.js";
import { fitCanvas } from "./elements.js";
import { whole } from "./format.js";
import { livesAt, scoreAt } from "./model.js";
import { visibleRows } from "./layout.js";
import { app, shownTime } from "./state.js";
import { scoreColour, theme } from "./theme.js";

const AXIS_HEIGHT = 22; // [px]

/** Numbers of the ticks, and the iteration shown in the accent's colour. */
export function drawAxis(canvas, layout, ticks) {
  const context = fitCanvas(canvas, layout.width, AXIS_HEIGHT);
  const time = shownTime();
  const now = layout.x(time);
  context.font = FONT;
  context.textBaseline = "middle";
  context.textAlign = "center";
  const own = whole(time);
  const half = context.measureText(own).width / 2 + 7;
  const middle = Math.max(half, Math.min(layout.width - half, now));
  context.fillStyle = theme.muted;
  for (const tick of ticks) {
    const text = whole(tick);
    const width = context.measureText(text).width / 2;
    const x = Math.max(width, Math.min(layout.width - width, layout.x(tick)));
    if (Math.abs(x - middle) > half + width + 2) context.fillText(text, x, 11);
  }
  context.fillStyle = theme.accent;
  context.beginPath();
  context.roundRect(middle - half, 2, 2 * half, 18, 9);
  context.fill();
  context.fillStyle = theme.paper;
  context.fillText(own, middle, 11.5);
}

/** Veil the future, and mark the active niches with dots in the colour of their score. */
export function drawTime(context, scene, time) {
  const { model, lanes, layout, top } = scene;
  const x = layout.x(time);
  const past = time < model.iteration;
  if (past) {
    context.fillStyle = theme.paper;
    context.globalAlpha = 0.86;
    context.fillRect(x, 0, layout.width - x, layout.height);
    context.globalAlpha = 1;
    drawRecent(context, scene, time);
  }
  context.strokeStyle = theme.accent;
  context.lineWidth = 1.5;
  context.beginPath();
  context.moveTo(x, 0);
  context.lineTo(x, layout.height);
  context.stroke();
  if (!past && !app.playing) return;
  const [first, last] = visibleRows(layout, top);
  for (let row = first; row <= last; row += 1) {
    const id = lanes.rows[row];
    if (!livesAt(model.niches.get(id), time)) continue;
    const radius = Math.max(1.5, Math.min(4.5, layout.lane(row) / 2 + 0.5));
    context.beginPath();
    context.arc(x, layout.y(row) - top, radius, 0, 2 * Math.PI);
    context.fillStyle = scoreColour(scoreAt(model, id, time) ?? NaN, model.range);
    context.fill();
    context.lineWidth = 1;
    context.strokeStyle = theme.paper;
    context.stroke();
  }
}
