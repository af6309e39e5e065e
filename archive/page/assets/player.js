/** The player of the panel: the agent of a niche in its world, and beside it another one. */

import { button, element } from "./elements.js";
import { ancestors } from "./model.js";
import { makeClock, makeControls } from "./clock.js";
import { loadReplay, makeScreen } from "./screen.js";
import { score } from "./format.js";
import { isStatic } from "./source.js";

/** The player of one niche; `start()` loads the poses and plays. */
export function makePlayer(model, niche) {
  const player = { model, niche, screens: [], entries: [], closed: false, number: 0 };
  player.clock = makeClock((state) => {
    for (const screen of player.screens) screen.draw(state.frame);
    player.controls?.refresh();
  });
  player.controls = makeControls(player.clock, () => startAll(player));
  player.stage = element("div", { class: "screens" });
  player.choices = element("div", { class: "agents" });
  player.takes = element("div", { class: "takes" });
  player.root = element(
    "div",
    { class: "player", "data-testid": "player" },
    player.stage,
    player.controls.root,
    player.takes,
    player.choices,
  );
  addScreen(player, { agent: niche.id, at: "last" });
  player.choices.append(besideChoice(player));
  player.draw = () => player.screens.forEach((screen) => screen.draw(player.clock.state.frame));
  player.start = () => startAll(player);
  player.close = () => {
    player.closed = true;
    player.clock.pause();
  };
  return player;
}

function addScreen(player, entry) {
  const screen = makeScreen();
  screen.outline = player.niche.outline;
  const caption = element("div", { class: "caption", "data-testid": "replay-caption" });
  caption.textContent = agentName(player.niche, entry);
  screen.root.append(caption);
  screen.scene.addEventListener("click", () => player.controls.toggle());
  player.screens.push(screen);
  player.entries.push({ ...entry, caption });
  player.stage.append(screen.root);
}

function agentName(niche, { agent, at }) {
  const of = agent === niche.id ? "its own agent" : `the agent of ${agent}`;
  return { last: of, birth: `${of} at birth`, solver: "its best agent since it was solved" }[at];
}

/** Load what is not there yet, and play all screens in step. */
async function startAll(player) {
  const { model, niche, screens, entries } = player;
  const wanted = () => !player.closed;
  player.replays = await Promise.all(
    entries.map(async ({ agent, at }, number) => {
      const screen = screens[number];
      if (!screen.take) screen.say("recording…");
      try {
        return await loadReplay(model.id, niche.id, agent, at, screen.say, wanted);
      } catch (error) {
        screen.say(error.message);
        return null;
      }
    }),
  );
  if (player.closed) return;
  openTakes(player);
  if (player.replays.some(Boolean)) player.clock.play();
}

/** Open one of the episodes of each replay. */
function openTakes(player) {
  const { screens, entries, replays, niche } = player;
  replays.forEach((replay, at) => {
    if (!replay) return;
    screens[at].open(replay, Math.min(player.number, replay.takes.length - 1));
    const take = replay.takes[Math.min(player.number, replay.takes.length - 1)];
    const parts = [
      agentName(niche, entries[at]),
      `score ${score(replay.score)}`,
      replay.solved ? "solved" : "not solved",
      ...(take?.hidden ?? []),
    ];
    entries[at].caption.textContent = parts.join(" · ");
  });
  const open = screens.filter((screen) => screen.take).map((screen) => screen.take);
  if (open.length) player.clock.open(Math.max(...open.map((take) => take.count)), open[0].dt);
  offerTakes(player);
}

function offerTakes(player) {
  const replay = player.replays.find(Boolean);
  const count = replay?.takes.length ?? 0;
  player.takes.replaceChildren();
  if (count < 2) return;
  player.takes.append(
    element("span", { text: "episode" }),
    ...replay.takes.map((take, number) => {
      const text = `${take.trial + 1}.${take.episode + 1}`;
      const open = () => {
        player.number = number;
        openTakes(player);
        player.clock.play();
      };
      const pressed = String(number === player.number);
      return button(text, open, {
        class: "toggle",
        title: "trial.episode",
        "aria-pressed": pressed,
      });
    }),
  );
  if (replay.left_out) player.takes.append(element("span", { text: `${replay.left_out} more` }));
}

/** The choice of another agent that is shown in the same world. */
function besideChoice(player) {
  const { model, niche } = player;
  const options = [["", "no other agent"]];
  if (niche.parent !== null)
    options.push([`${niche.parent} last`, `its parent's agent (${niche.parent})`]);
  options.push([`${niche.id} birth`, "its own agent at birth"]);
  if (niche.solved !== null && !isStatic())
    options.push([`${niche.id} solver`, "its best agent since it was solved"]);
  const others = [
    ...ancestors(model, niche.id).slice(1),
    ...model.ids.filter((id) => model.niches.get(id).died === null),
  ];
  for (const id of new Set(others)) {
    if (id !== niche.id && id !== niche.parent) options.push([`${id} last`, `the agent of ${id}`]);
  }
  const choice = element(
    "select",
    { "data-testid": "beside", "aria-label": "another agent in this world" },
    options.map(([value, text]) => element("option", { value, text })),
  );
  choice.addEventListener("change", () => {
    while (player.screens.length > 1) {
      player.screens.pop().root.remove();
      player.entries.pop();
    }
    if (choice.value) {
      const [agent, at] = choice.value.split(" ");
      addScreen(player, { agent: Number(agent), at });
    }
    startAll(player);
  });
  return element("label", {}, element("span", { text: "beside it" }), choice);
}
