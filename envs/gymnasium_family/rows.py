"""Simulator of a batch of Gymnasium environments (arXiv 2407.17032), one environment per row.

Every episode runs in a newly made environment, reset with the row's seed, because the results of
some environments depend on earlier episodes (for Box2D, on the order of contacts). So a batch gives
the results of single rows, and the same seed gives the same episode.
"""

from __future__ import annotations

import weakref
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import gymnasium
import numpy as np
import torch

from ..parts.draws import seeds_by_row
from .spaces import Actions, flattened

Environment = gymnasium.Env[Any, Any]


@dataclass(frozen=True)
class Ending:
    """The last step of an episode, from which `success` is determined."""

    env: Environment
    observation: Any
    reward: float
    terminated: bool  # False: truncated
    info: Mapping[str, Any]


@dataclass(frozen=True)
class Shown:
    """A row's state for pictures."""

    observation: np.ndarray  # [o] float32
    pixels: bytes = b""  # zlib of [height, width, 3] uint8; empty if nothing is rendered
    shape: tuple[int, ...] = ()

    def picture(self) -> np.ndarray | None:
        """[height, width, 3] uint8."""
        if not self.pixels:
            return None
        return np.frombuffer(zlib.decompress(self.pixels), np.uint8).reshape(self.shape)


@dataclass(frozen=True)
class Course:
    """Properties shared by all environments of a family."""

    space: gymnasium.Space[Any]  # of observations
    size: int  # of a flattened observation
    actions: Actions
    horizon: int
    success: Callable[[Ending], bool]


class Rows:
    """Simulator (poet.interfaces) of n environments.

    make: [n] functions, each of which returns a new environment for its row.
    """

    def __init__(
        self,
        course: Course,
        make: Sequence[Callable[[], Environment]],
        seeds: Sequence[int],
        device: str,
    ) -> None:
        n = len(make)
        self.course, self.device, self.steps = course, device, 0
        self._make, self._seeds = list(make), [int(seed) for seed in seeds]
        self._episode, self._age = np.zeros(n, np.int64), np.zeros(n, np.int64)
        self._seen = np.zeros((n, course.size), np.float32)
        self._terminated, self._truncated, self._success = (np.zeros(n, bool) for _ in range(3))
        self._envs: list[Environment | None] = [None] * n
        self._drawn: set[int] = set()  # rows whose environment has rendered
        weakref.finalize(self, _close_all, self._envs, self._drawn)

    @property
    def success(self) -> torch.Tensor:
        return self._tensor(self._success)

    def reset(self) -> torch.Tensor:
        """The first episode of every row."""
        for row in range(len(self._make)):
            self._begin(row, 0)
        return self._tensor(self._seen)

    def restart(self, rows: torch.Tensor, count: int | torch.Tensor = 1) -> torch.Tensor:
        """Start another episode in the rows of the mask [n] bool, `count` after the current one;
        observations [n, o] of all rows.
        """
        further = np.broadcast_to(torch.as_tensor(count).cpu().numpy(), len(self._make))
        for row in np.flatnonzero(rows.cpu().numpy()):
            self._begin(int(row), int(self._episode[row] + further[row]))
        return self._tensor(self._seen)

    def redraw(self, rows: torch.Tensor, seeds: Sequence[int]) -> torch.Tensor:
        """Start the rows of the mask [n] bool as with new seeds, one for each row of the mask in
        order; observations [n, o] of all rows.
        """
        for row, seed in seeds_by_row(rows, seeds):
            self._seeds[row] = seed
            self._begin(row, 0)
        return self._tensor(self._seen)

    def step(
        self, actions: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
        numbers, rewards = actions.detach().cpu().numpy(), np.zeros(len(self._make))
        for row in np.flatnonzero(~(self._terminated | self._truncated)):
            rewards[row] = self._step(int(row), numbers[row])
        flags = self._tensor(self._terminated), self._tensor(self._truncated)
        return self._tensor(self._seen), self._tensor(rewards), *flags

    def state(self, row: int) -> Shown:
        """The row's observation, and its picture if the environment renders pixel arrays.

        The render mode is set for this call only: LunarLander simulates the particles it draws, so
        an environment made with a render mode would give different episodes.
        """
        env, seen = self._envs[row], self._seen[row].copy()
        if env is None or "rgb_array" not in (env.metadata.get("render_modes") or ()):
            return Shown(seen)
        world = env.unwrapped
        before, world.render_mode = world.render_mode, "rgb_array"
        self._drawn.add(row)
        try:
            pixels = _rendered(world)
        finally:
            world.render_mode = before
        if not isinstance(pixels, np.ndarray) or pixels.dtype != np.uint8 or pixels.ndim != 3:
            raise ValueError(
                f"render() must return uint8 [height, width, 3], got {str(pixels)[:60]!r}"
            )
        return Shown(seen, zlib.compress(pixels.tobytes(), 1), pixels.shape)

    def _begin(self, row: int, episode: int) -> None:
        _close(self._envs, self._drawn, row)
        env = self._envs[row] = self._make[row]()
        self._episode[row], self._age[row] = episode, 0
        self._terminated[row] = self._truncated[row] = self._success[row] = False
        seed = np.random.SeedSequence((self._seeds[row], episode)).generate_state(1)[0]
        self._see(row, env.reset(seed=int(seed))[0])

    def _step(self, row: int, numbers: np.ndarray) -> float:
        """One step of a row that has not ended; its reward."""
        env, course = self._envs[row], self.course
        if env is None:
            raise ValueError("step() was called before reset()")
        observation, reward, terminated, truncated, info = env.step(course.actions.of(numbers))
        self._see(row, observation)
        self.steps += 1
        self._age[row] += 1
        self._terminated[row] = terminated
        self._truncated[row] = not terminated and (truncated or self._age[row] >= course.horizon)
        if self._terminated[row] or self._truncated[row]:
            ending = Ending(env, observation, float(reward), bool(terminated), info)
            self._success[row] = course.success(ending)
        return float(reward)

    def _see(self, row: int, observation: Any) -> None:
        seen = flattened(self.course.space, observation)
        if len(seen) != self.course.size:
            raise ValueError(
                "all environments of a family must have the same number of observations, "
                f"{self.course.size}, got {len(seen)} in row {row}"
            )
        self._seen[row] = seen

    def _tensor(self, values: np.ndarray) -> torch.Tensor:
        return torch.from_numpy(values.copy()).to(self.device)


def _rendered(world: Environment) -> Any:
    """The result of render(), with pygame's display restored.

    Gymnasium's classic environments initialise the display even if they draw in memory.
    """
    import pygame

    initialised = pygame.display.get_init()
    pixels = world.render()
    if not initialised:
        pygame.display.quit()
    return pixels


def _close_all(envs: list[Environment | None], drawn: set[int]) -> None:
    for row in range(len(envs)):
        _close(envs, drawn, row)


def _close(envs: list[Environment | None], drawn: set[int], row: int) -> None:
    """Close the row's environment, unless it has rendered.

    A Gymnasium environment that has rendered quits pygame for the whole process when it is closed,
    and with it the window of a replay; these are left to the garbage collector.
    """
    env, envs[row] = envs[row], None
    if env is not None and row not in drawn:
        env.close()
    drawn.discard(row)
