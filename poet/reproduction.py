"""Reproduction up to birth: niches that do well have children, judged by the minimal criterion and
ranked by novelty.

Papers: arXiv 1901.01753; arXiv 2003.08536. Every trial is kept as a `Child`, with what became of
it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from .config import PoetConfig, Setup
from .criterion import fault, viable
from .evaluation import canonical, evaluate, fingerprint, trial_key
from .niche import Child, Niche, Outcome, Population
from .novelty import Novelties, novelties
from .streams import Key


def eligible(population: Population, config: PoetConfig) -> list[Niche]:
    """The niches that do well enough to have children."""
    return [n for n in population.active if n.scores and n.scores[-1] >= config.reproduce_at]


def litter(population: Population, setup: Setup, key: Key) -> list[Child]:
    """Mutation trials, `children` of them; parents drawn with replacement from the niches that do
    well enough.

    Differs: only *living* duplicates are refused, as in the reference, but a task that was retired
    may come back; there it breaks an assertion and ends the run (B7). A twin within the litter is a
    duplicate too: it would be born beside its sibling.
    """
    parents = eligible(population, setup.config)
    seen = {fingerprint(setup.family, niche.task) for niche in population.active}
    before = [canonical(setup.family, niche.task) for niche in population.active if parents]
    children: list[Child] = []
    for id in range(
        population.children_tried,
        population.children_tried + (setup.config.children if parents else 0),
    ):
        rng = key.child("mutate", id).generator()
        parent = parents[int(rng.integers(len(parents)))]
        task = setup.family.mutate(parent.task, rng)
        name = fingerprint(setup.family, task)
        # until something better is known
        outcome: Outcome = "duplicate" if name in seen else "crowded"
        seen.add(name)
        children.append(Child(id, population.iteration, parent.id, task, outcome, None, None, None))
    if parents:
        _check_unchanged(population, before, setup)
    return children


def _check_unchanged(population: Population, before: Sequence[str], setup: Setup) -> None:
    """ValueError if mutation has changed a living task; before: the encodings of all."""
    for niche, text in zip(population.active, before, strict=True):
        if canonical(setup.family, niche.task) != text:
            raise ValueError(
                f"family.mutate changed the task of niche {niche.id} in place: it must return a "
                "new task and leave "
                "the one it is given as it is; copy it first"
            )


def first_criterion(
    children: Sequence[Child], population: Population, setup: Setup, key: Key
) -> list[Child]:
    """The litter with the scores of its parents' agents, the too hard and too easy marked; one call
    of the learner.
    """
    agents = {niche.id: niche.agent for niche in population.active}
    tried = [child for child in children if child.outcome != "duplicate"]
    trials = [
        trial_key(setup.config.seed, setup.family, child.task).spent_as(key.child("criterion"))
        for child in tried
    ]
    found = evaluate(
        setup.learner, [agents[c.parent] for c in tried], [c.task for c in tried], trials
    )
    judged = {
        child.id: _judged(child, float(score), before, setup)
        for child, score, before in zip(tried, found.scores, found.before, strict=True)
    }
    return [judged.get(child.id, child) for child in children]


def _judged(child: Child, score: float, before: float | None, setup: Setup) -> Child:
    fit = viable(score, setup.config, before)
    return replace(
        child, score=score, outcome="crowded" if fit else fault(score, setup.config, before)
    )


def by_novelty(
    children: Sequence[Child], population: Population, setup: Setup, key: Key
) -> tuple[list[Child], Novelties]:
    """The children still in the running, the most novel first, of equals the elder first."""
    running = [child for child in children if child.outcome == "crowded"]
    if not running:
        return [], Novelties({})
    novel = novelties(running, population, setup, key)
    ranked = sorted(running, key=lambda child: -novel.of[child.id])
    return [replace(child, novelty=novel.of[child.id]) for child in ranked], novel
