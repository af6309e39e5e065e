"""PPO with policy, rollouts and updates on a device, with the walker's kernels for GPUs.

Under Numba's CUDA simulator: the same agent as with the CPU's simulator, and nothing but some
scalars a rollout is read by the host.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from openpoet.envs.walker.family import Walker
from tests.agents.ppo.cuda_simulated import SETTINGS, improved

ROOT = Path(__file__).resolve().parents[3]


def test_on_a_device_the_agent_equals_the_cpus_and_no_tensor_is_copied_to_the_host(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    agent, steps = improved(Walker(SETTINGS), 3, monkeypatch)
    assert steps == 2 * 2 * 3
    np.savez(tmp_path / "agent.npz", **{name: tensor.numpy() for name, tensor in agent.items()})
    environment = {**os.environ, "NUMBA_ENABLE_CUDASIM": "1", "NUMBA_DISABLE_JIT": "1"}
    command = [sys.executable, "-m", "tests.agents.ppo.cuda_simulated", str(tmp_path)]
    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=500, check=False
    )
    assert done.returncode == 0, done.stderr
