"""Tables of results, printed on the terminal and written as CSV from one description."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from .statistics import Estimate, Mean

Cell = str | int | float | Mean | Estimate | None


@dataclass(frozen=True)
class Table:
    """A table: its name (of the CSV file, too), columns, rows, and one line that explains it."""

    name: str
    columns: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    note: str = ""

    def texts(self) -> Iterator[list[str]]:
        """The rows as they are printed; a missing value is "-"."""
        for row in self.rows:
            yield [text(cell) for cell in row]

    def csv(self) -> str:
        """The table as CSV, numbers with every digit, a missing value empty.

        A mean has a second column, NAME_error; an estimate two more, NAME_low and NAME_high.
        """
        shapes = [
            next((cell for cell in column if cell is not None), None)
            for column in zip(*self.rows, strict=True)
        ] or [None] * len(self.columns)
        file = io.StringIO()
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(
            name
            for column, shape in zip(self.columns, shapes, strict=True)
            for name in _names(column.replace(" ", "_"), shape)
        )
        for row in self.rows:
            writer.writerow(
                value
                for cell, shape in zip(row, shapes, strict=True)
                for value in _values(cell, shape)
            )
        return file.getvalue()


def text(cell: Cell) -> str:
    """A cell as it is printed: numbers with about three significant digits."""
    if cell is None:
        return "-"
    if isinstance(cell, int):
        return f"{cell:,}"
    if isinstance(cell, float):
        return f"{cell:.0f}" if abs(cell) >= 1000 else f"{cell:.3g}"
    return str(cell)


def _names(column: str, shape: Cell) -> list[str]:
    if isinstance(shape, Mean):
        return [column, f"{column}_error"]
    if isinstance(shape, Estimate):
        return [column, f"{column}_low", f"{column}_high"]
    return [column]


def _values(cell: Cell, shape: Cell) -> list[str | int | float | None]:
    if isinstance(cell, Mean):
        return [cell.value, cell.error]
    if isinstance(cell, Estimate):
        return [cell.value, cell.low, cell.high]
    return [cell] + [None] * (len(_names("", shape)) - 1)
