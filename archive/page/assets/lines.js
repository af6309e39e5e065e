/** Lines of agents: the niches from whose first agents the agents of all niches descend. */

import { familyShares } from "./genealogy.js";
import { hueColour } from "./theme.js";

/** For each niche, whose line of agents it had from when on: Map of id to [{from, line}]. */
export function agentOwners(model) {
  const owners = new Map(
    model.ids.map((id) => [id, [{ from: model.niches.get(id).born, line: id }]]),
  );
  if (model.transfers) followTransfers(owners, model.transfers);
  else {
    const { at, niche, line } = model.density.lines;
    at.forEach((from, row) => owners.get(niche[row])?.push({ from, line: line[row] }));
  }
  return owners;
}

function followTransfers(owners, { iteration, source, target, at_birth: atBirth }) {
  const last = (id) => owners.get(id)?.at(-1)?.line ?? id;
  for (let row = 0; row < iteration.length;) {
    const moved = []; // agents move all at once
    let end = row;
    for (; end < iteration.length && iteration[end] === iteration[row]; end += 1) {
      if (!atBirth[end]) moved.push([target[end], last(source[end])]);
    }
    for (const [id, line] of moved) owners.get(id)?.push({ from: iteration[row], line });
    row = end;
  }
}

/** What an agent's line and its colour are: {owners, lineAt(id, iteration), colours}. */
export function agentLines(model) {
  const owners = agentOwners(model);
  const shares = familyShares(model);
  const colours = new Map(
    model.ids.map((id) => [id, hueColour(shares.get(id).share, shares.get(id).shade)]),
  );
  const lineAt = (id, iteration) => {
    const owned = owners.get(id) ?? [];
    let [low, high] = [0, owned.length]; // the last one that began before
    while (low < high) {
      const middle = (low + high) >> 1;
      if (owned[middle].from < iteration) low = middle + 1;
      else high = middle;
    }
    return owned[Math.max(0, low - 1)]?.line ?? id;
  };
  return { owners, lineAt, colours };
}
