/** The start page: all runs with their state, and their curves over each other. */

import { element, fitCanvas } from "./elements.js";
import { fetchRuns } from "./source.js";
import { listen, report } from "./state.js";
import { formatRoute } from "./route.js";
import { makeChart } from "./chart.js";
import { drawLine, extentOf } from "./axes.js";
import { ago, cut, short, several, whole } from "./format.js";
import { theme } from "./theme.js";

const MOST_COMPARED = 7;

/** The list of runs; `load()` asks for it, `runs()` is the last answer. */
export function makeRuns() {
  const view = { runs: [], chosen: null };
  view.list = element("div", { class: "runlist", "data-testid": "runs" });
  view.chart = makeChart(chartOf([]), { onpick: null, label: "of a run" });
  const root = element(
    "section", { class: "runs", "data-testid": "view-runs" },
    element("h1", { text: "Runs" }), view.list, view.chart.root,
  );
  view.root = root;
  async function load() {
    try {
      view.runs = (await fetchRuns()).runs;
      view.failed = false;
    } catch (error) {
      view.failed = true;
      report(`the list of runs: ${error.message}`);
    }
    if (root.isConnected) drawRuns(view);
    return view.runs;
  }
  for (const name of ["theme", "cursor"]) listen(name, () => root.isConnected && view.chart.draw());
  new ResizeObserver(() => view.chart.draw()).observe(root);
  return { root, load, runs: () => view.runs, show: () => drawRuns(view) };
}

function drawRuns(view) {
  view.chosen ??= new Set(view.runs.slice(0, MOST_COMPARED).map((run) => run.id));
  const colours = new Map([...view.chosen].map((id, at) => [id, theme.series[at % theme.series.length]]));
  const rows = view.runs.map((run) => runRow(view, run, colours.get(run.id)));
  const none = element("p", { class: "quietly", text: "no run yet: `openpoet launch` starts one" });
  view.list.replaceChildren(...(rows.length ? rows : [none]));
  for (const row of rows) row.drawSpark();
  const compared = view.runs.filter((run) => view.chosen.has(run.id));
  view.chart.root.hidden = !compared.length;
  view.chart.set(chartOf(compared, colours));
}

function runRow(view, run, colour) {
  const box = element("input", {
    type: "checkbox", checked: view.chosen.has(run.id), "aria-label": `compare ${run.name}`,
    on: {
      change: () => {
        if (box.checked) view.chosen.add(run.id);
        else view.chosen.delete(run.id);
        drawRuns(view);
      },
    },
  });
  if (colour) box.style.accentColor = colour;
  const spark = element("canvas", { class: "spark" });
  const target = { run: run.id, view: "tree", niche: null, at: null, worlds: [], agents: [], filter: "" };
  const progress = element("i", {});
  progress.style.width = `${Math.min(100, (100 * run.iteration) / Math.max(run.iterations || 0, run.iteration, 1))}%`;
  const row = element(
    "div", { class: "run", "data-testid": "run", "data-run": run.id },
    box,
    element(
      "a", { href: formatRoute(target) },
      element("span", { class: "name" }, element("i", { class: `state ${run.state}` }), cut(run.name, 80)),
      element("span", { class: "what", text: `${run.state}, ${ago(run.updated)}` }),
    ),
    element("div", { class: "progress", title: "iterations" }, element("span", {}, progress), element("small", { text: `${whole(run.iteration)} of ${whole(run.iterations)}` })),
    spark,
    element("div", { class: "numbers" }, numberOf("worlds", whole(run.niches)), numberOf("active", whole(run.active)), numberOf("solved", whole(run.solved)), numberOf("ANNECS", whole(run.annecs)), numberOf("steps", short(run.steps))),
  );
  row.drawSpark = () => drawSpark(spark, run, colour ?? theme.grey);
  return row;
}

function numberOf(name, text) {
  return element("span", {}, element("b", { text }), element("small", { text: name }));
}

function drawSpark(canvas, run, colour) {
  const context = fitCanvas(canvas, 120, 30);
  const [low, high] = extentOf([run.best]);
  context.strokeStyle = colour;
  context.lineWidth = 1.5;
  const xs = run.best.map((_, at) => at);
  drawLine(context, xs, run.best, (x) => 2 + (x / Math.max(xs.length - 1, 1)) * 116, (y) => 27 - ((y - low) / (high - low)) * 24);
}

/** Best scores of several runs on one axis of iterations. */
function chartOf(runs, colours) {
  const end = Math.max(1, ...runs.map((run) => run.iteration));
  const xs = Array.from({ length: 401 }, (_, at) => (at / 400) * end);
  const series = runs.map((run) => {
    const last = run.best.length - 1;
    const valueOf = (x) => (x > run.iteration ? null : run.best[Math.round((x / Math.max(run.iteration, 1)) * last)] ?? null);
    return { name: cut(run.name, 30), colour: colours.get(run.id), values: xs.map(valueOf) };
  });
  return { title: "Best score", hint: `over iterations, of ${several(runs.length, "run")}`, xs, series };
}
