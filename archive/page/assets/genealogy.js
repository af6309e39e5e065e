/** The order of lanes: descendants below their parent, the youngest branch first, which lets no
 *  branch cross another; branches without living descendants can be folded to thin lines. */

export const MOST_LANES = 200; // beyond, extinct branches are folded unless asked otherwise

/**
 * The lanes from top to bottom: {rows: [id], place: Map of id to row, thin: [whether it is of
 * a folded branch]}. fold: true, false or null (by number); keep: ids whose lanes stay open, with
 * those of their ancestors; span: {from, to}, only niches that were active then; null: all.
 */
export function orderLanes(model, { fold = null, keep = [], span = null } = {}) {
  const order = genealogicalOrder(model);
  const rows = span === null ? order : order.filter((id) => wasActive(model, id, span));
  const folding = fold ?? rows.length > MOST_LANES;
  const open = withAncestors(model, folding ? [...livingIds(model), ...keep] : []);
  const thin = rows.map((id) => folding && !open.has(id));
  return { rows, place: new Map(rows.map((id, row) => [id, row])), thin, folding };
}

function genealogicalOrder(model) {
  const rows = [];
  const stack = model.ids.filter((id) => !model.niches.has(model.niches.get(id).parent)).reverse();
  while (stack.length) {
    const id = stack.pop();
    rows.push(id);
    // the youngest is pushed last, so taken first
    stack.push(...model.children.get(id));
  }
  return rows;
}

function wasActive(model, id, { from, to }) {
  const { born, died } = model.niches.get(id);
  return born <= to && (died === null || died >= from);
}

function livingIds(model) {
  return model.ids.filter((id) => model.niches.get(id).died === null);
}

/** The niches and all their ancestors. */
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
  const rows = genealogicalOrder(model);
  const all = Math.max(1, rows.length);
  return new Map(rows.map((id, row) => [id, { share: row / all, shade: row % 2 }]));
}
