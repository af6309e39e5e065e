/** The page of `openpoet watch` and `openpoet report`: the frame around the views. */

import { button, element } from "./elements.js";
import { app, listen, notify, report, select, setTime } from "./state.js";
import { currentRoute, formatRoute, replaceRoute, VIEWS } from "./route.js";
import { isStatic } from "./source.js";
import { readTheme } from "./theme.js";
import { describeRun } from "./describe.js";
import { cut, fileName, several, short } from "./format.js";
import { makeTree } from "./tree.js";
import { makeTable } from "./table.js";
import { makeCurves } from "./curves.js";
import { makeCompare } from "./compare.js";
import { makePanel } from "./panel.js";
import { makeRuns } from "./runs.js";
import { followServer, openRun } from "./live.js";
import { listenToKeys } from "./keys.js";
import { setPlaying } from "./timeline.js";
import { takeToken } from "./token.js";

const SETTLED = 0.96; // share of the run before which the first niche shown was born

/** Build the page, and follow the address from then on. */
function startPage() {
  readTheme();
  const views = {
    tree: makeTree(),
    table: makeTable(),
    curves: makeCurves(),
    compare: makeCompare(),
  };
  const page = {
    views,
    runs: makeRuns(),
    panel: makePanel(),
    top: makeTop(),
    stage: element("main", {}),
  };
  document.body.append(page.top.root, page.stage, page.panel.root);
  const help = listenToKeys(views, page.panel);
  page.top.help.addEventListener("click", () => help.showModal());
  const media = window.matchMedia("(prefers-color-scheme: dark)");
  media.addEventListener("change", () => {
    readTheme();
    notify("theme");
  });
  window.addEventListener("hashchange", () => followAddress(page));
  listen("address", () => followAddress(page));
  for (const name of ["model", "data", "state", "line"]) listen(name, () => drawTop(page));
  listen("selected", () => replaceRoute({ niche: app.selected }));
  let timer = 0; // browsers limit how often the address may change
  listen("time", () => {
    window.clearTimeout(timer);
    timer = window.setTimeout(() => app.model && replaceRoute({ at: app.at }), 250);
  });
  followServer(async () => {
    await page.runs.load();
    // a run that could not be shown may have begun
    if (!app.model && currentRoute().run !== null) followAddress(page);
    else drawTop(page);
  });
  followAddress(page);
}

/** Show the view, run and niche of the address. */
async function followAddress(page) {
  if (takeToken() && app.model) notify("model"); // what edits appears
  const route = currentRoute();
  setPlaying(false);
  if (route.run === null) {
    await showRuns(page);
    return;
  }
  if (app.model?.id !== route.run && !(await openedRun(page, route))) return;
  const view = page.views[route.view];
  if (page.stage.firstChild !== view.root) page.stage.replaceChildren(view.root);
  document.body.dataset.view = route.view;
  if (route.at !== app.at) setTime(route.at ?? Infinity);
  select(app.model.niches.has(route.niche) ? route.niche : app.selected);
  drawTop(page);
  view.show();
}

/** Open the run of the address; false if that is not possible. */
async function openedRun(page, route) {
  try {
    await openRun(route.run);
  } catch (error) {
    app.model = null;
    page.stage.replaceChildren(
      element("p", { class: "failed", "data-testid": "failed", text: error.message }),
    );
    drawTop(page);
    return false;
  }
  if (app.model?.id !== route.run) return false; // another one was opened meanwhile
  if (route.niche === null) showFirst();
  return true;
}

/** Without a choice, the youngest active niche is shown that was solved and has lived a while. */
function showFirst() {
  const niches = [...app.model.niches.values()];
  const active = niches.filter((niche) => niche.died === null);
  const solved = active.filter((niche) => niche.solved !== null);
  const settled = solved.filter((niche) => niche.born <= app.model.iteration * SETTLED);
  app.selected = [niches, active, solved, settled].flatMap((some) => some.slice(-1)).at(-1)?.id;
  app.selected ??= null;
  notify("model");
}

/** The list of runs; the only run is opened at once. */
async function showRuns(page) {
  const runs = await page.runs.load();
  if (currentRoute().run !== null) return;
  if (runs.length === 1 && !app.model) {
    const [{ id }] = runs;
    window.location.replace(formatRoute({ ...currentRoute(), run: id, view: "tree" }));
    return;
  }
  app.model = null;
  app.selected = null;
  notify("selected");
  document.body.dataset.view = "runs";
  document.body.classList.remove("paneled");
  page.stage.replaceChildren(page.runs.root);
  page.runs.show();
  drawTop(page);
}

function makeTop() {
  const name = element("h1", { "data-testid": "run-name" });
  const facts = element("p", { class: "summary", "data-testid": "summary" });
  const tabs = element("nav", { "aria-label": "views" });
  const line = element("p", { class: "line", "data-testid": "line", role: "status", hidden: true });
  const help = button("?", () => null, { class: "quiet", title: "keys", "aria-label": "keys" });
  const all = element("a", {
    class: "all",
    href: "#/",
    text: "all runs",
    "data-testid": "all-runs",
  });
  const root = element(
    "header",
    { class: "top" },
    element("div", { class: "identity" }, all, name, facts),
    tabs,
    help,
    line,
  );
  return { root, name, facts, tabs, help, line, all };
}

function drawTop(page) {
  const { top } = page;
  const { model } = app;
  const route = currentRoute();
  top.all.hidden =
    isStatic() || (page.runs.runs().length < 2 && Boolean(model)) || route.run === null;
  top.line.hidden = app.line === "";
  top.line.textContent = app.line;
  top.root.classList.toggle("empty", !model);
  document.title = model ? `${cut(model.name, 60)} · openpoet` : "openpoet";
  top.tabs.replaceChildren();
  top.facts.replaceChildren();
  top.name.replaceChildren();
  if (!model) {
    top.name.append("openpoet");
    const runs = page.runs.runs();
    if (route.run === null && runs.length) top.facts.textContent = several(runs.length, "run");
    return;
  }
  const state = element("i", { class: `state ${model.state}` });
  top.name.append(
    cut(model.name, 60),
    element("span", { class: "statename", "data-testid": "state" }, state, model.state),
  );
  top.name.title = model.command ?? "";
  const parts = [
    ...describeRun(model),
    `${short(model.total_steps)} steps`,
    `${fileName(model.family)}, ${fileName(model.learner)}`,
  ];
  top.facts.textContent = parts.join(" · ");
  for (const view of VIEWS) {
    const href = formatRoute({ ...route, run: model.id, view, niche: app.selected, at: app.at });
    const current = view === route.view ? "page" : null;
    const text = view[0].toUpperCase() + view.slice(1);
    top.tabs.append(
      element("a", { href, text, "aria-current": current, "data-testid": `tab-${view}` }),
    );
  }
}

window.addEventListener("unhandledrejection", (event) =>
  report(`the page failed: ${event.reason?.message ?? event.reason}`),
);
startPage();
