"""Records of a population (poet/checkpoint.py) as rows of the database, and rows as plain values.

A database may be a stranger's: whatever is read is checked here, once, and refused in one line.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from .weights import check_name

Row = dict[str, Any]

NICHE = (  # the fields of a niche's record; `agent` is a name there, a hash here
    *("id", "parent", "born", "died", "solved", "before", "best", "novelty"),
    *("viable_to_all", "viable_to_retired", "source", "task", "agent", "scores", "score_key"),
)
CHILD = ("id", "iteration", "parent", "task", "outcome", "score", "novelty", "niche")
TRANSFER = ("iteration", "kind", "source", "target", "at_birth", "score", "bar", "accepted", "steps")
NICHES_COLUMNS = (*NICHE, "score", "birth_agent")
LEDGER = ("iteration", "purpose", "steps")
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")  # a terminal may obey them; no text of a run holds one
LISTS = ("active", "retired")  # of a checkpoint: the ids of niches, whose records are made of their rows


def text(value: Any) -> str:
    """JSON in one form, so that equal values have equal texts. ValueError if it holds NaN or infinity."""
    try:
        return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)
    except ValueError as error:
        raise ValueError(f"the archive keeps finite numbers only: {error}") from error


def value(text: str, where: str) -> Any:
    """What a JSON text says. ValueError, one line, if it is not JSON, or holds NaN or infinity."""
    try:
        return json.loads(text, parse_constant=_refused, parse_float=_finite)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{where} is not JSON of a run: {' '.join(str(error).split())[:100]}") from error


def _refused(constant: str) -> Any:
    raise ValueError(f"{constant} is no number")


def _finite(digits: str) -> float:
    if not math.isfinite(number := float(digits)):
        raise ValueError(f"{digits[:40]} is too large")
    return number


def cells(record: Mapping[str, Any], fields: Sequence[str], where: str) -> Row:
    """A record as a row: its fields, all and no others, each in a form that SQLite keeps exactly."""
    if set(record) != set(fields):
        odd = sorted(set(record) ^ set(fields))
        raise ValueError(f"{where} must have the fields {', '.join(fields)}; missing or unknown: {', '.join(odd)[:80]}")
    return {name: _cell(record[name], f"{where}.{name}") for name in fields}


def _cell(cell: Any, where: str) -> Any:
    if isinstance(cell, (dict, list)):
        return text(cell)
    return int(cell) if isinstance(cell, bool) else _plain(cell, where)  # SQLite would silently keep NaN as NULL


FLAGS = {"viable_to_all", "viable_to_retired", "at_birth", "accepted"}


def reader(names: Sequence[str], where: str) -> Callable[[Sequence[Any]], Row]:
    """What makes plain values of rows of these columns: JSON read, flags as bools, numbers finite."""
    readers = [(name, _reader(name, where)) for name in names]
    return lambda row: {name: read(cell) for (name, read), cell in zip(readers, row, strict=True)}


def _reader(name: str, where: str) -> Callable[[Any], Any]:
    if name in ("task", "scores", "score_key", "value"):
        return lambda cell: value(cell, f"{where}.{name}")
    if name in ("agent", "birth_agent"):
        return check_name
    if name in FLAGS:
        return bool
    return lambda cell: _plain(cell, f"{where}.{name}")


def _plain(cell: Any, where: str) -> Any:
    """The cell, if it is null, a finite number, or text without control characters."""
    if isinstance(cell, float) and not math.isfinite(cell):
        raise ValueError(f"{where} must be finite, got {cell}")
    if isinstance(cell, str) and CONTROL.search(cell):
        raise ValueError(f"{where} must hold no control characters, got {cell[:60]!a}")
    return cell
