"""Policies: agents of an archive as functions from observations to actions."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import torch

from .cli.acting import acting, check_acts
from .cli.sessions import one_torch_thread

if TYPE_CHECKING:
    from openpoet.agents.metaworld_protocol import TrialPolicy
    from openpoet.poet.interfaces import Agent, Spec
    from openpoet.poet.streams import Key

Array = TypeVar("Array", np.ndarray, torch.Tensor)


class Policy:
    """An agent that acts in a batch of n environments.

        actions = policy(observations)      # [n, o] -> [n, a]
        policy.observe(rewards, ended)      # after the environments' step

    Observations and actions are those of the run's task family: observations [n, o] float32, and
    actions [n, a] float32 as its simulator takes them; where actions are discrete, the index of the
    largest of a numbers is the action. The actions are NumPy arrays if the
    observations are, and tensors otherwise.

    Agents that adapt or have memory need `observe` after every step: where an episode has ended,
    the next call starts another episode of the same trial. `reset` starts a new trial, without
    memory of earlier ones. Agents that adapt by gradient steps take one in `adapt`.

    `onnx` writes the policy to a file for programs without torch.

    With the random numbers of the niche's last evaluation (the default) and its environments, the
    policy takes the actions of that evaluation.
    """

    def __init__(
        self,
        start: Callable[[int], TrialPolicy],
        spec: Spec,
        write: Callable[[Path], object],
        *,
        greedy: bool = False,
    ) -> None:
        self._start, self.spec, self._write, self.greedy = start, spec, write, greedy
        self._trial: TrialPolicy | None = None
        self._beginning = torch.zeros(0, dtype=torch.bool)  # [n], rows whose episode begins

    def reset(self) -> None:
        """Clear all memory: the next call starts a new trial, with any number of rows."""
        self._trial = None

    def __call__(self, observations: Array) -> Array:
        """Actions [n, a] float32 for observations [n, o].

        ValueError if observations are of another shape, NaN or infinite.
        """
        batch = torch.as_tensor(observations, dtype=torch.float32)
        n, o = len(batch), self.spec.observation_size
        if self._trial is not None and n != len(self._beginning):
            raise ValueError(
                f"observations must be [{len(self._beginning)}, {o}] until reset(), got "
                f"{list(batch.shape)}"
            )
        if batch.dim() != 2 or batch.shape[1] != o:
            raise ValueError(f"observations must be [n, {o}], got {list(batch.shape)}")
        if not bool(torch.isfinite(batch).all()):
            raise ValueError("an observation is NaN or infinite")
        with one_torch_thread(), torch.no_grad():
            if self._trial is None:
                self._trial, self._beginning = self._start(n), torch.ones(n, dtype=torch.bool)
            self._trial.begin(self._beginning)
            self._beginning = torch.zeros(n, dtype=torch.bool)
            actions = self._trial.act(batch, greedy=self.greedy)
        return actions if isinstance(observations, torch.Tensor) else actions.cpu().numpy()

    def observe(self, rewards: Array, ended: Array) -> None:
        """Pass the results of the last actions: rewards [n], and whether each episode
        ended, [n] bool.
        """
        trial = self._started("observe")
        rewarded = torch.as_tensor(rewards, dtype=torch.float64)
        over = torch.as_tensor(ended, dtype=torch.bool)
        n = len(self._beginning)
        if rewarded.shape != (n,) or over.shape != (n,):
            raise ValueError(
                f"rewards and ended must be [{n}], got {list(rewarded.shape)} and "
                f"{list(over.shape)}"
            )
        with one_torch_thread(), torch.no_grad():
            trial.observe(rewarded, over)
        self._beginning = over.clone()

    def adapt(self) -> None:
        """Adapt to the episodes that have ended since the last call.

        Only affects agents that adapt by gradient steps; others adapt in `observe`.
        ValueError if there are too few episodes.
        """
        with one_torch_thread():
            self._started("adapt").adapt()

    def onnx(self, path: str | os.PathLike[str]) -> Path:
        """Write one step of the policy, with its most likely actions, as an ONNX file.

        openpoet.agents.exporting.onnx_file describes its inputs and outputs.
        ValueError if the learner's agents are not one network, or onnxscript is not installed.
        """
        self._write(Path(path))
        return Path(path)

    def _started(self, method: str) -> TrialPolicy:
        if self._trial is None:
            raise ValueError(
                f"call the policy before {method}(); it has not been called since reset()"
            )
        return self._trial


def policy_of(learner: Any, name: str, agent: Agent, key: Key, *, greedy: bool) -> Policy:
    """The agent as a policy. ValueError if its learner, of that name, cannot act step by step.

    key: the random stream of its actions.
    """
    spec = learner.family.spec

    def write(path: Path) -> object:
        from .agents.exporting.onnx_file import write_onnx  # imports every learner that it supports

        return write_onnx(learner, agent, path, {"openpoet.learner": name})

    check_acts(learner, name)
    return Policy(lambda n: acting(learner, agent, n, key), spec, write, greedy=greedy)
