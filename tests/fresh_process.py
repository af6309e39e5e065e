"""Code in a fresh process with a kernel cache of its own: in a clone, or with the package installed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]

# `openpoet` maps onto the tree, as in an editable install; no plain name can be imported.
INSTALLED = """
import sys, types
sys.modules["openpoet"] = types.ModuleType("openpoet")
sys.modules["openpoet"].__path__ = [{root!r}]
"""


def run(code: str, cache: Path, clone: Path = ROOT, *, installed: bool) -> tuple[str, str]:
    """Its stdout and stderr. `{root}` in the code stands for "openpoet." if installed, else ""."""
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(cache), "PYTHONDONTWRITEBYTECODE": "1"}
    root, begin = ("openpoet.", INSTALLED.format(root=str(clone))) if installed else ("", "")
    done = subprocess.run(
        [sys.executable, "-c", begin + code.format(root=root)],
        cwd=cache.parent if installed else clone,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip(), done.stderr.strip()
