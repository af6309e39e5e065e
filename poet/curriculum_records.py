"""What a curriculum adds to the records of a population (checkpoint.py): the draws of its level
buffer, and the memory of its teacher.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from .niche import Population
from .records import Fields


def canonical(memory: Any) -> str:
    """A JSON object as text, the same for equal objects. ValueError, one line, if it is none."""
    if not isinstance(memory, Mapping):
        raise ValueError(f"a memory must be a dict of JSON values, got {type(memory).__name__}")
    try:
        return json.dumps(memory, sort_keys=True, separators=(",", ":"), allow_nan=False)
    except (TypeError, ValueError, RecursionError) as error:
        raise ValueError(
            "a memory must be a dict of JSON values (finite numbers, strings, lists, dicts with "
            f"strings as keys): {' '.join(str(error).split())[:100]}"
        ) from error


def curriculum_record(population: Population) -> dict[str, Any]:
    """The parts of the record; none in POET's runs."""
    data: dict[str, Any] = {}
    if population.draws or population.drawn:
        drawn = [[niche, draw] for niche, draw in sorted(population.drawn.items())]
        data["buffer"] = {"draws": population.draws, "drawn": drawn}
    if population.memory is not None:
        data["memory"] = json.loads(population.memory)
    return data


def buffer_of(whole: Fields, active: set[int]) -> tuple[int, dict[int, int]]:
    """The draws of a curriculum's buffer, and the last draw of each level."""
    if "buffer" not in whole.data:
        return 0, {}
    take = Fields(whole.take("buffer"), "buffer")
    draws, rows, drawn = take.integer("draws"), take.records("drawn"), dict[int, int]()
    take.end()
    for row in rows:
        known = isinstance(row, list) and [type(cell) for cell in row] == [int, int]
        if not (known and row[0] in active - drawn.keys() and 0 <= row[1] <= draws):
            raise ValueError(f"buffer.drawn must be rows [active niche, draw], got {str(row)[:60]}")
        drawn[row[0]] = row[1]
    return draws, drawn


def memory_of(whole: Fields) -> str | None:
    """The memory of a teacher as canonical text; None if there is none."""
    return canonical(whole.take("memory")) if "memory" in whole.data else None
