/** The curves of a run: scores, ANNECS, classes, niches, transfers, steps. */

import { element, onceAFrame } from "./elements.js";
import { app, listen } from "./state.js";
import { makeChart } from "./chart.js";
import { theme } from "./theme.js";

const CLASSES = ["easy", "challenging", "very challenging", "extremely challenging"];

/** The view of curves. */
export function makeCurves() {
  const root = element("section", { class: "charts", "data-testid": "view-curves" });
  let charts = new Map();
  const shown = () => Boolean(app.model) && root.isConnected;
  function show() {
    if (!shown()) return;
    const specs = chartSpecs(app.model);
    if (charts.size !== specs.length || specs.some((spec) => !charts.has(spec.title))) {
      charts = new Map(specs.map((spec) => [spec.title, makeChart(spec)]));
      root.replaceChildren(...[...charts.values()].map((chart) => chart.root));
    }
    for (const spec of specs) charts.get(spec.title).set(spec);
  }
  const redraw = onceAFrame(() => shown() && charts.forEach((chart) => chart.draw()));
  for (const name of ["model", "data", "theme"]) listen(name, show);
  for (const name of ["cursor", "time"]) listen(name, redraw);
  new ResizeObserver(redraw).observe(root);
  return { root, show };
}

/** What is drawn, from the columns of the view. */
function chartSpecs(model) {
  const { curves } = model;
  const xs = curves.iteration;
  const line = (name, values, colour) => ({ name, values, colour });
  const solved = Number.isFinite(model.solved_score) ? [{ value: model.solved_score, name: "solved" }] : [];
  const specs = [
    {
      title: "Score", hint: "of the active niches, each in its own world", xs, lines: solved,
      series: [line("best", curves.best, theme.blue), line("median", curves.median, theme.cyan)],
    },
    {
      title: "ANNECS", hint: "accumulated number of novel environments created and solved", xs, zero: true,
      series: [line("ANNECS", curves.annecs, theme.green), line("active niches", curves.active, theme.grey)],
    },
    classSpec(model, xs),
    {
      title: "Niches and refusals", hint: "candidates so far, by what became of them", xs, stacked: true,
      series: grouped({ born: curves.born, ...curves.refused }, (name) => (name === "born" ? "born" : `refused: ${name}`)),
    },
    {
      title: "Transfers", hint: "accepted so far, by kind", xs, zero: true,
      series: grouped(curves.transfers),
    },
    {
      title: "Environment steps", hint: "so far, by purpose", xs, stacked: true,
      series: grouped(curves.purposes),
    },
    {
      title: "Speed", hint: "environment steps a second of wall-clock time", xs, zero: true,
      series: [line("steps/s", rates(curves.steps, curves.seconds), theme.blue)],
    },
  ];
  return specs.filter((spec) => spec !== null && spec.series.length);
}

function classSpec(model, xs) {
  const groups = model.curves.classes;
  if (!groups || !Object.keys(groups).length) return null;
  const steps = [40, 100, 165, 225];
  return {
    title: "Difficulty", hint: "niches solved so far, by POET's classes", xs, stacked: true,
    series: Object.entries(groups).map(([level, values]) => ({
      name: CLASSES[level] ?? level, values, colour: theme.css[steps[level] ?? 0],
    })),
  };
}

function grouped(columns, nameOf = (name) => name) {
  const names = Object.keys(columns ?? {});
  return names.map((name, at) => ({
    name: nameOf(name), values: columns[name], colour: theme.series[at % theme.series.length],
  }));
}

/** Differences of two cumulative columns, divided; over a window, since clocks are coarse. */
function rates(steps, seconds) {
  const window = Math.max(1, Math.round(steps.length / 200));
  return steps.map((value, at) => {
    const before = Math.max(0, at - window);
    const spent = seconds[at] - seconds[before];
    // a session that was resumed starts its own clock
    return at > 0 && spent > 0 ? (value - steps[before]) / spent : null;
  });
}
