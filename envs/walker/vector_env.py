"""Many walkers as one Gymnasium vector environment: `gymnasium.make_vec(id, num_envs=n)`.

Autoreset (metadata["autoreset_mode"]):
NEXT_STEP, the default of Gymnasium's vector environments: the step after the end of an episode
ignores the action, resets that row and returns its first observation with reward 0.
SAME_STEP: the last step of an episode returns the next episode's first observation; the final
observation is in infos["final_obs"].
DISABLED: ended rows must be reset with options={"reset_mask": mask} before the next step.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from gymnasium.error import ResetNeeded
from gymnasium.vector import AutoresetMode, VectorEnv
from gymnasium.vector.utils import batch_space

from ..parts.processors import threads_of
from .batch import WalkerBatch
from .body import Body
from .body_genes import BodyGenes
from .ground import Ground, checked_body, drawn_body, ground, limit, per_row, usual_horizon
from .gymnasium_env import FPS, WalkerEnv, action_space, observation_space
from .picture import picture
from .restart_step import restart_step
from .track import Track
from .vector_rows import RowGenerators, final_infos, hull_infos, reset_mask

ATTRIBUTES = (
    "action_space", "body", "metadata", "np_random", "np_random_seed", "observation_space",
    "render_mode", "spec", "terrain",
)  # fmt: skip
Stepped = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, dict[str, Any]]


class WalkerVectorEnv(VectorEnv):
    """num_envs walkers, each with its own random generator.

    hardcore, own_horizon: as in gymnasium_env.WalkerEnv.
    terrain: as in WalkerEnv, for all rows; or a list or tuple of one terrain per row. Each row has
    the horizon of its own task.
    body: as in WalkerEnv, for all rows; or a list or tuple of one body per row.
    max_episode_steps: steps after which an episode is truncated, if the row's horizon is not
    lower. -1: no limit but the horizon; None: the horizon, or without one Gymnasium's limit.
    threads: None: one for each processor available to this process.

    infos of reset and step: x_position [m] and x_velocity [m/s] of each hull, [num_envs] float64,
    with the masks _x_position and _x_velocity of the rows that have them.
    """

    def __init__(
        self,
        num_envs: int = 1,
        render_mode: str | None = None,
        *,
        max_episode_steps: int | None = None,
        hardcore: bool = False,
        terrain: Any = None,
        own_horizon: bool = False,
        body: Any = None,
        autoreset_mode: AutoresetMode | str = AutoresetMode.NEXT_STEP,
        threads: int | None = None,
    ) -> None:
        if num_envs < 1:
            raise ValueError(f"num_envs must be at least 1, got {num_envs}")
        if render_mode not in (None, "rgb_array"):
            raise ValueError(
                'render_mode of a vector environment must be None or "rgb_array", '
                f"got {render_mode!r}"
            )
        self.num_envs, self.render_mode, self.threads = num_envs, render_mode, threads_of(threads)
        self.autoreset_mode = AutoresetMode(autoreset_mode)
        self.metadata = {
            "render_modes": ["rgb_array"],
            "render_fps": FPS,
            "autoreset_mode": self.autoreset_mode,
        }
        self.single_observation_space = observation_space()
        self.single_action_space = action_space()
        self.observation_space = batch_space(self.single_observation_space, num_envs)
        self.action_space = batch_space(self.single_action_space, num_envs)
        self._hardcore, self._own_horizon, self._limit = hardcore, own_horizon, max_episode_steps
        self._grounds = self._grounds_of(terrain)  # of each row's next reset
        self._bodies = self._bodies_of(body)  # of each row's next reset
        # steps so far, and the number of them at which each row's episode is truncated
        self._steps, self._deadlines = 0, np.zeros(num_envs)
        for each in self._grounds:
            self._horizon(each)  # ValueError here for a wrong limit
        self._rows = RowGenerators(num_envs)
        self._tracks: list[Track] = []
        self._batch: WalkerBatch | None = None
        self._ended = np.zeros(num_envs, bool)

    @property  # type: ignore[misc]
    def np_random(self) -> tuple[np.random.Generator, ...]:  # type: ignore[override]
        """Each row's generator, as in Gymnasium's SyncVectorEnv."""
        self._rows.make()
        return tuple(self._rows.generators)

    @property
    def np_random_seed(self) -> tuple[int, ...]:  # type: ignore[override]
        """The seed each row's generator was made with, as in Gymnasium's SyncVectorEnv."""
        self._rows.make()
        return tuple(self._rows.seeds)

    def reset(
        self,
        *,
        seed: int | Sequence[int | None] | None = None,
        options: dict[str, Any] | None = None,
    ) -> tuple[np.ndarray, dict[str, Any]]:
        """Start episodes; observations [num_envs, 24] and infos.

        seed: row i has seed + i for a number, seed[i] for a list; None keeps the generators.
        options: {"reset_mask": [num_envs] bool} resets the rows in the mask only. {"terrain": one,
        or a list of one per row} sets the terrain of the rows that are reset, now and later;
        {"body": ...} likewise their body.
        """
        rows = np.ones(self.num_envs, bool)
        if options is not None and "reset_mask" in options:
            rows = reset_mask(options["reset_mask"], self.num_envs)
            if self._batch is None and not rows.all():
                raise ValueError(
                    'the first reset must be of all rows: leave out options["reset_mask"]'
                )
        new_grounds, new_bodies = self._grounds, self._bodies
        if options is not None and "terrain" in options:
            new_grounds = self._grounds_of(options["terrain"])
        if options is not None and "body" in options:
            new_bodies = self._bodies_of(options["body"])
        self._rows.seed(seed, rows)
        for row in np.flatnonzero(rows):
            self._grounds[row], self._bodies[row] = new_grounds[row], new_bodies[row]
        if self._batch is None:
            self._batch = self._first_batch()
        else:
            self._place(self._batch, rows)
        return self._batch.reset(rows), hull_infos(self._batch, rows)

    def step(self, actions: np.ndarray) -> Stepped:
        batch = self._batch
        if batch is None:
            raise ResetNeeded("call reset() before step()")
        if self.autoreset_mode is AutoresetMode.DISABLED and self._ended.any():
            ended = np.flatnonzero(self._ended).tolist()
            how = 'reset(options={"reset_mask": mask})'
            raise ResetNeeded(f"rows {ended} have ended: call {how} before step()")
        observations, rewards, terminated, truncated = self._advance(batch, actions)
        infos: dict[str, Any] = {}
        self._ended = terminated | truncated
        if self.autoreset_mode is AutoresetMode.SAME_STEP and self._ended.any():
            over = self._ended.copy()
            infos = final_infos(batch, over, observations)
            self._place(batch, over)
            observations = batch.reset(over)
        infos.update(hull_infos(batch))
        return observations, rewards, terminated, truncated, infos

    def _advance(
        self, batch: WalkerBatch, actions: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Step the rows, and begin an episode in those that have ended: observations, rewards,
        terminated and truncated of all rows.
        """
        if not np.count_nonzero(self._ended):
            results = batch.step(actions)
        else:
            begin = self._ended.copy()
            results = restart_step(batch, actions, begin, lambda: self._place(batch, begin))
            self._deadlines[begin] += 1  # this step is not one of their episodes
        self._steps += 1
        return *results, self._deadlines <= self._steps

    def render(self) -> tuple[np.ndarray, ...] | None:
        """One picture per row, each [height, width, 3] uint8."""
        if self._batch is None or self.render_mode is None:
            return None
        return tuple(
            picture(track, self._batch.pose(row)) for row, track in enumerate(self._tracks)
        )

    def call(self, name: str, *args: Any, **kwargs: Any) -> tuple[Any, ...]:
        """Result of `render`, or value of an attribute, for each row; as in SyncVectorEnv."""
        if name == "render":
            return self.render(*args, **kwargs) or (None,) * self.num_envs
        if name not in ATTRIBUTES:
            known = ", ".join(ATTRIBUTES)
            message = f"a row has no attribute or method {name!r}, only {known} and render()"
            raise AttributeError(message)
        return self.get_attr(name)

    def get_attr(self, name: str) -> tuple[Any, ...]:
        """The attribute of a single environment, for each row; as in SyncVectorEnv.

        terrain, body: of the row's next reset; None: Gymnasium's ground, and the task's body.
        """
        match name:
            case "terrain":
                return tuple(each.task for each in self._grounds)
            case "body":
                return tuple(self._bodies)
            case "np_random" | "np_random_seed":
                return getattr(self, name)
            case "observation_space" | "action_space":
                return (getattr(self, f"single_{name}"),) * self.num_envs
            case "metadata":
                return (WalkerEnv.metadata,) * self.num_envs
            case "render_mode" | "spec":
                return (getattr(self, name),) * self.num_envs
        raise AttributeError(f"a row has no attribute {name!r}, only {', '.join(ATTRIBUTES)}")

    def set_attr(self, name: str, values: Any) -> None:
        """Set terrain or body from each row's next reset on: one for all rows, or one per row."""
        match name:
            case "terrain":
                self._grounds = self._grounds_of(values)
            case "body":
                self._bodies = self._bodies_of(values)
            case _:
                raise AttributeError(f"only terrain and body of a row can be set, got {name!r}")

    def _grounds_of(self, terrain: Any) -> list[Ground]:
        def checked(each: Any) -> Ground:
            return ground(self._hardcore, each, self._own_horizon)

        return per_row("terrain", terrain, self.num_envs, checked)

    def _bodies_of(self, body: Any) -> list[Body | BodyGenes | None]:
        return per_row("body", body, self.num_envs, checked_body)

    def _first_batch(self) -> WalkerBatch:
        drawn = [self._draw(row) for row in range(self.num_envs)]
        self._tracks, bodies = [track for track, _ in drawn], [body for _, body in drawn]
        return WalkerBatch(self._tracks, bodies=bodies, threads=self.threads)

    def _place(self, batch: WalkerBatch, rows: np.ndarray) -> None:
        """Assign new tracks and bodies to the walkers of these rows, for their next reset."""
        for row in np.flatnonzero(rows).tolist():
            self._tracks[row], body = self._draw(row)
            batch.place(row, self._tracks[row], body)

    def _draw(self, row: int) -> tuple[Track, Body]:
        """Track and body of a row's next episode."""
        rng, own = self._rows.generators[row], self._grounds[row]
        drawn = own(rng)
        self._ended[row], self._deadlines[row] = False, self._steps + self._horizon(own)
        return drawn.track, drawn_body(self._bodies[row], drawn, rng)

    def _horizon(self, own: Ground) -> float:
        """Steps after which an episode on this ground is truncated; infinite for no limit."""
        return limit(self._limit, usual_horizon(self._hardcore), own.horizon)
