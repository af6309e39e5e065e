"""Records of a population (poet/checkpoint.py) as rows of the database, and rows as plain values.

A database can come from an untrusted source: all values are checked here when they are read, with
one-line errors.
"""

from __future__ import annotations

import json
import math
import operator
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from openpoet.foreign_json import STRING, check_nesting, loads, whole

from .limits import MOST_CELL, MOST_INTEGER, readable
from .tables import TABLES, Column
from .weights import check_name

Row = dict[str, Any]

KINDS = {column.name: column.kind for table in TABLES.values() for column in table.columns}
# The fields of a niche's record: all but what is computed from them. `agent` is a name there, a
# hash in the row.
NICHE = tuple(
    column.name
    for column in TABLES["niches"].columns
    if column.of is None and column.name not in ("birth_agent", "solver")
)
# control characters can affect a terminal and do not occur in a valid run
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
LONG = re.compile(r"(?<![\d.])-?\d{19,}(?![\d.eE])")  # an integer that may have more than 64 bits


def text(value: Any) -> str:
    """Canonical JSON: equal values have equal texts. ValueError if `value` could not read it."""
    try:
        written = json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)
    except ValueError as error:
        raise ValueError(f"the archive keeps finite numbers only: {error}") from error
    except (TypeError, RecursionError) as error:
        raise ValueError(
            f"the archive keeps JSON only: {' '.join(str(error).split())[:100]}"
        ) from error
    try:
        check_nesting(written)
        for digits in LONG.finditer(STRING.sub("", written) if LONG.search(written) else ""):
            whole(digits[0])
    except ValueError as error:
        raise ValueError(f"the archive keeps JSON that it can read again: {error}") from error
    return written


def value(text: str, where: str) -> Any:
    """The value of a JSON text. ValueError, one line, if it is not JSON, or contains NaN, infinity
    or values beyond the limits.
    """
    try:
        if not isinstance(text, str):
            raise ValueError(f"it must be text, got {type(text).__name__}")
        return loads(text)
    except ValueError as error:
        raise ValueError(
            f"{where} is not JSON that can be read: {' '.join(str(error).split())[:100]}"
        ) from error


def computed(table: str, source: Any) -> Row:
    """The columns with `of`, computed from a niche, or from an iteration for `iterations`."""
    return {c.name: c.of(source) for c in TABLES[table].columns if c.of is not None}


def cells(table: str, record: Mapping[str, Any], where: str, *, without: Sequence[str] = ()) -> Row:
    """A record as a row: the table's columns but those `without`, each in a form that SQLite keeps
    exactly.

    ValueError, one line, if the reader would refuse a cell, or SQLite change it.
    """
    columns = [column for column in TABLES[table].columns if column.name not in without]
    names = [column.name for column in columns]
    if set(record) != set(names):
        odd = sorted(set(record) ^ set(names))
        raise ValueError(
            f"{where} must have the fields {', '.join(names)}; missing or unknown: "
            f"{', '.join(odd)[:80]}"
        )
    return {column.name: _cell(record[column.name], column, where) for column in columns}


def _cell(cell: Any, column: Column, row: str) -> Any:
    where = f"{row}.{column.name}"
    if column.kind == "json":
        return _bounded(text(cell), where)
    if cell is None:
        return None
    if column.type == "TEXT":
        if not isinstance(cell, str):
            raise ValueError(f"{where} must be text, got {type(cell).__name__}")
        return _bounded(_plain(cell, where), where)
    try:
        number = float(cell) if column.kind == "real" else operator.index(cell)
    except (TypeError, ValueError, OverflowError):
        raise ValueError(f"{where} must be a number, got {str(cell)[:60]!r}") from None
    if column.type == "INTEGER" and number < 0:
        raise ValueError(f"{where} must be a whole number from 0, got {number}")
    return _plain(number, where)  # SQLite would silently keep NaN as NULL


def _bounded(cell: str, where: str) -> str:
    if len(cell) * 4 > MOST_CELL and (length := len(cell.encode())) > MOST_CELL:
        raise ValueError(
            f"{where} has {readable(length)}, the archive keeps at most {readable(MOST_CELL)} of "
            "one value"
        )
    return cell


def reader(names: Sequence[str], where: str) -> Callable[[Sequence[Any]], Row]:
    """A function from rows of these columns to plain values: JSON decoded, flags as bools, numbers
    checked to be finite.
    """
    readers = [(name, _reader(name, where)) for name in names]
    return lambda row: {name: read(cell) for (name, read), cell in zip(readers, row, strict=True)}


def _reader(name: str, where: str) -> Callable[[Any], Any]:
    kind = KINDS.get(name)  # None: a name of a query, such as a count
    if kind == "json":
        return lambda cell: value(cell, f"{where}.{name}")
    if kind == "agent":
        return lambda cell: None if cell is None else check_name(cell)
    if kind == "flag":
        return bool
    return lambda cell: _plain(cell, f"{where}.{name}")


def _plain(cell: Any, where: str) -> Any:
    """The cell if it is null, a finite number that JSON represents exactly, or text without control
    characters; else ValueError.
    """
    if isinstance(cell, float) and not math.isfinite(cell):
        raise ValueError(f"{where} must be finite, got {cell}")
    if isinstance(cell, int) and abs(cell) >= MOST_INTEGER:
        raise ValueError(f"{where} must be below 2**53, got {cell}")
    if isinstance(cell, bytes):
        raise ValueError(f"{where} must be text or a number, got bytes")
    if isinstance(cell, str) and CONTROL.search(cell):
        raise ValueError(f"{where} must hold no control characters, got {cell[:60]!a}")
    return cell
