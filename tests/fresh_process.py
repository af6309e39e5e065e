"""Run code in a new process with a separate kernel cache: in a clone, or with the
installed package.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def run(code: str, cache: Path, clone: Path = ROOT, *, installed: bool) -> tuple[str, str]:
    """The stdout and stderr of the code. installed: run in another folder with the
    package on the path.
    """
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(cache), "PYTHONDONTWRITEBYTECODE": "1"}
    if installed:
        environment["PYTHONPATH"] = str(clone)
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=cache.parent if installed else clone,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip(), done.stderr.strip()
