/** Below the tree, on its time axis: curves of the whole run, the scrubber, and the film. */

import { button, element, fitCanvas } from "./elements.js";
import { app, listen, notify, setTime, shownTime } from "./state.js";
import { drawLine, extentOf, FONT, nearestPlace } from "./axes.js";
import { drawGrid } from "./branches.js";
import { iterationAt, MARGIN, timeTicks } from "./layout.js";
import { score, whole } from "./format.js";
import { countsAnnecs } from "./model.js";
import { hideTooltip, showTooltip } from "./tooltip.js";
import { theme } from "./theme.js";

export const LEAST_CURVES = 96; // [px] height of the curves
const MOST_CURVES = 230;
const DURATION = 24; // [s] of a film of the whole run at speed 1
const SPEEDS = [1, 2, 4, 0.5];

/**
 * The curves' canvas, the scrubber and the film's buttons; `draw(layout)` paints them, `grow(room)`
 * lets the curves use so many pixels that the lanes leave free.
 */
export function makeTimeline() {
  const canvas = element("canvas", { class: "curves", "data-testid": "timeline" });
  const scrubber = element("input", {
    type: "range",
    min: 0,
    max: 1,
    step: 1,
    class: "scrubber",
    "data-testid": "scrubber",
    "aria-label": "iteration shown",
  });
  scrubber.addEventListener("input", () => setTime(Number(scrubber.value)));
  const film = makeFilm();
  let [layout, height] = [null, LEAST_CURVES];
  followCurves(canvas, () => layout);
  function draw(next = layout) {
    if (!next || !app.model) return;
    layout = next;
    scrubber.min = String(Math.ceil(layout.from));
    scrubber.max = String(Math.floor(layout.to));
    scrubber.value = String(shownTime());
    drawCurves(fitCanvas(canvas, layout.width, height), app.model, { ...layout, height });
  }
  function grow(room) {
    height = Math.round(Math.max(LEAST_CURVES, Math.min(MOST_CURVES, LEAST_CURVES + room)));
  }
  return { canvas, scrubber, film: film.root, draw, grow, height: () => height };
}

function followCurves(canvas, layoutOf) {
  const scrub = (event) => {
    const box = canvas.getBoundingClientRect();
    setTime(iterationAt(layoutOf(), event.clientX - box.left));
  };
  canvas.addEventListener("pointerdown", (event) => {
    canvas.setPointerCapture(event.pointerId);
    scrub(event);
  });
  canvas.addEventListener("pointermove", (event) => {
    if (event.buttons) scrub(event);
    const { curves } = app.model;
    if (!curves.iteration.length) return;
    const box = canvas.getBoundingClientRect();
    const at = nearestPlace(curves.iteration, iterationAt(layoutOf(), event.clientX - box.left));
    showTooltip(event.clientX, event.clientY, {
      title: `iteration ${whole(curves.iteration[at])}`,
      lines: [
        `best ${score(curves.best[at])}, median ${score(curves.median[at])}`,
        ...(countsAnnecs(curves)
          ? [`ANNECS ${whole(curves.annecs[at])}: new worlds that were solved in time`]
          : []),
        `${whole(curves.active[at])} niches active`,
      ],
    });
  });
  canvas.addEventListener("pointerleave", hideTooltip);
}

function drawCurves(context, model, layout) {
  const { curves } = model;
  const { height } = layout;
  drawGrid(context, layout, timeTicks(layout));
  const scaleOf =
    ([low, high]) =>
    (value) =>
      height - 6 - ((value - low) / (high - low || 1)) * (height - 16);
  const scores = scaleOf(extentOf([curves.best, curves.median]));
  const counts = scaleOf([0, Math.max(1, ...curves.annecs.slice(-1))]);
  const lines = [
    ...(countsAnnecs(curves) ? [[curves.annecs, counts, theme.green, 1.6]] : []),
    [curves.median, scores, theme.cyan, 1.3],
    [curves.best, scores, theme.blue, 1.6],
  ];
  context.save();
  context.beginPath();
  context.rect(layout.x(layout.from), 0, layout.inner, height);
  context.clip(); // of a part of the run only
  for (const [values, yOf, colour, width] of lines) {
    context.strokeStyle = colour;
    context.lineWidth = width;
    drawLine(context, curves.iteration, values, layout.x, yOf);
  }
  context.restore();
  const x = Math.max(0, layout.x(shownTime()));
  context.fillStyle = theme.paper;
  context.globalAlpha = 0.72;
  context.fillRect(x, 0, layout.width - x, height);
  context.globalAlpha = 1;
  context.strokeStyle = theme.accent;
  context.lineWidth = 1.5;
  context.beginPath();
  context.moveTo(x, 0);
  context.lineTo(x, height);
  context.stroke();
  drawLegend(context, curves);
}

/** Names and present values of the curves, in their colours. */
function drawLegend(context, curves) {
  if (!curves.iteration.length) return;
  const at = nearestPlace(curves.iteration, shownTime());
  const entries = [
    [`best ${score(curves.best[at])}`, theme.blue],
    [`median ${score(curves.median[at])}`, theme.cyan],
    ...(countsAnnecs(curves) ? [[`ANNECS ${whole(curves.annecs[at])}`, theme.green]] : []),
  ];
  context.font = FONT;
  context.textBaseline = "top";
  context.textAlign = "left";
  let x = MARGIN + 4;
  for (const [text, colour] of entries) {
    const width = context.measureText(text).width;
    context.globalAlpha = 0.8;
    context.fillStyle = theme.paper;
    context.fillRect(x - 3, 2, width + 22, 14);
    context.globalAlpha = 1;
    context.fillStyle = colour;
    context.fillRect(x, 8, 12, 2.5);
    context.fillStyle = theme.ink;
    context.fillText(text, x + 16, 4);
    x += width + 32;
  }
}

/** Play, and the speed of the film. */
function makeFilm() {
  let speed = 0;
  let [last, position] = [0, 0];
  const play = button("Play", () => setPlaying(!app.playing), {
    class: "play",
    "data-testid": "play",
    title: "play the run as a film (space)",
  });
  const faster = button(
    "1×",
    () => {
      speed = (speed + 1) % SPEEDS.length;
      faster.textContent = `${SPEEDS[speed]}×`;
    },
    { class: "quiet", title: "speed of the film", "data-testid": "film-speed" },
  );
  function frame(now) {
    if (!app.playing || !app.model) return;
    const end = app.model.iteration;
    position += (Math.max(0, Math.min(now - last, 100)) / 1000) * (end / DURATION) * SPEEDS[speed];
    last = now;
    // the scrubber was dragged
    if (app.at !== null && Math.abs(app.at - position) > end / 50) position = app.at;
    setTime(position);
    if (position >= end) setPlaying(false);
    else requestAnimationFrame(frame);
  }
  listen("playing", () => {
    play.textContent = app.playing ? "Pause" : "Play";
    play.classList.toggle("on", app.playing);
    if (!app.playing) return;
    position = app.at ?? 0; // from the end, start again
    last = performance.now();
    setTime(position);
    requestAnimationFrame(frame);
  });
  return { root: element("div", { class: "film" }, play, faster) };
}

/** Start or stop the film. */
export function setPlaying(playing) {
  if (app.playing === playing) return;
  app.playing = playing;
  notify("playing");
}
