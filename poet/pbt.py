"""Population-based training over niches: the worst agents are replaced by copies of the best, whose
hyperparameters are then perturbed.

Jaderberg et al. 2017, "Population Based Training of Neural Networks" (arXiv 1711.09846): exploit by
truncation selection, then explore. Weights and hyperparameters are copied together, so a run finds
a schedule of hyperparameters and not only a constant setting.
Differs: niches may have different tasks, and scores in different tasks cannot be compared. So all
agents are evaluated in every task, each task under one stream, and a niche's agent is ranked among
all agents in that niche's own task. If all niches have the same task, this is the paper's rule.
The optimiser's state starts anew, as after a transfer. Agents also explore at the birth of their
niches: selection needs hyperparameters that differ.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

import numpy as np

from .config import Setup
from .evaluation import adopt, evaluate
from .identity import canonical
from .interfaces import Agent, Explorer
from .niche import Niche, Population, Transfer
from .streams import Key
from .trial_keys import score_key
from .trials import Trial
from .unchanged import unchanged


@dataclass(frozen=True)
class Standings:
    """All active agents in one task, on common random numbers."""

    scores: np.ndarray  # [niches] float64
    order: np.ndarray  # [niches] places in the population, worst first; equal scores at random


@dataclass(frozen=True)
class Copy:
    """An agent that is to replace another."""

    niche: Niche  # whose agent is replaced
    source: Niche  # whose agent is copied
    score: float  # of the copied agent in the niche
    bar: float  # of the replaced agent there


def exploit(population: Population, setup: Setup, key: Key) -> Population:
    """Agents among the worst in their own task are replaced by copies of agents among the best
    there, which then explore.
    """
    niches = population.active
    few = max(1, int(setup.config.pbt_share * len(niches)))
    standings = _standings(population, setup, key.child("exploit"))
    copies = []
    for place, niche in enumerate(niches):
        own = standings[canonical(setup.family, niche.task)]
        if place in own.order[:few]:
            rng = key.child("exploit", "source", niche.id).generator()
            best = rng.choice(own.order[-few:])
            scores = float(own.scores[best]), float(own.scores[place])
            copies.append(Copy(niche, niches[best], *scores))
    return _replaced(population, copies, setup, key)


def explored(setup: Setup, agent: Agent, key: Key) -> Agent:
    """The agent with hyperparameters near its own. Setup has checked that the learner has a method
    `explore`.
    """
    with unchanged([agent], "learner.explore"):
        return cast(Explorer, setup.learner).explore(agent, key.child("explore"))


def _standings(population: Population, setup: Setup, key: Key) -> Mapping[str, Standings]:
    """The standings in each different task of the population, by the task's encoding."""
    niches = population.active
    homes = {canonical(setup.family, niche.task): niche for niche in reversed(niches)}
    trials = [
        Trial(niche.agent, home.task, key.child(home.id))
        for home in homes.values()
        for niche in niches
    ]
    results = evaluate(setup.learner, trials)
    table = np.array([result.score for result in results]).reshape(len(homes), -1)
    standings = {}
    for (task, home), scores in zip(homes.items(), table, strict=True):
        ties = key.child("lot", home.id).generator().random(len(scores))
        standings[task] = Standings(scores, np.lexsort((ties, scores)))
    return standings


def _replaced(population: Population, copies: list[Copy], setup: Setup, key: Key) -> Population:
    """The copies put in their niches, explored, and scored as the niche's own agent was."""
    spent, t = key.child("exploit", "explored"), population.iteration
    trials = [
        Trial(
            explored(
                setup,
                adopt(setup.learner, copy.source.agent),
                key.child("exploit", copy.niche.id),
            ),
            copy.niche.task,
            score_key(key, copy.niche).spent_as(spent),
        )
        for copy in copies
    ]
    results = evaluate(setup.learner, trials)
    changed, events = {}, []
    for copy, trial, result in zip(copies, trials, results, strict=True):
        stream = score_key(key, copy.niche)
        changed[copy.niche.id] = copy.niche.taken_over(trial.agent, result, stream, iteration=t)
        events.append(
            Transfer(
                iteration=t,
                kind="exploit",
                source=copy.source.id,
                target=copy.niche.id,
                at_birth=False,
                score=copy.score,
                bar=copy.bar,
                accepted=True,
                steps=result.steps,
            )
        )
    niches = tuple(changed.get(niche.id, niche) for niche in population.active)
    return population.with_active(niches, tuple(events))
