"""Tables of the arena on the terminal and as CSV files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from openpoet.whole_files import write_whole

from .output import Terminal, line
from .terminal import out, print_line

if TYPE_CHECKING:
    from openpoet.arena.tables import Table


WIDEST = 1000  # characters of a line in a file or pipe, where nothing has to fit a screen


def screen() -> Terminal:
    """Standard output: as wide as a terminal, without a limit in a file or a pipe."""
    return out if out.is_terminal else Terminal(highlight=False, width=WIDEST)


def print_table(table: Table) -> None:
    """The table on standard output; numbers are aligned right."""
    from rich.table import Table as RichTable

    shown = RichTable(box=None, pad_edge=False, header_style="bold")
    numbers = [
        all(not isinstance(row[at], str) for row in table.rows) for at in range(len(table.columns))
    ]
    for name, number in zip(table.columns, numbers, strict=True):
        shown.add_column(line(name), justify="right" if number else "left", overflow="fold")
    for row in table.texts():
        shown.add_row(*map(line, row))
    screen().print(shown)
    if table.note:
        print_line(table.note)


def new_folder(folder: Path) -> None:
    """Make the folder if it is missing. OSError, one line, if it cannot be made."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OSError(f"cannot make the folder {folder}: {error.strerror}") from error


def write_csv(folder: Path, tables: Sequence[Table], others: Sequence[str] = ()) -> None:
    """Write tables as CSV files into a folder, which is created, and print their names.

    others: names of files that were written there before.
    """
    new_folder(folder)
    names = [f"{table.name}.csv" for table in tables]
    for name, table in zip(names, tables, strict=True):
        write_whole(folder / name, table.csv())
    print_line(f"{folder}: {', '.join((*names, *others))}")
