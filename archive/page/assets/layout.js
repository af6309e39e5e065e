/** Where lanes and iterations are on the family tree's canvas. */

export const MARGIN = 10; // [px] left and right of the first and the last iteration
const WIDEST_PITCH = 54; // [px] from lane to lane
const NARROWEST_PITCH = 14; // as long as all lanes have thumbnails
const THIN = 0.16; // pitch of a folded lane, in those of an open one
const THIN_AT_MOST = 2; // [px]
const EDGE = 4; // [px] above the first lane
export const THUMBNAIL_PITCH = 13; // narrower lanes have none

/**
 * The geometry of the tree. box: {width, height} [px] of the visible part; lanes: of orderLanes;
 * span: {from, to}, the iterations shown; many: whether lanes thin out to fit; zoom: 1 is the pitch
 * chosen by their number.
 */
export function makeLayout(box, lanes, { span, many = false, zoom = 1 }) {
  const open = lanes.thin.filter((thin) => !thin).length;
  const folded = lanes.rows.length - open;
  const fitting = (box.height - 2 * EDGE) / Math.max(open + THIN * folded, 1);
  const automatic = Math.min(WIDEST_PITCH, Math.max(many ? 0.05 : NARROWEST_PITCH, fitting));
  const pitch = Math.min(80, Math.max(Math.min(fitting, automatic), automatic * zoom));
  const thin = Math.min(THIN * pitch, THIN_AT_MOST);
  const tops = new Float64Array(lanes.rows.length + 1).fill(EDGE);
  lanes.thin.forEach((folds, row) => {
    tops[row + 1] = tops[row] + (folds ? thin : pitch);
  });
  const { from, to } = span;
  const inner = Math.max(box.width - 2 * MARGIN, 10);
  const layout = { ...box, from, to, inner, pitch, tops, rows: lanes.rows.length };
  layout.total = tops.at(-1) + EDGE; // [px] height of all lanes
  layout.x = (iteration) => MARGIN + ((iteration - from) / (to - from)) * inner;
  layout.y = (row) => (tops[row] + tops[row + 1]) / 2;
  layout.high = (row) => tops[row + 1] - tops[row];
  layout.lane = (row) => laneHeight(layout.high(row));
  return layout;
}

/** Height [px] of the coloured bar of a lane. */
function laneHeight(pitch) {
  return pitch > 7 ? Math.min(pitch * 0.44, 13) : Math.min(pitch, 3);
}

/** Iterations that a pixel is wide. */
export function iterationsPerPixel({ from, to, inner }) {
  return (to - from) / inner;
}

/** The iteration under an x [px], within those shown. */
export function iterationAt(layout, x) {
  const { from, to } = layout;
  const iteration = from + ((x - MARGIN) / layout.inner) * (to - from);
  return Math.max(from, Math.min(to, iteration));
}

/** The lane under a y [px] of the whole tree; null beside all lanes. */
export function rowAt(layout, y) {
  const { tops, rows } = layout;
  if (!rows || y < tops[0] || y >= tops[rows]) return null;
  let [low, high] = [0, rows - 1];
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (tops[middle] <= y) low = middle;
    else high = middle - 1;
  }
  return low;
}

/** First and last lane in sight when scrolled to `top` [px]. */
export function visibleRows(layout, top) {
  const first = rowAt(layout, Math.max(top - 20, EDGE)) ?? 0;
  return [first, rowAt(layout, top + layout.height + 20) ?? layout.rows - 1];
}

/** Round positions for grid lines of a time axis: about one per `spacing` pixels. */
export function timeTicks({ from, to, inner }, spacing = 110) {
  const rough = Math.max(((to - from) * spacing) / Math.max(inner, 1), 1);
  const size = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((factor) => factor * size).find((each) => each >= rough);
  const ticks = [];
  for (let at = Math.ceil(from / step); at * step <= to; at += 1) ticks.push(at * step);
  return ticks;
}
