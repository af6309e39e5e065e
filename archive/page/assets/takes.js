/** Recorded poses: decoding, and the camera that follows the body. */

import { boundsOf, drawWorld, seenFromAbove } from "./world.js";

const SMOOTHING = 1.0; // [s] over which the height of a bouncing body is smoothed
const BODIES_HIGH = 3.9; // height of the picture in body sizes
const LEAD = [0.14, 0.12]; // how far the body is left of and below the middle
const SMALL = 1 / 50; // a body smaller than this share of the world is a point

/** A take ready to be drawn: {count, dt, layersAt(frame), path, focus, ...}. */
export function openTake(take, replay) {
  const frames = decodedFrames(take.frames);
  const layersAt = (frame) =>
    movingLayers(take, frames[Math.max(0, Math.min(frame, frames.length - 1))]);
  const dt = replay.dt * (replay.every ?? 1);
  const opened = { count: frames.length, dt, take, layersAt, fixed: take.static ?? {} };
  return { ...opened, ...cameraPath(opened) };
}

/** Each frame as {shape, numbers}, with differences added up. */
function decodedFrames(frames) {
  const decoded = [];
  let before = null;
  for (const [shape, ...numbers] of frames) {
    if (before && before.shape === shape) {
      for (let at = 0; at < numbers.length; at += 1) numbers[at] += before.numbers[at];
    }
    before = { shape, numbers };
    decoded.push(before);
  }
  return decoded;
}

function movingLayers(take, { shape, numbers }) {
  const layers = {};
  let at = 0;
  for (const [layer, points] of take.shapes[shape]) {
    (layers[layer] ??= []).push(numbers.slice(at, at + 2 * points));
    at += 2 * points;
  }
  return layers;
}

/** The middle of the body at every frame, and what the camera looks at. */
function cameraPath(opened) {
  const { count, dt, layersAt, fixed } = opened;
  const first = layersAt(0);
  const bounds = boundsOf({ ...fixed, ...first });
  const path = [];
  for (let frame = 0; frame < count; frame += 1) {
    path.push(
      middleOf(layersAt(frame).body) ?? [(bounds[0] + bounds[2]) / 2, (bounds[1] + bounds[3]) / 2],
    );
  }
  const [left, low, right, high] = path.reduce(
    (box, [x, y]) => [
      Math.min(box[0], x),
      Math.min(box[1], y),
      Math.max(box[2], x),
      Math.max(box[3], y),
    ],
    bounds,
  );
  const body = boundsOf({ body: first.body ?? [] });
  const size = first.body ? Math.hypot(body[2] - body[0], body[3] - body[1]) : 0;
  const whole = 1.2 * Math.max(high - low, (right - left) / 2, 1e-9);
  const extent = BODIES_HIGH * size;
  const still =
    seenFromAbove({ ...fixed }) ||
    extent >= whole ||
    size < SMALL * Math.max(right - left, high - low);
  const heights = smoothed(
    path.map((point) => point[1]),
    Math.round(SMOOTHING / dt),
  );
  return { path, heights, still, extent: still ? whole : extent, box: [left, low, right, high] };
}

function middleOf(parts) {
  if (!parts?.length) return null;
  const sum = [0, 0];
  for (const part of parts) {
    for (let at = 0; at < part.length; at += 1) sum[at % 2] += part[at] / (part.length / 2);
  }
  return [sum[0] / parts.length, sum[1] / parts.length];
}

function smoothed(values, window) {
  const half = Math.floor(window / 2);
  const sums = [0];
  for (const value of values) sums.push(sums.at(-1) + value);
  return values.map((_, at) => {
    const [from, to] = [Math.max(0, at - half), Math.min(values.length, at + half + 1)];
    return (sums[to] - sums[from]) / (to - from);
  });
}

/** The camera at a frame of an opened take, for a picture of this size [px]. */
function takeCamera(opened, frame, width, height) {
  const { still, box, path, heights, extent, count } = opened;
  const at = Math.max(0, Math.min(frame, count - 1));
  if (still) {
    const zoom = Math.min(width / Math.max(1.1 * (box[2] - box[0]), 1e-9), height / extent);
    return { x: (box[0] + box[2]) / 2, y: (box[1] + box[3]) / 2, zoom, up: zoom, width, height };
  }
  const zoom = height / extent;
  const x = path[at][0] + (LEAD[0] * width) / zoom;
  return { x, y: heights[at] + (LEAD[1] * height) / zoom, zoom, up: zoom, width, height };
}

/** Draw one frame of an opened take into a context of this size [px]. */
export function drawTake(context, opened, frame, width, height) {
  const moving = opened.layersAt(frame);
  drawWorld(
    context,
    { ...opened.fixed, ...merged(opened.fixed, moving) },
    takeCamera(opened, frame, width, height),
  );
}

/** Layers that are both fixed and moving, joined. */
function merged(fixed, moving) {
  return Object.fromEntries(
    Object.entries(moving).map(([name, lines]) => [name, [...(fixed[name] ?? []), ...lines]]),
  );
}
