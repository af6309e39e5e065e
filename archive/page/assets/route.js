/** The address of what is shown, in the location's hash: #/RUN/VIEW?niche=12&at=300. */

import { notify } from "./state.js";

export const VIEWS = ["tree", "table", "curves", "compare"];

/** The parts of a hash; `run` is null for the list of runs. */
export function parseRoute(hash) {
  const [path, query = ""] = String(hash).replace(/^#\/?/, "").split("?", 2);
  const [run = "", view = "tree"] = path.split("/");
  const values = new URLSearchParams(query);
  return {
    run: run === "" ? null : decoded(run),
    view: VIEWS.includes(view) ? view : "tree",
    niche: wholeNumber(values.get("niche")),
    at: wholeNumber(values.get("at")),
    worlds: numbers(values.get("worlds")),
    agents: numbers(values.get("agents")),
    filter: values.get("filter") ?? "",
  };
}

/** The hash of a route; everything but `run` and `view` may be missing. */
export function formatRoute({ run, view, niche, at, worlds = [], agents = [], filter }) {
  if (run === null) return "#/";
  const values = new URLSearchParams();
  if (Number.isInteger(niche)) values.set("niche", niche);
  if (Number.isInteger(at)) values.set("at", at);
  if (worlds.length && view === "compare") values.set("worlds", worlds.join(" "));
  if (agents.length && view === "compare") values.set("agents", agents.join(" "));
  if (filter && view === "table") values.set("filter", filter);
  const query = values.toString();
  return `#/${encodeURIComponent(run)}/${view}${query ? `?${query}` : ""}`;
}

/** The present route. */
export function currentRoute() {
  return parseRoute(window.location.hash);
}

/** Change parts of the address without an entry in the history. */
export function replaceRoute(changes) {
  const hash = formatRoute({ ...currentRoute(), ...changes });
  if (hash !== window.location.hash) window.history.replaceState(null, "", hash);
}

/** Go to another address; the page follows it at once. */
export function goTo(changes) {
  window.history.pushState(null, "", formatRoute({ ...currentRoute(), ...changes }));
  notify("address");
}

function wholeNumber(text) {
  return text !== null && /^\d{1,9}$/.test(text) ? Number(text) : null;
}

function numbers(text) {
  return (text ?? "")
    .split(/[ ,+]/)
    .map(wholeNumber)
    .filter((number) => number !== null);
}

function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // a stray percent sign
  }
}
