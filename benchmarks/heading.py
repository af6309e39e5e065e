"""The heading of every benchmark's output: machine, commit, command."""

from __future__ import annotations

import platform
import shlex
import subprocess
import sys
from pathlib import Path

from openpoet.envs.parts.processors import processors

ROOT = Path(__file__).resolve().parent.parent
RESULTS = "benchmarks/results"


def heading() -> str:
    """Machine, commit (with a + if files other than results differ from it) and command, one per
    line.
    """
    changes = _git("status", "--porcelain", "-uno", "--", ".", f":!{RESULTS}")
    commit = _git("rev-parse", "--short", "HEAD") + ("+" if changes else "")
    memory = next(
        (line.split()[1] for line in _lines("/proc/meminfo") if line.startswith("MemTotal")), "0"
    )
    models = {
        line.split(":")[1].strip()
        for line in _lines("/proc/cpuinfo")
        if line.startswith("model name")
    }
    processor = ", ".join(sorted(models)) or platform.processor()
    return (
        f"machine: {processor}, {processors()} cores, {int(memory) // 1048576} GiB, "
        f"Python {platform.python_version()}\n"
        f"commit: {commit}\n"
        f"command: python {' '.join([_script(), *map(shlex.quote, sys.argv[1:])])}"
    )


def _script() -> str:
    """The benchmark's module name, since results must not contain the path of the clone."""
    path = Path(sys.argv[0]).resolve()
    inside = path.is_relative_to(ROOT)
    return "-m " + ".".join(path.relative_to(ROOT).with_suffix("").parts) if inside else path.name


def _git(*arguments: str) -> str:
    done = subprocess.run(
        ["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=False
    )
    return done.stdout.strip()


def _lines(path: str) -> list[str]:
    file = Path(path)
    return file.read_text().splitlines() if file.exists() else []
