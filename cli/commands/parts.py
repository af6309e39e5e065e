"""The commands about families and learners: list and check."""

from __future__ import annotations

from typing import Annotated

import typer

from ..parts import names_of
from ..terminal import out, print_line
from . import options as o

Part = Annotated[
    str,
    typer.Argument(
        metavar="FILE",
        help="A .py file with a family, a learner, a curriculum or several; or a name.",
    ),
]
Home = Annotated[
    str | None,
    typer.Option(
        help="Family on which a learner or curriculum is checked: a name or a .py file; default: "
        "the file's own, else navigation."
    ),
]

PartName = Annotated[
    str | None,
    typer.Argument(
        metavar="[NAME]",
        help="A family, a learner, a curriculum, a preset, `run`, `poet`, `curriculum` or a .py "
        "file: print its settings.",
    ),
]


def list_parts(name: PartName = None) -> None:
    """List families, learners, curricula, presets and suites; with NAME, its settings."""
    if name is not None:
        print_settings(name)
        return
    from ..output import line
    from ..settings.tables import about, presets

    kinds = {"families": "family", "learners": "learner", "curricula": "curriculum"}
    for title, kind in kinds.items():
        names = ", ".join(names_of(kind))
        print_line(f"{title}: {names}, or the path of your own .py file")
    out.print("presets:")
    width = max(map(len, presets()))
    for name in presets():
        out.print(line(f"  {name:{width}} {about(name)}"), soft_wrap=True)
    print_suites()


def print_suites() -> None:
    from openpoet.arena.suites.reading import about, suites

    print_line("suites, for evaluate:")
    width = max(map(len, suites()))
    for name in suites():
        print_line(f"  {name:{width}} {about(name)}")


def print_settings(name: str) -> None:
    from ..output import line
    from ..settings.reference import sections, terminal_table

    for part in sections(name):
        out.print(terminal_table(part, out.width), soft_wrap=True)
        for note in part.notes():
            out.print(line(note))


def check(part: Part, family: Home = None, changes: o.Changes = None) -> None:
    """Check your own task family, learner or curriculum against the laws that each must satisfy.

    FILE is executed. One line for each law: pass, FAIL with what was expected and what came, or -
    where it is about an optional method that is not there. The exit code is 0 if all pass, 1 if
    one fails, and 2 if the file cannot be loaded.
    """
    from ..checking import check as verdicts_on
    from ..settings.tables import assigned

    settings = {f"{place}.{key}": value for place, key, value in map(assigned, changes or [])}
    passed = failed = 0
    for verdict in verdicts_on(part, family=family, settings=settings):
        passed += verdict.passed and verdict.offered
        failed += not verdict.passed
        mark = "FAIL" if not verdict.passed else "pass" if verdict.offered else "-"
        more = f": {verdict.message}" if verdict.message else ""
        print_line(f"{mark:4}  {verdict.part}  {verdict.law}{more}")
    print_line(f"{passed} laws hold, {failed} are broken")
    if failed:
        raise typer.Exit(1)
