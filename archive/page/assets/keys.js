/** Keys of the page, and the card that lists them. */

import { element } from "./elements.js";
import { app, select, setTime, shownTime } from "./state.js";
import { goTo, VIEWS } from "./route.js";
import { setPlaying } from "./timeline.js";

const KEYS = [
  ["space", "play the run as a film, or pause it"], ["← →", "one iteration back or on; with shift, ten"],
  ["home end", "first iteration; the end, and follow it"], ["↑ ↓", "niche above or below"],
  ["p", "play the selected niche's agent, or pause it"], ["1 2 3 4", "tree, table, curves, compare"],
  ["/", "filter the table"], ["esc", "close the panel"], ["?", "this card"],
];

/** Listen to keys. `views`: the views by name; `panel`: the panel. */
export function listenToKeys(views, panel) {
  const card = makeCard();
  document.body.append(card);
  const actions = {
    " ": () => setPlaying(!app.playing),
    ArrowLeft: (event) => moveTime(event.shiftKey ? -10 : -1),
    ArrowRight: (event) => moveTime(event.shiftKey ? 10 : 1),
    Home: () => moveTime(-Infinity),
    End: () => moveTime(Infinity),
    ArrowUp: () => views.tree.step(-1),
    ArrowDown: () => views.tree.step(1),
    p: () => panel.toggleReplay(),
    "/": () => {
      goTo({ view: "table" });
      window.setTimeout(views.table.focus, 60);
    },
    "?": () => (card.open ? card.close() : card.showModal()),
    Escape: () => select(null),
  };
  VIEWS.forEach((view, at) => {
    actions[String(at + 1)] = () => goTo({ view });
  });
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || !app.model) return;
    const { tagName, type } = event.target;
    const typing = (tagName === "INPUT" && type !== "range" && type !== "checkbox") || tagName === "SELECT";
    if (typing && event.key === "Escape") event.target.blur();
    // a focused button or slider keeps its own keys
    const own = { BUTTON: [" "], INPUT: ["ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown", "Home", "End"] };
    if (typing || own[tagName]?.includes(event.key) || (card.open && event.key === "Escape")) return;
    if (!actions[event.key]) return;
    event.preventDefault();
    actions[event.key](event);
  });
  return card;
}

function moveTime(steps) {
  setPlaying(false);
  setTime(Math.max(0, Math.min(app.model.iteration, shownTime() + steps)));
}

function makeCard() {
  const rows = KEYS.map(([keys, meaning]) =>
    element("tr", {}, element("td", {}, keys.split(" ").map((key) => element("kbd", { text: key }))), element("td", { text: meaning })),
  );
  const card = element(
    "dialog", { class: "help", "data-testid": "help" },
    element("h2", { text: "Keys" }), element("table", {}, element("tbody", {}, rows)),
    element("p", { text: "ANNECS: accumulated number of novel environments created and solved, the measure of Enhanced POET." }),
  );
  card.addEventListener("click", () => card.close());
  return card;
}
