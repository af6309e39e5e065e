"""What is measured of children before they become niches: the minimal criterion with the parent's
agent, novelty, and the trials of all agents at birth with the criterion and ANNECS.

Papers: arXiv 1901.01753; arXiv 2003.08536. Nothing here changes the population; births.py does.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from .config import Setup
from .criterion import Fault, fault, viable
from .evaluation import evaluate
from .interfaces import Task
from .niche import Child, Niche, Population
from .novelty import Novelties, balanced_distances_from_first, distances_from_first
from .streams import Key
from .transfer import Candidate, Place, winner
from .trial_keys import task_key
from .trials import Result, Trial

# Orders of birth by the distance from the first task
FROM_FIRST = {"distance": distances_from_first, "balanced": balanced_distances_from_first}


def first_criterion(
    children: Sequence[Child], population: Population, setup: Setup, key: Key
) -> list[Child]:
    """The children with the scores of their parents' agents, and with the outcome of those that
    fail the minimal criterion; one call of the learner. Duplicates are not evaluated.
    """
    agents = {niche.id: niche.agent for niche in population.active}
    tried = [child for child in children if child.outcome != "duplicate"]
    spent = key.child("criterion")
    results = evaluate(
        setup.learner,
        [
            Trial(agents[child.parent], child.task, _key(child.task, setup).spent_as(spent))
            for child in tried
        ],
    )
    judged = {
        child.id: _judged(child, result, setup)
        for child, result in zip(tried, results, strict=True)
    }
    return [judged.get(child.id, child) for child in children]


def ranked(
    children: Sequence[Child], population: Population, setup: Setup, key: Key
) -> tuple[list[Child], Novelties]:
    """The children not refused so far with their novelty, in the order of their births: the most
    novel, the hardest or the farthest first; of equals the older first.

    The text of POET's paper prefers children with lower scores, its algorithm the most novel.
    """
    running = [child for child in children if child.outcome == "crowded"]
    if not running:
        return [], Novelties({})
    novel = setup.novelty.measure(running, population, setup, key)
    if setup.config.order == "difficulty":
        rank = _best_scores(running, population, setup, key)
    elif setup.config.order in FROM_FIRST:
        far = FROM_FIRST[setup.config.order](running, population, setup.family)
        rank = {child.id: -far[child.id] for child in running}
    else:
        rank = {child.id: -novel.of[child.id] for child in running}
    running.sort(key=lambda child: rank[child.id])
    return [replace(child, novelty=novel.of[child.id]) for child in running], novel


def _best_scores(
    children: Sequence[Child], population: Population, setup: Setup, key: Key
) -> dict[int, float]:
    """The best score of all active agents in each child, by child id.

    Differs: the paper's text takes the parent's agent's score; with one agent a child may seem hard
    only because that agent stumbles in it.
    """
    spent = key.child("order")
    trials = [
        Trial(niche.agent, child.task, _key(child.task, setup).spent_as(spent))
        for child in children
        for niche in population.active
    ]
    scores = iter([result.score for result in evaluate(setup.learner, trials)])
    return {child.id: max(next(scores) for _ in population.active) for child in children}


@dataclass(frozen=True)
class Annecs:
    """Whether the best of these agents met the minimal criterion in a task as it was born."""

    of_all: bool  # the paper's condition: all agents ever, retired and active
    of_retired: bool  # the Enhanced POET code's: retired agents only; no agents, no success (B3)


@dataclass(frozen=True)
class BirthTrials:
    """All agents tried in a child, and what follows from their scores."""

    child: Child
    candidates: tuple[Candidate, ...]  # direct ones, then proposals
    best: Candidate
    fault: Fault | None  # why the best fails the minimal criterion; None if it meets it
    annecs: Annecs


def birth_trials(
    children: Sequence[Child], population: Population, setup: Setup, key: Key, novel: Novelties
) -> list[BirthTrials]:
    """Every active agent tried in every child, as the transfer rule has it."""
    places = [
        Place(child.id, child.task, None, _key(child.task, setup), True, child.parent)
        for child in children
    ]
    tried = setup.transfer.at_birth(population.active, places, setup.learner, key.child("birth"))
    trials = [
        _trials_of(child, place, tried, setup)
        for child, place in zip(children, places, strict=True)
    ]
    fit = [one.child for one in trials if one.fault is None]
    of_retired = _scores_of_retired(fit, population.retired, setup, key, novel)
    return [
        replace(one, annecs=_annecs(one.candidates, of_retired[one.child.id], setup))
        if one.child.id in of_retired
        else one
        for one in trials
    ]


def _key(task: Task, setup: Setup) -> Key:
    return task_key(setup.config.seed, setup.family, task)


def _judged(child: Child, result: Result, setup: Setup) -> Child:
    if viable(result.score, setup.config, result.before):
        return replace(child, score=result.score)
    outcome = fault(result.score, setup.config, result.before)
    return replace(child, score=result.score, outcome=outcome)


def _trials_of(child: Child, place: Place, tried: Sequence[Candidate], setup: Setup) -> BirthTrials:
    best = winner([one for one in tried if setup.transfer.inherits(one)], place)
    assert best is not None, "a place without a bar accepts any score"
    score, before = best.result.score, best.result.before
    return BirthTrials(
        child,
        tuple(candidate for candidate in tried if candidate.place is place),
        best,
        None if viable(score, setup.config, before) else fault(score, setup.config, before),
        Annecs(of_all=False, of_retired=False),
    )


def _scores_of_retired(
    children: Sequence[Child],
    retired: Sequence[Niche],
    setup: Setup,
    key: Key,
    novel: Novelties,
) -> Mapping[int, list[float]]:
    """Scores of the retired agents in each child, by child id; empty if ANNECS is not measured.

    PATA-EC has computed them already; for other measures of novelty they are evaluated here.
    """
    if novel.in_children:
        return {
            child.id: [novel.in_children[niche.id, child.id] for niche in retired]
            for child in children
        }
    if not setup.config.measure_annecs:
        return {}
    spent = key.child("annecs")
    trials = [
        Trial(niche.agent, child.task, _key(child.task, setup).spent_as(spent))
        for child in children
        for niche in retired
    ]
    scores = iter([result.score for result in evaluate(setup.learner, trials)])
    return {child.id: [next(scores) for _ in retired] for child in children}


def _annecs(candidates: Sequence[Candidate], of_retired: Sequence[float], setup: Setup) -> Annecs:
    """ANNECS of one child from the scores of retired agents and of the candidates for it.

    "The best score of all agents" is our reading of the paper, which leaves the aggregation open.
    Scores after a proposal's step do not count: only agents that exist when the task is born were
    generated before it.
    """
    of_active = [candidate.score for candidate in candidates if candidate.kind == "direct"]
    return Annecs(
        of_all=viable(max([*of_retired, *of_active]), setup.config),
        of_retired=bool(of_retired) and viable(max(of_retired), setup.config),
    )
