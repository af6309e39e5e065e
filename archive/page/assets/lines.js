/** Lines of agents: the niches from whose first agents the agents of all niches descend. */

import { familyShares } from "./genealogy.js";
import { BIRTH, TRANSFER, roundNumber, roundOf } from "./model.js";
import { hueColour } from "./theme.js";

/**
 * For each niche, whose line of agents it had from when on: Map of id to [{from, round, line}],
 * round: the number of that round (model.roundNumber).
 */
export function agentOwners(model) {
  const first = (id) => owned(model.niches.get(id).born, BIRTH, id);
  const owners = new Map(model.ids.map((id) => [id, [first(id)]]));
  if (model.transfers) followTransfers(owners, model.transfers);
  else {
    const { at, niche, line } = model.density.lines;
    at.forEach((from, row) => owners.get(niche[row])?.push(owned(from, TRANSFER, line[row])));
  }
  return owners;
}

function owned(from, round, line) {
  return { from, round: roundNumber(from, round), line };
}

function followTransfers(owners, transfers) {
  const { iteration, source, target, at_birth: atBirth } = transfers;
  const last = (id) => owners.get(id)?.at(-1)?.line ?? id;
  for (let row = 0; row < iteration.length;) {
    const round = roundOf(transfers, row);
    const moved = []; // agents of a round move all at once
    let end = row;
    for (; end < iteration.length && roundOf(transfers, end) === round; end += 1) {
      if (!atBirth[end]) moved.push([target[end], last(source[end])]);
    }
    for (const [id, line] of moved) owners.get(id)?.push({ from: iteration[row], round, line });
    row = end;
  }
}

/**
 * What an agent's line and its colour are: {owners, lineBefore(id, round), colours}, round: the
 * number of a round.
 */
export function agentLines(model) {
  const owners = agentOwners(model);
  const shares = familyShares(model);
  const colours = new Map(
    model.ids.map((id) => [id, hueColour(shares.get(id).share, shares.get(id).shade)]),
  );
  const lineBefore = (id, round) => {
    const spans = owners.get(id) ?? [];
    let [low, high] = [0, spans.length]; // the last one that began before
    while (low < high) {
      const middle = (low + high) >> 1;
      if (spans[middle].round < round) low = middle + 1;
      else high = middle;
    }
    return spans[Math.max(0, low - 1)]?.line ?? id;
  };
  return { owners, lineBefore, colours };
}
