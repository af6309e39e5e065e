"""The walker's vector environment as a VecEnv of Stable-Baselines3, which must be installed.

Reference: Raffin et al. 2021, JMLR 22 (268), and the page "Vectorized Environments" of its manual.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from gymnasium.vector import AutoresetMode

if TYPE_CHECKING:
    from .vector_env import WalkerVectorEnv

try:
    from stable_baselines3.common.vec_env import VecEnv
except ModuleNotFoundError as missing:
    if (missing.name or "").split(".")[0] != "stable_baselines3":
        raise
    message = "this module needs Stable-Baselines3: pip install 'stable-baselines3>=2.9'"
    raise ModuleNotFoundError(message, name=missing.name) from None

Indices = int | Iterable[int] | None
Stepped = tuple[np.ndarray, np.ndarray, np.ndarray, list[dict[str, Any]]]


class WalkerVecEnv(VecEnv):
    """Equivalent to a DummyVecEnv of single walkers: same observations, rewards, dones and infos.

    env: from gymnasium.make_vec, with autoreset_mode AutoresetMode.SAME_STEP. Observations are
    [num_envs, 24] float32, rewards [num_envs] float32. The info of a row that has ended contains
    terminal_observation [24] and TimeLimit.truncated, True if only the time limit ended it.
    """

    def __init__(self, env: WalkerVectorEnv) -> None:
        if env.metadata.get("autoreset_mode") is not AutoresetMode.SAME_STEP:
            how = "autoreset_mode=AutoresetMode.SAME_STEP"
            got = env.metadata.get("autoreset_mode")
            raise ValueError(f"env must be made with {how} in gymnasium.make_vec, got {got}")
        self.env = env
        self._actions: np.ndarray | None = None
        super().__init__(env.num_envs, env.single_observation_space, env.single_action_space)
        self.metadata = env.get_attr("metadata")[0]

    def reset(self) -> np.ndarray:
        """First observations [num_envs, 24] of all rows, with the seeds and options set before.

        The options "terrain" and "body" change those of a row; rows without them keep theirs.
        """
        options: dict[str, Any] = {}
        for name in ("terrain", "body"):
            if any(name in each for each in self._options):
                pairs = zip(self._options, self.env.get_attr(name), strict=True)
                options[name] = [each.get(name, own) for each, own in pairs]
        observations, infos = self.env.reset(seed=self._seeds, options=options)
        self.reset_infos = _rows(infos)
        self._reset_seeds()
        self._reset_options()
        return observations

    def step_async(self, actions: np.ndarray) -> None:
        self._actions = actions

    def step_wait(self) -> Stepped:
        assert self._actions is not None, "step_async() comes before step_wait()"
        observations, rewards, terminated, truncated, given = self.env.step(self._actions)
        ended, infos = terminated | truncated, _rows(given)
        if ended.any():
            last = _rows(given["final_info"])
            for row in np.flatnonzero(ended).tolist():
                self.reset_infos[row] = infos[row]
                infos[row] = last[row] | {"terminal_observation": given["final_obs"][row]}
        for info, limited in zip(infos, (truncated & ~terminated).tolist(), strict=True):
            info["TimeLimit.truncated"] = limited
        return observations, rewards.astype(np.float32), ended, infos

    def close(self) -> None:
        self.env.close()

    def get_images(self) -> Sequence[np.ndarray | None]:
        return self.env.call("render")

    def get_attr(self, attr_name: str, indices: Indices = None) -> list[Any]:
        """The attribute of each row in `indices` (None: all); see WalkerVectorEnv.get_attr."""
        values = self.env.get_attr(attr_name)
        return [values[row] for row in self._get_indices(indices)]

    def set_attr(self, attr_name: str, value: Any, indices: Indices = None) -> None:
        """Set `terrain` or `body` of the rows in `indices` from their next reset on."""
        values = list(self.env.get_attr(attr_name))
        for row in self._get_indices(indices):
            values[row] = value
        self.env.set_attr(attr_name, values)

    def env_method(
        self, method_name: str, *method_args: Any, indices: Indices = None, **method_kwargs: Any
    ) -> list[Any]:
        """Result of WalkerVectorEnv.call for each row; the only method is `render`."""
        values = self.env.call(method_name, *method_args, **method_kwargs)
        return [values[row] for row in self._get_indices(indices)]

    def env_is_wrapped(self, wrapper_class: type, indices: Indices = None) -> list[bool]:
        """False for each row: rows have no wrappers of their own."""
        return [False for _ in self._get_indices(indices)]


def _rows(infos: dict[str, Any]) -> list[dict[str, Any]]:
    """A vector environment's infos as one dict per row."""
    names = ("x_position", "x_velocity")
    columns = zip(*(infos[name].tolist() for name in names), strict=True)
    return [dict(zip(names, values, strict=True)) for values in columns]
