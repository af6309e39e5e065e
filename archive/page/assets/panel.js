/** The panel of the selected niche: its world and agent, numbers, and where it came from. */

import { button, element } from "./elements.js";
import { app, listen, notify, select } from "./state.js";
import { ancestors } from "./model.js";
import { fetchNiche } from "./source.js";
import { makePlayer } from "./player.js";
import { parameterList } from "./parameters.js";
import { knownSolution, makeChain } from "./chain.js";
import { makeScoreCurve } from "./scorecurve.js";
import { nicheLink, panelPart, refusedPictures, transferCount, transferTable } from "./lists.js";
import { plain, score, whole } from "./format.js";
import { editButton } from "./token.js";

/** The panel; `start()` plays the selected niche's agent. */
export function makePanel() {
  const root = element("aside", {
    class: "panel",
    "data-testid": "panel",
    "aria-label": "selected niche",
  });
  const panel = { root, player: null, shown: null, pending: 0, curve: null, play: false };
  listen("selected", () => showNiche(panel, true));
  listen("model", () => showNiche(panel, false));
  listen("data", () => refreshNiche(panel));
  listen("theme", () => showNiche(panel, false));
  listen("time", () => panel.curve?.draw());
  listen("outlines", () => takeOutline(panel));
  new ResizeObserver(() => {
    panel.player?.draw();
    panel.curve?.draw();
  }).observe(root);
  return { root, toggleReplay: () => panel.player?.screens[0].scene.click() };
}

/** The selected niche; play: its agent starts to move at once. */
async function showNiche(panel, play) {
  const { model, selected } = app;
  panel.player?.close();
  panel.player = null;
  panel.curve = null;
  const niche = model?.niches.get(selected);
  document.body.classList.toggle("paneled", Boolean(niche));
  if (!niche) {
    panel.root.replaceChildren();
    return;
  }
  panel.player = makePlayer(model, niche);
  panel.curve = makeScoreCurve(model, niche);
  panel.facts = element("div", {}, facts(niche));
  panel.more = element(
    "div",
    { class: "more", "data-testid": "details" },
    element("p", { class: "quietly", text: "…" }),
  );
  panel.root.replaceChildren(
    head(model, niche),
    panel.player.root,
    panel.facts,
    panel.curve.root,
    panel.more,
  );
  panel.root.scrollTop = 0;
  panel.player.draw();
  panel.curve.draw();
  if (play) panel.player.start();
  await loadDetails(panel, model, niche);
}

/** After the run went on: numbers and details, but not the player that runs. */
async function refreshNiche(panel) {
  const { model, selected } = app;
  const niche = model?.niches.get(selected);
  if (!niche || !panel.facts) return;
  panel.facts.replaceChildren(facts(niche));
  panel.curve?.update(niche);
  if (panel.root.querySelector(".played")) return; // a clip of the chain was opened
  await loadDetails(panel, model, niche);
}

async function loadDetails(panel, model, niche) {
  panel.pending += 1;
  const ticket = panel.pending;
  try {
    const details = model.details.get(niche.id) ?? (await fetchNiche(model.id, niche.id));
    if (ticket !== panel.pending || app.model !== model || app.selected !== niche.id) return;
    model.details.set(niche.id, details);
    const open = openParts(panel.more);
    panel.more.replaceChildren(...detailParts(model, niche, details, open));
    panel.curve?.transfers(details.transfers_in);
    const known = panel.player?.screens[0];
    if (known && details.niche.outline) {
      for (const screen of panel.player.screens) screen.outline = details.niche.outline;
      panel.player.draw();
    }
    notify("details");
  } catch (error) {
    if (ticket !== panel.pending) return;
    const chain = makeChain(model, { solution: knownSolution(model, niche) });
    const note = element("p", { class: "quietly", text: `further details: ${error.message}` });
    panel.more.replaceChildren(panelPart("How was this solved?", chain, true), note);
  }
}

/** Mark in the list of parameters what the mutation changed, once the parent's task is here. */
async function compareParent(model, niche, task, root) {
  if (niche.parent === null) return;
  try {
    const parent = await fetchNiche(model.id, niche.parent);
    root.replaceChildren(parameterList(task, parent.task));
  } catch {
    // the list without marks stays
  }
}

function openParts(root) {
  const parts = [...root.querySelectorAll("details")];
  return parts.length
    ? new Set(parts.filter((part) => part.open).map((part) => part.dataset.testid))
    : null;
}

function takeOutline(panel) {
  const screen = panel.player?.screens[0];
  const niche = app.model?.niches.get(app.selected);
  if (!screen || screen.outline || !niche?.outline) return;
  screen.outline = niche.outline;
  panel.player.draw();
}

function head(model, niche) {
  const line = [...ancestors(model, niche.id)].reverse();
  const shown = line.slice(-7);
  const path = element("div", {
    class: "path",
    "data-testid": "ancestry",
    title: "its ancestors, the oldest first",
  });
  if (line.length > shown.length) path.append(`${whole(line.length - shown.length)} … `);
  for (const id of shown) path.append(nicheLink(id), element("i", { text: "›" }));
  path.append(element("b", { text: niche.id }));
  return element(
    "header",
    {},
    element("h2", { text: `Niche ${niche.id}` }),
    element(
      "div",
      { class: "actions" },
      editButton(model, niche),
      button("×", () => select(null), {
        class: "close",
        "aria-label": "close",
        "data-testid": "panel-close",
      }),
    ),
    element("p", { class: "title", "data-testid": "niche-title", text: niche.title }),
    niche.source
      ? element("p", { class: "title", "data-testid": "niche-source", text: niche.source })
      : null,
    line.length ? path : null,
  );
}

function facts(niche) {
  const entries = [
    ["score", score(niche.score), "in its own world, now"],
    ["best", score(niche.best), "the best score its agents had"],
    [
      "solved",
      niche.solved === null ? "not yet" : `at ${whole(niche.solved)}`,
      "iteration at which it was first solved",
    ],
    ["born", whole(niche.born), "iteration of its birth"],
    [
      niche.died === null ? "state" : "retired",
      niche.died === null ? "active" : whole(niche.died),
      "whether it is in the population",
    ],
  ];
  if (Number.isFinite(niche.before))
    entries.splice(1, 0, ["before", score(niche.before), "score before the agent adapts"]);
  if (Number.isFinite(niche.novelty))
    entries.push([
      "novelty",
      plain(Math.round(niche.novelty * 100) / 100),
      "distance to the nearest worlds when it was born",
    ]);
  return element(
    "dl",
    { class: "facts", "data-testid": "facts" },
    entries.map(([name, value, meaning]) =>
      element(
        "div",
        { title: meaning },
        element("dt", { text: name }),
        element("dd", { text: value }),
      ),
    ),
  );
}

function detailParts(model, niche, details, open) {
  const was = (name, otherwise) => (open ? open.has(`part-${name}`) : otherwise);
  const parts = [panelPart("How was this solved?", makeChain(model, details), was("how", true))];
  const parameters = element("div", {}, parameterList(details.task, null));
  parts.push(panelPart("World", parameters, was("world", true)));
  compareParent(model, niche, details.task, parameters);
  for (const [rows, partner, word] of [
    [details.transfers_in, "source", "in"],
    [details.transfers_out, "target", "out"],
  ]) {
    const part = panelPart(
      transferCount(rows, word),
      transferTable(rows, partner),
      was(`transfers-${word}`, false),
    );
    part.dataset.testid = `part-transfers-${word}`;
    if (rows.length) parts.push(part);
  }
  if (details.children.length) {
    const links = element("div", { class: "links" }, details.children.map(nicheLink));
    parts.push(
      panelPart(`Children: ${whole(details.children.length)}`, links, was("children:", true)),
    );
  }
  const refused = details.refused_children;
  if (refused.length) {
    parts.push(
      panelPart(
        `Refused children: ${whole(refused.length)}`,
        refusedPictures(refused),
        was("refused", false),
      ),
    );
  }
  const task = element("pre", { text: JSON.stringify(details.task, null, 1).slice(0, 100_000) });
  parts.push(panelPart("Task", task, was("task", false)));
  return parts;
}
