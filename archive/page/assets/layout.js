/** Where lanes and iterations are on the family tree's canvas. */

export const MARGIN = 10; // [px] left and right of the first and the last iteration
const WIDEST_PITCH = 26; // [px] from lane to lane
const NARROWEST_PITCH = 14; // as long as all lanes have thumbnails
export const THUMBNAIL_PITCH = 13; // narrower lanes have none

/**
 * The geometry of the tree: width, height [px] of the visible part, rows: number of lanes, many:
 * whether they thin out to fit, zoom: 1 is the pitch chosen by their number.
 */
export function makeLayout({ width, height, rows, end, many = false, zoom = 1 }) {
  const fitting = (height - 8) / Math.max(rows, 1);
  const least = many ? 1 : NARROWEST_PITCH;
  const automatic = Math.min(WIDEST_PITCH, Math.max(least, fitting));
  const pitch = Math.min(40, Math.max(Math.min(fitting, automatic), automatic * zoom));
  const inner = Math.max(width - 2 * MARGIN, 10);
  return {
    width,
    height,
    rows,
    end: Math.max(end, 1),
    pitch,
    inner,
    lane: Math.max(Math.min(pitch * 0.44, 10), Math.min(pitch * 0.9, 3)),
    total: rows * pitch + 8, // [px] height of all lanes
    x: (iteration) => MARGIN + (iteration / Math.max(end, 1)) * inner,
    y: (row) => 4 + (row + 0.5) * pitch,
  };
}

/** The iteration under an x [px], within the run. */
export function iterationAt(layout, x) {
  const iteration = ((x - MARGIN) / layout.inner) * layout.end;
  return Math.max(0, Math.min(layout.end, iteration));
}

/** The lane under a y [px] of the whole tree; null beside all lanes. */
export function rowAt(layout, y) {
  const row = Math.floor((y - 4) / layout.pitch);
  return row >= 0 && row < layout.rows ? row : null;
}

/** First and last lane in sight when scrolled to `top` [px]. */
export function visibleRows(layout, top) {
  const first = Math.max(0, Math.floor((top - 4) / layout.pitch) - 1);
  return [first, Math.min(layout.rows - 1, Math.ceil((top + layout.height) / layout.pitch) + 1)];
}

/** Round positions for grid lines of a time axis: about one per `spacing` pixels. */
export function timeTicks(end, inner, spacing = 110) {
  const rough = (end * spacing) / Math.max(inner, 1);
  const size = 10 ** Math.floor(Math.log10(Math.max(rough, 1)));
  const step = [1, 2, 5, 10].map((factor) => factor * size).find((candidate) => candidate >= rough);
  const ticks = [];
  for (let tick = 0; tick <= end; tick += Math.max(1, step ?? rough)) ticks.push(tick);
  return ticks;
}
