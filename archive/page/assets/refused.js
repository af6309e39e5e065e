/** Candidates that were refused, on request: ticks above the lane of their parent. */

import { fetchCandidates } from "./source.js";
import { app, notify, report } from "./state.js";
import { theme } from "./theme.js";

/** Show the refused candidates in the tree of `choice`, or hide them again. */
export async function toggleRefused(choice) {
  if (choice.refused) {
    choice.refused = null;
    notify("choice");
    return;
  }
  const model = app.model;
  try {
    const candidates = await fetchCandidates(model.id);
    if (app.model !== model) return;
    choice.refused = candidates;
    notify("choice");
  } catch (error) {
    report(`refused candidates: ${error.message}`);
  }
}

/** Colours of the reasons, most frequent first. */
export function reasonColours(candidates) {
  const counts = new Map();
  for (const reason of candidates.outcome) counts.set(reason, (counts.get(reason) ?? 0) + 1);
  const order = [...counts].sort((a, b) => b[1] - a[1]).map(([reason]) => reason);
  const colours = [
    theme.vermillion,
    theme.blue,
    theme.purple,
    theme.green,
    theme.yellow,
    theme.cyan,
  ];
  return new Map(order.map((reason, at) => [reason, colours[at] ?? theme.grey]));
}

/** Draw them: a short tick down into the parent's lane, in the colour of the reason. */
export function drawRefused(context, scene, candidates) {
  const colours = reasonColours(candidates);
  const { layout } = scene;
  const length = Math.max(2, Math.min(5, layout.pitch * 0.25));
  context.lineWidth = 1.5;
  for (const { x, y, reason } of marksOf(scene, candidates)) {
    context.strokeStyle = colours.get(reason);
    context.beginPath();
    context.moveTo(x - length / 2, y - length);
    context.lineTo(x + length / 2, y);
    context.moveTo(x + length / 2, y - length);
    context.lineTo(x - length / 2, y);
    context.stroke();
  }
}

/** The candidate whose mark is under a point [px]; null if there is none. */
export function refusedAt(scene, candidates, x, y) {
  for (const mark of marksOf(scene, candidates)) {
    if (Math.abs(mark.x - x) < 4 && y > mark.y - 8 && y < mark.y + 3) return mark.at;
  }
  return null;
}

/** Marks in sight: {at: row of the columns, x, y [px], reason}; of one iteration side by side. */
function marksOf({ lanes, layout, top }, candidates) {
  const marks = [];
  const taken = new Map();
  for (let at = 0; at < candidates.iteration.length; at += 1) {
    const row = lanes.place.get(candidates.parent[at]);
    if (row === undefined) continue;
    const y = layout.y(row) - top - layout.lane(row) / 2 - 1;
    if (y < -10 || y > layout.height + 10) continue;
    const key = `${row} ${candidates.iteration[at]}`;
    const before = taken.get(key) ?? 0;
    taken.set(key, before + 1);
    const x = layout.x(candidates.iteration[at]) + 5 * before;
    marks.push({ at, x, y, reason: candidates.outcome[at] });
  }
  return marks;
}
