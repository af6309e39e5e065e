"""Many walkers as one Gymnasium vector environment: `gymnasium.make_vec(id, num_envs=n)`.

Autoreset (metadata["autoreset_mode"]): NEXT_STEP by default, as Gymnasium's own vector
environments: the step after an episode's end ignores the action, resets that row and returns its
first observation with reward 0. SAME_STEP: the ending step already returns the next episode's first
observation; the last one is in infos["final_obs"]. DISABLED: rows that have ended must be reset
with options={"reset_mask": mask} before the next step.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from gymnasium.error import ResetNeeded
from gymnasium.utils import seeding
from gymnasium.vector import AutoresetMode, VectorEnv
from gymnasium.vector.utils import batch_space

from ..processors import threads_of
from .batch import WalkerBatch
from .ground import ground
from .gymnasium_env import FPS, action_space, observation_space
from .picture import picture
from .track import Track

Stepped = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, dict[str, Any]]


class WalkerVectorEnv(VectorEnv):
    """num_envs walkers, each with its own generator. hardcore, terrain: as in gymnasium_env.WalkerEnv.

    max_episode_steps: steps after which an episode is truncated, if not sooner by its task's horizon;
    -1: no other limit; None: that of the id.
    threads: None is one for each processor that this process may use.
    """

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
        if render_mode not in (None, "rgb_array"):
            raise ValueError(f'render_mode of a vector environment must be None or "rgb_array", got {render_mode!r}')
        self.num_envs, self.render_mode, self.threads = num_envs, render_mode, threads_of(threads)
        self.autoreset_mode = AutoresetMode(autoreset_mode)
        self.metadata = {
            "render_modes": ["rgb_array"],
            "render_fps": FPS,
            "autoreset_mode": self.autoreset_mode,
        }
        self.single_observation_space, self.single_action_space = (
            observation_space(),
            action_space(),
        )
        self.observation_space = batch_space(self.single_observation_space, num_envs)
        self.action_space = batch_space(self.single_action_space, num_envs)
        self._ground = ground(hardcore, terrain)
        self._horizon = _limit(max_episode_steps, 2000 if hardcore else 1600, self._ground.horizon)
        self._generators: list[np.random.Generator] = []
        self._seeds: list[int] = []
        self._tracks: list[Track] = []
        self._batch: WalkerBatch | None = None
        self._ages, self._ended = np.zeros(num_envs, np.int64), np.zeros(num_envs, bool)

    @property  # type: ignore[misc]
    def np_random(self) -> tuple[np.random.Generator, ...]:  # type: ignore[override]
        """Each row's generator, as in Gymnasium's SyncVectorEnv."""
        self._seed([None] * self.num_envs, np.zeros(self.num_envs, bool))
        return tuple(self._generators)

    @property
    def np_random_seed(self) -> tuple[int, ...]:  # type: ignore[override]
        """The seed each row's generator was made with, as in Gymnasium's SyncVectorEnv."""
        self._seed([None] * self.num_envs, np.zeros(self.num_envs, bool))
        return tuple(self._seeds)

    def reset(
        self,
        *,
        seed: int | Sequence[int | None] | None = None,
        options: dict[str, Any] | None = None,
    ) -> tuple[np.ndarray, dict[str, Any]]:
        """seed: of row i, seed + i for a number, seed[i] for a list; None keeps the generators.

        options: {"reset_mask": [n] bool} resets the rows of the mask only.
        """
        if seed is None:
            seeds: list[int | None] = [None] * self.num_envs
        elif isinstance(seed, int):
            seeds = [seed + i for i in range(self.num_envs)]
        else:
            seeds = list(seed)
        if len(seeds) != self.num_envs:
            raise ValueError(f"seed must be one number or {self.num_envs} of them, got {len(seeds)}")
        rows = np.ones(self.num_envs, bool)
        if options is not None and "reset_mask" in options:
            rows = self._mask(options["reset_mask"])
        self._seed(seeds, rows)
        return self._restart(rows), {}

    def step(self, actions: np.ndarray) -> Stepped:
        if self._batch is None:
            raise ResetNeeded("call reset() before step()")
        begin = self._ended.copy()
        if begin.any() and self.autoreset_mode is AutoresetMode.DISABLED:
            ended = np.flatnonzero(begin).tolist()
            how = 'reset(options={"reset_mask": mask})'
            raise ResetNeeded(f"rows {ended} have ended: call {how} before step()")
        observations, rewards, terminated = self._batch.step(np.asarray(actions), ~begin)
        terminated = terminated & ~begin
        self._ages += ~begin
        truncated = ~begin & (self._ages >= self._horizon)
        infos: dict[str, Any] = {}
        if begin.any():
            observations = self._restart(begin)
        self._ended = terminated | truncated
        if self.autoreset_mode is AutoresetMode.SAME_STEP and self._ended.any():
            over, last = self._ended.copy(), np.full(self.num_envs, None, object)
            for row in np.flatnonzero(over):
                last[row] = observations[row]
            infos = {
                "final_obs": last,
                "final_info": {},
                "_final_obs": over,
                "_final_info": over.copy(),
            }
            observations = self._restart(over)
        return observations, rewards, terminated, truncated, infos

    def render(self) -> tuple[np.ndarray, ...] | None:
        """A picture a row."""
        if self._batch is None or self.render_mode is None:
            return None
        return tuple(picture(self._tracks[row], self._batch.pose(row)) for row in range(self.num_envs))

    def _mask(self, given: Any) -> np.ndarray:
        """The reset mask, checked as Gymnasium checks it."""
        if not isinstance(given, np.ndarray) or given.dtype != bool:
            got = str(given)[:60]
            raise TypeError(f'options["reset_mask"] must be a NumPy array of bool, got {got!r}')
        if given.shape != (self.num_envs,) or not given.any():
            raise ValueError(
                f'options["reset_mask"] must have shape [{self.num_envs}] and at least one True, '
                f"got shape {list(given.shape)} with {int(given.sum())}"
            )
        if self._batch is None and not given.all():
            raise ValueError('the first reset must be of all rows: leave out options["reset_mask"]')
        return given.copy()

    def _seed(self, seeds: Sequence[int | None], rows: np.ndarray) -> None:
        """New generators for rows in the mask that have a seed; the first time, for all rows."""
        if not self._generators:
            made = [seeding.np_random(seed) for seed in seeds]
            self._generators, self._seeds = [rng for rng, _ in made], [seed for _, seed in made]
            return
        for row, seed in enumerate(seeds):
            if rows[row] and seed is not None:
                self._generators[row], self._seeds[row] = seeding.np_random(seed)

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


def _limit(max_episode_steps: int | None, usual: int, horizon: int | None) -> float:
    """Steps after which an episode is truncated, as gymnasium.make and its TimeLimit take them.

    usual: where no other is given, nor a task's horizon.
    """
    if max_episode_steps is None:
        return usual if horizon is None else horizon
    if not isinstance(max_episode_steps, int):
        raise TypeError(f"max_episode_steps must be a whole number, got {max_episode_steps!r}")
    if max_episode_steps < 1 and max_episode_steps != -1:
        got = max_episode_steps
        raise ValueError(f"max_episode_steps must be at least 1, or -1 for no limit, got {got}")
    limits = [max_episode_steps if max_episode_steps != -1 else np.inf, horizon or np.inf]
    return min(limits)
