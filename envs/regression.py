"""Regression as a task family: predict the labels of a sequence of examples of an unknown function.

Sources: quadratics with random coefficients as in Hochreiter, Younger & Conwell 2001, "Learning to
learn using gradient descent"; sines of random amplitude and phase as in MAML (arXiv 1703.03400) and
Reptile (arXiv 1803.02999). A trial draws one function; an episode is a sequence of its examples.
The observation is x_t and the label y_(t-1), 0 at first; the action is the prediction of y_t.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import numpy as np
import torch

from openpoet.settings import Count, Settings

from .functions import INPUTS, REACH, Functions, features, prior, weights
from .parts.draws import Draws
from .parts.episodes import Episodes, Spec, State
from .parts.genome import Genomes, with_ends

Kind = Literal["quadratic", "sine"]


@dataclass(frozen=True)
class RegressionSettings(Settings):
    kind: Annotated[Kind, "Functions to be learned."] = "quadratic"
    horizon: Annotated[Count, "Examples in a sequence."] = 40
    episodes: Annotated[Count, "Sequences in a trial."] = 2
    solved_score: Annotated[
        float, "Minus a sequence's sum of squared errors, after adaptation, that is a success."
    ] = -2.0


class Regression(Genomes[Functions]):
    """Task family (poet.interfaces). Reward: minus the squared error of a prediction."""

    name = "regression"
    realised_by = ("horizon",)

    def __init__(self, settings: RegressionSettings | None = None) -> None:
        self.settings = s = settings or RegressionSettings()
        self.start = Functions() if s.kind == "quadratic" else Functions("sine", 1.0, 1.5, 0.5)
        spec = Spec(
            INPUTS[s.kind] + 1,
            1,
            s.horizon,
            s.episodes,
            s.solved_score,
            deterministic=False,
            labels=1,
        )
        self.spec = spec.with_thresholds(*(error * s.horizon / 40 for error in (-2.0, -60.0, -1.0)))

    def mutate(self, task: Functions, rng: np.random.Generator) -> Functions:
        """A neighbour in the genes that the task's kind uses."""
        return _tidy(super().mutate(task, rng))

    def sample(
        self, rng: np.random.Generator, ranges: Mapping[str, tuple[float, float]] | None = None
    ) -> Functions:
        """A random task of the family's kind."""
        return _tidy(super().sample(rng, ranges))

    def knobs(self, task: Functions) -> dict[str, tuple[float, float, float, float]]:
        """The genes that the task's kind uses."""
        unused = () if task.kind == "sine" else ("phase",)
        return {name: knob for name, knob in super().knobs(task).items() if name not in unused}

    def followed(self, task: Functions, name: str) -> Functions:
        return with_ends(task, "low", "high", name)

    def decode(self, data: Mapping[str, Any]) -> Functions:
        task = super().decode(data)
        if task != _tidy(task):
            raise ValueError(
                "regression.low must not exceed regression.high, and the phase of a quadratic must "
                f"be 0, got {task.low:g}, {task.high:g} and {task.phase:g}"
            )
        return self._checked(task)

    def _checked(self, task: Functions) -> Functions:
        if task.kind != self.settings.kind:
            raise ValueError(
                f"this family has {self.settings.kind}s (regression.kind), got a task "
                f"of {task.kind}s"
            )
        return task

    def simulator(self, tasks: Sequence[Functions], seeds: Sequence[int], device: str) -> Episodes:
        for task in tasks:
            self._checked(task)
        return Episodes(
            lambda seeds: Examples(tasks, seeds, self.settings, device),
            seeds,
            self.settings.horizon,
            device,
        )

    def oracle(self, task: Functions, inputs: torch.Tensor) -> torch.Tensor:
        """Mean squared error at each example of Bayesian linear regression with the genome's prior,
        [t, n].

        inputs: [t, n, i]. The mean is over functions; it is the minimum of all predictors that are
        linear in the labels.
        """
        covariance = (
            torch.from_numpy(prior(task)[1]).to(inputs.device).expand(inputs.shape[1], -1, -1)
        )
        errors = []
        for f in features(task.kind, inputs.double()):
            covaried = torch.einsum("nij,nj->ni", covariance, f)
            errors.append((covaried * f).sum(1).clamp(min=0.0))
            # there is no noise: a label that is already determined adds no information
            gain = torch.where(errors[-1] > 1e-12, 1 / errors[-1], 0.0)
            outer = covaried[:, :, None] * covaried[:, None, :]
            covariance = covariance - gain[:, None, None] * outer
        return torch.stack(errors)

    def outline(self, task: Functions, state: Any = None) -> dict[str, list[np.ndarray]]:
        """The axes; with a state, the function along the first input, and a line from the last
        label to its prediction.
        """
        reach, top = REACH[task.kind], max(abs(task.low), abs(task.high), 0.1)
        layers = {
            "ground": [np.array([[-reach, 0.0], [reach, 0.0]]), np.array([[0.0, -top], [0.0, top]])]
        }
        if state is not None:
            x, last = np.asarray(state["x"], float), max(int(state["time"]) - 1, 0)
            line = np.tile(x[last], (60, 1))
            line[:, 0] = np.linspace(-reach, reach, 60)
            y = features(task.kind, torch.from_numpy(line)).numpy() @ np.asarray(
                state["weights"], float
            )
            layers["ray"] = [np.stack([line[:, 0], y], 1)]
            at, label = x[last, 0], float(state["labels"][last])
            predicted = np.clip(float(state["predicted"]), -10 * top, 10 * top)
            layers["body"] = [np.array([[at, label], [at, predicted]])]
        return layers


def _tidy(task: Functions) -> Functions:
    """The task with low and high sorted, and phase 0 unless it is of sines."""
    phase = task.phase if task.kind == "sine" else 0.0
    return Functions(task.kind, min(task.low, task.high), max(task.low, task.high), phase)


class Examples:
    """World (episodes.World) of n functions; inputs x [n, t + 1, i] and labels [n, t + 1] are drawn
    when an episode begins.
    """

    def __init__(
        self,
        tasks: Sequence[Functions],
        seeds: Sequence[int],
        settings: RegressionSettings,
        device: str,
    ) -> None:
        self.draws, self.kind, self.horizon = Draws(seeds, device), settings.kind, settings.horizon
        empty = torch.zeros(0, 6, dtype=torch.float64, device=device)
        self.weights = weights(tasks, self.draws, device) if tasks else empty

    def begin(self, episode: torch.Tensor) -> State:
        zero, width = torch.zeros_like(self.weights[:, 0]), INPUTS[self.kind]
        drawn = self.draws.uniform("x", width * (self.horizon + 1), episode).unflatten(
            1, (-1, width)
        )
        x = REACH[self.kind] * (2 * drawn - 1)
        labels = (features(self.kind, x) * self.weights[:, None]).sum(2)
        return {
            "time": torch.zeros_like(episode),
            "x": x,
            "labels": labels,
            "predicted": zero,
            "weights": self.weights,
        }

    def advance(
        self, state: State, actions: torch.Tensor
    ) -> tuple[State, torch.Tensor, torch.Tensor, torch.Tensor]:
        label, predicted = _at(state["labels"], state["time"]), actions[:, 0].double()
        after = {**state, "time": state["time"] + 1, "predicted": predicted}
        never = torch.zeros_like(label, dtype=torch.bool)
        # success: always true, the score alone counts
        return after, -((predicted - label) ** 2), never, ~never

    def observe(self, state: State) -> torch.Tensor:
        time, seen = state["time"], _at(state["x"], state["time"])
        last_label = torch.where(time > 0, _at(state["labels"], (time - 1).clamp(min=0)), 0.0)
        return torch.cat([seen, last_label[:, None]], 1).float()


def _at(sequences: torch.Tensor, time: torch.Tensor) -> torch.Tensor:
    """Each row's entry at its time, [n, ...]; sequences: [n, t, ...], time: [n]."""
    return sequences[torch.arange(len(time), device=time.device), time]
