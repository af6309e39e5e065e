/** The score of one niche over its life, with the transfers that came in. */

import { element, fitCanvas } from "./elements.js";
import { shownTime } from "./state.js";
import { drawLine, drawValueAxis, extentOf, FONT, nearestPlace, roundTicks } from "./axes.js";
import { endOf, scoreAt, scoreCurve } from "./model.js";
import { score, whole } from "./format.js";
import { hideTooltip, showTooltip } from "./tooltip.js";
import { theme } from "./theme.js";

const CURVE_HEIGHT = 88; // [px]
const LEFT = 34;

/** The curve of a niche; `draw()`, `update(niche)`, `transfers(rows)`. */
export function makeScoreCurve(model, niche) {
  const canvas = element("canvas", { class: "scorecurve", "data-testid": "score-curve" });
  const state = { model, niche, moved: [], box: null };
  const curve = { root: canvas };
  curve.draw = () => drawScoreCurve(canvas, state);
  curve.update = (now) => {
    state.niche = now;
    curve.draw();
  };
  curve.transfers = (rows) => {
    state.moved = rows.filter((row) => row.accepted);
    curve.draw();
  };
  canvas.addEventListener("pointermove", (event) => {
    if (!state.box) return;
    const [xs, ys] = scoreCurve(model, niche.id);
    if (!xs.length) return;
    const left = canvas.getBoundingClientRect().left;
    const at = nearestPlace(xs, state.box.timeOf(event.clientX - left));
    showTooltip(event.clientX, event.clientY, {
      title: `score ${score(ys[at])}`,
      lines: [`iteration ${whole(xs[at])}`],
    });
  });
  canvas.addEventListener("pointerleave", hideTooltip);
  return curve;
}

function drawScoreCurve(canvas, state) {
  const { model, niche, moved } = state;
  const width = canvas.parentElement?.clientWidth ?? 0;
  if (!width) return;
  const inner =
    width - 2 * Number.parseFloat(getComputedStyle(canvas.parentElement).paddingLeft || 0);
  const context = fitCanvas(canvas, inner, CURVE_HEIGHT);
  const [xs, ys] = scoreCurve(model, niche.id);
  const solved = Number.isFinite(model.solved_score) ? [model.solved_score] : [];
  const [low, high] = extentOf([ys, solved]);
  const [from, to] = [niche.born, Math.max(endOf(model, niche), niche.born + 1)];
  const xOf = (x) => LEFT + ((x - from) / (to - from)) * (inner - LEFT - 6);
  const yOf = (y) => CURVE_HEIGHT - 18 - ((y - low) / (high - low)) * (CURVE_HEIGHT - 26);
  state.box = { timeOf: (x) => from + ((x - LEFT) / (inner - LEFT - 6)) * (to - from) };
  drawValueAxis(context, roundTicks(low, high, 3), yOf, { left: LEFT, right: inner - 6 });
  if (solved.length) drawSolved(context, yOf(solved[0]), inner);
  context.strokeStyle = theme.blue;
  context.lineWidth = 1.4;
  drawLine(context, xs, ys, xOf, yOf);
  context.fillStyle = theme.accent;
  for (const row of moved) {
    const value = scoreAt(model, niche.id, row.iteration);
    if (value === null) continue;
    context.beginPath();
    context.arc(xOf(row.iteration), yOf(value), 2.6, 0, 2 * Math.PI);
    context.fill();
  }
  drawNow(context, xOf, from, to);
  context.font = FONT;
  context.fillStyle = theme.muted;
  context.textBaseline = "alphabetic";
  context.textAlign = "left";
  context.fillText(whole(from), LEFT, CURVE_HEIGHT - 3);
  context.textAlign = "right";
  context.fillText(whole(to), inner - 6, CURVE_HEIGHT - 3);
}

function drawSolved(context, y, width) {
  context.strokeStyle = theme.green;
  context.lineWidth = 1;
  context.setLineDash([3, 3]);
  context.beginPath();
  context.moveTo(LEFT, y);
  context.lineTo(width - 6, y);
  context.stroke();
  context.setLineDash([]);
}

function drawNow(context, xOf, from, to) {
  const time = shownTime();
  if (time < from || time > to) return;
  context.strokeStyle = theme.accent;
  context.lineWidth = 1;
  context.beginPath();
  context.moveTo(xOf(time), 2);
  context.lineTo(xOf(time), CURVE_HEIGHT - 18);
  context.stroke();
}
