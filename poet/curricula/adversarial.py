"""Curricula whose levels an adversary makes: minimax and PAIRED.

Dennis et al. 2020, "Emergent Complexity and Zero-shot Transfer via Unsupervised Environment Design"
(arXiv 2012.02096). Minimax rewards the adversary with the negative of the student's highest return;
PAIRED with the regret, for which a second agent, the antagonist, is trained on the same levels.

The adversary is in the population's memory. The antagonist is the agent of niche 1, which is never
scored.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Literal

import numpy as np

from ..config import Setup
from ..curriculum_records import canonical
from ..interfaces import Agent, Task
from ..niche import Niche, Population
from ..streams import Key
from .adversary import Adversary
from .interfaces import Episodes
from .lessons import student_of, trained
from .levels import STUDENT, refused, student, taught
from .parameters import Parameters
from .scores import paired_regret
from .teaching import memory_of

Rule = Literal["minimax", "paired"]
RULES: tuple[Rule, ...] = ("minimax", "paired")
ANTAGONIST = 1  # id of its niche


@dataclass(frozen=True)
class Adversarial:
    """A curriculum (engine.Curriculum).

    rule: what the adversary is rewarded for; "paired" has an antagonist. rate: its learning rate.
    epochs: its optimisation steps after each rollout.
    """

    parameters: Parameters
    rule: Rule
    rate: float = 3e-4
    epochs: int = 5

    takes_levels: ClassVar[bool] = False

    def new(self, family: Any, rng: np.random.Generator) -> Task:
        """A level at random places of the ranges."""
        return self.parameters.placed(rng.uniform(size=self.parameters.size), rng).task

    def update(self, population: Population, setup: Setup, key: Key, number: int) -> Population:
        """The agents trained on levels of the adversary, and the adversary on their returns."""
        adversary = self._adversary(population, setup)
        rng, rows = key.child("choice", number).generator(), student_of(setup).rows
        drawn = adversary.drawn(rows, rng)
        new = [self.parameters.placed(vector, rng) for vector in drawn.vectors()]
        tasks = [one.task for one in new]
        own = key.child("train", number)
        lesson = trained(setup, student(population).agent, tasks, None, own)
        population, returns = taught(population, lesson), by_row(lesson.episodes, rows)
        if self.rule == "paired":
            niche = antagonist(population, setup)
            other = trained(setup, niche.agent, tasks, None, key.child("antagonist", number))
            population = _with_antagonist(population, niche, other.agent)
            rewards = regrets(by_row(other.episodes, rows), returns)
        else:
            rewards = [-float(np.max(one)) for one in returns]
        adversary = adversary.improved(drawn, np.array(rewards), self.rate, self.epochs)
        for level, reward in zip(new, rewards, strict=True):
            population = refused(population, level, "not kept", reward)
        return replace(population, memory=canonical(adversary.to_memory()))

    def _adversary(self, population: Population, setup: Setup) -> Adversary:
        size = self.parameters.size
        if population.memory is not None:
            return Adversary.from_memory(size, memory_of(population))
        return Adversary.new(size, Key(setup.config.seed, ("adversary",)).generator())


def regrets(antagonist: Sequence[np.ndarray], protagonist: Sequence[np.ndarray]) -> list[float]:
    """The regret of each level (scores.paired_regret), from the returns of both in it."""
    pairs = zip(antagonist, protagonist, strict=True)
    return [paired_regret(theirs.tolist(), ours.tolist()) for theirs, ours in pairs]


def by_row(episodes: Episodes, rows: int) -> list[np.ndarray]:
    """The returns of the whole episodes of each row, [episodes] each. ValueError if a row has
    none.
    """
    found = [episodes.returns[episodes.levels == row] for row in range(rows)]
    if not all(len(one) for one in found):
        raise ValueError("a rollout must have a whole episode of every level, got none of one")
    return found


def antagonist(population: Population, setup: Setup) -> Niche:
    """The niche of the antagonist; a new one, with an agent of its own, in the first update."""
    for niche in population.active:
        if niche.id == ANTAGONIST:
            return niche
    agent = setup.learner.init(Key(setup.config.seed, ("antagonist",)))
    return Niche(ANTAGONIST, STUDENT, population.iteration, setup.family.origin(), agent)


def _with_antagonist(population: Population, niche: Niche, agent: Agent) -> Population:
    """The population after the antagonist's lesson."""
    after = (student(population), replace(niche, agent=agent))
    born = max(population.niches_born, ANTAGONIST + 1)
    return replace(population, active=after, niches_born=born)
