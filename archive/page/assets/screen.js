/** A screen on which an agent moves in a world, from recorded poses. */

import { element, fitCanvas } from "./elements.js";
import { fetchReplay } from "./source.js";
import { boundsOf, drawWorld, pixelX, seenFromAbove } from "./world.js";
import { wholeCamera } from "./thumbnails.js";
import { drawTake, openTake } from "./takes.js";
import { theme } from "./theme.js";

const MOST_KEPT = 24; // replays
const kept = new Map();

/** A replay, asked for again while the server is not ready; `say` gets lines about the wait. */
export async function loadReplay(run, niche, agent, at, say, wanted = () => true) {
  const key = [run, niche, agent, at].join();
  for (;;) {
    if (kept.has(key)) return kept.get(key);
    try {
      const replay = await fetchReplay(run, niche, agent, at);
      kept.set(key, replay);
      if (kept.size > MOST_KEPT) kept.delete(kept.keys().next().value);
      return replay;
    } catch (error) {
      if (error.retry === null || error.retry === undefined || !wanted()) throw error;
      say(error.message);
      await new Promise((resolve) => window.setTimeout(resolve, 1000 * error.retry));
    }
  }
}

/** Forget all replays, when the run went on and agents have changed. */
export function forgetReplays() {
  kept.clear();
}

/** A screen; `outline` is drawn until poses have come. */
export function makeScreen({ height = 150, strip = true } = {}) {
  const scene = element("canvas", { class: "scene", "data-testid": "scene" });
  const track = strip ? element("canvas", { class: "track" }) : null;
  const note = element("div", { class: "note", "data-testid": "replay-note", hidden: true });
  const root = element("div", { class: "screen" }, scene, track, note);
  const screen = { root, scene, take: null, outline: null };
  screen.say = (line) => {
    note.textContent = line;
    note.hidden = line === "";
  };
  screen.open = (replay, number = 0) => {
    screen.take = replay.takes.length ? openTake(replay.takes[number], replay) : null;
    screen.say(screen.take ? "" : "no poses were recorded");
  };
  screen.draw = (frame) => drawScreen(screen, track, frame, height);
  return screen;
}

function drawScreen(screen, track, frame, height) {
  const width = Math.floor(screen.root.clientWidth);
  if (!width) return;
  const { take, outline } = screen;
  const context = fitCanvas(screen.scene, width, height);
  if (take) drawTake(context, take, frame, width, height);
  else if (outline) {
    const camera = (track ? startCamera : wholeCamera)(outline, width, height);
    drawWorld(context, outline, camera, { rays: false, brief: !track });
  } else {
    context.fillStyle = theme.faint;
    context.fillRect(0, 0, width, height);
  }
  screen.root.classList.toggle("waiting", !take);
  const layers = take ? take.fixed : outline;
  if (!track) return;
  track.hidden = !layers || seenFromAbove(layers);
  if (track.hidden) return;
  drawTrack(fitCanvas(track, width, 26), layers, take, frame, width);
}

/** Without poses: the beginning of the track, or the whole plan. */
export function startCamera(outline, width, height) {
  const whole = wholeCamera(outline, width, height);
  if (seenFromAbove(outline)) return whole;
  const [left, low, , high] = boundsOf(outline);
  const start = outline.ground[0][1];
  const zoom = Math.max(
    whole.zoom,
    Math.min(whole.zoom * 4, (height * 0.5) / Math.max(high - low, 1e-9)),
  );
  return { ...whole, x: left + width / 2 / zoom, y: start + (height * 0.2) / zoom, zoom, up: zoom };
}

/** The whole track below the scene, with the way so far in the accent's colour. */
function drawTrack(context, layers, take, frame, width) {
  const camera = wholeCamera(layers, width, 26);
  drawWorld(context, layers, camera, { brief: true, rays: false });
  if (!take || take.still) return;
  const to = Math.min(frame, take.count - 1);
  const x = pixelX(camera, take.path[to][0]);
  context.strokeStyle = theme.accent;
  context.lineWidth = 2;
  context.beginPath();
  context.moveTo(pixelX(camera, take.path[0][0]), 4);
  context.lineTo(x, 4);
  context.stroke();
  context.fillStyle = theme.accent;
  context.beginPath();
  context.arc(x, 4, 3, 0, 2 * Math.PI);
  context.fill();
}
