/** Parameters of a task: a list with what differs from the parent, or bars for a picture. */

import { element } from "./elements.js";
import { cut, plain } from "./format.js";
import { theme } from "./theme.js";

const LEAST_TELLING = ["family", "schema"]; // names that say nothing about a world
const MOST_LISTED = 40;
const DEEPEST = 6;

/** The parameters of a task as rows; those that differ from the parent's say the parent's value. */
export function parameterList(task, parentTask) {
  const own = leaves(task);
  const before = parentTask ? leaves(parentTask) : own;
  const names = [...new Set([...own.keys(), ...before.keys()])];
  const all = names.map((name) => [name, shownValue(own.get(name)), shownValue(before.get(name))]);
  // settings are those of the run, as a rule
  const telling = all.filter(([name, value, old]) => value !== old || !/^settings /.test(name));
  const rows = telling
    .slice(0, MOST_LISTED)
    .map(([name, value, old]) =>
      element(
        "div",
        { class: value === old ? "same" : "changed" },
        element("span", { text: cut(name, 40), title: cut(name, 200) }),
        element("b", { text: value }),
        value === old ? null : element("small", { text: `parent ${old}` }),
      ),
    );
  return element("div", { class: "parameters", "data-testid": "parameters" }, rows);
}

/** Numbers, texts and other ends of a task's JSON by their path: Map. */
function leaves(task) {
  const found = new Map();
  const walk = (value, path) => {
    if (value !== null && typeof value === "object" && path.length < DEEPEST && !isShort(value)) {
      for (const [name, part] of Object.entries(value)) walk(part, [...path, name]);
    } else if (!LEAST_TELLING.includes(path[0])) found.set(nameOf(path), value);
  };
  walk(task, []);
  return found;
}

/** Whether a value is a list that fits into one row, such as the ends of an interval. */
function isShort(value) {
  return Array.isArray(value) && value.length <= 4 && !value.some((one) => Object(one) === one);
}

/** A path in words; the name of the part that tasks share is left out. */
function nameOf(path) {
  const words = path.length > 1 && path[0] === "genome" ? path.slice(1) : path;
  return words.join(" ").replaceAll("_", " ");
}

function shownValue(value) {
  if (value === null || value === undefined) return "none";
  return cut(Array.isArray(value) ? value.map(plain).join(", ") : plain(value), 30);
}

/** Bars of a task's numbers, for families without an outline; ranges: of parameterRanges. */
export function drawBars(context, numbers, ranges, width, height) {
  context.fillStyle = theme.plan;
  context.fillRect(0, 0, width, height);
  const names = Object.keys(numbers);
  const step = width / Math.max(names.length, 1);
  names.forEach((name, at) => {
    const [low, high] = ranges.get(name) ?? [0, 1];
    const share = high > low ? (numbers[name] - low) / (high - low) : 0.5;
    const bar = Math.max(1.5, share * (height - 3));
    context.fillStyle = theme.series[at % theme.series.length];
    context.fillRect(at * step + step * 0.15, height - bar, step * 0.7, bar);
  });
}

/** The ranges of all niches' numbers: Map of name to [low, high]. */
export function parameterRanges(model) {
  const ranges = new Map();
  for (const { describe } of model.niches.values()) {
    for (const [name, value] of Object.entries(describe ?? {})) {
      if (!Number.isFinite(value)) continue;
      const [low, high] = ranges.get(name) ?? [value, value];
      ranges.set(name, [Math.min(low, value), Math.max(high, value)]);
    }
  }
  return ranges;
}
