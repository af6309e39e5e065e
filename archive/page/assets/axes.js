/** Scales, ticks and lines of charts on a canvas. */

import { score, short } from "./format.js";
import { theme } from "./theme.js";

export const FONT = '11px "Helvetica Neue", Arial, sans-serif';

/** Round numbers from below `low` to above `high`, about `count` of them. */
export function roundTicks(low, high, count = 4) {
  const span = Math.max(high - low, 1e-12);
  const size = 10 ** Math.floor(Math.log10(span / count));
  const step = [1, 2, 2.5, 5, 10]
    .map((factor) => factor * size)
    .find((s) => span / s <= count + 0.5);
  const ticks = [];
  for (let at = Math.ceil(low / step - 1e-9); at * step <= high + step * 1e-9; at += 1)
    ticks.push(at * step);
  return ticks;
}

/** [least, most] of all finite values of several columns; [0, 1] if there are none. */
export function extentOf(columns) {
  let [low, high] = [Infinity, -Infinity];
  for (const values of columns) {
    for (const value of values) {
      if (!Number.isFinite(value)) continue;
      low = Math.min(low, value);
      high = Math.max(high, value);
    }
  }
  if (low > high) return [0, 1];
  return low === high ? [low - 0.5, high + 0.5] : [low, high];
}

/** A value of an axis in few characters. */
export function tickText(value, step) {
  if (Math.abs(value) >= 1e4) return short(value);
  return step < 1 ? score(value) : String(Math.round(value * 100) / 100).replace("-", "−");
}

/** Draw horizontal grid lines with their values; at: "left" or "right". */
export function drawValueAxis(context, ticks, yOf, { left, right, at = "left" }) {
  context.font = FONT;
  context.textBaseline = "middle";
  context.textAlign = at === "left" ? "right" : "left";
  for (const tick of ticks) {
    const y = Math.round(yOf(tick)) + 0.5;
    if (at === "left") {
      context.strokeStyle = theme.rule;
      context.lineWidth = 1;
      context.beginPath();
      context.moveTo(left, y);
      context.lineTo(right, y);
      context.stroke();
    }
    context.fillStyle = theme.muted;
    const text = tickText(tick, ticks.length > 1 ? ticks[1] - ticks[0] : 1);
    context.fillText(text, at === "left" ? left - 6 : right + 6, y);
  }
}

/** Trace a line through points, broken where a value is missing. */
export function drawLine(context, xs, ys, xOf, yOf) {
  context.beginPath();
  let down = false;
  for (let at = 0; at < xs.length; at += 1) {
    if (!Number.isFinite(ys[at])) {
      down = false;
      continue;
    }
    if (down) context.lineTo(xOf(xs[at]), yOf(ys[at]));
    else context.moveTo(xOf(xs[at]), yOf(ys[at]));
    down = true;
  }
  context.lineJoin = "round";
  context.stroke();
}

/** The place in sorted `xs` nearest to `x`. */
export function nearestPlace(xs, x) {
  let [low, high] = [0, xs.length - 1];
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (xs[middle] <= x) low = middle;
    else high = middle;
  }
  return Math.abs(xs[high] - x) < Math.abs(xs[low] - x) ? high : low;
}
