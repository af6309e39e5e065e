/** The order of lanes: descendants below their parent, the youngest branch first, which lets no
 *  branch cross another; branches without living descendants can be folded to thin lines. */

const MOST_LANES = 200; // beyond, extinct branches are folded unless asked otherwise

/**
 * The lanes from top to bottom: {rows: [id], place: Map of id to row, thin: [whether it is of
 * a folded branch]}. fold: true, false or null (by number); keep: ids whose lanes stay open, with
 * those of their ancestors.
 */
export function orderLanes(model, { fold = null, keep = [] } = {}) {
  const folding = fold ?? foldsAlone(model);
  const living = livingBranches(model);
  const kept = withAncestors(model, keep);
  const lanes = { rows: [], place: new Map(), thin: [], folding };
  const stack = model.ids.filter((id) => !model.niches.has(model.niches.get(id).parent)).reverse();
  while (stack.length) {
    const id = stack.pop();
    lanes.place.set(id, lanes.rows.length);
    lanes.rows.push(id);
    lanes.thin.push(folding && !living.has(id) && !kept.has(id));
    // the youngest is pushed last, so taken first
    stack.push(...model.children.get(id));
  }
  return lanes;
}

/** Whether extinct branches are folded by default. */
export function foldsAlone(model) {
  return model.ids.length > MOST_LANES;
}

/** The active niches and all their ancestors. */
function livingBranches(model) {
  return withAncestors(
    model,
    model.ids.filter((id) => model.niches.get(id).died === null),
  );
}

function withAncestors(model, ids) {
  const found = new Set();
  for (const id of ids) {
    for (let at = id; model.niches.has(at) && !found.has(at); at = model.niches.get(at).parent) {
      found.add(at);
    }
  }
  return found;
}

/** For each niche its place in the genealogical order, as a share of all. */
export function familyShares(model) {
  const { rows } = orderLanes(model, { fold: false });
  const all = Math.max(1, rows.length);
  return new Map(rows.map((id, row) => [id, { share: row / all, shade: row % 2 }]));
}
