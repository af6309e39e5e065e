/** The family tree: a lane for each niche, time to the right, branches to children, transfers. */

import { element, fitCanvas, onceAFrame } from "./elements.js";
import { app, listen, notify, select, shownTime } from "./state.js";
import { agentLine } from "./model.js";
import { agentLines } from "./lines.js";
import { MOST_LANES, orderLanes } from "./genealogy.js";
import { makeLayout, timeTicks } from "./layout.js";
import { currentSpan, spanWith } from "./span.js";
import { makeStrips } from "./strips.js";
import { drawBands, drawGrid, drawLanes } from "./branches.js";
import { drawAgentPath, drawTransfers } from "./arcs.js";
import { drawAxis, drawTime } from "./moment.js";
import { drawRefused } from "./refused.js";
import { makeGutter } from "./gutter.js";
import { makeMinimap } from "./minimap.js";
import { LEAST_CURVES, makeTimeline } from "./timeline.js";
import { makeTreeBar, makeScale } from "./treebar.js";
import { explainLane, followPointer, followWheel, leave } from "./pointing.js";
import { theme } from "./theme.js";

/** The tree view; `view.keep` holds what a change of the data must not change. */
export function makeTree() {
  const view = { lanes: null, layout: null, strips: null, lines: null, top: 0 };
  view.choice = { colouring: "score", fold: null, zoom: 1, span: null, refused: null };
  const parts = makeParts(view);
  const shown = () => Boolean(app.model) && parts.root.isConnected;
  const drawStill = onceAFrame(() => shown() && paintStill(view, parts));
  const drawMoving = onceAFrame(() => shown() && paintMoving(view, parts));
  const lay = onceAFrame(() => shown() && layOut(view, parts));
  Object.assign(view, { drawStill, drawMoving, lay });
  followChanges(view, parts);
  followPointer(view, parts, () => sceneOf(view, parts));
  followWheel(view, [parts.plot, parts.axis, parts.timeline.canvas]);
  return { root: parts.root, show: lay, step: (rows) => stepLane(view, parts, rows) };
}

function makeParts(view) {
  const still = element("canvas", { class: "still", "data-testid": "tree-canvas" });
  const moving = element("canvas", { class: "moving" });
  const axis = element("canvas", { class: "axis" });
  const lanes = element("div", { class: "gutter" });
  const plot = element("div", { class: "plot" }, still, moving);
  const sheet = element("div", { class: "sheet" }, lanes, plot);
  const scroller = element(
    "div",
    { class: "scroller", "data-testid": "scroller", tabindex: 0 },
    sheet,
  );
  const minimap = makeMinimap((share) => {
    scroller.scrollTop = share * view.layout.total - view.layout.height / 2;
  });
  const timeline = makeTimeline();
  const scale = makeScale();
  const root = element(
    "section",
    { class: "tree", "data-testid": "view-tree" },
    makeTreeBar(view),
    element("div", { class: "time" }, element("div", { class: "corner" }), axis),
    element("div", { class: "stage" }, scroller, minimap.canvas),
    element("div", { class: "below" }, scale.root, timeline.canvas),
    element("div", { class: "below" }, timeline.film, timeline.scrubber),
  );
  const gutterWidth = () => lanes.getBoundingClientRect().width;
  const gutter = makeGutter(lanes, {
    width: gutterWidth,
    onhover: (id, event) => (id === null ? leave() : explainLane(id, event)),
  });
  return { root, still, moving, axis, plot, sheet, scroller, minimap, timeline, scale, gutter };
}

function followChanges(view, parts) {
  listen("model", () => {
    Object.assign(view.choice, { fold: null, zoom: 1, span: null, refused: null });
    parts.scroller.scrollTop = 0;
    view.lay();
  });
  for (const name of ["data", "theme", "choice"]) listen(name, view.lay);
  listen("outlines", () => {
    view.pictures = (view.pictures ?? 0) + 1;
    view.drawStill();
  });
  listen("selected", () => {
    if (view.lanes?.folding) view.lay();
    view.drawStill();
    view.drawMoving();
  });
  listen("hovered", view.drawStill);
  listen("details", view.drawMoving);
  listen("time", () => {
    keepInSight(view);
    view.drawMoving();
  });
  new ResizeObserver(view.lay).observe(parts.scroller);
  parts.scroller.addEventListener("scroll", () => {
    view.drawStill();
    view.drawMoving();
  });
}

/** Move the span that is shown when the film or the keys leave it. */
function keepInSight(view) {
  const { choice } = view;
  if (choice.span === null || !app.model) return;
  const span = spanWith(choice.span, app.model.iteration, shownTime());
  if (span.from === choice.span.from) return;
  choice.span = span;
  view.lay();
}

/** Order the lanes and find their places; needed when data, size or choices changed. */
function layOut(view, parts) {
  const { choice } = view;
  const model = app.model;
  const keep = app.selected === null ? [] : [app.selected];
  choice.span &&= currentSpan(choice.span, model.iteration, view.end);
  view.end = model.iteration;
  view.lanes = orderLanes(model, { fold: choice.fold, keep, span: choice.span });
  const { timeline, scroller } = parts;
  const height = scroller.clientHeight + timeline.height() - LEAST_CURVES;
  const box = { width: parts.plot.clientWidth, height };
  const many = view.lanes.rows.length > MOST_LANES;
  if (choice.folding !== view.lanes.folding) {
    choice.folding = view.lanes.folding;
    notify("laid");
  }
  const span = currentSpan(choice.span, model.iteration);
  view.layout = makeLayout(box, view.lanes, { span, many, zoom: choice.zoom });
  timeline.grow(height - view.layout.total);
  view.layout.height = height + LEAST_CURVES - timeline.height();
  parts.sheet.style.height = `${view.layout.total}px`;
  view.lines = choice.colouring === "agents" ? agentLines(model) : null;
  const columns = Math.max(1, Math.round(view.layout.inner * (window.devicePixelRatio || 1)));
  view.strips = makeStrips({
    model,
    rows: view.lanes.rows,
    columns,
    span,
    lines: view.lines,
  });
  const large = view.layout.total > view.layout.height * 1.2;
  parts.minimap.canvas.hidden = !large;
  parts.root.classList.toggle("mapped", large);
  parts.scale.draw(model, choice.colouring);
  paintStill(view, parts);
  paintMoving(view, parts);
  performance.mark("tree drawn"); // for benchmarks
}

function sceneOf(view, parts) {
  const { lanes, layout, strips, lines } = view;
  const { selected, hovered } = app;
  return {
    model: app.model,
    lanes,
    layout,
    strips,
    lines,
    selected,
    hovered,
    top: parts.scroller.scrollTop,
  };
}

function paintStill(view, parts) {
  if (!view.layout) return;
  const scene = sceneOf(view, parts);
  const { layout } = view;
  const context = fitCanvas(parts.still, layout.width, layout.height);
  drawBands(context, scene);
  drawGrid(context, layout, timeTicks(layout));
  drawTransfers(context, scene);
  drawLanes(context, scene);
  if (view.choice.refused) drawRefused(context, scene, view.choice.refused);
  parts.gutter.refresh(scene, `${view.pictures ?? 0}${theme.dark}`);
  if (!parts.minimap.canvas.hidden) parts.minimap.draw(scene);
}

/** The way of the selected niche's agent at the time shown. */
function pathOf({ model, selected }) {
  if (selected === null || !model.niches.has(selected)) return [];
  const niche = model.niches.get(selected);
  const time = Math.min(shownTime(), niche.died ?? Infinity);
  if (time < niche.born) return [];
  if (model.transfers) return agentLine(model, selected, time);
  const steps = model.details.get(selected)?.solution ?? [];
  return [...steps]
    .reverse()
    .map((step) => ({ niche: step.niche, from: step.iteration_from, to: step.iteration_to }));
}

function paintMoving(view, parts) {
  if (!view.layout) return;
  const { layout } = view;
  const context = fitCanvas(parts.moving, layout.width, layout.height);
  const scene = sceneOf(view, parts);
  drawTime(context, scene, shownTime());
  drawAgentPath(context, scene, pathOf(scene));
  drawAxis(parts.axis, layout, timeTicks(layout));
  parts.gutter.mark(scene.model);
  parts.timeline.draw(layout);
}

/** Select the lane some rows below the selected one, and bring it into sight. */
function stepLane(view, parts, rows) {
  if (!view.lanes) return;
  const at = view.lanes.place.get(app.selected);
  const last = view.lanes.rows.length - 1;
  const row = at === undefined ? 0 : Math.max(0, Math.min(last, at + rows));
  select(view.lanes.rows[row]);
  const y = view.layout.y(view.lanes.place.get(app.selected));
  const { scrollTop } = parts.scroller;
  if (y < scrollTop + 20) parts.scroller.scrollTop = y - 40;
  else if (y > scrollTop + view.layout.height - 20) {
    parts.scroller.scrollTop = y - view.layout.height + 40;
  }
}
