"""How many threads are worth starting: the processors that this process may use, not those of the machine.

The command asks once and gives the number to the family and the learner; whoever makes a family or a Gymnasium
environment in another program gets it from here.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from pathlib import Path


def processors(root: Path = Path("/")) -> int:
    """At least 1: the processors this process may run on, or fewer if its control group gets less time than theirs.

    root: where proc and sys are mounted. A limit of 1.5 processors counts as 2.
    """
    try:
        allowed = len(os.sched_getaffinity(0))
    except AttributeError:  # not on Linux
        allowed = os.cpu_count() or 1
    return max(1, min(allowed, math.ceil(min(_limits(root), default=allowed))))


def threads_of(threads: int | None) -> int:
    """The number of threads asked for; None is `processors()`. ValueError, one line, if it is no number of threads."""
    if threads is None:
        return processors()
    if type(threads) is not int or threads < 1:
        raise ValueError(f"threads must be a whole number of at least 1, or None for all processors, got {threads!r}")
    return threads


def _limits(root: Path) -> Iterator[float]:
    """Processors' worth of time that the control groups above this process get, versions 1 and 2."""
    for line in _lines(root / "proc/self/cgroup"):
        _, controllers, group = line.split(":", 2)
        version_2 = controllers == ""
        if not (version_2 or "cpu" in controllers.split(",")):
            continue
        mount = root / "sys/fs/cgroup" / ("" if version_2 else "cpu")
        # In a container the group's path is the host's, and the mount is the group itself: the root holds its limit.
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
    """Lines of a small file of the kernel's; none if it is not there or may not be read."""
    try:
        return path.read_text().splitlines()
    except OSError:
        return []
