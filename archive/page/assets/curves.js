/** The curves of a run: scores, ANNECS, classes, niches, transfers, steps. */

import { element, onceAFrame } from "./elements.js";
import { app, listen } from "./state.js";
import { countsAnnecs } from "./model.js";
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
  const specs = [...scoreSpecs(model), classSpec(model), ...countSpecs(model)];
  const drawn = specs.filter((spec) => spec !== null && spec.series.length);
  return drawn.map((spec) => ({ ...spec, xs: model.curves.iteration }));
}

function scoreSpecs({ curves, solved_score: solved }) {
  const active = { name: "active niches", values: curves.active, colour: theme.grey };
  return [
    {
      title: "Score",
      hint: "of the active niches, each in its own world",
      lines: Number.isFinite(solved) ? [{ value: solved, name: "solved" }] : [],
      series: [
        { name: "best", values: curves.best, colour: theme.blue },
        { name: "median", values: curves.median, colour: theme.cyan },
      ],
    },
    countsAnnecs(curves)
      ? {
          title: "ANNECS",
          hint: "accumulated number of novel environments created and solved",
          zero: true,
          series: [{ name: "ANNECS", values: curves.annecs, colour: theme.green }, active],
        }
      : { title: "Active niches", hint: "of the population", zero: true, series: [active] },
  ];
}

function countSpecs({ curves }) {
  const candidates = { born: curves.born };
  for (const [reason, values] of Object.entries(curves.refused ?? {})) {
    candidates[`refused: ${reason}`] = values;
  }
  const speed = rates(curves.steps, curves.seconds);
  return [
    {
      title: "Niches and refusals",
      hint: "candidates so far, by what became of them",
      stacked: true,
      series: grouped(candidates),
    },
    {
      title: "Transfers",
      hint: "accepted so far, by kind",
      zero: true,
      series: grouped(curves.transfers),
    },
    {
      title: "Environment steps",
      hint: "so far, by purpose",
      stacked: true,
      series: grouped(curves.purposes),
    },
    {
      title: "Speed",
      hint: "environment steps a second of wall-clock time",
      zero: true,
      series: [{ name: "steps/s", values: speed, colour: theme.blue }],
    },
  ];
}

function classSpec(model) {
  const groups = model.curves.classes;
  if (!groups || !Object.keys(groups).length) return null;
  const steps = [40, 100, 165, 225];
  return {
    title: "Difficulty",
    hint: "niches solved so far, by POET's classes",
    stacked: true,
    series: Object.entries(groups).map(([level, values]) => ({
      name: CLASSES[level] ?? level,
      values,
      colour: theme.css[steps[level] ?? 0],
    })),
  };
}

function grouped(columns) {
  const names = Object.keys(columns ?? {});
  return names.map((name, at) => ({
    name: name.replace(/^iteration\//, ""),
    values: columns[name],
    colour: theme.series[at % theme.series.length],
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
