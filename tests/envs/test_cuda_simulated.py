"""The GPU simulator under Numba's CUDA simulator equals the CPU bit for bit over a few steps, for
standard and for drawn bodies.

The CUDA simulator runs the kernels, and so the whole physics, as plain Python: this also compares
the compiled CPU code with its source.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import torch

from openpoet.envs.walker.batch import WalkerBatch
from openpoet.envs.walker.family import Walker
from openpoet.envs.walker.physics import state as at
from tests.envs import oracle
from tests.envs.cuda_simulated import hidden_episode, hidden_settings

ROOT = Path(__file__).resolve().parents[2]
ROWS, IDLE, BEFORE, STEPS = 8, 3, 142, 3  # the first steps in which every event happens


def test_kernels_run_as_python_equal_the_cpu_bit_for_bit(tmp_path: Path) -> None:
    tracks = [oracle.obstacle_track(seed) for seed in range(ROWS)]
    batch = WalkerBatch(tracks, oracle.bodies(ROWS), threads=1)
    batch.reset()
    jerks = np.random.default_rng(0).choice([-1.0, 0.3, 1.0], ((BEFORE + STEPS) // 5, ROWS, 4))
    jerks[:, :IDLE] = 0.0  # fallen, and some asleep
    plan = np.repeat(jerks, 5, axis=0).astype(np.float32)
    for actions in plan[:BEFORE]:
        batch.step(actions)
    state = {"f": batch.floats, "k": batch.integers, "shaping": batch._shaping, "ages": batch._age}
    np.savez(
        tmp_path / "given.npz",
        actions=plan[BEFORE:],
        **{name: array.copy() for name, array in state.items()},
    )
    before = batch._events.copy()
    stepped = [batch.step(actions)[:2] for actions in plan[BEFORE:]]
    taken = np.random.default_rng(1).uniform(-1, 1, (5, 2, 4)).astype(np.float32)
    hidden = hidden_episode(Walker(hidden_settings()), list(torch.from_numpy(taken)))
    np.savez(tmp_path / "hidden.npz", actions=taken, **hidden)

    environment = {**os.environ, "NUMBA_ENABLE_CUDASIM": "1", "NUMBA_DISABLE_JIT": "1"}
    command = [sys.executable, "-m", "tests.envs.cuda_simulated", str(tmp_path)]
    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=500, check=False
    )
    assert done.returncode == 0, done.stderr
    made = np.load(tmp_path / "made.npz")
    np.testing.assert_array_equal(
        made["observations"], np.stack([observations for observations, _ in stepped])
    )
    np.testing.assert_array_equal(made["reward"], np.stack([reward for _, reward in stepped]))
    np.testing.assert_array_equal(made["k"], batch.integers.reshape(ROWS, -1))
    np.testing.assert_array_equal(made["f"], batch.floats.reshape(ROWS, -1))
    happened = batch._events - before
    np.testing.assert_array_equal(made["events"], happened)
    assert (happened.sum(axis=0) > 0).all(), dict(
        zip(at.EVENT_NAMES, happened.sum(axis=0).tolist(), strict=True)
    )
