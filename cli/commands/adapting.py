"""The options of `reproduce adaptation`, and what it prints and writes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from ..terminal import print_error, print_line

if TYPE_CHECKING:
    from ..sessions import Machine

Family = Annotated[
    str | None, typer.Option(help="adaptation: navigation (default), maze or walker.")
]
Learners = Annotated[
    list[str] | None,
    typer.Option("--learner", help="adaptation: a learner to train; repeatable. Default: seven."),
]
Steps = Annotated[
    int | None,
    typer.Option(min=1, help="adaptation: environment steps of each training; default: 3,000,000."),
]
Seeds = Annotated[
    int | None,
    typer.Option(min=1, help="adaptation: number of training seeds, from 1 on; default: 3."),
]
Trials = Annotated[
    int | None,
    typer.Option(min=2, help="adaptation: trials in each world of a test; default: 100."),
]
Runs = Annotated[
    Path | None,
    typer.Option("--runs", help="adaptation: folder of its runs; default: runs/adaptation-FAMILY."),
]


class Given(NamedTuple):
    """The options; None: not given."""

    family: str | None
    learner: list[str] | None
    steps: int | None
    seeds: int | None
    trials: int | None
    runs: Path | None


def check_unused(given: Given, name: str) -> None:
    """ValueError if one of the options is given to another experiment."""
    for option, value in given._asdict().items():
        if value is not None:
            raise ValueError(
                f"--{option} belongs to the experiment adaptation: leave it out of {name}"
            )


def check_others(given: Mapping[str, object]) -> None:
    """ValueError if an option of another experiment is given to this one; None: not given."""
    for option, value in given.items():
        if value is not None:
            raise ValueError(
                f"adaptation trains its own runs, in the folder --runs: leave {option} out"
            )


def adaptation(
    given: Given, changes: Sequence[str], machine: Machine, out_folder: Path | None
) -> None:
    """Train what is missing, test it, print the tables and write them with the figures.

    changes: texts "section.key=value", for all trainings that have the section.
    """
    from openpoet.arena import figures

    from ..adaptation import LEARNERS, Design, conducted
    from ..adaptation_runs import Trainings
    from ..adaptation_settings import TrainingSettings
    from ..table_files import print_table, write_csv

    family = given.family or "navigation"
    settings = TrainingSettings(family, given.steps or 3_000_000, changes)
    folder = given.runs or Path("runs") / f"adaptation-{family}"
    trainings = Trainings(settings, folder, machine, print_error)
    design = Design(trainings, given.learner or LEARNERS, given.seeds or 3, given.trials or 100)
    found = conducted(design)
    printed = list(found.printed())
    for table in printed:
        print_table(table)
    for text in found.lines():
        print_line(text)
    if out_folder is None:
        return
    write_csv(out_folder, [*printed, *found.others()])
    if figures.available():
        found.draw(out_folder)
    else:
        print_line(figures.MISSING)
