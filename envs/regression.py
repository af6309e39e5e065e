"""Functions to be learned from examples: supervised learning as a task family, each answer told one
step late.

Sources: quadratics with random coefficients as in Hochreiter, Younger & Conwell 2001, "Learning to
learn using gradient descent"; sines of random amplitude and phase as in MAML (arXiv 1703.03400) and
Reptile (arXiv 1803.02999). A life draws one function, an episode is a sequence of examples of it.
Seen are x_t and the label y_(t-1), at first 0; an action is what y_t is said to be.
Both kinds are weights times fixed features of x, so what the best of all linear learners must get
wrong is exact.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import cos, sin
from typing import Annotated, Any, Literal

import numpy as np
import torch

from openpoet.settings import PositiveInt, Settings

from .parts.draws import Draws
from .parts.episodes import Episodes, Spec, State
from .parts.genome import Genomes, choice, columns, gene

Kind = Literal["quadratic", "sine"]
INPUTS = {"quadratic": 2, "sine": 1}
REACH = {"quadratic": 1.0, "sine": 5.0}  # inputs are uniform in +- so much


@dataclass(frozen=True)
class Functions:
    """How the function of a life is drawn.

    quadratic: a x1^2 + b x2^2 + c x1 x2 + d x1 + e x2 + f, each coefficient uniform in [low, high].
    sine: A sin(x + p), the amplitude A uniform in [low, high], the phase p in [0, phase].
    """

    kind: str = choice("quadratic", "sine")
    low: float = gene(-0.3, low=-5.0, high=5.0, step=0.2)
    high: float = gene(0.3, low=-5.0, high=5.0, step=0.2)
    phase: float = gene(0.0, low=0.0, high=6.283, step=0.5)  # [rad]


QUADRATICS, SINES = Functions("quadratic", -1.0, 1.0), Functions("sine", 0.1, 5.0, 6.283)


@dataclass(frozen=True)
class RegressionSettings(Settings):
    kind: Annotated[Kind, "Functions to be learned."] = "quadratic"
    horizon: Annotated[PositiveInt, "Examples in a sequence."] = 40
    episodes: Annotated[PositiveInt, "Sequences in a trial."] = 2
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
        self.spec = spec.judged(*(error * s.horizon / 40 for error in (-2.0, -60.0, -1.0)))

    def mutate(self, task: Functions, rng: np.random.Generator) -> Functions:
        """A neighbour in the genes that its kind uses."""
        return _tidy(super().mutate(task, rng))

    def sample(
        self, rng: np.random.Generator, ranges: Mapping[str, tuple[float, float]] | None = None
    ) -> Functions:
        """Any task of its kind."""
        return _tidy(super().sample(rng, ranges))

    def decode(self, data: Mapping[str, Any]) -> Functions:
        task = super().decode(data)
        if task != _tidy(task):
            raise ValueError(
                "regression.low must not exceed regression.high, and the phase of a quadratic is "
                "0, "
                f"got {task.low:g}, {task.high:g} and {task.phase:g}"
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
            Examples(tasks, seeds, self.settings, device), len(tasks), self.settings.horizon, device
        )

    def oracle(self, task: Functions, inputs: torch.Tensor) -> torch.Tensor:
        """Mean squared error of Bayes-linear regression at each example, [t, n], of who knows the
        genome.

        inputs: [t, n, i]. The mean is over functions; no learner linear in the labels does better.
        """
        covariance = (
            torch.from_numpy(prior(task)[1]).to(inputs.device).expand(inputs.shape[1], -1, -1)
        )
        errors = []
        for f in features(task.kind, inputs.double()):
            told = torch.einsum("nij,nj->ni", covariance, f)
            errors.append((told * f).sum(1).clamp(min=0.0))
            # no noise: a label known already tells nothing
            gain = torch.where(errors[-1] > 1e-12, 1 / errors[-1], 0.0)
            covariance = covariance - gain[:, None, None] * told[:, :, None] * told[:, None, :]
        return torch.stack(errors)

    def outline(self, task: Functions, state: Any = None) -> dict[str, list[np.ndarray]]:
        """The axes; with a state, the function along the first input, and the last prediction under
        its label.
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
            layers["body"] = [
                np.array([[at, label], [at, np.clip(float(state["said"]), -10 * top, 10 * top)]])
            ]
        return layers


def _tidy(task: Functions) -> Functions:
    """With low below high, and the phase only sines have."""
    phase = task.phase if task.kind == "sine" else 0.0
    return Functions(task.kind, min(task.low, task.high), max(task.low, task.high), phase)


def features(kind: str, x: torch.Tensor) -> torch.Tensor:
    """[..., k] of inputs [..., i]: a label is these times the weights of its function."""
    if kind == "sine":
        return torch.cat([torch.sin(x), torch.cos(x)], -1)
    one, two = x.unbind(-1)
    return torch.stack([one**2, two**2, one * two, one, two, torch.ones_like(one)], -1)


def weights(tasks: Sequence[Functions], draws: Draws, device: str) -> torch.Tensor:
    """The function of each life, [n, k] float64."""
    g = columns(tasks, device)
    low, wide = g["low"][:, None], (g["high"] - g["low"])[:, None]
    if tasks[0].kind == "quadratic":
        return low + wide * draws.uniform("function", 6)
    amplitude, phase = (
        (low + wide * draws.uniform("amplitude", 1)),
        g["phase"][:, None] * draws.uniform("phase", 1),
    )
    return amplitude * torch.cat([torch.cos(phase), torch.sin(phase)], 1)  # A sin(x + p)


def prior(task: Functions) -> tuple[np.ndarray, np.ndarray]:
    """Mean [k] and covariance [k, k] of the weights."""
    low, high, p = task.low, task.high, task.phase
    middle, square = (low + high) / 2, (low * low + low * high + high * high) / 3
    if task.kind == "quadratic":
        return np.full(6, middle), np.eye(6) * (square - middle**2)
    # of (cos, sin) of the phase
    mean, second = np.array([1.0, 0.0]), np.array([[1.0, 0.0], [0.0, 0.0]])
    if p > 0:
        mean = np.array([sin(p), 1 - cos(p)]) / p
        both, part = sin(p) ** 2 / (2 * p), sin(2 * p) / (4 * p)
        second = np.array([[0.5 + part, both], [both, 0.5 - part]])
    return middle * mean, square * second - middle**2 * np.outer(mean, mean)


class Examples:
    """World (episodes.World) of n functions; inputs x [n, t + 1, i] and labels are drawn when an
    episode begins.
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
            "said": zero,
            "weights": self.weights,
        }

    def advance(
        self, state: State, actions: torch.Tensor
    ) -> tuple[State, torch.Tensor, torch.Tensor, torch.Tensor]:
        label, said = _at(state["labels"], state["time"]), actions[:, 0].double()
        after = {**state, "time": state["time"] + 1, "said": said}
        never = torch.zeros_like(label, dtype=torch.bool)
        # success: always true, the score alone counts
        return after, -((said - label) ** 2), never, ~never

    def observe(self, state: State) -> torch.Tensor:
        time, seen = state["time"], _at(state["x"], state["time"])
        told = torch.where(time > 0, _at(state["labels"], (time - 1).clamp(min=0)), 0.0)
        return torch.cat([seen, told[:, None]], 1).float()


def _at(sequences: torch.Tensor, time: torch.Tensor) -> torch.Tensor:
    """Each row's entry of that number; sequences: [n, t, ...], time: [n]."""
    return sequences[torch.arange(len(time), device=time.device), time]
