"""Any Gymnasium environment (arXiv 2407.17032) as a task family, with arguments of `make` as genes.

    def make(gravity, wind):
        return gymnasium.make("LunarLander-v3", gravity=gravity, enable_wind=True, wind_power=wind)

    GymnasiumFamily(
        make,
        origin={"gravity": -10.0, "wind": 0.0},
        genes={"gravity": (-11.9, -2.0, 0.5), "wind": (0.0, 20.0, 1.0)},  # low, high, step
        solved_score=100.0,
        reproduce_at=50.0,
        mc_low=-100.0,
        mc_high=90.0,
    )

A plug-in file can define these arguments as a dict, without importing openpoet: docs/plugins.md.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, make_dataclass
from functools import partial
from keyword import iskeyword
from typing import Any

import gymnasium
import numpy as np

from ..parts.episodes import Spec
from ..parts.genome import DIGITS, Genomes, features, gene
from .rows import Course, Ending, Environment, Rows, Shown
from .spaces import actions_of, observation_size

Success = str | Callable[[Ending], bool] | None
FRAMES = 50  # per second, if the environment's metadata have no render_fps


class GymnasiumFamily(Genomes[Any]):
    """Task family (poet.interfaces) of the environments returned by `make(**genes)`.

    origin: the genes of the trivial task.
    genes: (low, high, mutation step) of each gene, where the step is a standard deviation. Numbers
    of up to three decimals; a gene is an integer if all four numbers are.
    solved_score, reproduce_at, mc_low, mc_high: see poet.interfaces.Spec.
    horizon: steps after which an episode is truncated; at most the environment's
    max_episode_steps, which is the default.
    success: a key of the last step's info, or a function of an Ending; None: only the return
    counts.
    deterministic: whether episodes do not depend on the seed.
    name: the family's name in a task's JSON, by default the environment's id. Choose one if `make`
    sets something that is neither a gene nor part of the id.

    ValueError, one line, for an invalid argument or an unsupported space.
    """

    def __init__(
        self,
        make: Callable[..., Environment],
        *,
        origin: Mapping[str, float],
        genes: Mapping[str, Sequence[float]],
        solved_score: float,
        reproduce_at: float,
        mc_low: float,
        mc_high: float,
        horizon: int | None = None,
        success: Success = None,
        deterministic: bool = False,
        name: str | None = None,
    ) -> None:
        if type(deterministic) is not bool:
            raise ValueError(f"deterministic must be True or False, got {deterministic!r:.60}")
        if name is not None and (not isinstance(name, str) or not name):
            raise ValueError(f"name must be a word or None, got {name!r:.60}")
        self._make, self.start = make, genome_of(origin, genes)
        env = self._made(self.start)
        known = env.spec
        self.name = name or (known.id if known else type(env.unwrapped).__name__)
        steps = _horizon(horizon, known.max_episode_steps if known else None)
        size, actions = observation_size(env.observation_space), actions_of(env.action_space)
        self.course = Course(env.observation_space, size, actions, steps, _judge(success))
        frames = float(env.metadata.get("render_fps") or FRAMES)
        env.close()
        scores = {
            "solved_score": solved_score,
            "reproduce_at": reproduce_at,
            "mc_low": mc_low,
            "mc_high": mc_high,
        }
        for key, value in scores.items():
            if type(value) not in (int, float) or not math.isfinite(value):
                raise ValueError(f"{key} must be a finite number, got {value!r:.60}")
        spec = Spec(
            size,
            actions.size,
            steps,
            1,
            float(solved_score),
            deterministic,
            actions.discrete,
            dt=1 / frames,
            one_hot=isinstance(env.observation_space, gymnasium.spaces.Discrete),
        )
        self.spec = spec.with_thresholds(float(reproduce_at), float(mc_low), float(mc_high))

    def simulator(self, tasks: Sequence[Any], seeds: Sequence[int], device: str) -> Rows:
        return Rows(self.course, [partial(self._fitting, task) for task in tasks], seeds, device)

    def realising(self) -> dict[str, Any]:
        sizes = {"observations": self.spec.observation_size, "actions": self.spec.action_size}
        return {"horizon": self.spec.horizon, **sizes}

    def picture(self, task: Any, state: Shown) -> np.ndarray | None:
        """The environment's rendering of this state, [height, width, 3] uint8; None without one."""
        return state.picture()

    def outline(self, task: Any, state: Shown | None = None) -> dict[str, list[np.ndarray]]:
        """A bar for each gene, with the gene's position in its range as height.

        With a state: below them a bar for each observation, longer for larger values.
        """
        shares = features(task)
        layers = {"ground": [_bar(-0.5, len(shares) - 0.5, -1.1, 1.1), *_bars(shares, len(shares))]}
        if state is not None:
            layers["body"] = _bars(-(np.tanh(state.observation) + 1) / 2, len(shares))
        return layers

    def _fitting(self, task: Any) -> Environment:
        """The task's environment. ValueError if its action space is not that of the origin's."""
        env = self._made(task)
        if env.action_space != self.course.actions.space:
            raise ValueError(
                f"all environments of {self.name} must have the action space of the origin's, "
                f"{str(self.course.actions.space)[:60]}, got {str(env.action_space)[:60]} "
                f"for {asdict(task)}"
            )
        return env

    def _made(self, task: Any) -> Environment:
        env = self._make(**asdict(task))
        if not isinstance(env, gymnasium.Env):
            raise ValueError(
                f"make must return a gymnasium.Env, got {str(env)[:60]!r} for {asdict(task)}"
            )
        return env


def genome_of(origin: Mapping[str, float], genes: Mapping[str, Sequence[float]]) -> Any:
    """The task `origin`, an instance of a new frozen dataclass with the fields `genes`.

    ValueError, one line, for invalid genes.
    """
    mappings = isinstance(genes, Mapping) and isinstance(origin, Mapping)
    if not mappings or not genes or set(origin) != set(genes):
        raise ValueError(
            f"origin and genes must be mappings of the same names, got {origin!r:.60} "
            f"and {genes!r:.60}"
        )
    fields = []
    for name, numbers in genes.items():
        if not isinstance(name, str) or not name.isidentifier() or iskeyword(name):
            raise ValueError(
                f"a gene is an argument of make: its name must be an identifier, got {name!r:.40}"
            )
        low, high, step, start = _checked(name, numbers, origin[name])
        whole = all(type(number) is int for number in (low, high, start))
        kind = int if whole else float
        fields.append((name, kind, gene(kind(start) + 0, low=low, high=high, step=float(step))))
    return make_dataclass("Task", fields, frozen=True)()


def _checked(name: str, numbers: Any, start: Any) -> tuple[float, float, float, float]:
    listed = isinstance(numbers, list | tuple) and len(numbers) == 3
    if not listed or not all(
        type(n) in (int, float) and math.isfinite(n) for n in (*numbers, start)
    ):
        raise ValueError(
            f"gene {name} must be (low, high, mutation step), three finite numbers, "
            f"and its origin another, got {numbers!r:.60} and {start!r:.60}"
        )
    low, high, step = numbers
    if not (low <= start <= high and low < high and step >= 10**-DIGITS):
        raise ValueError(
            f"gene {name} needs low <= origin <= high, low < high and step >= {10**-DIGITS:g}, "
            f"got {numbers} and origin {start}"
        )
    if any(round(n, DIGITS) != n for n in (low, high, start)):
        raise ValueError(
            f"gene {name} must have ends and origin of at most {DIGITS} decimals, since tasks are "
            f"rounded to these, got {numbers} and origin {start}: choose a smaller unit"
        )
    return low, high, step, start


def _horizon(wanted: int | None, limit: int | None) -> int:
    steps = limit if wanted is None else wanted
    if type(steps) is not int or steps < 1:
        raise ValueError(
            "horizon must be an integer of at least 1, and is required if the environment has no "
            f"max_episode_steps, got {wanted!r:.60}"
        )
    if limit is not None and steps > limit:
        raise ValueError(f"horizon must be at most {limit}, the environment's own, got {steps}")
    return steps


def _judge(success: Success) -> Callable[[Ending], bool]:
    if success is None:
        return _always
    if isinstance(success, str):
        return partial(_reported, success)
    if not callable(success):
        raise ValueError(
            f"success must be a key of info, a function of an Ending or None, got {success!r:.60}"
        )
    return lambda ending: bool(success(ending))


def _always(ending: Ending) -> bool:
    return True


def _reported(key: str, ending: Ending) -> bool:
    if key not in ending.info:
        raise ValueError(
            f"success is info[{key!r}], which is missing in the last step: its keys are "
            f"{sorted(ending.info)!r:.80}"
        )
    return bool(ending.info[key])


def _bars(heights: np.ndarray, width: float) -> list[np.ndarray]:
    """A bar from 0 to each height, side by side, with total width `width`."""
    across = width / max(len(heights), 1)
    middles = (np.arange(len(heights)) + 0.5) * across - 0.5
    return [
        _bar(x - 0.3 * across, x + 0.3 * across, 0.0, h)
        for x, h in zip(middles, heights, strict=True)
    ]


def _bar(left: float, right: float, low: float, high: float) -> np.ndarray:
    """A closed rectangle [5, 2]."""
    return np.array(
        [[left, low], [right, low], [right, high], [left, high], [left, low]], np.float64
    )
