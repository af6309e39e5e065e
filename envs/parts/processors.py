"""The number of processors available to this process, which can be fewer than the machine has.

It is the default number of threads of families, learners and Gymnasium environments.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from pathlib import Path


def processors(root: Path = Path("/")) -> int:
    """Processors in this process's affinity mask, or the limit of its control group if that is
    lower.

    root: directory where proc and sys are mounted. A limit of 1.5 processors counts as 2.
    """
    try:
        allowed = len(os.sched_getaffinity(0))
    except AttributeError:  # not on Linux
        allowed = os.cpu_count() or 1
    return max(1, min(allowed, math.ceil(min(_limits(root), default=allowed))))


def threads_of(threads: int | None) -> int:
    """The number of threads; None: `processors()`. ValueError if it is not at least 1."""
    if threads is None:
        return processors()
    if type(threads) is not int or threads < 1:
        raise ValueError(f"threads must be a whole number of at least 1, or None, got {threads!r}")
    return threads


def _limits(root: Path) -> Iterator[float]:
    """Limits of the control groups of this process, versions 1 and 2 [processors]."""
    for line in _lines(root / "proc/self/cgroup"):
        _, controllers, group = line.split(":", 2)
        version_2 = controllers == ""
        if not (version_2 or "cpu" in controllers.split(",")):
            continue
        mount = root / "sys/fs/cgroup" / ("" if version_2 else "cpu")
        # In a container the path can be the host's, while the mount is the group itself.
        folder = mount / group.lstrip("/")
        for part in (folder, *folder.parents):
            yield from _limit(part)
            if part == mount:
                break


def _limit(group: Path) -> Iterator[float]:
    """The limit of one group, if it has any: microseconds of processor time a period."""
    words = [word for line in _lines(group / "cpu.max") for word in line.split()]
    if not words:
        words = [*_lines(group / "cpu.cfs_quota_us"), *_lines(group / "cpu.cfs_period_us")]
    if len(words) == 2 and words[0] not in ("max", "-1"):
        yield int(words[0]) / int(words[1])


def _lines(path: Path) -> list[str]:
    """Lines of a kernel file; empty if it does not exist or is not readable."""
    try:
        return path.read_text().splitlines()
    except OSError:
        return []
