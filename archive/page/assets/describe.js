/** What the marks of the tree say on hover. */

import { countsAnnecs, livesAt, scoreAt } from "./model.js";
import { score, several, whole } from "./format.js";

/** A niche at an iteration. */
export function describeLane(model, id, time) {
  const niche = model.niches.get(id);
  const now = scoreAt(model, id, time);
  const parent = niche.parent === null ? "the first world" : `child of ${niche.parent}`;
  const life = niche.died === null ? "still active" : `retired at ${whole(niche.died)}`;
  return {
    title: `Niche ${id}`,
    niche,
    lines: [
      niche.title,
      `${parent}, born at ${whole(niche.born)}, ${life}`,
      niche.solved === null ? "not solved yet" : `first solved at ${whole(niche.solved)}`,
      livesAt(niche, time) && now !== null
        ? `score ${score(now)} at ${whole(time)}, best ${score(niche.best)}`
        : `best score ${score(niche.best)}`,
    ],
  };
}

/** A transfer, by its row in the columns. */
export function describeTransfer(model, row) {
  const { iteration, source, target, kind, at_birth: atBirth } = model.transfers;
  const verb = atBirth[row] ? "became the first agent of" : "replaced the agent of";
  const how = {
    direct: "direct: it was better there as it was",
    proposal: "proposal: it was better there after some training",
    exploit: "exploit: copied from a better one",
  };
  return {
    title: `Transfer at ${whole(iteration[row])}`,
    lines: [
      `the agent of niche ${source[row]} ${verb} niche ${target[row]}`,
      how[kind[row]] ?? String(kind[row]),
    ],
  };
}

/** A refused candidate, by its row in the columns. */
export function describeRefused(candidates, at) {
  return {
    title: `Refused: ${candidates.outcome[at]}`,
    outline: candidates.outline[at],
    lines: [
      candidates.title?.[at],
      `child of ${candidates.parent[at]} at ${whole(candidates.iteration[at])}`,
      candidates.score[at] === null ? null : `score ${score(candidates.score[at])}`,
    ],
  };
}

/** One line about a run. */
export function describeRun(model) {
  const niches = [...model.niches.values()];
  const active = niches.filter((niche) => niche.died === null).length;
  const solved = niches.filter((niche) => niche.solved !== null).length;
  return [
    `iteration ${whole(model.iteration)}`,
    several(niches.length, "world") + " born",
    `${whole(active)} active`,
    `${whole(solved)} solved`,
    ...(countsAnnecs(model.curves) ? [`ANNECS ${whole(model.curves.annecs.at(-1))}`] : []),
  ];
}
