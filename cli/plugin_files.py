"""The plug-in files of a run: recorded by path and hash at its launch, executed later only if they
are trusted (trust.py).
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from . import trust

Tables = dict[str, dict[str, Any]]
KINDS = ("family", "learner", "curriculum")  # what a file may be, a setting of [run] each


def plugin_files(tables: Tables, kinds: Sequence[str] = KINDS) -> dict[str, str]:
    """The paths of the plug-in files of a run, by kind."""
    names = {kind: str(tables["run"].get(kind, "")) for kind in kinds}
    return {kind: name for kind, name in names.items() if name.endswith(".py")}


def recorded(run: dict[str, Any]) -> dict[str, Any]:
    """The section [run] with the absolute paths and the hashes of plug-in files."""
    result = {key: value for key, value in run.items() if not key.endswith("_sha256")}
    for kind, name in plugin_files({"run": run}).items():
        result[kind] = str(Path(name).resolve())
        result[f"{kind}_sha256"] = trust.sha256(Path(name), kind)
    return result


def trusted(tables: Tables) -> Tables:
    """The settings. ValueError if they name a plug-in file that the user has not launched here.

    Families, learners and curricula of installed packages are trusted.
    """
    if reason := refusal(tables):
        raise ValueError(reason)
    return tables


def refusal(tables: Tables, kinds: Sequence[str] = KINDS) -> str:
    """The reason why a plug-in file of the run must not be executed; empty if all may be."""
    from .settings.fields import build
    from .settings.resolving import RunSettings

    run = build(RunSettings, tables["run"], "run")
    if os.environ.get("OPENPOET_TRUST") == "1":
        return ""
    for kind, name in plugin_files(tables, kinds).items():
        if reason := trust.refusal(getattr(run, f"{kind}_sha256"), name, kind):
            return reason
    return ""


def remember(tables: Tables) -> Iterator[str]:
    """Record that the user has launched these plug-in files; yields a line for each failure."""
    for kind in plugin_files(tables):
        try:
            trust.remember(tables["run"][f"{kind}_sha256"])
        except OSError as error:
            yield f"{error}; to resume this run, OPENPOET_TRUST=1 will be needed"
