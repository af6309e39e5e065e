/** The picture of an edited task: the world at one place, the whole track below, and strokes. */

import { element, fitCanvas, onceAFrame } from "./elements.js";
import { startCamera } from "./screen.js";
import { boundsOf, drawWorld, seenFromAbove } from "./world.js";
import { wholeCamera } from "./thumbnails.js";
import { theme } from "./theme.js";

const STRIP = 34; // [px] height of the track

/**
 * A picture; `show(edited)` draws an answer of the server. Where tasks of the family can be drawn,
 * stroked([from, to] in metres) is called while a stroke is drawn, and ended() after it.
 */
export function makeEditScene(stroked, ended) {
  const scene = element("canvas", { class: "scene", "data-testid": "edit-scene" });
  const track = element("canvas", { class: "track", "data-testid": "edit-track" });
  const root = element("div", { class: "screen" }, scene, track);
  const picture = { root, scene, track, edited: null, look: 0, stroke: null, camera: null };
  picture.draw = onceAFrame(() => draw(picture));
  picture.show = (edited) => {
    picture.edited = edited;
    scene.classList.toggle("drawable", edited.draws);
    picture.draw();
  };
  listenToTrack(picture);
  listenToStrokes(picture, stroked, ended);
  const resized = new ResizeObserver(() => picture.draw());
  resized.observe(root);
  picture.close = () => resized.disconnect();
  return picture;
}

function draw(picture) {
  const { root, scene, track, edited, look, stroke } = picture;
  const width = Math.floor(root.clientWidth);
  const outline = edited?.outline;
  root.hidden = !Object.values(outline ?? {}).some((lines) => lines.length);
  if (!width || root.hidden) return;
  const height = width > 600 ? 250 : 170;
  const context = fitCanvas(scene, width, height);
  // a stroke is drawn in the view in which it began
  const camera = stroke ? picture.camera : cameraAt(outline, width, height, look);
  picture.camera = camera;
  drawWorld(context, outline, camera, { rays: false });
  if (stroke) drawStroke(context, stroke);
  track.hidden = seenFromAbove(outline);
  if (!track.hidden) drawWindow(fitCanvas(track, width, STRIP), outline, camera, width);
}

/** The part of a track at a share of its length; the whole of a plan. */
function cameraAt(outline, width, height, look) {
  const camera = startCamera(outline, width, height);
  if (seenFromAbove(outline)) return camera;
  const [left, , right] = boundsOf(outline);
  const across = width / camera.zoom;
  const x = left + across / 2 + look * Math.max(right - left - across, 0);
  return { ...camera, x, y: groundAt(outline.ground[0], x) + (height * 0.2) / camera.zoom };
}

/** The height of a line of ground at x; that of its end beyond it. */
function groundAt(line, x) {
  for (let at = 2; at + 1 < line.length; at += 2) {
    if (line[at] >= x) {
      const share = (x - line[at - 2]) / Math.max(line[at] - line[at - 2], 1e-9);
      return line[at - 1] + Math.max(0, Math.min(1, share)) * (line[at + 1] - line[at - 1]);
    }
  }
  return line.at(-1);
}

function drawWindow(context, outline, camera, width) {
  const whole = wholeCamera(outline, width, STRIP);
  drawWorld(context, outline, whole, { brief: true, rays: false });
  const across = (width / camera.zoom) * whole.zoom;
  const left = width / 2 + (camera.x - whole.x) * whole.zoom - across / 2;
  context.strokeStyle = theme.accent;
  context.lineWidth = 2;
  context.strokeRect(left + 1, 1, across - 2, STRIP - 2);
}

function drawStroke(context, [from, to]) {
  context.strokeStyle = theme.accent;
  context.fillStyle = theme.accent;
  context.lineWidth = 3;
  context.lineCap = "round";
  context.beginPath();
  context.moveTo(...from);
  context.lineTo(...to);
  context.stroke();
  context.beginPath();
  context.arc(...to, 5, 0, 2 * Math.PI);
  context.fill();
}

function listenToTrack(picture) {
  const look = (event) => {
    const { left, width } = picture.track.getBoundingClientRect();
    picture.look = Math.max(0, Math.min(1, (event.clientX - left) / width));
    picture.draw();
  };
  picture.track.addEventListener("pointerdown", (event) => {
    picture.track.setPointerCapture(event.pointerId);
    look(event);
  });
  picture.track.addEventListener("pointermove", (event) => {
    if (picture.track.hasPointerCapture(event.pointerId)) look(event);
  });
}

function listenToStrokes(picture, stroked, ended) {
  const { scene } = picture;
  const place = (event) => {
    const { left, top } = scene.getBoundingClientRect();
    return [event.clientX - left, event.clientY - top];
  };
  scene.addEventListener("pointerdown", (event) => {
    if (!picture.edited?.draws || !picture.camera) return;
    scene.setPointerCapture(event.pointerId);
    picture.stroke = [place(event), place(event)];
  });
  scene.addEventListener("pointermove", (event) => {
    if (!picture.stroke) return;
    picture.stroke[1] = place(event);
    picture.draw();
    const { scale } = picture.edited;
    stroked(picture.stroke.map(([x, y]) => worldAt(picture.camera, x, y, scale)));
  });
  for (const end of ["pointerup", "pointercancel"]) {
    scene.addEventListener(end, () => {
      if (!picture.stroke) return;
      picture.stroke = null;
      picture.draw();
      ended();
    });
  }
}

/** The point [m] of the world under a pixel. */
function worldAt(camera, x, y, scale) {
  const across = camera.x + (x - camera.width / 2) / camera.zoom;
  const up = camera.y - (y - camera.height / 2) / camera.up;
  return [across * scale, up * scale];
}
