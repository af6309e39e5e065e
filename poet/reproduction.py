"""Reproduction: niches whose agents do well enough have children, which are mutations of their
tasks.

Papers: arXiv 1901.01753; arXiv 2003.08536. Every child is recorded as a `Child`, with its outcome.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace

from .config import PoetConfig, Setup
from .identity import canonical, fingerprint
from .interfaces import Task
from .niche import Child, Niche, Outcome, Population
from .streams import Key


def due(every: int, iteration: int) -> bool:
    """Whether something that is done every so many iterations is due in this one; 0: never."""
    return every > 0 and iteration % every == 0


def reproduction_due(config: PoetConfig, iteration: int) -> bool:
    """Whether niches reproduce in this iteration, counted from 0; in the first none has a score."""
    return iteration > 0 and due(config.mutate_every, iteration)


def eligible(population: Population, config: PoetConfig) -> list[Niche]:
    """The niches whose latest own scores allow them to have children.

    Differs: the papers look at one score. In a deterministic task it is that of one episode, which
    an agent that has not mastered the task may get by chance; hence `reproduce_after` of them.
    """
    last, bar = config.reproduce_after, config.reproduce_at
    return [
        niche
        for niche in population.active
        if len(niche.scores) >= last and min(niche.scores[-last:]) >= bar
    ]


def kept_parent(population: Population, config: PoetConfig) -> int | None:
    """Id of the niche that does not retire now, with `keep_parent`: the youngest that may have
    children. Only the oldest niches retire, so it matters only where all younger ones may not.

    Differs: in the papers the oldest niches retire in any case. In a small population all others
    may be too hard for their agents, so that no niche has children any more.
    """
    able = eligible(population, config) if config.keep_parent else []
    return able[-1].id if able else None


def awaited(population: Population, config: PoetConfig) -> Niche | None:
    """A niche that births may retire in this iteration although its best own score is below
    `reproduce_at` and it is younger than `patience` iterations; while there is one, no niche has
    children.

    Differs: the papers do not wait, but reproduce only every 150 iterations. With frequent births
    niches would retire before they are learned, which selects tasks that are learned fast.
    """
    kept = kept_parent(population, config)
    surplus = max(0, len(population.active) + config.max_admitted - config.capacity)
    for niche in [niche for niche in population.active if niche.id != kept][:surplus]:
        young = population.iteration - niche.born < config.patience
        if young and (niche.best is None or niche.best < config.reproduce_at):
            return niche
    return None


def best_without_children(population: Population, config: PoetConfig) -> float | None:
    """The best own score so far, if a reproduction is due now but no niche may have children."""
    if not reproduction_due(config, population.iteration) or eligible(population, config):
        return None
    return max((niche.best for niche in population.niches if niche.best is not None), default=None)


def litter(population: Population, setup: Setup, key: Key) -> list[Child]:
    """`children` mutations of the tasks of eligible niches, drawn uniformly with replacement, and
    the tasks that were injected.

    The outcome of a child is "duplicate", or "crowded" until it is refused or admitted.
    Differs: only the tasks of active niches are duplicates, as in the reference, but a task whose
    niche has retired may come back; there it breaks an assertion and ends the run (B7). A child
    equal to an earlier one of the litter is a duplicate too: both would be born at the same time.
    """
    seen = {fingerprint(setup.family, niche.task) for niche in population.active}
    before = [canonical(setup.family, niche.task) for niche in population.active]
    children: list[Child] = []
    candidates = [*_mutations(population, setup, key), *_injections(population, setup)]
    for id, (parent, task) in enumerate(candidates, population.children_tried):
        name = fingerprint(setup.family, task)
        outcome: Outcome = "duplicate" if name in seen else "crowded"
        seen.add(name)
        children.append(Child(id, population.iteration, parent.id, task, outcome, None, None, None))
    _check_unchanged(population, before, setup)
    return children


def _mutations(population: Population, setup: Setup, key: Key) -> Iterator[tuple[Niche, Task]]:
    """Parents, and mutations of their tasks; none without an eligible niche."""
    parents = [] if awaited(population, setup.config) else eligible(population, setup.config)
    first = population.children_tried
    for id in range(first, first + setup.config.children if parents else first):
        rng = key.child("mutate", id).generator()
        parent = parents[int(rng.integers(len(parents)))]
        yield parent, setup.family.mutate(parent.task, rng)


def _injections(population: Population, setup: Setup) -> Iterator[tuple[Niche, Task]]:
    """The injected tasks. Their parent, whose agent is tried first, is the niche that does best."""
    best = max(population.active, key=lambda niche: max(niche.scores[-1:], default=-math.inf))
    for one in setup.injected(population.iteration):
        yield best, one.task


def source_of(child: Child, setup: Setup) -> str | None:
    """Where an injected child came from; None for a mutation."""
    found = setup.injected(child.iteration)
    if not found:
        return None
    own = canonical(setup.family, child.task)
    return next((one.source for one in found if canonical(setup.family, one.task) == own), None)


def noted(population: Population, children: Sequence[Child]) -> Population:
    """The population with the children counted, and those refused so far among its events."""
    refused = tuple(child for child in children if child.outcome != "crowded")
    return replace(
        population,
        children_tried=population.children_tried + len(children),
        events=population.events + refused,
    )


def _check_unchanged(population: Population, before: Sequence[str], setup: Setup) -> None:
    """ValueError if mutation has changed the task of an active niche; before: their encodings."""
    for niche, text in zip(population.active, before, strict=True):
        if canonical(setup.family, niche.task) != text:
            raise ValueError(
                f"family.mutate changed the task of niche {niche.id} in place: it must return a "
                "new task and leave its argument unchanged; copy the task first"
            )
