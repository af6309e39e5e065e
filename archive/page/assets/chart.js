/** A chart on the run's iterations: lines, or areas on top of each other; all have one cursor. */

import { element, fitCanvas } from "./elements.js";
import { app, notify, setTime, shownTime } from "./state.js";
import { drawLine, drawValueAxis, extentOf, FONT } from "./axes.js";
import { nearestPlace, roundTicks, tickText } from "./axes.js";
import { timeTicks } from "./layout.js";
import { short, whole } from "./format.js";
import { theme } from "./theme.js";

const CHART_HEIGHT = 190; // [px]
const BOX = { left: 52, right: 12, top: 8, bottom: 22 }; // [px] around the plot

/** The iteration under the pointer in any chart; null: none. */
const cursor = { at: null };

/**
 * A chart. spec: {title, hint, xs, series: [{name, values, colour}], stacked, zero: whether 0 is on
 * the axis, unit: of the values, lines: [{value, name}] dashed marks}. `draw()`, `set(spec)`.
 */
export function makeChart(
  spec,
  { onpick = setTime, label = "iteration", height = CHART_HEIGHT } = {},
) {
  const canvas = element("canvas", {});
  const legend = element("div", { class: "names" });
  const root = element(
    "figure",
    { class: "chart", "data-testid": "chart" },
    element(
      "figcaption",
      {},
      element("b", { text: spec.title }),
      element("span", { text: spec.hint }),
    ),
    legend,
    canvas,
  );
  const chart = { root, canvas, legend, spec, label, height, box: null };
  chart.draw = () => drawChart(chart);
  chart.set = (next) => {
    chart.spec = next;
    chart.draw();
  };
  const timeOf = (event) => chart.box?.timeOf(event.clientX - canvas.getBoundingClientRect().left);
  canvas.addEventListener("pointermove", (event) => {
    cursor.at = timeOf(event) ?? null;
    notify("cursor");
  });
  canvas.addEventListener("pointerleave", () => {
    cursor.at = null;
    notify("cursor");
  });
  canvas.addEventListener("click", (event) => onpick?.(timeOf(event)));
  return chart;
}

function drawChart(chart) {
  const { canvas, root, spec, height } = chart;
  root.querySelector("figcaption span").textContent = spec.hint;
  const width = root.clientWidth;
  if (!width) return;
  const context = fitCanvas(canvas, width, height);
  const { xs } = spec;
  const layers = spec.stacked ? stackedSeries(spec.series, xs.length) : spec.series;
  const marks = (spec.lines ?? []).map((line) => line.value);
  const extent = extentOf([
    ...layers.map((one) => one.values),
    marks,
    spec.zero || spec.stacked ? [0] : [],
  ]);
  const end = Math.max(xs.at(-1) ?? 1, 1);
  const inner = width - BOX.left - BOX.right;
  const xOf = (x) => BOX.left + (x / end) * inner;
  const bottom = height - BOX.bottom;
  const yOf = (y) => bottom - ((y - extent[0]) / (extent[1] - extent[0])) * (bottom - BOX.top);
  chart.box = { timeOf: (x) => Math.max(0, Math.min(end, ((x - BOX.left) / inner) * end)) };
  drawValueAxis(context, roundTicks(...extent, 4), yOf, {
    left: BOX.left,
    right: width - BOX.right,
  });
  drawIterations(context, end, inner, { xOf, y: height - 6 });
  if (spec.stacked) fillLayers(context, layers, xs, xOf, yOf);
  else {
    for (const { values, colour } of layers) {
      context.strokeStyle = colour;
      context.lineWidth = 1.6;
      drawLine(context, xs, values, xOf, yOf);
    }
  }
  drawMarkLines(context, spec.lines ?? [], yOf, width);
  drawCursor(context, chart, xOf, end);
  drawNames(chart);
}

function drawIterations(context, end, inner, { xOf, y }) {
  context.font = FONT;
  context.fillStyle = theme.muted;
  context.textBaseline = "alphabetic";
  for (const tick of timeTicks({ from: 0, to: end, inner }, 90)) {
    context.textAlign = tick === 0 ? "left" : "center";
    if (xOf(tick) < BOX.left + inner - 14 || tick === 0)
      context.fillText(whole(tick), xOf(tick), y);
  }
}

/** Sums of the series from the first to each, the last first. */
function stackedSeries(series, length) {
  const sums = new Array(length).fill(0);
  const layers = series.map((one) => {
    for (let at = 0; at < length; at += 1) sums[at] += one.values[at] ?? 0;
    return { ...one, values: [...sums] };
  });
  return layers.reverse();
}

function fillLayers(context, layers, xs, xOf, yOf) {
  for (const { values, colour } of layers) {
    context.fillStyle = colour;
    context.beginPath();
    context.moveTo(xOf(xs[0] ?? 0), yOf(0));
    for (let at = 0; at < xs.length; at += 1) context.lineTo(xOf(xs[at]), yOf(values[at]));
    context.lineTo(xOf(xs.at(-1) ?? 0), yOf(0));
    context.fill();
    context.strokeStyle = theme.paper; // a thin gap between areas
    context.lineWidth = 1;
    context.stroke();
  }
}

function drawMarkLines(context, lines, yOf, width) {
  context.font = FONT;
  for (const { value, name } of lines) {
    context.setLineDash([4, 4]);
    context.strokeStyle = theme.muted;
    context.lineWidth = 1;
    context.beginPath();
    context.moveTo(BOX.left, yOf(value));
    context.lineTo(width - BOX.right, yOf(value));
    context.stroke();
    context.setLineDash([]);
    context.fillStyle = theme.muted;
    context.textAlign = "left";
    context.textBaseline = "bottom";
    context.fillText(name, BOX.left + 4, yOf(value) - 2);
  }
}

function drawCursor(context, chart, xOf, end) {
  const times = [[cursor.at, theme.muted]];
  if (chart.label === "iteration" && app.at !== null) times.push([shownTime(), theme.accent]);
  for (const [time, colour] of times) {
    if (time === null || time > end) continue;
    context.strokeStyle = colour;
    context.lineWidth = 1;
    context.beginPath();
    context.moveTo(Math.round(xOf(time)) + 0.5, BOX.top);
    context.lineTo(Math.round(xOf(time)) + 0.5, chart.height - BOX.bottom);
    context.stroke();
  }
}

/** Names of the series, with their values at the cursor. */
function drawNames({ legend, spec, label }) {
  const { xs, series } = spec;
  const time = cursor.at ?? (label === "iteration" ? shownTime() : null);
  const at = time === null || !xs.length ? -1 : nearestPlace(xs, Math.min(time, xs.at(-1)));
  const entries = series.map(({ name, values, colour }) => {
    const dot = element("i", { class: "dot" });
    dot.style.background = colour;
    const value = at < 0 ? values.findLast(Number.isFinite) : values[at];
    const text = Number.isFinite(value) ? valueText(value, spec.unit) : "–";
    return element("span", {}, dot, name, element("b", { text }));
  });
  legend.replaceChildren(...entries);
}

function valueText(value, unit) {
  const text =
    Number.isInteger(value) || Math.abs(value) >= 1e4 ? short(value) : tickText(value, 0.1);
  return unit ? `${text} ${unit}` : text;
}
