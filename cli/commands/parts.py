"""The commands about families and learners: list."""

from __future__ import annotations

from typing import Annotated

import typer

from ..parts import known_parts
from ..terminal import out, tell

PartName = Annotated[
    str | None,
    typer.Argument(
        metavar="[NAME]",
        help="A family, a learner, a preset, `run`, `poet` or a .py file: print its settings.",
    ),
]


def list_parts(name: PartName = None) -> None:
    """List families, learners and presets; with NAME, its settings, defaults, ranges, meanings."""
    if name is not None:
        print_settings(name)
        return
    from ..output import line
    from ..plugins import installed
    from ..settings.tables import about, presets

    for title, kind in (("families", "family"), ("learners", "learner")):
        names = ", ".join([*known_parts(kind), *installed(kind)])
        tell(f"{title}: {names}, or the path of your own .py file")
    out.print("presets:")
    width = max(map(len, presets()))
    for name in presets():
        out.print(line(f"  {name:{width}} {about(name)}"), soft_wrap=True)


def print_settings(name: str) -> None:
    from ..settings.reference import sections, terminal_table

    for part in sections(name):
        out.print(terminal_table(part, out.width), soft_wrap=True)
