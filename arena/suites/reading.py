"""Reading of suites, ours and those of strangers: every field is checked, sizes are bounded."""

from __future__ import annotations

import gzip
import json
import math
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any, get_args

from openpoet.foreign_json import loads

from .suite import Json, Rule, Suite, World, steps

FIELDS = (
    "name", "version", "about", "family", "settings", "episodes", "solved_score", "solved_by",
    "validation", "seeds", "worlds",
)  # fmt: skip
MOST_BYTES = 2**26  # of a file
MOST_WORLDS, MOST_SEEDS = 20_000, 100_000
LARGEST_SEED = 2**32  # seeds below it fit every simulator's generator
PLAIN, PACKED = ".json", ".json.gz"  # of our own files, by their size


def suites() -> list[str]:
    """Names of the suites that come with openpoet."""
    names = [file.name for file in files(__package__).iterdir()]
    return sorted(
        name.removesuffix(suffix)
        for suffix in (PLAIN, PACKED)
        for name in names
        if name.endswith(suffix)
    )


def suite(name: str) -> Suite:
    """A suite of openpoet by its name. ValueError, one line, if there is none."""
    return parse(_text_of(name), name)


def about(name: str) -> str:
    """What a suite of openpoet is, in a line. ValueError as `suite`."""
    return str(json.loads(_text_of(name))["about"])


def _text_of(name: str) -> str:
    if name not in suites():
        raise ValueError(f"unknown suite {name!r}: there are {', '.join(suites())}")
    folder = files(__package__)
    if (packed := folder / f"{name}{PACKED}").is_file():
        return gzip.decompress(packed.read_bytes()).decode()
    return (folder / f"{name}{PLAIN}").read_text(encoding="utf-8")


def read(path: Path) -> Suite:
    """The suite in a file. ValueError, one line, if it is not a valid one."""
    try:
        with path.open("rb") as file:
            content = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise ValueError(f"cannot read the suite {path}: {error.strerror or error}") from None
    if len(content) > MOST_BYTES:
        raise ValueError(f"the suite {path} is larger than {MOST_BYTES} bytes")
    try:
        return parse(content.decode(), str(path))
    except UnicodeDecodeError:
        raise ValueError(f"the suite {path} is not text in UTF-8") from None


def parse(text: str, source: str) -> Suite:
    """The suite of a JSON text; source: what it is called in messages."""
    try:
        data = loads(text)
    except ValueError as error:
        raise ValueError(
            f"the suite {source} is not JSON that can be read: {str(error)[:100]}"
        ) from None
    try:
        return from_json(data)
    except ValueError as error:
        raise ValueError(f"the suite {source}: {error}") from None


def from_json(data: Any) -> Suite:
    """The suite of a JSON value; suite.to_json is the inverse."""
    if not isinstance(data, Mapping) or set(data) != set(FIELDS):
        got = ", ".join(map(str, data)) if isinstance(data, Mapping) else repr(data)
        raise ValueError(f"a suite has the fields {', '.join(FIELDS)}, got {got[:200]}")
    validation = data["validation"]
    return Suite(
        _text(data, "name"),
        _whole(data, "version", 10**6),
        _text(data, "about", 1000),
        _text(data, "family", 1000),
        _settings(data["settings"]),
        _whole(data, "episodes", MOST_SEEDS),
        _number(data["solved_score"], "solved_score"),
        _rule(data["solved_by"]),
        _seeds(data["seeds"]),
        _worlds(data["worlds"]),
        None if validation is None else _text(data, "validation"),
    )


def _wrong(field: str, expected: str, value: Any) -> ValueError:
    return ValueError(f"{field} must be {expected}, got {value!r:.60}")


def _text(data: Mapping[str, Any], field: str, most: int = 100) -> str:
    value = data[field]
    if not isinstance(value, str) or not 0 < len(value) <= most or not value.isprintable():
        raise _wrong(field, f"a line of 1 to {most} characters", value)
    return value


def _whole(data: Mapping[str, Any], field: str, most: int) -> int:
    value = data[field]
    if type(value) is not int or not 1 <= value <= most:
        raise _wrong(field, f"a whole number from 1 to {most}", value)
    return value


def _number(value: Any, field: str) -> float:
    if type(value) not in (int, float) or not abs(value) <= 1e300 or not math.isfinite(value):
        raise _wrong(field, "a finite number", value)
    return float(value)


def _rule(value: Any) -> Rule:
    for rule in get_args(Rule):
        if value == rule:
            return rule
    raise _wrong("solved_by", " or ".join(map(repr, get_args(Rule))), value)


def _settings(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise _wrong("settings", "an object of the family's settings by name", value)
    return value


def _seeds(value: Any) -> tuple[int, ...]:
    if isinstance(value, Mapping) and set(value) == {"first", "count"}:
        count = _whole(value, "count", MOST_SEEDS)
        first = value["first"]
        value = list(range(first, first + count)) if type(first) is int else [first]
    if not isinstance(value, list) or not 1 <= len(value) <= MOST_SEEDS:
        raise _wrong("seeds", f"1 to {MOST_SEEDS} whole numbers, or first and count", value)
    for seed in value:
        if type(seed) is not int or not 0 <= seed < LARGEST_SEED:
            raise _wrong("a seed", f"a whole number in [0, {LARGEST_SEED})", seed)
    if len(set(value)) != len(value):
        raise ValueError("seeds must differ from each other")
    return tuple(value)


def _worlds(value: Any) -> tuple[World, ...]:
    if not isinstance(value, list) or not 1 <= len(value) <= MOST_WORLDS:
        raise _wrong("worlds", f"a list of 1 to {MOST_WORLDS} worlds", value)
    worlds = tuple(map(_world, value))
    if len({world.name for world in worlds}) != len(worlds):
        raise ValueError("worlds must have different names")
    return worlds


def _world(data: Any) -> World:
    if not isinstance(data, Mapping) or not {"name", "task"} <= set(data) <= {
        "name", "task", "draws",
    }:  # fmt: skip
        raise _wrong("a world", "an object of name, task and, if it has any, draws", data)
    name, task, draws = _text(data, "name"), data["task"], data.get("draws", {})
    if not isinstance(task, dict) or not isinstance(draws, dict):
        raise ValueError(f"task and draws of the world {name} must be objects")
    return World(name, task, {place: _range(name, task, place, draws[place]) for place in draws})


def _range(world: str, task: Json, place: str, ends: Any) -> tuple[float, float]:
    """The range of a number that episodes draw; the task must have a number at this place."""
    inner: Any = task
    for key in steps(place):
        if isinstance(inner, dict):
            inside = key in inner
        else:
            inside = isinstance(inner, list) and isinstance(key, int) and key < len(inner)
        if not inside:
            raise ValueError(
                f"the world {world} draws {place[:60]!r}, which its task does not have"
            )
        inner = inner[key]
    if type(inner) not in (int, float) or not isinstance(ends, list) or len(ends) != 2:
        raise ValueError(
            f"the world {world} draws {place[:60]!r}: expected a number there, and a range "
            f"[low, high], got {inner!r:.40} and {ends!r:.40}"
        )
    low, high = (_number(end, f"an end of the range of {place[:60]}") for end in ends)
    if low > high:
        raise _wrong(f"the range of {place[:60]}", "[low, high] with low <= high", ends)
    return low, high
