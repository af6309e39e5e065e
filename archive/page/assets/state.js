/** What the page shows at the moment and the listeners to its changes. */

export const app = {
  model: null, // the run that is open (model.js)
  selected: null, // id of the selected niche
  at: null, // the iteration shown; null: the end, also when the run goes on
  hovered: null, // id of the niche under the pointer
  playing: false, // whether the film plays
  line: "", // what is wrong at the moment, in one line
};

const listeners = new Map();

/** Call `listener` whenever `name` is notified; returns a function that ends it. */
export function listen(name, listener) {
  if (!listeners.has(name)) listeners.set(name, new Set());
  listeners.get(name).add(listener);
  return () => listeners.get(name).delete(listener);
}

/**
 * Notify a change: "model" (another run), "data" (the run went on), "selected", "time", "hovered",
 * "address", "theme", "line".
 */
export function notify(name) {
  for (const listener of listeners.get(name) ?? []) listener();
}

/** The iteration shown. */
export function shownTime() {
  const end = app.model ? app.model.iteration : 0;
  return app.at === null ? end : Math.min(app.at, end);
}

/** Show the run as it was at an iteration; at or beyond its end, follow the end. */
export function setTime(iteration) {
  const end = app.model ? app.model.iteration : 0;
  const at = Math.max(0, Math.round(iteration));
  app.at = at >= end ? null : at;
  notify("time");
}

/** Select a niche (null: none). */
export function select(id) {
  if (app.selected === id) return;
  app.selected = id;
  notify("selected");
}

/** The niche under the pointer (null: none). */
export function hover(id) {
  if (app.hovered === id) return;
  app.hovered = id;
  notify("hovered");
}

/** Show one line about what is wrong (empty: nothing). */
export function report(line) {
  if (app.line === line) return;
  app.line = line;
  notify("line");
}
