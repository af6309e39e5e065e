/** The clock of recorded poses: one runs one or several screens in step. */

import { button, element } from "./elements.js";
import { clock } from "./format.js";

const PACES = [1, 2, 0.5, 0.25];

/**
 * A clock over frames; `draw(state)` is called for every frame to be seen. `open(count, dt)`
 * starts anew with another length; `play()`, `pause()`, `seek(frame)`.
 */
export function makeClock(draw) {
  const state = { count: 1, dt: 0.02, frame: 0, playing: false, pace: 1, exact: 0, last: 0 };
  const change = (values) => {
    Object.assign(state, values);
    draw(state);
  };
  const tick = (now) => {
    if (!state.playing) return;
    advance(state, now);
    draw(state);
    if (state.playing) requestAnimationFrame(tick);
  };
  return {
    state,
    open: (count, dt) => change({ count, dt, frame: 0, exact: 0 }),
    pause: () => change({ playing: false }),
    seek(frame) {
      const exact = Math.max(0, Math.min(frame, state.count - 1));
      change({ exact, frame: Math.round(exact) });
    },
    play() {
      if (state.playing) return;
      const exact = state.frame >= state.count - 1 ? 0 : state.exact;
      change({ playing: true, exact, last: performance.now() });
      requestAnimationFrame(tick);
    },
  };
}

/** Move the clock on to the time `now` [ms]; it stops at the last frame. */
function advance(state, now) {
  const passed = Math.max(0, Math.min(now - state.last, 100)); // a hidden page does not jump
  state.exact += (passed / 1000 / state.dt) * state.pace;
  state.last = now;
  if (state.exact >= state.count - 1) {
    state.exact = state.count - 1;
    state.playing = false;
  }
  state.frame = Math.floor(state.exact);
}

/** Play, seek, time and pace of a clock; `refresh()` shows its state. load: the first play. */
export function makeControls(clockwork, load) {
  const { state } = clockwork;
  const toggle = () => {
    if (state.playing) clockwork.pause();
    else if (state.count > 1) clockwork.play();
    else load();
  };
  const play = button("▶", toggle, { class: "round", "data-testid": "replay-play" });
  const seek = seekBar((frame) => clockwork.seek(frame));
  const time = element("span", { class: "clock", "data-testid": "replay-time" });
  const faster = () => {
    state.pace = PACES[(PACES.indexOf(state.pace) + 1) % PACES.length];
    pace.textContent = `${state.pace}×`;
  };
  const pace = button("1×", faster, { class: "quiet", title: "speed" });
  const refresh = () => {
    seek.max = String(Math.max(1, state.count - 1));
    seek.value = String(state.frame);
    play.textContent = state.playing ? "❚❚" : "▶";
    play.setAttribute("aria-label", state.playing ? "pause" : "play");
    const spent = clock(state.frame * state.dt);
    time.textContent = `${spent} / ${clock((state.count - 1) * state.dt)}`;
  };
  return { root: element("div", { class: "playbar" }, play, seek, time, pace), refresh, toggle };
}

function seekBar(onseek) {
  const bar = element("input", {
    type: "range",
    min: 0,
    max: 1,
    step: 1,
    value: 0,
    class: "seek",
    "aria-label": "frame",
    "data-testid": "replay-seek",
  });
  bar.addEventListener("input", () => onseek(Number(bar.value)));
  return bar;
}
