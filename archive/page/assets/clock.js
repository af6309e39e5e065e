/** The clock of recorded poses: one runs one or several screens in step. */

import { button, element } from "./elements.js";
import { clock } from "./format.js";

const PACES = [1, 2, 0.5, 0.25];

/** A clock over frames; `draw(frame)` is called for every frame that is to be seen. */
export function makeClock(draw) {
  const state = { count: 1, dt: 0.02, frame: 0, playing: false, pace: 1, exact: 0, last: 0 };
  function tick(now) {
    if (!state.playing) return;
    state.exact += (Math.max(0, Math.min(now - state.last, 100)) / 1000 / state.dt) * state.pace;
    state.last = now;
    if (state.exact >= state.count - 1) {
      state.exact = state.count - 1;
      state.playing = false;
    }
    show(Math.floor(state.exact));
    if (state.playing) requestAnimationFrame(tick);
    else draw(state);
  }
  function show(frame) {
    if (frame === state.frame && state.playing) return;
    state.frame = frame;
    draw(state);
  }
  return {
    state,
    /** Use another length and start anew. */
    open(count, dt) {
      Object.assign(state, { count, dt, frame: 0, exact: 0 });
      draw(state);
    },
    play() {
      if (state.playing) return;
      if (state.frame >= state.count - 1) state.exact = 0;
      state.playing = true;
      state.last = performance.now();
      draw(state);
      requestAnimationFrame(tick);
    },
    pause() {
      state.playing = false;
      draw(state);
    },
    seek(frame) {
      state.exact = Math.max(0, Math.min(frame, state.count - 1));
      state.frame = Math.round(state.exact);
      draw(state);
    },
  };
}

/** Play, seek, time and pace of a clock; `refresh()` shows its state. `load`: starts the first play. */
export function makeControls(clockwork, load) {
  const { state } = clockwork;
  const toggle = () => {
    if (state.playing) clockwork.pause();
    else if (state.count > 1) clockwork.play();
    else load();
  };
  const play = button("▶", toggle, { class: "round", "aria-label": "play", "data-testid": "replay-play" });
  const seek = element("input", {
    type: "range", min: 0, max: 1, step: 1, value: 0, class: "seek", "aria-label": "frame",
    "data-testid": "replay-seek", on: { input: () => clockwork.seek(Number(seek.value)) },
  });
  const time = element("span", { class: "clock", "data-testid": "replay-time" });
  const pace = button("1×", () => {
    state.pace = PACES[(PACES.indexOf(state.pace) + 1) % PACES.length];
    pace.textContent = `${state.pace}×`;
  }, { class: "quiet", title: "speed" });
  function refresh() {
    seek.max = String(Math.max(1, state.count - 1));
    seek.value = String(state.frame);
    play.textContent = state.playing ? "❚❚" : "▶";
    play.setAttribute("aria-label", state.playing ? "pause" : "play");
    time.textContent = `${clock(state.frame * state.dt)} / ${clock((state.count - 1) * state.dt)}`;
  }
  return { root: element("div", { class: "playbar" }, play, seek, time, pace), refresh, toggle };
}
