"""The bipedal walker as a Gymnasium environment (arXiv 2407.17032), usable without POET. The
observation, action and reward tables are in docs/envs.md.

`openpoet/BipedalWalker-v3` and `openpoet/BipedalWalkerHardcore-v3` reproduce Gymnasium's own
environment after a reset with a seed, bit for bit on x86-64. The reference is Gymnasium's
environment freshly made: when reused it gives other results, because Box2D's contact order depends
on earlier contents of the world; ours gives the same results fresh or reused. `openpoet/Walker-v0`
accepts any terrain.
"""

from __future__ import annotations

import math
from typing import Any

import gymnasium
import numpy as np
from gymnasium import spaces

from .batch import WalkerBatch
from .body import Body
from .body_genes import BodyGenes
from .ground import checked_body, drawn_body, ground
from .picture import Window, picture
from .single_step import SingleStep
from .task import WalkerTask
from .track import Track

_ANGLES, _SPEED, _TOUCH = math.pi, 5.0, 5.0
_LEG = [_ANGLES, _SPEED, _ANGLES, _SPEED]
_HIGH = np.array(
    [_ANGLES, _SPEED, _SPEED, _SPEED, *_LEG, _TOUCH, *_LEG, _TOUCH, *[1.0] * 10], np.float32
)
_LOW = np.where(np.isin(np.arange(24), (8, 13)), -0.0, -_HIGH).astype(np.float32)

FPS = 50


def observation_space() -> spaces.Box:
    """Box [24]: hull angle and velocities, joints, leg contacts, ten lidar fractions; the bounds
    are Gymnasium's.
    """
    return spaces.Box(_LOW, _HIGH)


def action_space() -> spaces.Box:
    """Box [4]: torque of hip and knee of each leg, as a fraction of the largest."""
    return spaces.Box(-1.0, 1.0, (4,), np.float32)


class WalkerEnv(gymnasium.Env[np.ndarray, np.ndarray]):
    """One walker.

    terrain: a WalkerTask, a genome, a task's dict or JSON text, a niche of an archive such as
    "FILE.poet#12" or "runs/a#12", or "flat". None: Gymnasium's ground, hardcore or not.
    body: a Body, with which every episode is simulated; BodyGenes, or the name of one
    (body_genes.NAMED, such as "legs"), from which every episode draws a body. None: the task's,
    otherwise Gymnasium's.
    own_horizon: whether Gymnasium's ground truncates an episode after its usual 1600 steps (2000
    if hardcore). False leaves the limit to gymnasium.make.

    A task with a seed gives the same terrain at every reset; a task without, and Gymnasium's
    ground, are drawn anew. An episode is truncated after the task's horizon or the limit of
    gymnasium.make, whichever is lower.

    info of reset and step: x_position [m] and x_velocity [m/s] of the hull, float.
    """

    metadata = {"render_modes": ["human", "rgb_array"], "render_fps": FPS}  # noqa: RUF012  # Gymnasium's own form

    def __init__(
        self,
        render_mode: str | None = None,
        hardcore: bool = False,
        terrain: Any = None,
        own_horizon: bool = False,
        body: Any = None,
    ) -> None:
        if render_mode is not None and render_mode not in self.metadata["render_modes"]:
            raise ValueError(
                f"render_mode must be one of {self.metadata['render_modes']}, got {render_mode!r}"
            )
        self.render_mode = render_mode
        self.observation_space, self.action_space = observation_space(), action_space()
        self._hardcore, self._own_horizon = hardcore, own_horizon
        self.terrain = terrain
        self.body = body
        self._horizon: int | None = None  # of this episode
        self._walker: SingleStep | None = None
        self._track: Track | None = None
        self._age = 0  # steps of the episode
        self._window: Window | None = None

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_window": None}  # a copy opens a window of its own

    @property
    def terrain(self) -> WalkerTask | None:
        """The task of the next reset; None: Gymnasium's ground. Accepts any form of terrain."""
        return self._ground.task

    @terrain.setter
    def terrain(self, terrain: Any) -> None:
        # of the next reset
        self._ground = ground(self._hardcore, terrain, self._own_horizon)

    @property
    def body(self) -> Body | BodyGenes | None:
        """The body of the next reset, or the genes it is drawn from; None: the task's. Accepts any
        form of body.
        """
        return self._body

    @body.setter
    def body(self, body: Any) -> None:
        self._body = checked_body(body)

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[np.ndarray, dict[str, Any]]:
        """Start an episode. options: {"terrain": any form of terrain} sets the terrain of this and
        later episodes; {"body": any form of body} likewise their body.
        """
        if options is not None and "terrain" in options:
            self.terrain = options["terrain"]
        if options is not None and "body" in options:
            self.body = options["body"]
        super().reset(seed=seed)
        drawn = self._ground(self.np_random)
        body = drawn_body(self.body, drawn, self.np_random)
        self._track, self._age = drawn.track, 0
        self._horizon = self._ground.horizon
        if self._walker is None:
            self._walker = SingleStep(WalkerBatch([self._track], bodies=[body], threads=1))
        else:
            self._walker.batch.place(0, self._track, body)
        observation = self._walker.batch.reset()[0]
        if self.render_mode == "human":
            self.render()
        return observation, self._info(self._walker)

    def step(self, action: np.ndarray) -> tuple[np.ndarray, float, bool, bool, dict[str, Any]]:
        walker = self._walker
        if walker is None:
            raise gymnasium.error.ResetNeeded("call reset() before step()")
        observation, reward, terminated = walker(action)
        if self.render_mode == "human":
            self.render()
        self._age += 1
        truncated = self._horizon is not None and self._age >= self._horizon
        return observation, reward, terminated, truncated, self._info(walker)

    @staticmethod
    def _info(walker: SingleStep) -> dict[str, float]:
        position, velocity = walker.motion()
        return {"x_position": position, "x_velocity": velocity}

    def render(self) -> np.ndarray | None:
        if self._walker is None or self._track is None:
            raise gymnasium.error.ResetNeeded("call reset() before render()")
        if self.render_mode is None:
            gymnasium.logger.warn(
                'render() needs render_mode="rgb_array" or "human" in gymnasium.make'
            )
            return None
        frame = picture(self._track, self._walker.batch.pose(0))
        if self.render_mode == "human":
            self._window = self._window or Window()
            self._window.show(frame, FPS)
            return None
        return frame

    def close(self) -> None:
        """Close the window, as its close button does; the environment can still be stepped."""
        if self._window is not None:
            self._window.close()
