"""Forks: new runs that continue from a kept state of another, with or without other settings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .frontend import Frontend
from .packing import merge
from .plugin_files import trusted
from .run_settings import changed_settings, settings_of
from .sessions import Machine, Resume, resume
from .states import state_of


@dataclass(frozen=True)
class Fork:
    """A run that starts from a state of another.

    source: a run folder or pack. at: the iteration of the state; None: the last. folder: of the
    new run; None: under runs/. iterations: in total; None: those of the source. options, changes:
    settings that apply from the next iteration on, as in sessions.Resume.
    """

    source: Path
    at: int | None = None
    folder: Path | None = None
    iterations: int | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    changes: Sequence[str] = ()
    machine: Machine = field(default_factory=Machine)


def fork(wanted: Fork, frontend: Frontend) -> Path:
    """Copy the state into a new run folder, and continue it to its end; the folder.

    Without changes the result is that of the source. Errors: see sessions.launch; bad input leaves
    no folder.
    """
    from openpoet.archive.store.run_folder import SELECTED, Run

    state = state_of(wanted.source, wanted.at)
    with Run.open(state, write=False) as run:
        if not run.complete:
            raise ValueError(f"{state} {SELECTED}")
        tables, _ = changed_settings(trusted(settings_of(run)), wanted.changes, wanted.options)
        reached = run.last_iteration()
    if reached >= (total := wanted.iterations or tables["run"]["iterations"]):
        raise ValueError(
            f"the state is that of iteration {reached}, and the run ends after {total}: give more "
            "iterations"
        )
    folder = wanted.folder or Path("runs") / f"{wanted.source.absolute().stem}_at{reached}"
    merge([state], folder, frontend.command)
    again = Resume(folder, wanted.iterations, wanted.options, wanted.changes, wanted.machine)
    return resume(again, frontend)


def place(source: str) -> tuple[str, int | None]:
    """RUN and ITERATION of the text RUN@ITERATION; None without one. ValueError, one line, if it
    is neither.
    """
    name, at, iteration = source.rpartition("@")
    if not at:
        return source, None
    if not (name and iteration.isdecimal() and len(iteration) < 16):
        raise ValueError(
            f"a state is named RUN@ITERATION, such as runs/a@100, got {source[:100]!r}"
        )
    return name, int(iteration)
