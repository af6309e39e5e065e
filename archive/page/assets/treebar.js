/** Above the tree: what its marks mean, and choices; beside the curves: the scale of colours. */

import { button, element, fitCanvas, vector } from "./elements.js";
import { app, listen, notify } from "./state.js";
import { reasonColours, toggleRefused } from "./refused.js";
import { score } from "./format.js";
import { FONT } from "./axes.js";
import { theme } from "./theme.js";

/** The bar of a tree view; it changes `view.choice`. */
export function makeTreeBar(view) {
  const { choice } = view;
  const colour = choiceOf("colour", ["score", "agents"], ["score", "lines of agents"], (value) => {
    choice.colouring = value;
    notify("choice");
  });
  const fold = toggle("fold extinct", "thin lines for branches without living descendants", () => {
    choice.fold = !choice.folding;
    notify("choice");
  });
  const refused = toggle("refused", "candidates that did not become a niche", () =>
    toggleRefused(choice),
  );
  const zoom = (factor) => () => {
    choice.zoom = Math.max(0.1, Math.min(10, choice.zoom * factor));
    notify("choice");
  };
  const sizes = element(
    "span",
    { class: "pair" },
    button("−", zoom(1 / 1.5), {
      title: "thinner lanes",
      class: "quiet",
      "data-testid": "zoom-out",
    }),
    button("+", zoom(1.5), { title: "thicker lanes", class: "quiet", "data-testid": "zoom-in" }),
  );
  const reasons = element("span", { class: "reasons", "data-testid": "reasons" });
  const refresh = () => refreshBar({ choice, colour, fold, refused, reasons });
  for (const name of ["choice", "model", "data", "theme", "laid"]) listen(name, refresh);
  return element(
    "div",
    { class: "treebar" },
    makeLegend(),
    reasons,
    element("div", { class: "controls" }, colour.root, fold, refused, sizes),
  );
}

function refreshBar({ choice, colour, fold, refused, reasons }) {
  if (!app.model) return;
  fold.setAttribute("aria-pressed", String(Boolean(choice.fold ?? choice.folding)));
  refused.setAttribute("aria-pressed", String(Boolean(choice.refused)));
  colour.set(choice.colouring);
  reasons.replaceChildren();
  if (!choice.refused) return;
  if (!choice.refused.iteration.length) reasons.append("none was refused");
  for (const [reason, tint] of reasonColours(choice.refused)) {
    const dot = element("i", { class: "dot" });
    dot.style.background = tint;
    reasons.append(element("span", {}, dot, reason));
  }
}

function toggle(text, title, listener) {
  const made = button(text, listener, { class: "toggle", title, "aria-pressed": "false" });
  made.dataset.testid = `toggle-${text.split(" ")[0]}`;
  return made;
}

function choiceOf(name, values, texts, listener) {
  const buttons = values.map((value, at) =>
    button(texts[at], () => listener(value), {
      class: "toggle",
      "data-testid": `${name}-${value}`,
    }),
  );
  return {
    root: element("span", { class: "group", role: "group", "aria-label": name }, buttons),
    set(value) {
      buttons.forEach((made, at) => {
        made.setAttribute("aria-pressed", String(values[at] === value));
      });
    },
  };
}

/** The marks of the tree with their meaning. */
function makeLegend() {
  const glyph = (...shapes) => vector("svg", { viewBox: "0 0 34 14", class: "glyph" }, ...shapes);
  const slim = (...shapes) =>
    vector("svg", { viewBox: "9 0 16 14", class: "glyph slim" }, ...shapes);
  const path = (d, look) => vector("path", { d, class: look });
  const lane = [0, 1, 2, 3, 4].map((part) =>
    vector("rect", { x: 2 + 6 * part, y: 4.5, width: 6.2, height: 5, class: `ramp${part}` }),
  );
  const entries = [
    [glyph(...lane), "a world over time"],
    [glyph(path("M2 3H32", "line"), path("M12 3V7Q12 11 16 11H32", "line")), "its mutated child"],
    [
      glyph(path("M2 7H32", "line"), vector("circle", { cx: 17, cy: 7, r: 4, class: "ring" })),
      "first solved",
    ],
    [
      slim(
        path("M15 1.5C21 4 21 10 15 12.5", "arc"),
        vector("circle", { cx: 15, cy: 12, r: 2, class: "arcdot" }),
      ),
      "an agent moves",
      "to another world",
    ],
  ];
  return element(
    "div",
    { class: "legend", "data-testid": "legend" },
    entries.map(([picture, text, more = ""]) =>
      element("span", {}, picture, text, element("span", { class: "wide", text: more })),
    ),
  );
}

/** The scale of colours left of the curves. */
export function makeScale() {
  const canvas = element("canvas", { class: "scale", "data-testid": "scale" });
  const root = element("div", { class: "corner" }, canvas);
  function draw(model, colouring) {
    const width = Math.max(root.clientWidth - 14, 30);
    const context = fitCanvas(canvas, width, 62);
    context.font = FONT;
    context.textBaseline = "middle";
    context.fillStyle = theme.muted;
    if (colouring !== "score") {
      context.fillText("one hue a", 0, 24, width);
      context.fillText("line of agents", 0, 38, width);
      return;
    }
    context.fillText("score", 0, 8);
    drawRamp(context, model, width);
  }
  return { root, draw };
}

function drawRamp(context, model, width) {
  for (let x = 0; x < width; x += 1) {
    context.fillStyle = theme.css[Math.round((x / Math.max(width - 1, 1)) * 255)];
    context.fillRect(x, 20, 1.2, 10);
  }
  const [low, high] = model.range;
  context.fillStyle = theme.ink;
  context.textAlign = "left";
  context.fillText(`${model.below ? "≤ " : ""}${score(low)}`, 0, 40);
  context.textAlign = "right";
  context.fillText(score(high), width, width < 70 ? 53 : 40);
  context.textAlign = "left";
  if (model.solved_score === null || model.solved_score === undefined) return;
  const x = ((model.solved_score - low) / (high - low)) * width;
  if (x < 0 || x > width) return;
  context.fillRect(Math.min(x, width - 1.5), 17, 1.5, 16);
  if (width < 90) return;
  context.fillStyle = theme.muted;
  context.textAlign = "right";
  context.fillText(`solved from ${score(model.solved_score)}`, width, 54);
  context.textAlign = "left";
}
