/** The order of lanes: descendants below their parent, the youngest branch first, which lets no
 *  branch cross another; branches without living descendants can be folded into their parent. */

const MOST_LANES = 200; // beyond, extinct branches are folded unless asked otherwise

/**
 * The lanes from top to bottom: {rows: [id], place: Map of id to row, folded: Map of id to the
 * number of niches hidden in it}. fold: true, false or null (by number); open: Set of ids whose
 * extinct branches stay visible; keep: ids that are never hidden.
 */
export function orderLanes(model, { fold = null, open = new Set(), keep = [] } = {}) {
  const folding = fold ?? model.ids.length > MOST_LANES;
  const sizes = branchSizes(model);
  const kept = withAncestors(model, keep);
  const lanes = { rows: [], place: new Map(), folded: new Map() };
  const roots = model.ids.filter((id) => !model.niches.has(model.niches.get(id).parent));
  const stack = roots.reverse().map((id) => ({ id, lane: null }));
  while (stack.length) {
    const { id, lane } = stack.pop();
    if (lane === null) {
      lanes.place.set(id, lanes.rows.length);
      lanes.rows.push(id);
    } else {
      lanes.place.set(id, lane);
      lanes.folded.set(lanes.rows[lane], (lanes.folded.get(lanes.rows[lane]) ?? 0) + 1);
    }
    const own = lanes.place.get(id);
    for (const child of model.children.get(id)) {
      // the youngest is pushed last, so taken first
      const extinct = sizes.get(child).living === 0 && !kept.has(child);
      const hidden = lane !== null || (folding && extinct && !open.has(id));
      stack.push({ id: child, lane: hidden ? own : null });
    }
  }
  lanes.shown = new Set(lanes.rows);
  return { ...lanes, folding };
}

/** Whether extinct branches are folded by default. */
export function foldsAlone(model) {
  return model.ids.length > MOST_LANES;
}

/** For each niche its branch: {all, living}, itself counted. */
export function branchSizes(model) {
  const sizes = new Map();
  for (const id of [...model.ids].reverse()) {
    // children have larger ids than their parents
    const own = sizes.get(id) ?? { all: 0, living: 0 };
    own.all += 1;
    own.living += model.niches.get(id).died === null ? 1 : 0;
    sizes.set(id, own);
    const parent = model.niches.get(id).parent;
    if (!model.niches.has(parent)) continue;
    const above = sizes.get(parent) ?? { all: 0, living: 0 };
    above.all += own.all;
    above.living += own.living;
    sizes.set(parent, above);
  }
  return sizes;
}

function withAncestors(model, ids) {
  const kept = new Set();
  for (const id of ids) {
    for (let at = id; model.niches.has(at) && !kept.has(at); at = model.niches.get(at).parent) {
      kept.add(at);
    }
  }
  return kept;
}

/** For each niche its place in the whole genealogical order, as a share of all. */
export function familyShares(model) {
  const { rows } = orderLanes(model, { fold: false });
  return new Map(rows.map((id, row) => [id, { share: row / Math.max(1, rows.length), shade: row % 2 }]));
}
