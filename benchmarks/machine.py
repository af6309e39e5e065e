"""What every benchmark prints first: machine, commit and command."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from pathlib import Path


def processor() -> str:
    """The processor's name, as far as the system tells it."""
    file = Path("/proc/cpuinfo")
    lines = file.read_text().splitlines() if file.exists() else []
    return next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), platform.machine())


def git(*arguments: str) -> str:
    return subprocess.run(["git", *arguments], capture_output=True, text=True).stdout.strip()


def header(module: str) -> str:
    """Three lines. A commit is marked if the simulator's files differ from it."""
    changed = " with changes in envs/" if git("status", "--porcelain", "envs") else ""
    return (
        f"machine: {processor()}, {os.cpu_count()} cores, {platform.platform()}, Python {platform.python_version()}\n"
        f"commit:  {git('rev-parse', '--short', 'HEAD')}{changed}\n"
        f"command: {' '.join(['python -m', module, *sys.argv[1:]])}"
    )
