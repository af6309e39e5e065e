"""Which code this process executes: processes that share the work of one run must have the same."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

import numba
import numpy as np
import torch


@cache
def source_code() -> str:
    """Hash of what results depend on: the source of all rooms, as it was at the first call, and the
    versions of what compiles and computes it.
    """
    digest = hashlib.sha256(f"{numba.__version__} {np.__version__} {torch.__version__}".encode())
    root = Path(__file__).resolve().parents[2]
    rooms = ("agents", "archive", "arena", "cli", "envs", "poet")
    for path in sorted(path for room in rooms for path in (root / room).rglob("*.py")):
        digest.update(path.relative_to(root).as_posix().encode() + path.read_bytes())
    return digest.hexdigest()
