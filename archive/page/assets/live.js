/** Following a run while it goes on: the server's events, increments, lost connections. */

import { fetchView, isStatic, openEvents } from "./source.js";
import { app, notify, report, select } from "./state.js";
import { createModel, mergeView } from "./model.js";
import { forgetReplays } from "./screen.js";

const RETRY = 3000; // [ms] until a closed stream is opened again

const live = { busy: false, again: false, events: null, opening: 0, lost: false };

/** Open a run: fetch its first view and show it. Throws what fetching throws. */
export async function openRun(id) {
  live.opening += 1;
  const ticket = live.opening;
  const view = await fetchView(id);
  if (ticket !== live.opening) return;
  forgetReplays();
  app.model = createModel(id, view);
  app.at = null;
  app.selected = null;
  showState();
  notify("model");
}

/** Fetch what was added since the last view, and say so. One request at a time. */
async function refreshRun() {
  if (!app.model || isStatic()) return;
  if (live.busy) {
    live.again = true;
    return;
  }
  live.busy = true;
  const { model } = app;
  try {
    const view = await fetchView(model.id, model.iteration, model.score_stride);
    if (app.model !== model) return;
    const before = model.iteration;
    mergeView(model, view);
    if (model.iteration !== before || view.since === null) forgetReplays(); // of other agents now
    if (app.selected !== null && !model.niches.has(app.selected)) select(null);
    showState();
    notify("data");
  } catch (error) {
    if (app.model === model) lose(error);
  } finally {
    live.busy = false;
    if (live.again) {
      live.again = false;
      refreshRun();
    }
  }
}

/** Keep what is on the page, and say why there is nothing new. */
function lose(error) {
  const gone = error.status === 404 || error.status === 410;
  report(
    gone ? "the run's folder is gone; this is what it last showed" : `no news: ${error.message}`,
  );
  if (gone) app.model.state = "gone";
  notify("state");
}

function showState() {
  report(app.model.state === "damaged" ? `the run is damaged: ${app.model.error ?? ""}` : "");
  notify("state");
}

/**
 * Listen to the server; `onruns` is called when the list of runs changed.
 * A hidden page does not listen: a browser has few connections for all pages of one server.
 */
export function followServer(onruns) {
  if (isStatic()) return;
  const follow = () => {
    live.events?.close();
    live.events = document.hidden ? null : openEvents(handlersOf(onruns, follow));
  };
  document.addEventListener("visibilitychange", follow);
  follow();
}

/** What to do about events. The server begins with the state of every run. */
function handlersOf(onruns, again) {
  return {
    run: ({ id, iteration, state }) => {
      const { model } = app;
      if (!model) onruns();
      else if (String(id) !== model.id) return;
      else if (iteration !== model.iteration || state !== model.state) refreshRun();
    },
    runs: () => {
      onruns();
      refreshRun();
    },
    open: () => {
      if (live.lost) {
        report("");
        refreshRun();
      }
      live.lost = false;
      onruns();
    },
    lost: (closed) => {
      live.lost = true;
      report("the server is away; trying again");
      // the browser opens a lost stream again by itself, but not one that was refused
      if (closed) window.setTimeout(again, RETRY);
    },
  };
}
