"""Many walkers as one Gymnasium vector environment, on the batched physics: `gymnasium.make_vec(id, num_envs=n)`.

Autoreset (metadata["autoreset_mode"]): NEXT_STEP by default, as Gymnasium's own vector environments: the step after an
episode's end ignores the action, resets that row and returns its first observation with reward 0. SAME_STEP on request:
the ending step already returns the next episode's first observation; the last one is in infos["final_obs"].
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from gymnasium.utils import seeding
from gymnasium.vector import AutoresetMode, VectorEnv
from gymnasium.vector.utils import batch_space

from .batch import WalkerBatch
from .ground import ground
from .gymnasium_env import FPS, action_space, observation_space
from .picture import picture

Stepped = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, dict[str, Any]]


class WalkerVectorEnv(VectorEnv):
    """num_envs walkers; the other arguments as in gymnasium_env.WalkerEnv. Row i draws from its own generator."""

    def __init__(
        self,
        num_envs: int = 1,
        render_mode: str | None = None,
        *,
        max_episode_steps: int | None = None,
        hardcore: bool = False,
        terrain: Any = None,
        autoreset_mode: AutoresetMode | str = AutoresetMode.NEXT_STEP,
        threads: int | None = None,
    ) -> None:
        if num_envs < 1:
            raise ValueError(f"num_envs must be at least 1, got {num_envs}")
        mode = AutoresetMode(autoreset_mode)
        if mode is AutoresetMode.DISABLED:
            raise ValueError("autoreset_mode must be NextStep or SameStep")
        if render_mode not in (None, "rgb_array"):
            raise ValueError(f'render_mode of a vector environment must be None or "rgb_array", got {render_mode!r}')
        self.num_envs, self.render_mode, self.threads = num_envs, render_mode, threads
        self.metadata = {"render_modes": ["rgb_array"], "render_fps": FPS, "autoreset_mode": mode}
        self.single_observation_space, self.single_action_space = observation_space(), action_space()
        self.observation_space = batch_space(self.single_observation_space, num_envs)
        self.action_space = batch_space(self.single_action_space, num_envs)
        self._ground, self._same_step = ground(hardcore, terrain), mode is AutoresetMode.SAME_STEP
        limits = [limit for limit in (max_episode_steps, self._ground.horizon) if limit is not None]
        self._horizon = min(limits, default=np.inf)
        self._generators: list[np.random.Generator] = []
        self._batch: WalkerBatch | None = None
        self._ages, self._ended = np.zeros(num_envs, np.int64), np.zeros(num_envs, bool)

    def reset(
        self, *, seed: int | Sequence[int | None] | None = None, options: dict[str, Any] | None = None
    ) -> tuple[np.ndarray, dict[str, Any]]:
        """seed: of row i, seed + i for a number, seed[i] for a list; None goes on with the rows' generators."""
        if seed is None:
            seeds: list[int | None] = [None] * self.num_envs
        elif isinstance(seed, int):
            seeds = [seed + i for i in range(self.num_envs)]
        else:
            seeds = list(seed)
        if len(seeds) != self.num_envs:
            raise ValueError(f"seed must be one number or {self.num_envs} of them, got {len(seeds)}")
        if not self._generators:
            self._generators = [seeding.np_random(given)[0] for given in seeds]
        else:
            for row, given in enumerate(seeds):
                if given is not None:
                    self._generators[row] = seeding.np_random(given)[0]
        return self._restart(np.ones(self.num_envs, bool)), {}

    def step(self, actions: np.ndarray) -> Stepped:
        if self._batch is None:
            raise ValueError("call reset() before step()")
        begin = self._ended.copy()
        observations, rewards, terminated = self._batch.step(np.asarray(actions, np.float32), ~begin)
        terminated = terminated & ~begin
        self._ages += ~begin
        truncated = ~begin & ~terminated & (self._ages >= self._horizon)
        infos: dict[str, Any] = {}
        if begin.any():
            observations = self._restart(begin)
        self._ended = terminated | truncated
        if self._same_step and self._ended.any():
            last = observations
            infos["final_obs"] = np.array(
                [row if ended else None for row, ended in zip(last, self._ended, strict=True)], object
            )
            infos["final_info"] = {}
            over = self._ended.copy()
            infos["_final_obs"] = infos["_final_info"] = over
            observations = self._restart(over)
        return observations, rewards, terminated, truncated, infos

    def render(self) -> tuple[np.ndarray, ...] | None:
        """A picture a row."""
        if self._batch is None or self.render_mode is None:
            return None
        return tuple(picture(self._tracks[row], self._batch.pose(row)) for row in range(self.num_envs))

    def _restart(self, rows: np.ndarray) -> np.ndarray:
        """New tracks for these rows, and their walkers on them; observations of all rows [n, 24]."""
        fresh = {int(row): self._ground(self._generators[row]) for row in np.flatnonzero(rows)}
        if self._batch is None:
            self._tracks = [fresh[row] for row in range(self.num_envs)]
            self._batch = WalkerBatch(self._tracks, threads=self.threads)
        else:
            for row, track in fresh.items():
                self._tracks[row] = track
                self._batch.place(row, track)
        self._ages[rows], self._ended[rows] = 0, False
        return self._batch.reset(rows)
