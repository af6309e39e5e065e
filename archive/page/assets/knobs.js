/** Sliders for the numbers of a task. */

import { element } from "./elements.js";
import { cut, plain } from "./format.js";

const MOST_STEPS = 5000; // of a slider; a number with more is typed

/** Sliders; turned(name, value) is called while one moves, released() when it is let go. */
export function makeKnobs(turned, released) {
  const root = element("div", { class: "knobs", "data-testid": "knobs" });
  const rows = new Map();
  const show = (knobs) => {
    const names = Object.keys(knobs);
    if (names.join("\n") !== [...rows.keys()].join("\n")) {
      rows.clear();
      for (const name of names) rows.set(name, makeRow(name, knobs[name], turned, released));
      root.replaceChildren(...[...rows.values()].map((row) => row.root));
      root.hidden = !names.length;
    }
    for (const [name, row] of rows) row.show(knobs[name][0]);
  };
  return { root, show };
}

function makeRow(name, [, low, high, step], turned, released) {
  const typed = (high - low) / step > MOST_STEPS;
  const value = element("output", {});
  const input = element("input", {
    type: typed ? "number" : "range",
    min: low,
    max: high,
    step: Number.isInteger(step) ? step : "any",
    "aria-label": name,
    "data-testid": "knob",
    "data-knob": name,
    on: {
      input: () => {
        if (input.value !== "") turned(name, inSteps(Number(input.value), low, high, step));
      },
      change: () => {
        // the answer to the last value may have come while the pointer still held the slider
        if (!typed) input.value = inSteps(Number(input.value), low, high, step);
        released();
      },
    },
  });
  let held = false; // the pointer, not the server, moves it then
  input.addEventListener("pointerdown", () => {
    held = true;
  });
  for (const end of ["pointerup", "pointercancel", "blur"]) {
    input.addEventListener(end, () => {
      held = false;
    });
  }
  const show = (number) => {
    value.textContent = plain(number);
    if (!held && !(typed && input === document.activeElement)) input.value = number;
  };
  const root = element(
    "label",
    {},
    element("span", { text: cut(name, 40), title: name }),
    typed ? null : value,
    input,
  );
  return { root, show };
}

/** The value in whole steps from the low end, as the sliders of `openpoet play` have it. */
function inSteps(value, low, high, step) {
  const number = low + Math.round((value - low) / step) * step;
  return Number(Math.max(low, Math.min(high, number)).toFixed(9));
}
