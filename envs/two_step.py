"""The two-step task (Daw et al. 2011) in its reduced form: a choice, the state it leads to, and a
reward.

Action i leads to state i with probability `common`, else to the other state. One state gives a
reward of 1 with probability `good`, the other with 1 - good; before each choice the two may be
exchanged. Source: Wang et al. 2016 (arXiv 1611.05763); sizes as in reproductions of its successor.
Model-based learning repeats a choice after a common transition with reward or an uncommon one
without; model-free learning repeats a choice after any reward.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np
import torch

from openpoet.settings import Count, Settings

from .parts.draws import Draws
from .parts.episodes import Episodes, Spec, State
from .parts.genome import Genomes, columns, gene


@dataclass(frozen=True)
class Steps:
    common: float = gene(0.9, low=0.5, high=1.0, step=0.05)
    switch: float = gene(0.02, low=0.0, high=0.5, step=0.02)
    good: float = gene(0.9, low=0.5, high=1.0, step=0.05)


@dataclass(frozen=True)
class TwoStepSettings(Settings):
    trials: Annotated[Count, "Two-stage choices in an episode."] = 20
    solved_score: Annotated[float, "Return of an episode that is a success."] = 14.0


class TwoStep(Genomes[Steps]):
    """Task family (poet.interfaces). Observation: the state that the last choice led to, one-hot;
    zeros at first.
    """

    name = "two-step"
    realised_by = ("trials",)
    start = Steps()

    def __init__(self, settings: TwoStepSettings | None = None) -> None:
        self.settings = s = settings or TwoStepSettings()
        spec = Spec(2, 2, s.trials, 1, s.solved_score, False, discrete=True)
        self.spec = spec.with_thresholds(0.6 * s.trials, 0.45 * s.trials, 0.8 * s.trials)

    def simulator(self, tasks: Sequence[Steps], seeds: Sequence[int], device: str) -> Episodes:
        return Episodes(
            lambda seeds: _Stages(tasks, seeds, device), seeds, self.settings.trials, device
        )

    def oracle(self, task: Steps) -> float:
        """Mean reward of a choice under the optimal policy with known state probabilities."""
        return task.common * task.good + (1 - task.common) * (1 - task.good)

    def outline(self, task: Steps, state: Any = None) -> dict[str, list[np.ndarray]]:
        """Two choices, the states above them, and lines between; with a state, a marker at the
        state that was reached.
        """
        places = [np.array([float(i), float(j)]) for j in (0, 2) for i in (0, 2)]
        square = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1], [-1, -1]]) * 0.2
        lines = [np.array([places[i], places[2 + i]]) for i in (0, 1)]
        layers = {"ground": [*(place + square for place in places), *lines]}
        if state is not None:
            seen = np.asarray(state["seen"])
            place = places[2 + int(seen.argmax())] if seen.any() else np.array([1.0, 0.0])
            layers["body"] = [place + square / 2]
        return layers


class _Stages:
    """World (episodes.World) of n trials."""

    def __init__(self, tasks: Sequence[Steps], seeds: Sequence[int], device: str) -> None:
        self.draws = Draws(seeds, device)
        genes = columns(tasks, device)
        zero = torch.zeros(0, dtype=torch.float64)
        self.common, self.switch, self.good = (
            genes.get(name, zero) for name in ("common", "switch", "good")
        )

    def begin(self, episode: torch.Tensor) -> State:
        first = (self.draws.uniform("good", 1, episode)[:, 0] < 0.5).long()
        return {
            "good": first,
            "time": episode * 2**20,
            "seen": torch.zeros(len(first), 2, device=first.device),
        }

    def advance(
        self, state: State, actions: torch.Tensor
    ) -> tuple[State, torch.Tensor, torch.Tensor, torch.Tensor]:
        transition, payoff, changed = self.draws.uniform("trial", 3, state["time"]).unbind(1)
        choice = actions.argmax(1)
        place = torch.where(transition < self.common, choice, 1 - choice)
        reward = (payoff < torch.where(place == state["good"], self.good, 1 - self.good)).double()
        good = torch.where(changed < self.switch, 1 - state["good"], state["good"])
        seen = torch.nn.functional.one_hot(place, 2).float()
        never = torch.zeros_like(place, dtype=torch.bool)
        after = {"good": good, "time": state["time"] + 1, "seen": seen}
        return after, reward, never, ~never  # success: always true, the score alone counts

    def observe(self, state: State) -> torch.Tensor:
        return state["seen"]
