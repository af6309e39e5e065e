/** Curves of several runs over each other. */

import { button, element } from "./elements.js";
import { fetchCurves } from "./source.js";
import { listen } from "./state.js";
import { makeChart } from "./chart.js";
import { nearestPlace } from "./axes.js";
import { cut, several } from "./format.js";

const POINTS = 500;
const MEASURES = [
  ["best", "Best score"],
  ["median", "Median score"],
  ["annecs", "ANNECS"],
  ["active", "Active niches"],
  ["steps", "Environment steps"],
];

/** The chart of chosen runs; `show(runs, colours)`. */
export function makeRunChart() {
  const view = { runs: [], colours: new Map(), measure: "best", known: new Map(), asked: 0 };
  view.chart = makeChart(specOf(view), { onpick: null, label: "of a run", height: 300 });
  view.buttons = MEASURES.map(([name, text]) =>
    button(
      text,
      () => {
        view.measure = name;
        drawRunChart(view);
      },
      { class: "toggle", "data-testid": `measure-${name}` },
    ),
  );
  const choice = element("div", { class: "group", role: "group" }, view.buttons);
  view.root = element("div", { class: "runchart" }, choice, view.chart.root);
  const redraw = () => view.root.isConnected && view.chart.draw();
  for (const name of ["theme", "cursor"]) listen(name, redraw);
  new ResizeObserver(redraw).observe(view.root);
  return {
    root: view.root,
    show(runs, colours) {
      Object.assign(view, { runs, colours });
      drawRunChart(view);
      loadCurves(view);
    },
  };
}

/** Fetch the curves of runs that went on since they were last fetched, one after the other. */
async function loadCurves(view) {
  const ticket = (view.asked += 1);
  for (const { id, iteration } of view.runs) {
    if (view.known.get(id)?.iteration === iteration) continue;
    try {
      const { curves } = await fetchCurves(id);
      view.known.set(id, { iteration, curves });
    } catch {
      continue; // the run was just removed; the list shows it
    }
    if (ticket !== view.asked) return;
    drawRunChart(view);
  }
}

function drawRunChart(view) {
  view.root.hidden = !view.runs.length;
  view.buttons.forEach((made, at) => {
    made.setAttribute("aria-pressed", String(MEASURES[at][0] === view.measure));
  });
  view.chart.set(specOf(view));
}

function specOf({ runs, colours, measure, known }) {
  const end = Math.max(1, ...runs.map((run) => run.iteration));
  const xs = Array.from({ length: POINTS + 1 }, (_, at) => (at / POINTS) * end);
  const series = runs.map((run) => ({
    name: cut(run.name, 30),
    colour: colours.get(run.id),
    values: sampled(known.get(run.id)?.curves, measure, xs),
  }));
  const hint = `over iterations, of ${several(runs.length, "run")}`;
  return { title: "Runs compared", hint, xs, series };
}

/** Values of a curve at other iterations: the nearest, none beyond its end. */
function sampled(curves, measure, xs) {
  if (!curves?.iteration.length) return xs.map(() => null);
  const last = curves.iteration.at(-1);
  return xs.map((x) => {
    if (x > last) return null;
    return curves[measure][nearestPlace(curves.iteration, x)] ?? null;
  });
}
