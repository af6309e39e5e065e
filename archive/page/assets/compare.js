/** Agents in worlds, side by side: every agent of the columns in every world of the rows. */

import { button, element } from "./elements.js";
import { app, listen } from "./state.js";
import { currentRoute, replaceRoute } from "./route.js";
import { makeChart } from "./chart.js";
import { makeClock, makeControls } from "./clock.js";
import { loadReplay, makeScreen } from "./screen.js";
import { scoreCurve } from "./model.js";
import { needOutline } from "./thumbnails.js";
import { cut, score, whole } from "./format.js";
import { theme } from "./theme.js";

const MOST = 4; // worlds, and agents
const QUESTION = "Does an agent do better in another world? Rows are worlds, columns are agents.";
const HINT = "of these niches, each in its own world";

/** The view of comparisons. */
export function makeCompare() {
  const view = { worlds: [], agents: [], cells: [], model: null, ticket: 0, picked: false };
  view.clock = makeClock((state) => {
    drawCells(view);
    view.controls?.refresh(state);
  });
  view.controls = makeControls(view.clock, () => play(view));
  view.start = button("Run all", () => play(view), {
    class: "primary",
    "data-testid": "compare-run",
  });
  view.choices = element("div", { class: "choices" });
  view.grid = element("div", { class: "grid", "data-testid": "compare-grid" });
  view.curve = makeChart({ title: "Score", hint: HINT, xs: [], series: [] });
  view.root = element(
    "section",
    { class: "compare", "data-testid": "view-compare" },
    element("p", { class: "lead", text: QUESTION }),
    view.choices,
    view.grid,
    element("div", { class: "playall" }, view.start, view.controls.root),
    view.curve.root,
  );
  followCompared(view);
  return { root: view.root, show: () => app.model && showCompare(view) };
}

function followCompared(view) {
  const { root } = view;
  listen("model", () => Object.assign(view, { model: null, picked: false }));
  listen("theme", () => root.isConnected && app.model && showCompare(view));
  listen("cursor", () => root.isConnected && view.curve.draw());
  listen("outlines", () => root.isConnected && takeOutlines(view));
  new ResizeObserver(() => {
    drawCells(view);
    view.curve.draw();
  }).observe(root);
}

function drawCells(view) {
  for (const { screen } of view.cells) screen.draw(view.clock.state.frame);
}

/** What is compared at first: the selected niche and its parent, or the two youngest. */
function chosenAtFirst(model) {
  const route = currentRoute();
  const known = (ids) => [...new Set(ids)].filter((id) => model.niches.has(id)).slice(0, MOST);
  const parent = model.niches.get(app.selected)?.parent ?? null;
  const pair = app.selected === null ? model.ids.slice(-2) : known([parent, app.selected]);
  return {
    worlds: known(route.worlds).length ? known(route.worlds) : pair,
    agents: known(route.agents).length ? known(route.agents) : pair,
  };
}

function showCompare(view) {
  const { model } = app;
  if (view.model !== model) Object.assign(view, chosenAtFirst(model), { model });
  else if (!view.picked && !currentRoute().worlds.length) Object.assign(view, chosenAtFirst(model));
  replaceRoute({ worlds: view.worlds, agents: view.agents });
  view.choices.replaceChildren(
    chooser(view, "worlds", "Worlds"),
    chooser(view, "agents", "Agents"),
  );
  buildGrid(view);
  drawScores(view);
}

/** The chosen ids as chips, and a field for another one. */
function chooser(view, what, text) {
  const change = (ids) => {
    view.picked = true;
    view[what] = ids;
    replaceRoute({ worlds: view.worlds, agents: view.agents });
    showCompare(view);
  };
  const chips = view[what].map((id) =>
    button(`${id} ×`, () => change(view[what].filter((other) => other !== id)), {
      class: "chip",
      title: `take niche ${id} out`,
    }),
  );
  const field = element("input", {
    type: "number",
    min: 0,
    placeholder: "+ niche",
    "aria-label": `add to ${text}`,
    "data-testid": `add-${what}`,
    on: {
      change: () => {
        const id = Number(field.value);
        if (app.model.niches.has(id) && !view[what].includes(id) && field.value !== "")
          change([...view[what], id]);
        field.value = "";
      },
    },
  });
  return element("div", {}, element("b", { text }), chips, view[what].length < MOST ? field : null);
}

function buildGrid(view) {
  view.clock.pause();
  view.ticket += 1;
  view.cells = [];
  const columns = Math.max(1, view.agents.length);
  view.grid.style.gridTemplateColumns = `minmax(84px, auto) repeat(${columns}, minmax(0, 1fr))`;
  const heads = view.agents.map((id) =>
    element("div", { class: "column", text: `agent of ${id}` }),
  );
  const rows = view.worlds.map((world) => {
    const niche = view.model.niches.get(world);
    const name = element(
      "div",
      { class: "rowname" },
      element("b", { text: `world ${world}` }),
      element("span", { text: cut(niche.title, 80) }),
    );
    return [name, ...view.agents.map((agent) => makeCell(view, niche, agent))];
  });
  view.grid.replaceChildren(element("div", {}), ...heads, ...rows.flat());
  for (const { screen } of view.cells) screen.draw(0);
}

function makeCell(view, niche, agent) {
  const screen = makeScreen({ height: view.agents.length > 2 ? 120 : 160 });
  screen.outline = niche.outline;
  if (!niche.outline) needOutline(niche.id);
  const caption = element("div", {
    class: "caption",
    text: niche.id === agent ? `own: ${score(niche.score)}` : "not run yet",
  });
  screen.root.append(caption);
  screen.root.classList.toggle("own", niche.id === agent);
  screen.root.dataset.testid = `cell-${niche.id}-${agent}`;
  view.cells.push({ screen, caption, niche, agent });
  return screen.root;
}

function takeOutlines(view) {
  for (const { screen, niche } of view.cells) {
    screen.outline ??= view.model.niches.get(niche.id)?.outline ?? null;
    screen.draw(view.clock.state.frame);
  }
}

/** Load all replays, one after the other, and play them in step. */
async function play(view) {
  const ticket = view.ticket;
  view.start.disabled = true;
  for (const { screen, caption, niche, agent } of view.cells) {
    if (screen.take) continue;
    screen.say("recording…");
    try {
      const replay = await loadReplay(
        view.model.id,
        niche.id,
        agent,
        "last",
        screen.say,
        () => ticket === view.ticket,
      );
      if (ticket !== view.ticket) break;
      screen.open(replay);
      caption.textContent = `score ${score(replay.score)}${replay.solved ? ", solved" : ""}`;
      screen.root.dataset.score = replay.score;
      screen.draw(0);
    } catch (error) {
      if (ticket !== view.ticket) break;
      screen.say(error.message);
    }
  }
  view.start.disabled = false;
  if (ticket !== view.ticket) return;
  const takes = view.cells.map((cell) => cell.screen.take).filter(Boolean);
  if (!takes.length) return;
  markBest(view);
  view.clock.open(Math.max(...takes.map((take) => take.count)), takes[0].dt);
  view.clock.play();
}

/** Mark the best agent of each world, unless all are as good. */
function markBest(view) {
  for (const world of view.worlds) {
    const row = view.cells.filter((cell) => cell.niche.id === world && cell.screen.take);
    const scores = row.map((cell) => Number(cell.screen.root.dataset.score));
    const [least, most] = [Math.min(...scores), Math.max(...scores)];
    row.forEach(({ screen }, at) => {
      screen.root.classList.toggle("best", least < most && scores[at] === most);
    });
  }
}

/** Scores of the niches over the iterations of the run. */
function drawScores(view) {
  const { model } = view;
  const ids = [...new Set([...view.worlds, ...view.agents])];
  const xs = [];
  const points = Math.min(1000, Math.max(2, model.iteration + 1));
  for (let at = 0; at < points; at += 1) xs.push(Math.round((at / (points - 1)) * model.iteration));
  const series = ids.map((id, at) => {
    const [, values] = scoreCurve(model, id);
    const start = model.scores.get(id)?.start ?? 0;
    const valueOf = (x) =>
      x < start ? null : (values[Math.floor((x - start) / model.score_stride)] ?? null);
    return {
      name: `niche ${whole(id)}`,
      colour: theme.series[at % theme.series.length],
      values: xs.map(valueOf),
    };
  });
  view.curve.set({ ...view.curve.spec, xs, series });
}
