/** Keys of the page, and the card that lists them. */

import { element } from "./elements.js";
import { app, select, setTime, shownTime } from "./state.js";
import { goTo, VIEWS } from "./route.js";
import { setPlaying } from "./timeline.js";

const KEYS = [
  ["space", "play the run as a film, or pause it"],
  ["← →", "one iteration back or on; with shift, ten"],
  ["home end", "first iteration; the end, and follow it"],
  ["↑ ↓", "niche above or below"],
  ["ctrl wheel", "zoom into time in the tree; double click: the whole run"],
  ["p", "play the selected niche's agent, or pause it"],
  ["1 2 3 4", "tree, table, curves, compare"],
  ["/", "filter the table"],
  ["esc", "close the panel"],
  ["?", "this card"],
];

// keys that a focused element needs for itself
const OWN = {
  BUTTON: [" ", "Enter"],
  SUMMARY: [" ", "Enter"],
  INPUT: [" ", "ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown", "Home", "End"],
};

/** Listen to keys. `views`: the views by name; `panel`: the panel. Returns the card of keys. */
export function listenToKeys(views, panel) {
  const card = makeCard();
  document.body.append(card);
  const actions = keyActions(views, panel, card);
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || !app.model) return;
    if (isText(event.target) && event.key === "Escape") event.target.blur();
    if (isText(event.target) || OWN[event.target.tagName]?.includes(event.key)) return;
    if (document.querySelector("dialog[open]") && !(card.open && event.key === "?")) return;
    if (!actions[event.key]) return;
    event.preventDefault();
    actions[event.key](event);
  });
  return card;
}

function keyActions(views, panel, card) {
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
      views.table.focus();
    },
    "?": () => (card.open ? card.close() : card.showModal()),
    Escape: () => select(null),
  };
  VIEWS.forEach((view, at) => {
    actions[String(at + 1)] = () => goTo({ view });
  });
  return actions;
}

/** Whether keys are text for this element. */
function isText({ tagName, type }) {
  if (tagName === "SELECT") return true;
  return tagName === "INPUT" && type !== "range" && type !== "checkbox";
}

function moveTime(steps) {
  setPlaying(false);
  setTime(Math.max(0, Math.min(app.model.iteration, shownTime() + steps)));
}

function makeCard() {
  const rows = KEYS.map(([keys, meaning]) =>
    element(
      "tr",
      {},
      element(
        "td",
        {},
        keys.split(" ").map((key) => element("kbd", { text: key })),
      ),
      element("td", { text: meaning }),
    ),
  );
  const card = element(
    "dialog",
    { class: "help", "data-testid": "help" },
    element("h2", { text: "Keys" }),
    element("table", {}, element("tbody", {}, rows)),
    element("p", {
      text: "ANNECS, the measure of Enhanced POET: novel environments created and solved so far.",
    }),
  );
  card.addEventListener("click", () => card.close());
  return card;
}
