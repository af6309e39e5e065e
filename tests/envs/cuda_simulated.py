"""Run by test_cuda_simulated.py in a process of its own: kernels as Python, on CPU tensors.

Numba reads NUMBA_ENABLE_CUDASIM and NUMBA_DISABLE_JIT when it is imported, so they must be set
before.
"""

from __future__ import annotations

import contextlib
import functools
import io
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from benchmarks import walker_cuda
from openpoet.agents.rollouts.networks import Policy
from openpoet.agents.rollouts.rollout import Machine, rollout
from openpoet.cli.conformance import check_episodes
from openpoet.cli.meter import Meter
from openpoet.envs.walker.body_genes import BodyGenes
from openpoet.envs.walker.cuda.simulator import CudaSimulator
from openpoet.envs.walker.cuda.walkers import DeviceWalkers
from openpoet.envs.walker.family import Walker, WalkerSettings, WalkerTask
from openpoet.envs.walker.obstacles import Obstacles
from openpoet.envs.walker.physics import state as at
from openpoet.envs.walker.task import Realisation, realise
from tests.envs import oracle


class Simulated(Walker):
    """The family with the simulator of the GPU."""

    def _physics(
        self, tasks: Sequence[WalkerTask], seeds: Sequence[int], device: str
    ) -> CudaSimulator:
        def drawn(row: int, seed: int) -> Realisation:
            return realise(tasks[row], seed)

        trials = [drawn(row, seed) for row, seed in enumerate(seeds)]
        tracks, bodies = [trial.track for trial in trials], [trial.body for trial in trials]
        horizons = np.array([(task.settings or self.own).horizon for task in tasks])
        return CudaSimulator(tracks, horizons, device, drawn, bodies)


def forbid_negative_indices() -> None:
    """Negative indices are errors on a GPU (compiler.physics_rules), while Python would accept
    them.
    """
    from numba.cuda.simulator.cudadrv.devicearray import FakeCUDAArray

    def checked(access: Callable[..., Any]) -> Callable[..., Any]:
        def used(array: Any, index: Any, *value: Any) -> Any:
            places = index if isinstance(index, tuple) else (index,)
            if any(isinstance(place, int | np.integer) and place < 0 for place in places):
                raise IndexError(f"index {index} is negative")
            return access(array, index, *value)

        return used

    for name in ("__getitem__", "__setitem__"):
        setattr(FakeCUDAArray, name, checked(getattr(FakeCUDAArray, name)))


def run_threads_in_turn(reverse: bool = False) -> None:
    """Run the threads of a block one after another, in the calling thread. Numba's simulator starts
    a Python thread for each, most of them idle, which takes longer than the kernels and is needed
    only where threads wait for one another. reverse: the last thread first.
    """
    from numba.cuda.simulator import kernelapi
    from numba.cuda.simulator.kernel import BlockManager, BlockThread

    def waits(thread: BlockThread) -> None:
        raise RuntimeError("kernels must not wait for other threads")

    def run(block: Any, place: tuple[int, ...], *arguments: Any) -> None:
        points = list(np.ndindex(*block._block_dim))
        for point in reversed(points) if reverse else points:
            target = functools.partial(block._f, *arguments)
            thread = BlockThread(target, block, place, point, block._debug)
            kernelapi.threading = SimpleNamespace(current_thread=lambda thread=thread: thread)
            thread.run()
            if thread.exception:
                error, traceback = thread.exception
                raise error.with_traceback(traceback)

    BlockThread.syncthreads = waits
    BlockManager.run = run


def go_on(given: Mapping[str, np.ndarray], width: int | None = None) -> dict[str, np.ndarray]:
    """Continue from the CPU states that test_cuda_simulated.py wrote. width: number of walkers per
    warp of all kernels; None: their own.
    """
    rows = len(given["ages"])
    tracks = [oracle.obstacle_track(seed) for seed in range(rows)]
    walkers = DeviceWalkers(tracks, "cpu", 10**6, bodies=oracle.bodies(rows))
    if width is not None:
        walkers.phases = [replace(phase, width=width) for phase in walkers.phases]
    walkers.load(given["f"], given["k"], given["shaping"])
    results = []
    for actions in given["actions"]:
        walkers.take(torch.from_numpy(actions))
        walkers.advance()
        walkers.live.fill_(True)  # fallen walkers continue to fall, as in the batch on the CPU
        results.append([walkers.observations.numpy().copy(), walkers.reward.numpy().copy()])
    return {
        "f": walkers.f.numpy(),
        "k": walkers.k.numpy(),
        "events": walkers.events.numpy(),
        "observations": np.stack([made for made, _ in results]),
        "reward": np.stack([made for _, made in results]),
    }


def go_on_in_any_width_and_order(folder: Path) -> None:
    """Results do not depend on the number of walkers per warp, nor on the order of threads."""
    given = np.load(folder / "given.npz")
    made = go_on(given)
    np.savez(folder / "made.npz", **made)
    run_threads_in_turn(reverse=True)
    for name, values in go_on(given, width=3).items():
        np.testing.assert_array_equal(values, made[name])
    run_threads_in_turn()


def keep_the_laws() -> None:
    """Episodes are equal alone and in a batch, repeated, after a restart and redrawn, and `play`
    equals `step`.
    """
    family = Simulated(WalkerSettings(horizon=3, length=31, seeds="episode"))
    shorter = replace(family.own, horizon=2)
    tasks = [WalkerTask(Obstacles(), None), WalkerTask(Obstacles(roughness=3.0), 1, shorter)]
    check_episodes(family, tasks, "cpu")
    policy, member, meter = Policy((24, 4), memory=3), np.array([1, 0]), Meter(family)
    weights = torch.from_numpy(
        np.random.default_rng(0).normal(size=(2, policy.parameters)).astype(np.float32)
    )
    played = rollout(policy, meter, weights, member, tasks, [0, 0], machine=Machine())
    simulator, memory = family.simulator(tasks, [0, 0], "cpu"), torch.zeros(2, 3)
    observation, total = simulator.reset(), torch.zeros(2, dtype=torch.float64)
    for _ in range(3):
        observation, reward, _, truncated = simulator.step(
            policy.forward(weights[member], observation, memory)
        )
        total += reward
    assert played.returns.tolist() == total.tolist()
    assert played.steps.tolist() == [3, 2]
    assert meter.steps == simulator.steps == 5
    assert bool(truncated.all())


def hide(folder: Path) -> None:
    """Hidden bodies, delays, noise and target speeds, also redrawn, equal those on the CPU."""
    given = np.load(folder / "hidden.npz")
    family = Simulated(hidden_settings())
    results = hidden_episode(family, [torch.from_numpy(actions) for actions in given["actions"]])
    for name, values in results.items():
        np.testing.assert_array_equal(values, given[name], name)


def hidden_settings() -> WalkerSettings:
    return WalkerSettings(horizon=9, length=31, body="speed", reveal=True)


def hidden_episode(family: Walker, actions: Sequence[torch.Tensor]) -> dict[str, np.ndarray]:
    """Two tasks with everything hidden, one of them redrawn after two steps."""
    genes = BodyGenes(
        reversed=0.5,
        mass=(1.0, 0.2),
        leg_length=(1.0, 0.5),
        delay=(1.0, 1.0),
        noise=(0.1, 0.1),
        target_speed=(2.0, 2.0),
        reward="instead",
    )
    simulator = family.simulator([WalkerTask(Obstacles(), 0, body=genes)] * 2, [3, 4], "cpu")
    seen, rewards = [simulator.reset()], []
    for t, action in enumerate(actions):
        if t == 2:
            seen.append(simulator.redraw(torch.tensor([False, True]), [8]))
        observation, reward, _, _ = simulator.step(action)
        seen.append(observation)
        rewards.append(reward)
    return {"seen": torch.stack(seen).numpy(), "rewards": torch.stack(rewards).numpy()}


def refuse() -> None:
    """Errors name the walker, as on the CPU."""
    simulator = CudaSimulator([oracle.flat_track()] * 3, 9, "cpu")
    with pytest.raises(ValueError, match=r"never reset"):
        simulator.step(torch.zeros(3, 4))
    simulator.reset()
    with pytest.raises(
        ValueError,
        match=r"^actions must be finite, got NaN or infinity for walker "
        r"1$",
    ):
        simulator.step(torch.tensor([[0.0] * 4, [0.0, np.nan, 0.0, 0.0], [0.0] * 4]))
    simulator.reset()
    # NaN itself cannot become a plain Python integer
    simulator.walkers.k[2, int(at.FAULT)] = int(at.FIRST_NAN)
    with pytest.raises(FloatingPointError, match=r"^walker 2 went NaN at step 1 \(hull pose\)"):
        simulator.step(torch.zeros(3, 4))


def measure() -> None:
    """The benchmark of the GPU runs, and finds no difference."""
    output = io.StringIO()
    with contextlib.redirect_stdout(output):
        walker_cuda.print_parity("cpu", count=2, snapshots=1)
    assert ": 0 differ in any bit" in output.getvalue()
    assert walker_cuda.physics_rate("cpu", 2, steps=2) > 0
    assert walker_cuda.episode_rate("cpu", 2, capture=False, horizon=2) > 0


if __name__ == "__main__":
    np.seterr(all="ignore")
    forbid_negative_indices()
    run_threads_in_turn()
    go_on_in_any_width_and_order(Path(sys.argv[1]))
    keep_the_laws()
    hide(Path(sys.argv[1]))
    refuse()
    measure()
