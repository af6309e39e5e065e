/** All data of the page: from the server, or from the blocks embedded in a report. */

/** Whether the page is a file with its data in it. */
export function isStatic() {
  return document.body.dataset.static === "1";
}

/** The runs: {runs: [...]}. */
export function fetchRuns() {
  return isStatic() ? embedded("data-runs") : ask("api/runs");
}

/** The view of a run; with a view's `iteration` and `score_stride`, only what came after. */
export function fetchView(run, since = null, stride = null) {
  if (isStatic()) return embedded("data-view");
  return ask(`${address(run)}/view`, since === null ? {} : { since, stride });
}

/** The details of a niche. */
export function fetchNiche(run, niche) {
  return isStatic() ? embedded(`data-niche-${niche}`) : ask(`${address(run)}/niche/${niche}`);
}

/** The recorded poses of an agent in a niche; at: "last", "birth" or "solver". */
export function fetchReplay(run, niche, agent, at = "last") {
  if (isStatic()) return embedded(`data-replay-${niche}-${agent}-${at}`);
  return ask(`${address(run)}/replay`, { niche, agent, at });
}

/** Outlines of niches that the view left out: {scale, outlines: {id: outline}}. */
export function fetchOutlines(run, ids) {
  if (isStatic()) return Promise.resolve({ outlines: {} });
  return ask(`${address(run)}/outlines`, { ids: ids.join(",") });
}

/** The curves of a run: {curves}, as in its view. */
export function fetchCurves(run) {
  return isStatic() ? embedded("data-view") : ask(`${address(run)}/curves`);
}

/** Candidates that were refused. */
export function fetchCandidates(run) {
  return isStatic() ? embedded("data-candidates") : ask(`${address(run)}/candidates`);
}

/** The ids of the niches for which an expression holds. */
export function fetchSelection(run, expression) {
  return ask(`${address(run)}/select`, { expr: expression });
}

/** An edited task: {task, title, knobs, outline, ...}; `edit`: its task and one change. */
export function sendEdit(run, token, edit) {
  return send(`${address(run)}/edit`, token, edit);
}

/** Put a task into the run as a candidate: {line}; `injection`: its task and niche. */
export function sendInjection(run, token, injection) {
  return send(`${address(run)}/inject`, token, injection);
}

/** Server-sent events; `handlers`: {run(data), runs(), open(), lost()}. Null for a report. */
export function openEvents(handlers) {
  if (isStatic()) return null;
  const events = new EventSource("api/events");
  events.addEventListener("run", (event) => handlers.run(JSON.parse(event.data)));
  events.addEventListener("runs", () => handlers.runs());
  events.addEventListener("open", () => handlers.open());
  events.addEventListener("error", () => handlers.lost(events.readyState === EventSource.CLOSED));
  return events;
}

function address(run) {
  return `api/run/${encodeURIComponent(run)}`;
}

/** The JSON at an address. Throws an Error with the server's line, its `status` and `retry`. */
async function ask(path, query = {}) {
  const text = new URLSearchParams(query).toString();
  return answerOf(await fetch(text ? `${path}?${text}` : path, { cache: "no-store" }));
}

async function send(path, token, data) {
  const headers = { Authorization: `Bearer ${token}`, "Content-Type": "application/json" };
  return answerOf(await fetch(path, { method: "POST", headers, body: JSON.stringify(data) }));
}

async function answerOf(response) {
  let data = null;
  try {
    data = await response.json();
  } catch {
    data = { error: `the server answered ${response.status} without data` };
  }
  if (!response.ok) {
    const error = new Error(data.error ?? `the server answered ${response.status}`);
    throw Object.assign(error, { status: response.status, retry: data.retry ?? null });
  }
  return data;
}

/** The JSON of an embedded block, which may be compressed (base64 of gzip). */
async function embedded(id) {
  const block = document.getElementById(id);
  if (!block)
    throw Object.assign(new Error("not in this file; `openpoet watch` shows it"), {
      status: 404,
      retry: null,
    });
  if (block.dataset.encoding !== "gzip") return JSON.parse(block.textContent);
  const bytes = Uint8Array.from(window.atob(block.textContent.trim()), (c) => c.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Response(stream).json();
}
