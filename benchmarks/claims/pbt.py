"""Population-based training (arXiv 1711.09846) on figure 2 of its paper: a quadratic function.

The objective is Q = 1.2 - x^2 - y^2, but a worker ascends 1.2 - h0 x^2 - h1 y^2 with its own
hyperparameters h. Two workers start from (.9, .9), one with h = (1, 0) and one with (0, 1). With h
fixed, each brings one coordinate to 0 and ends at 1.2 - .81 = .39. The engine runs two niches of
one task, whose agents hold h.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

import numpy as np
import torch

from benchmarks.claims.claim import Claim, interval
from openpoet.agents.parts.hyperparameters import Range, explored
from openpoet.envs.parts.episodes import Spec
from openpoet.poet.config import PoetConfig, Setup
from openpoet.poet.engine import evolve, start
from openpoet.poet.interfaces import Agent
from openpoet.poet.streams import Key

STEPS, EVERY, RATE, SEEDS, START = 200, 5, 0.02, 50, 0.9
SLOW = 0.01  # a smaller step size, with which the schedule of h matters more
WORKERS = ((1.0, 0.0), (0.0, 1.0))


@dataclass(frozen=True)
class Weights:
    h0: float = 1.0
    h1: float = 1.0


class Hill:
    """The one task: maximise Q."""

    spec = Spec(0, 2, 1, 1, 1.2, deterministic=True)

    def origin(self) -> str:
        return "Q"

    def encode(self, task: str) -> dict[str, Any]:
        return {"schema": 1, "task": task}


class Climber:
    """Learner: a gradient step on the surrogate given by the agent's hyperparameters.

    alone: explore every `EVERY` steps without exploiting.
    """

    def __init__(
        self, explore: Callable[[Agent, Key], Agent], rate: float = RATE, alone: bool = False
    ) -> None:
        self.explore, self.rate, self.alone = explore, rate, alone

    def init(self, key: Key) -> Agent:
        return {"theta": torch.full((2,), START, dtype=torch.float64), "steps": torch.zeros(())}

    def adopt(self, agent: Agent) -> Agent:
        return dict(agent)

    def improve(
        self, agents: Sequence[Agent], tasks: Sequence[str], keys: Sequence[Key]
    ) -> tuple[list[Agent], Any]:
        after = []
        for agent, key in zip(agents, keys, strict=True):
            h = torch.stack([agent["hyper/h0"], agent["hyper/h1"]])
            climbed: Mapping[str, torch.Tensor] = {
                **agent,
                "theta": agent["theta"] * (1 - 2 * self.rate * h),
                "steps": agent["steps"] + 1,
            }
            if self.alone and float(climbed["steps"]) % EVERY == 0:
                climbed = self.explore(climbed, key.child("alone"))
            after.append(climbed)
        return after, np.ones(len(agents), np.int64)

    def evaluate(
        self, agents: Sequence[Agent], tasks: Sequence[str], keys: Sequence[Key]
    ) -> tuple[np.ndarray, ...]:
        scores = np.array([1.2 - float((agent["theta"] ** 2).sum()) for agent in agents])
        return scores, scores >= 1.19, np.ones(len(agents), np.int64)


def perturbed(agent: Agent, key: Key) -> Agent:
    return explored(agent, Weights(), {"h0": Range(0.0, 1.0), "h1": Range(0.0, 1.0)}, key)


def unchanged(agent: Agent, key: Key) -> Agent:
    return agent


def best(learner: Climber, every: int, seed: int) -> float:
    """The final Q of the better worker."""
    config = PoetConfig(
        seed=seed, niches=2, mutate_every=0, transfer_every=0, pbt_every=every, pbt_share=0.5
    )
    setup = Setup(Hill(), learner, config)
    population = start(setup)
    workers = [
        replace(
            niche,
            agent={**niche.agent, "hyper/h0": torch.tensor(h[0]), "hyper/h1": torch.tensor(h[1])},
        )
        for niche, h in zip(population.active, WORKERS, strict=True)
    ]
    (*_, population) = islice(evolve(replace(population, active=tuple(workers)), setup), STEPS)
    return max(niche.scores[-1] for niche in population.active)


def claims() -> list[Claim]:
    runs = {
        "fixed": (Climber(unchanged), 0),
        "exploit only": (Climber(unchanged), EVERY),
        "explore only": (Climber(perturbed, alone=True), 0),
        "PBT": (Climber(perturbed), EVERY),
        "explore only, slow": (Climber(perturbed, SLOW, alone=True), 0),
        "PBT, slow": (Climber(perturbed, SLOW), EVERY),
    }
    found = {name: [best(*run, seed) for seed in range(SEEDS)] for name, run in runs.items()}
    print(f"Q after {STEPS} steps of {RATE} (slow: {SLOW}), {SEEDS} seeds")
    for name, scores in found.items():
        print(f"{name}: {interval(scores)}, worst {min(scores):.3f}")
    mean = {name: float(np.mean(scores)) for name, scores in found.items()}
    exact = 1.2 - START**2 * (1 + (1 - 2 * RATE) ** (2 * STEPS))
    return [
        Claim("PBT, mean over seeds", mean["PBT"], 1.18, 1.2),
        Claim("fixed hyperparameters", mean["fixed"], 0.389, 0.391),
        Claim("fixed hyperparameters, minus the closed form", mean["fixed"] - exact, -1e-9, 1e-9),
        Claim("exploit only", mean["exploit only"], 0.389, 0.391),
        Claim("PBT minus explore only", mean["PBT"] - mean["explore only"], 0.0),
        Claim(
            f"PBT minus explore only at a step size of {SLOW}",
            mean["PBT, slow"] - mean["explore only, slow"],
            0.01,
        ),
    ]
