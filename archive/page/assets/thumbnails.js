/** Small pictures of whole worlds, and the outlines that the first view left out. */

import { fetchOutlines } from "./source.js";
import { element, fitCanvas } from "./elements.js";
import { app, notify } from "./state.js";
import { drawBars, parameterRanges } from "./parameters.js";
import { boundsOf, drawWorld, seenFromAbove } from "./world.js";
import { theme } from "./theme.js";

const EXAGGERATION = 4; // of heights, at most
const MOST_ASKED = 100; // ids a request
const PAUSE_ASKING = 60; // [ms] in which further ids are collected
const waiting = new Set();
let asking = 0;

/** The camera that shows a whole outline; heights of a long track are exaggerated. */
export function wholeCamera(outline, width, height) {
  const [left, low, right, high] = boundsOf(outline);
  const across = Math.max(right - left, 1e-9);
  const up = Math.max(high - low, 1e-9);
  if (seenFromAbove(outline)) {
    const zoom = Math.min((width * 0.92) / across, (height * 0.86) / up);
    return { x: (left + right) / 2, y: (low + high) / 2, zoom, up: zoom, width, height };
  }
  const zoom = width / across;
  const scale = Math.min((height * 0.66) / up, EXAGGERATION * zoom);
  const y = low + (height * 0.3) / scale; // the lowest point lies in the lower part
  return { x: (left + right) / 2, y, zoom, up: scale, width, height };
}

/** Draw an outline into a canvas of this size [px]. */
export function drawThumbnail(canvas, outline, width, height) {
  const context = fitCanvas(canvas, width, height);
  if (!outline) {
    context.fillStyle = theme.faint;
    context.fillRect(0, 0, width, height);
    return;
  }
  drawWorld(context, outline, wholeCamera(outline, width, height), { brief: true, rays: false });
}

/** A canvas with the picture of a niche, drawn now or when its outline has come. */
export function nicheThumbnail(niche, width, height) {
  const canvas = element("canvas", { class: "thumb", "aria-hidden": "true" });
  drawNiche(canvas, niche, width, height);
  return canvas;
}

/** Draw the picture of a niche: its outline, or its parameters if its family has no outline. */
export function drawNiche(canvas, niche, width, height) {
  drawThumbnail(canvas, niche.outline, width, height);
  if (niche.outline) return;
  if (niche.describe) {
    const context = fitCanvas(canvas, width, height);
    drawBars(context, niche.describe, parameterRanges(app.model), width, height);
  } else needOutline(niche.id);
}

/** Ask for the outline of a niche soon, together with others; "outlines" is notified. */
export function needOutline(id) {
  if (app.model.asked.has(id)) return; // there is none
  app.model.asked.add(id);
  waiting.add(id);
  if (!asking) asking = window.setTimeout(askOutlines, PAUSE_ASKING);
}

async function askOutlines() {
  const model = app.model;
  const ids = [...waiting].slice(0, MOST_ASKED);
  for (const id of ids) waiting.delete(id);
  try {
    const { outlines } = await fetchOutlines(model.id, ids);
    for (const [id, outline] of Object.entries(outlines)) {
      const niche = model.niches.get(Number(id));
      if (niche) niche.outline = outline;
    }
    if (app.model === model && Object.keys(outlines).length) notify("outlines");
  } catch {
    // the pictures stay grey; the line at the top reports a lost server
  } finally {
    asking = waiting.size ? window.setTimeout(askOutlines, PAUSE_ASKING) : 0;
  }
}
