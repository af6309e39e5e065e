/** A run in the page: the first view, and what was added to it since. */

// The rounds of an iteration, in order; transfers of one take the agents as they were before it.
export const BIRTH = 0;
export const TRANSFER = 1;
export const EXPLOIT = 2;
const ROUNDS = 3; // of an iteration
const MOST_SAMPLED = 40_000; // scores from which the range of colours is taken

/** The model of a run from its first view. */
export function createModel(id, view) {
  const model = { id, niches: new Map(), scores: new Map(), details: new Map() };
  model.asked = new Set(); // niches whose outlines were asked for
  mergeView(model, view);
  return model;
}

/** Put a view into the model: a whole one replaces everything, an increment is added. */
export function mergeView(model, view) {
  if (view.since === null || view.since === undefined) {
    model.niches.clear();
    model.scores.clear();
    model.transfers = null;
    model.density = null;
    model.curves = null;
  }
  const { niches, scores, transfers, curves, ...facts } = view;
  Object.assign(model, facts);
  for (const niche of niches) {
    const known = model.niches.get(niche.id);
    model.niches.set(niche.id, { ...niche, outline: niche.outline ?? known?.outline ?? null });
  }
  for (const [niche, piece] of Object.entries(scores)) placeScores(model, Number(niche), piece);
  mergeTransfers(model, transfers);
  model.curves = appended(model.curves, curves);
  model.details.clear();
  index(model);
}

function placeScores(model, niche, piece) {
  const known = model.scores.get(niche);
  if (!known) {
    model.scores.set(niche, { start: piece.start, values: [...piece.values] });
    return;
  }
  const first = Math.round((piece.start - known.start) / model.score_stride);
  known.values.length = Math.min(known.values.length, Math.max(first, 0));
  while (known.values.length < first) known.values.push(null);
  known.values.push(...piece.values);
}

/** A density is that of the whole run, single transfers are those since the last view. */
function mergeTransfers(model, transfers) {
  if (transfers.density) {
    model.density = transfers.density;
    model.transfers = null;
  } else {
    const names = ["iteration", "source", "target", "kind", "at_birth"];
    const columns = Object.fromEntries(names.map((name) => [name, transfers[name] ?? []]));
    model.transfers = appendedColumns(model.transfers, columns);
  }
}

/** Columns of numbers with further rows. */
function appendedColumns(before, columns) {
  if (!before) return columns;
  const joined = Object.entries(columns).map(([name, rows]) => [name, before[name].concat(rows)]);
  return Object.fromEntries(joined);
}

/** Curves with further points; groups such as `refused` may have got new names. */
function appended(before, curves) {
  if (!before) return curves;
  const joined = {};
  for (const [name, rows] of Object.entries(curves)) {
    if (Array.isArray(rows)) {
      joined[name] = (before[name] ?? []).concat(rows);
      continue;
    }
    joined[name] = { ...before[name] };
    for (const [group, values] of Object.entries(rows)) {
      const missing = new Array(before.iteration.length).fill(0);
      joined[name][group] = (before[name]?.[group] ?? missing).concat(values);
    }
  }
  return joined;
}

function index(model) {
  model.ids = [...model.niches.keys()].sort((a, b) => a - b);
  model.children = new Map(model.ids.map((id) => [id, []]));
  for (const id of model.ids) model.children.get(model.niches.get(id).parent)?.push(id);
  model.into = new Map();
  const targets = model.transfers?.target ?? [];
  for (let row = 0; row < targets.length; row += 1) {
    if (!model.into.has(targets[row])) model.into.set(targets[row], []);
    model.into.get(targets[row]).push(row);
  }
  model.range = scoreRange(model);
}

/** The scores between which colours run: all but the extreme ones, which would hide the others. */
function scoreRange(model) {
  const found = [];
  const all = [...model.scores.values()].reduce((sum, row) => sum + row.values.length, 0);
  const every = Math.ceil(all / MOST_SAMPLED);
  let at = 0;
  for (const { values } of model.scores.values()) {
    for (const value of values) {
      if (value !== null && (at += 1) % every === 0) found.push(value);
    }
  }
  if (!found.length) return [0, 1];
  const sorted = Float64Array.from(found).sort();
  const low = sorted[Math.floor(0.08 * (sorted.length - 1))];
  const high = Math.max(
    sorted[Math.ceil(0.995 * (sorted.length - 1))],
    model.solved_score ?? -Infinity,
  );
  model.below = sorted[0] < low; // the legend shows it
  return low < high ? [low, high] : [low - 0.5, low + 0.5];
}

/** The iteration at which a niche's life ends, or the present one. */
export function endOf(model, niche) {
  return niche.died ?? model.iteration;
}

/** Whether ANNECS is above 0; it stays 0 in runs that do not measure it. */
export function countsAnnecs(curves) {
  return (curves.annecs.at(-1) ?? 0) > 0;
}

/** Whether a niche is in the population at an iteration. */
export function livesAt(niche, iteration) {
  return niche.born <= iteration && (niche.died === null || iteration < niche.died);
}

/** The score of a niche at an iteration; null before its first and where there is none. */
export function scoreAt(model, id, iteration) {
  const row = model.scores.get(id);
  if (!row) return null;
  return row.values[Math.floor((iteration - row.start) / model.score_stride)] ?? null;
}

/** A niche's scores as points [[iterations], [scores]]. */
export function scoreCurve(model, id) {
  const row = model.scores.get(id) ?? { start: 0, values: [] };
  return [row.values.map((_, place) => row.start + place * model.score_stride), row.values];
}

/** The ancestors of a niche, its parent first. */
export function ancestors(model, id) {
  const line = [];
  const seen = new Set([id]);
  for (let at = model.niches.get(id)?.parent ?? null; at !== null && !seen.has(at);) {
    seen.add(at); // a damaged archive may go in circles
    line.push(at);
    at = model.niches.get(at)?.parent ?? null;
  }
  return line;
}

/** The number of an iteration's round, counted from the start of the run. */
export function roundNumber(iteration, round) {
  return ROUNDS * iteration + round;
}

/** The number of the round in which a transfer was. */
export function roundOf({ iteration, kind, at_birth: atBirth }, row) {
  if (atBirth[row]) return roundNumber(iteration[row], BIRTH);
  return roundNumber(iteration[row], kind[row] === "exploit" ? EXPLOIT : TRANSFER);
}

/**
 * The niches through which the agent of a niche at an iteration came, the newest first:
 * [{niche, from, to, how}], how: it came there, "birth" or "transfer"; "start" for the last one.
 * Empty if single transfers are not known.
 */
export function agentLine(model, id, iteration) {
  const line = [];
  if (!model.transfers) return line;
  let [at, to, limit] = [id, iteration, roundNumber(Math.floor(iteration) + 1, BIRTH)];
  while (at !== null && model.niches.has(at) && line.length < 1000) {
    const niche = model.niches.get(at);
    const rows = model.into.get(at) ?? [];
    const row = rows.findLast((one) => roundOf(model.transfers, one) < limit);
    const from = row === undefined ? niche.born : model.transfers.iteration[row];
    const moved = row !== undefined && !model.transfers.at_birth[row];
    line.push({ niche: at, from, to, how: moved ? "transfer" : "birth" });
    at = row === undefined ? niche.parent : model.transfers.source[row];
    to = from;
    limit = row === undefined ? roundNumber(from, BIRTH) : roundOf(model.transfers, row);
  }
  if (line.length) line.at(-1).how = "start";
  return line;
}
