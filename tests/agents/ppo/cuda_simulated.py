"""Run by test_on_device.py in a process of its own: PPO on the kernels of the GPU, as Python.

Numba reads NUMBA_ENABLE_CUDASIM and NUMBA_DISABLE_JIT when it is imported, so they must be set
before. The device is called "cpu:0", which is not "cpu", so that the code for devices is used.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from benchmarks import ppo_cuda
from openpoet.agents.ppo import training, update
from openpoet.agents.ppo.collecting import Collector
from openpoet.agents.ppo.config import PPOConfig
from openpoet.agents.ppo.ppo import PPO
from openpoet.envs.walker.family import Walker, WalkerSettings
from openpoet.poet.streams import Key
from tests.envs.cuda_simulated import Simulated, run_threads_in_turn

SETTINGS = WalkerSettings(horizon=2, length=31)
READS = ("item", "tolist", "numpy", "cpu", "__bool__", "__int__", "__float__", "__index__")
SCALARS = 8  # numbers that may be read at once, such as the parts of the loss
# what an improvement step does on the device, as functions of the module training
ON_DEVICE = ("with_returns", "with_observations", "batch_of", "update_policy")


def improved(
    family: Walker, num_steps: int, patch: pytest.MonkeyPatch
) -> tuple[dict[str, torch.Tensor], int]:
    """The agent after two rollouts of two walkers, each with an update; environment steps."""
    patch.setattr(update, "fits", lambda network, batch: False)
    sizes = {"num_envs": 2, "num_steps": num_steps, "rollouts": 2, "epochs": 2, "minibatches": 2}
    config = PPOConfig(hidden=(8,), **sizes)
    object.__setattr__(config, "device", "cpu:0")  # the settings reject it
    learner = PPO(family, config)
    assert family.spec.deterministic
    return learner.improve_one(learner.init(Key(0)), family.origin(), Key(1))


class Reads:
    """Numbers of scalars that the host has read from the device; a read of a tensor is an error."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.count, self.watched = 0, False
        for name in READS:
            patch.setattr(torch.Tensor, name, self._counting(getattr(torch.Tensor, name)))
        for name in ON_DEVICE:
            patch.setattr(training, name, self._watching(getattr(training, name)))
        patch.setattr(Collector, "collect", self._watching(Collector.collect))

    def _counting(self, read: Callable[..., Any]) -> Callable[..., Any]:
        def counting(tensor: torch.Tensor, *arguments: Any, **named: Any) -> Any:
            if self.watched:
                assert tensor.numel() <= SCALARS, f"{list(tensor.shape)} was copied to the host"
                self.count += 1
            with self.looking(False):  # a read may call another
                return read(tensor, *arguments, **named)

        return counting

    def _watching(self, function: Callable[..., Any]) -> Callable[..., Any]:
        def watching(*arguments: Any, **named: Any) -> Any:
            with self.looking(True):
                return function(*arguments, **named)

        return watching

    @contextlib.contextmanager
    def looking(self, watched: bool) -> Iterator[None]:
        before, self.watched = self.watched, watched
        yield
        self.watched = before


class Unwatched(Simulated):
    """The family, whose simulators may be built with data from the device."""

    reads: Reads

    def simulator(self, *arguments: Any) -> Any:
        with self.reads.looking(False):
            return super().simulator(*arguments)


def equal_the_cpu(folder: Path) -> None:
    """The agent is that of the same learner on the CPU's simulator, bit for bit."""
    wanted = np.load(folder / "agent.npz")
    with pytest.MonkeyPatch.context() as patch:
        agent, steps = improved(Simulated(SETTINGS), 3, patch)
    assert steps == 2 * 2 * 3
    assert set(agent) == set(wanted.files)
    for name, tensor in agent.items():
        np.testing.assert_array_equal(tensor.numpy(), wanted[name], name)


def stay_on_the_device() -> None:
    """No tensor is copied to the host, and scalars are read as often in longer rollouts."""
    counts = []
    for num_steps in (2, 4):
        family = Unwatched(SETTINGS)
        with pytest.MonkeyPatch.context() as patch:
            family.reads = Reads(patch)
            improved(family, num_steps, patch)
            counts.append(family.reads.count)
    assert counts[0] == counts[1] > 0, counts


def notice_a_copy() -> None:
    """The check itself: a rollout that copies observations to the host fails."""
    collect = Collector.collect

    def copying(collector: Collector, policy: Any) -> Any:
        rollout = collect(collector, policy)
        rollout.observations.cpu()
        return rollout

    family = Unwatched(SETTINGS)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Collector, "collect", copying)
        family.reads = Reads(patch)
        with pytest.raises(AssertionError, match=r"\[1, 2, 24\] was copied to the host"):
            improved(family, 1, patch)


def measure() -> None:
    """The benchmark of the GPU runs."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ppo_cuda, "STEPS", 2)
        patch.setattr(ppo_cuda, "ROLLOUTS", 1)
        patch.setattr(ppo_cuda, "MINIBATCHES", 2)
        learner = ppo_cuda.learner_of(Simulated(SETTINGS), 1, "cpu")
        assert ppo_cuda.training_rate(learner, repeats=1) > 0


if __name__ == "__main__":
    np.seterr(all="ignore")
    torch.set_num_threads(1)
    run_threads_in_turn()
    equal_the_cpu(Path(sys.argv[1]))
    stay_on_the_device()
    notice_a_copy()
    measure()
