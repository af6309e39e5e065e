"""A simulator for task families written in torch: bookkeeping of episodes over a *world*.

A world is a batch of n tasks with drawn parameters, as pure functions of their state (a dict of
tensors [n, ...]). `Episodes` counts steps, ends, restarts and redraws rows. A row that has ended
keeps its state and observation.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

import torch

from .draws import seeds_by_row

State = dict[str, torch.Tensor]


@dataclass(frozen=True)
class Spec:
    """Properties of a family's episodes; the fields are documented in poet.interfaces.Spec."""

    observation_size: int
    action_size: int
    horizon: int
    episodes: int
    solved_score: float
    deterministic: bool
    discrete: bool = False
    labels: int = 0
    dt: float = 0.25  # duration of a step in a replay [s]: slow enough to follow single decisions
    reproduce_at: float | None = None
    mc_low: float | None = None
    mc_high: float | None = None
    one_hot: bool = False

    def with_thresholds(self, reproduce_at: float, mc_low: float, mc_high: float) -> Spec:
        """A copy with these thresholds of POET."""
        return replace(self, reproduce_at=reproduce_at, mc_low=mc_low, mc_high=mc_high)


class World(Protocol):
    """A batch of n tasks. All tensors are on one device and none is changed in place; random
    numbers come from draws.Draws.
    """

    def begin(self, episode: torch.Tensor) -> State:
        """The initial state of every row's episode.

        episode: [n] int64, its number in the trial. Episodes of a trial share the parameters drawn
        for the task.
        """
        ...

    def advance(
        self, state: State, actions: torch.Tensor
    ) -> tuple[State, torch.Tensor, torch.Tensor, torch.Tensor]:
        """Next state, rewards [n] f64, terminated and reached [n] bool after actions [n, a] f32.

        reached: whether the task's goal is reached in this step; always True for tasks that are
        judged by the return alone.
        """
        ...

    def observe(self, state: State) -> torch.Tensor:
        """[n, o] float32."""
        ...


class Episodes:
    """Simulator (poet.interfaces) of the world drawn with the seeds [n].

    draw: the world for seeds [n]; what it draws for a row depends on the row's seed only.
    """

    def __init__(
        self,
        draw: Callable[[Sequence[int]], World],
        seeds: Sequence[int],
        horizon: int,
        device: str,
    ) -> None:
        self._draw, self._seeds = draw, list(seeds)
        self.world, self.horizon, self.steps = draw(self._seeds), horizon, 0
        self._episode = torch.zeros(len(seeds), dtype=torch.int64, device=device)
        self._age = torch.zeros_like(self._episode)
        self._terminated = torch.zeros(len(seeds), dtype=torch.bool, device=device)
        self._truncated = torch.zeros_like(self._terminated)
        self.success = torch.zeros_like(self._terminated)
        self._state: State = {}

    def reset(self) -> torch.Tensor:
        """The first episode of every row."""
        self._episode, self._age = torch.zeros_like(self._episode), torch.zeros_like(self._age)
        self._terminated = self._truncated = self.success = torch.zeros_like(self._terminated)
        self._state = self.world.begin(self._episode)
        return self.world.observe(self._state)

    def restart(self, rows: torch.Tensor, count: int | torch.Tensor = 1) -> torch.Tensor:
        """Start another episode in the rows of the mask [n] bool, `count` after the current one;
        observations [n, o] of all rows.
        """
        return self._begin(rows, self._episode + rows * count)

    def redraw(self, rows: torch.Tensor, seeds: Sequence[int]) -> torch.Tensor:
        """Start the rows of the mask [n] bool on new realisations of their tasks; observations
        [n, o] of all rows. seeds: one for each row of the mask, in order.
        """
        for row, seed in seeds_by_row(rows, seeds):
            self._seeds[row] = seed
        self.world = self._draw(self._seeds)
        return self._begin(rows, torch.where(rows, 0, self._episode))

    def _begin(self, rows: torch.Tensor, episode: torch.Tensor) -> torch.Tensor:
        """Start the rows of the mask on these episodes [n]; observations of all rows."""
        self._episode = episode
        self._age = torch.where(rows, 0, self._age)
        self._terminated, self._truncated = self._terminated & ~rows, self._truncated & ~rows
        self.success = self.success & ~rows
        self._state = _chosen(rows, self.world.begin(self._episode), self._state)
        return self.world.observe(self._state)

    def step(
        self, actions: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
        live = ~(self._terminated | self._truncated)
        state, rewards, terminated, reached = self.world.advance(self._state, actions)
        self._state = _chosen(live, state, self._state)
        self._age = self._age + live
        self.steps += int(live.sum())
        self._terminated = self._terminated | (terminated & live)
        self._truncated = self._truncated | (live & ~terminated & (self._age >= self.horizon))
        self.success = self.success | (reached & live)
        rewards = torch.where(live, rewards, 0.0)
        return (
            self.world.observe(self._state),
            rewards,
            self._terminated.clone(),
            self._truncated.clone(),
        )

    def state(self, row: int) -> Mapping[str, Any]:
        """One row's state: numpy arrays and numbers by name."""
        return {name: tensor[row].cpu().numpy() for name, tensor in self._state.items()}


def _chosen(rows: torch.Tensor, new: State, old: State) -> State:
    """`new` for the rows in the mask, `old` for the others."""
    return {
        name: torch.where(rows.reshape(-1, *[1] * (tensor.dim() - 1)), tensor, old[name])
        for name, tensor in new.items()
    }
