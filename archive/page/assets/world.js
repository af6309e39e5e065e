/** Drawing of a world and a body from their outlines: layers of flat polylines [x0, y0, x1, ...] in
 *  one unit, y up. The same scene as in replays on the screen (docs/replay.md). */

import { theme } from "./theme.js";

/** Whether a world is seen from above: its first line of ground is closed, or there is none. */
export function seenFromAbove(layers) {
  const line = layers.ground?.[0];
  if (!line) return true;
  return line.length > 6 && line[0] === line.at(-2) && line[1] === line.at(-1);
}

/** [left, low, right, high] of all layers but rays; a unit square if there are none. */
export function boundsOf(layers) {
  let [left, low, right, high] = [Infinity, Infinity, -Infinity, -Infinity];
  for (const [name, lines] of Object.entries(layers)) {
    if (name === "ray") continue;
    for (const line of lines) {
      for (let at = 0; at + 1 < line.length; at += 2) {
        left = Math.min(left, line[at]);
        right = Math.max(right, line[at]);
        low = Math.min(low, line[at + 1]);
        high = Math.max(high, line[at + 1]);
      }
    }
  }
  return left <= right ? [left, low, right, high] : [0, 0, 1, 1];
}

/**
 * Draw a world. camera: {x, y: the world's point in the middle, zoom: [px] a unit across, up: the
 * same upwards, width, height: [px]}; brief: no hills, for small pictures.
 */
export function drawWorld(context, layers, camera, { brief = false, rays = true } = {}) {
  const ground = layers.ground ?? [];
  const above = seenFromAbove(layers);
  if (above) {
    context.fillStyle = theme.plan;
    context.fillRect(0, 0, camera.width, camera.height);
  } else {
    drawSky(context, camera, brief);
    drawGround(context, ground[0], camera, brief);
  }
  context.lineJoin = "round";
  ground.slice(above ? 0 : 1).forEach((shape, at) => {
    const region = above && at === 0 && ground.length > 1 && coversAll(shape, ground);
    drawShape(context, shape, camera, region ? theme.paper : theme.stone, theme.stone2, brief);
  });
  for (const [name, lines] of Object.entries(layers)) {
    if (name === "ground" || name === "body" || name === "ray") continue;
    context.globalAlpha = 0.55; // what is behind a zone stays visible
    for (const line of lines) drawShape(context, line, camera, theme.other, theme.other, brief);
    context.globalAlpha = 1;
  }
  if (rays) drawRays(context, layers.ray ?? [], camera);
  const body = layers.body ?? [];
  const colours = bodyColours(body);
  body.forEach((part, at) => drawShape(context, part, camera, colours[at], theme.edge, brief));
}

/** Whether a shape is the region that all the others lie in. */
function coversAll(shape, ground) {
  const own = boundsOf({ ground: [shape] });
  return boundsOf({ ground }).every((bound, at) => bound === own[at]);
}

function drawSky(context, { width, height, x, zoom }, brief) {
  const sky = context.createLinearGradient(0, 0, 0, height);
  sky.addColorStop(0, theme.sky);
  sky.addColorStop(1, theme.haze);
  context.fillStyle = sky;
  context.fillRect(0, 0, width, height);
  if (brief) return;
  for (const [colour, slowness, level] of [
    [theme.hill, 0.12, 0.4],
    [theme.hill2, 0.3, 0.52],
  ]) {
    context.fillStyle = colour;
    context.beginPath();
    context.moveTo(0, height);
    for (let across = 0; across <= width; across += 4) {
      const at = ((across + x * zoom * slowness) / height) * 2.2;
      const ridge =
        Math.sin(at) * 0.5 + Math.sin(2.3 * at + 1 / slowness) * 0.3 + Math.sin(4.1 * at) * 0.12;
      context.lineTo(across, height * (level - 0.07 * ridge));
    }
    context.lineTo(width, height);
    context.fill();
  }
}

function drawGround(context, line, camera, brief) {
  const points = line.length / 2;
  trace(context, line, camera);
  const left = pixelX(camera, line[0]);
  const right = pixelX(camera, line[2 * points - 2]);
  context.lineTo(right, camera.height + 2);
  context.lineTo(left, camera.height + 2);
  context.fillStyle = theme.earth;
  context.fill();
  context.fillStyle = theme.beyond; // where nothing is simulated
  const [first, last] = [pixelY(camera, line[1]), pixelY(camera, line[2 * points - 1])];
  if (left > 0) context.fillRect(0, first, left, camera.height);
  if (right < camera.width) context.fillRect(right, last, camera.width - right, camera.height);
  trace(context, line, camera);
  context.strokeStyle = theme.grass;
  context.lineWidth = brief ? 1.2 : Math.max(3, camera.height / 70);
  context.stroke();
}

/** A filled polygon; a line for two points, a dot for one. */
function drawShape(context, line, camera, colour, edge, brief) {
  const points = line.length / 2;
  if (points < 1) return;
  context.fillStyle = colour;
  context.strokeStyle = points === 2 ? colour : edge;
  context.lineWidth = points === 2 ? (brief ? 1.2 : 2.5) : brief ? 0.5 : 1;
  const [left, low, right, high] = boundsOf({ shape: [line] });
  const size = Math.max((right - left) * camera.zoom, (high - low) * camera.up);
  if (points === 1 || size < (brief ? 1.5 : 4)) {
    context.beginPath();
    const [x, y] = [pixelX(camera, (left + right) / 2), pixelY(camera, (low + high) / 2)];
    context.arc(x, y, brief ? 1.5 : 4, 0, 2 * Math.PI);
    context.fill();
    return;
  }
  trace(context, line, camera);
  if (points > 2) {
    context.closePath();
    context.fill();
  }
  context.stroke();
}

function drawRays(context, rays, camera) {
  if (!rays.length) return;
  context.strokeStyle = theme.ray;
  context.globalAlpha = 0.32;
  context.lineWidth = 1;
  context.beginPath();
  for (const ray of rays) trace(context, ray, camera, false);
  context.stroke();
  context.globalAlpha = 1;
}

/** Colours of a body's parts: the largest is the hull. */
function bodyColours(body) {
  const limbs = [theme.limb1, theme.limb2, theme.limb3, theme.limb4];
  const areas = body.map(areaOf);
  const hull = areas.indexOf(Math.max(...areas));
  return body.map((_, part) =>
    part === hull ? theme.hull : limbs[(part - (part > hull ? 1 : 0)) % limbs.length],
  );
}

function areaOf(line) {
  let sum = 0;
  const points = line.length / 2;
  for (let at = 0; at < points; at += 1) {
    const next = (at + 1) % points;
    sum += line[2 * at] * line[2 * next + 1] - line[2 * next] * line[2 * at + 1];
  }
  return Math.abs(sum) / 2;
}

function trace(context, line, camera, begin = true) {
  if (begin) context.beginPath();
  for (let at = 0; at + 1 < line.length; at += 2) {
    const [x, y] = [pixelX(camera, line[at]), pixelY(camera, line[at + 1])];
    if (at === 0) context.moveTo(x, y);
    else context.lineTo(x, y);
  }
}

/** The x [px] of a world's x. */
export function pixelX(camera, x) {
  return camera.width / 2 + (x - camera.x) * camera.zoom;
}

/** The y [px] of a world's y. */
function pixelY(camera, y) {
  return camera.height / 2 - (y - camera.y) * camera.up;
}
