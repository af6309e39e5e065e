/** The start page: all runs with their state, and a chart of the chosen ones. */

import { element, fitCanvas } from "./elements.js";
import { fetchRuns } from "./source.js";
import { report } from "./state.js";
import { formatRoute } from "./route.js";
import { makeRunChart } from "./runchart.js";
import { drawLine, extentOf } from "./axes.js";
import { ago, cut, fileName, short, whole } from "./format.js";
import { theme } from "./theme.js";

const MOST_COMPARED = 7; // runs at first
const SPARK = { width: 120, height: 30 }; // [px]

/** The list of runs; `load()` asks for it, `runs()` is the last answer. */
export function makeRuns() {
  const view = { runs: [], chosen: null, chart: makeRunChart() };
  view.list = element("div", { class: "runlist", "data-testid": "runs" });
  view.root = element(
    "section",
    { class: "runs", "data-testid": "view-runs" },
    view.list,
    view.chart.root,
  );
  async function load() {
    try {
      view.runs = (await fetchRuns()).runs;
    } catch (error) {
      report(`the list of runs: ${error.message}`);
    }
    if (view.root.isConnected) drawRuns(view);
    return view.runs;
  }
  return { root: view.root, load, runs: () => view.runs, show: () => drawRuns(view) };
}

function drawRuns(view) {
  view.chosen ??= new Set(view.runs.slice(0, MOST_COMPARED).map((run) => run.id));
  const colours = new Map(
    [...view.chosen].map((id, at) => [id, theme.series[at % theme.series.length]]),
  );
  const rows = view.runs.map((run) => runRow(view, run, colours.get(run.id)));
  const none = element("p", { class: "quietly", text: "no run yet: `openpoet launch` starts one" });
  view.list.replaceChildren(...(rows.length ? rows : [none]));
  view.chart.show(
    view.runs.filter((run) => view.chosen.has(run.id)),
    colours,
  );
}

function runRow(view, run, colour) {
  return element(
    "div",
    { class: "run", "data-testid": "run", "data-run": run.id },
    compareBox(view, run, colour),
    runLink(run),
    runProgress(run),
    sparkLine(run, colour ?? theme.grey),
    element(
      "div",
      { class: "numbers" },
      numberOf("worlds", whole(run.niches)),
      numberOf("active", whole(run.active)),
      numberOf("solved", whole(run.solved)),
      run.annecs ? numberOf("ANNECS", whole(run.annecs)) : null,
      numberOf("steps", short(run.steps)),
    ),
  );
}

/** Whether the run is in the chart. */
function compareBox(view, run, colour) {
  const box = element("input", {
    type: "checkbox",
    checked: view.chosen.has(run.id),
    "aria-label": `compare ${run.name}`,
    "data-testid": `choose-${run.id}`,
  });
  box.addEventListener("change", () => {
    if (box.checked) view.chosen.add(run.id);
    else view.chosen.delete(run.id);
    drawRuns(view);
  });
  if (colour) box.style.accentColor = colour;
  return box;
}

function runLink(run) {
  const what = [run.state, fileName(run.family), fileName(run.learner)].filter(Boolean).join(", ");
  return element(
    "a",
    { href: formatRoute({ run: run.id, view: "tree" }) },
    element(
      "span",
      { class: "name" },
      element("i", { class: `state ${run.state}` }),
      cut(run.name, 80),
    ),
    element("span", { class: "what", text: `${what}, ${ago(run.updated)}` }),
  );
}

function runProgress(run) {
  const progress = element("i", {});
  const goal = Math.max(run.iterations || 0, run.iteration, 1);
  progress.style.width = `${(100 * run.iteration) / goal}%`;
  const beyond = !(run.iterations >= run.iteration); // it was resumed for more
  const text = beyond
    ? whole(run.iteration)
    : `${whole(run.iteration)} of ${whole(run.iterations)}`;
  return element(
    "div",
    { class: "progress", title: "iterations" },
    element("span", {}, progress),
    element("small", { text }),
  );
}

function numberOf(name, text) {
  return element("span", {}, element("b", { text }), element("small", { text: name }));
}

/** The best score of a run as a small line. */
function sparkLine(run, colour) {
  const canvas = element("canvas", { class: "spark", title: "best score" });
  const { width, height } = SPARK;
  const context = fitCanvas(canvas, width, height);
  const [low, high] = extentOf([run.best]);
  const last = Math.max(run.best.length - 1, 1);
  context.strokeStyle = colour;
  context.lineWidth = 1.5;
  const xOf = (x) => 2 + (x / last) * (width - 4);
  const yOf = (y) => height - 3 - ((y - low) / (high - low)) * (height - 6);
  drawLine(context, [...run.best.keys()], run.best, xOf, yOf);
  return canvas;
}
