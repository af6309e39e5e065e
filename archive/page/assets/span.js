/** The iterations that the tree shows: all of them, or a part that was zoomed into. */

const NARROWEST = 8; // iterations
const STEP = 1.0018; // of zoom, for each pixel of a wheel

/** The span {from, to} for a run that ends at `end`; null: all. A span at the end follows it. */
export function currentSpan(span, end, before) {
  const last = Math.max(end, 1);
  if (span === null) return { from: 0, to: last };
  const grown = before !== undefined && span.to >= before ? last - span.to : 0;
  const size = Math.min(span.to - span.from, last);
  const from = Math.max(0, Math.min(span.from + grown, last - size));
  return { from, to: from + size };
}

/** The span after a wheel turned by `pixels` at an iteration; null when it is the whole run. */
export function zoomedSpan({ from, to }, end, iteration, pixels) {
  const size = Math.max(NARROWEST, (to - from) * STEP ** pixels);
  if (size >= end) return null;
  const share = (iteration - from) / (to - from);
  return movedSpan({ from: iteration - share * size, to: iteration + (1 - share) * size }, end, 0);
}

/** The span moved by so many iterations, within the run. */
export function movedSpan({ from, to }, end, iterations) {
  const start = Math.max(0, Math.min(from + iterations, end - (to - from)));
  return { from: start, to: start + to - from };
}

/** The span that has an iteration in sight: the same, or one that begins a little before it. */
export function spanWith({ from, to }, end, iteration) {
  if (iteration >= from && iteration <= to) return { from, to };
  const forward = iteration > to;
  const target = iteration - (to - from) * (forward ? 0.1 : 0.9);
  return movedSpan({ from, to }, end, target - from);
}
