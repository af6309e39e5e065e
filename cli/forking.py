"""Forks: new runs that continue from a kept state of another, with or without other settings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from .frontend import Frontend
from .packing import merge
from .parts import trusted
from .run_settings import changed_settings, settings_of
from .sessions import Machine, Resume, resume
from .states import state_of


@dataclass(frozen=True)
class Fork:
    """A run that starts from a state of another.

    source: RUN or RUN@ITERATION. folder: of the new run; None: under runs/. iterations: in total;
    None: those of the source. changes: texts "section.key=value", which apply from the next
    iteration on.
    """

    source: str
    folder: Path | None = None
    iterations: int | None = None
    changes: Sequence[str] = ()
    machine: Machine = field(default_factory=Machine)


def fork(wanted: Fork, frontend: Frontend) -> Path:
    """Copy the state into a new run folder, and continue it to its end; the folder.

    Without changes the result is that of the source. Errors: see sessions.launch; bad input leaves
    no folder.
    """
    from openpoet.archive.store.run_folder import SELECTED, Run, find_run

    name, iteration = _place(wanted.source)
    path = find_run(name)
    state = state_of(path, iteration)
    with Run.open(state, write=False) as run:
        if not run.complete:
            raise ValueError(f"{state} {SELECTED}")
        tables, _ = changed_settings(trusted(settings_of(run)), wanted.changes)
        reached = run.last_iteration()
    if reached >= (total := wanted.iterations or tables["run"]["iterations"]):
        raise ValueError(
            f"the state is that of iteration {reached}, and the run ends after {total}: give more "
            "iterations"
        )
    folder = wanted.folder or Path("runs") / f"{path.absolute().stem}_at{reached}"
    merge([state], folder, frontend.command)
    return resume(
        Resume(folder, wanted.iterations, changes=wanted.changes, machine=wanted.machine), frontend
    )


def _place(source: str) -> tuple[str, int | None]:
    name, at, iteration = source.rpartition("@")
    if not at:
        return source, None
    if not (name and iteration.isdecimal() and len(iteration) < 16):
        raise ValueError(
            f"a state is named RUN@ITERATION, such as runs/a@100, got {source[:100]!r}"
        )
    return name, int(iteration)
