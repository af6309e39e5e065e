"""The number of threads respects the affinity of the process and limits of its control groups."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from openpoet.envs.parts.processors import processors, threads_of
from openpoet.envs.walker.family import WalkerSettings

ROOT = Path(__file__).resolve().parents[3]


def tree(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root


V2, V1 = "0::/a/b\n", "5:memory:/a\n4:cpu,cpuacct:/a/b\n0::/\n"
LIMITS = {
    "no control groups": ({}, 8),
    "version 2, no limit": (
        {"proc/self/cgroup": V2, "sys/fs/cgroup/a/b/cpu.max": "max 100000\n"},
        8,
    ),
    "version 2": ({"proc/self/cgroup": V2, "sys/fs/cgroup/a/b/cpu.max": "300000 100000\n"}, 3),
    "version 2, a part of a processor": (
        {"proc/self/cgroup": V2, "sys/fs/cgroup/a/b/cpu.max": "150000 100000\n"},
        2,
    ),
    "version 2, little": (
        {"proc/self/cgroup": V2, "sys/fs/cgroup/a/b/cpu.max": "10000 100000\n"},
        1,
    ),
    "version 2, a group above": (
        {
            "proc/self/cgroup": V2,
            "sys/fs/cgroup/a/b/cpu.max": "500000 100000\n",
            "sys/fs/cgroup/a/cpu.max": "200000 100000\n",
        },
        2,
    ),
    "version 2, in a container": (
        {"proc/self/cgroup": "0::/\n", "sys/fs/cgroup/cpu.max": "400000 100000\n"},
        4,
    ),
    "version 2, the host's path in a container": (
        {"proc/self/cgroup": "0::/docker/1234\n", "sys/fs/cgroup/cpu.max": "400000 100000\n"},
        4,
    ),
    "version 1": (
        {
            "proc/self/cgroup": V1,
            "sys/fs/cgroup/cpu/a/b/cpu.cfs_quota_us": "250000\n",
            "sys/fs/cgroup/cpu/a/b/cpu.cfs_period_us": "100000\n",
        },
        3,
    ),
    "version 1, no limit": (
        {
            "proc/self/cgroup": V1,
            "sys/fs/cgroup/cpu/a/b/cpu.cfs_quota_us": "-1\n",
            "sys/fs/cgroup/cpu/a/b/cpu.cfs_period_us": "100000\n",
        },
        8,
    ),
    "more than there are": (
        {"proc/self/cgroup": V2, "sys/fs/cgroup/cpu.max": "1600000 100000\n"},
        8,
    ),
}


@pytest.mark.parametrize("name", LIMITS)
def test_thread_counts_respect_limits_of_control_groups(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files, expected = LIMITS[name]
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: set(range(8)), raising=False)
    assert processors(tree(tmp_path, files)) == expected


ONE_PROCESSOR = """
import os
if hasattr(os, "sched_setaffinity"):
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
from openpoet.envs.parts.processors import processors
from openpoet.envs.walker.vector_env import WalkerVectorEnv
from openpoet.cli.parts import settings_for
from openpoet.cli.settings.resolving import Request
from openpoet.cli.wiring import rollouts_at, wire
tables = settings_for(Request({"run.preset": "quick-es"}))
parts = wire(tables, None)
family, learner = parts.meter.family, parts.ledger.learner
print(processors(), WalkerVectorEnv(2).threads, family.settings.threads, learner.machine.threads)
print(rollouts_at("local", None, tables).wanted, rollouts_at("host:1", None, tables).wanted)
"""


def test_thread_counts_respect_affinity_in_gymnasium_and_in_a_run() -> None:
    command = [sys.executable, "-c", ONE_PROCESSOR]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    allowed, *found = done.stdout.split()
    assert found == [allowed, allowed, allowed, allowed, "None"]
    assert allowed == "1" or not hasattr(os, "sched_setaffinity")


@pytest.mark.parametrize("threads", [0, -1, 2.0, True])
def test_invalid_thread_counts_are_an_error_of_the_settings(threads: int) -> None:
    with pytest.raises(
        ValueError,
        match=r"^threads must be a whole number of at least 1, .*, got "
        r"",
    ):
        threads_of(threads)
    with pytest.raises(
        ValueError,
        match=r"^threads must be (an integer )?from 1 to 4096, got ",
    ):
        WalkerSettings(threads=threads)
