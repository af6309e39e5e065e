"""The kernel cache of the policy, which works like that of the physics:
tests/envs/test_kernel_cache.py.
"""

from __future__ import annotations

from pathlib import Path

from tests.fresh_process import run

POLICY = """
import numpy as np
from openpoet.agents.rollouts.networks import Policy
policy = Policy((2, 3, 1))
actions = np.zeros((1, 1), np.float32)
policy.act(np.full((1, policy.parameters), 0.5, np.float32), np.zeros(1, np.int64), np.zeros(1,
np.int64),
           np.ones((1, 2), np.float32), actions)
print(actions[0, 0])
"""
ACTION = "0.95246"  # tanh(0.5 + 3 * 0.5 * tanh(1.5))


def test_clone_and_installed_package_share_the_kernel_and_compiling_is_announced(
    tmp_path: Path,
) -> None:
    cache = tmp_path / "cache"
    action, line = run(POLICY, cache, installed=False)
    assert action.startswith(ACTION)
    assert line.startswith(
        f"openpoet: compiling the policy, about 2 s; kept in {cache}/openpoet-policy-"
    )
    assert run(POLICY, cache, installed=True) == (action, "")


def test_without_a_cache_folder_the_policy_works_and_prints_a_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    action, line = run(POLICY, tmp_path / "file", installed=True)
    assert action.startswith(ACTION)
    assert line.startswith("openpoet: compiling the policy, about 2 s; not kept, since ")
