"""How this program was started, so that messages print commands that work."""

from __future__ import annotations

import os
import shlex
import sys
from pathlib import Path


def program() -> str:
    """The command before the first argument.

    `python run.py` in a clone, `python -m openpoet` for the module, else the installed script,
    `openpoet`.
    """
    started = Path(sys.argv[0] if sys.argv else "")
    if started.name == "run.py":
        return f"python {shlex.quote(os.fspath(started))}"
    if started.name == "__main__.py" and started.parent.name == "openpoet":
        return "python -m openpoet"
    return "openpoet"


def command(*words: str | Path) -> str:
    """A command of this program as one would type it, such as `openpoet resume runs/a`."""
    return f"{program()} {shlex.join(map(str, words))}"
