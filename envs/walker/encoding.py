"""JSON of walker tasks, and tasks from the original POET's files. Every decoded task is valid."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields
from typing import Any

from ..parts.encoding import from_json, to_json
from . import body_genes, cppn_encoding
from .body_genes import BodyGenes
from .cppn import Cppn
from .obstacles import Interval, Obstacles
from .task import GYMNASIUM, TaskSettings, WalkerTask

LARGEST_SEED = 2**32
LARGEST = 100.0  # of any number of an obstacle genome, above the maximum of every setting
_NAMES = ("genome", "seed")
BODY_SCHEMA = 3  # of a task with a body; a task without keeps schema 2, and so its identity
_POET_NAMES = {"gap": "pit_gap", "stump": "stump_height", "stairs": "stair_height"}


def encode(task: WalkerTask) -> dict[str, Any]:
    """JSON of a task that has its settings."""
    assert task.settings is not None, "the family fills in the settings of a task without its own"
    values = {"genome": genome_json(task.genome), "seed": task.seed}
    if task.body is None:
        return to_json("walker", asdict(task.settings), values)
    values["body"] = body_genes.encode(task.body)
    return to_json("walker", asdict(task.settings), values, BODY_SCHEMA)


def decode(data: Any, own: TaskSettings) -> WalkerTask:
    """The task from its JSON. ValueError, one line, if it is not a valid task.

    own: the settings for a task of schema 1, which does not include them.
    """
    found = from_json("walker", data, _NAMES, {BODY_SCHEMA: ("body",)})
    seed, settings = found["seed"], own
    if seed is not None and not (type(seed) is int and 0 <= seed < LARGEST_SEED):
        raise ValueError(
            f"a walker task's seed must be null or an integer in [0, 2**32), got {repr(seed)[:40]}"
        )
    if (given := found["settings"]) is not None:
        names = [field.name for field in fields(TaskSettings)]
        if not isinstance(given, Mapping) or set(given) != set(names):
            raise ValueError(
                f"a walker task's settings are {', '.join(names)}, got {repr(given)[:80]}"
            )
        settings = TaskSettings(**given)
    genome = _genome(found["genome"], settings.length)
    if settings.layout in GYMNASIUM and genome != Obstacles():
        raise ValueError(
            f'a walker task with layout = "{settings.layout}" has a flat genome of obstacles, got '
            f"{repr(found['genome'])[:80]}"
        )
    return WalkerTask(genome, seed, settings, _body(found))


def _body(found: Mapping[str, Any]) -> BodyGenes | None:
    if "body" not in found:
        return None
    body = body_genes.decode(found["body"])
    if body.standard:
        raise ValueError(
            "a walker task of schema 3 has a body that differs from Gymnasium's, got the default "
            "genes: leave out body, and set schema to 2"
        )
    return body


def genome_json(genome: Obstacles | Cppn) -> dict[str, Any]:
    if isinstance(genome, Cppn):
        return {"kind": "cppn", **cppn_encoding.encode(genome)}
    values = {field.name: getattr(genome, field.name) for field in fields(genome)}
    return {
        "kind": "obstacles",
        **{k: list(v) if isinstance(v, tuple) else v for k, v in values.items()},
    }


def _genome(data: Any, length: int) -> Obstacles | Cppn:
    kind = data.get("kind") if isinstance(data, Mapping) else None
    if kind == "cppn":
        return cppn_encoding.decode(
            {name: value for name, value in data.items() if name != "kind"}, length
        )
    if kind != "obstacles" or set(data) != {"kind", *(field.name for field in fields(Obstacles))}:
        raise ValueError(
            f"a genome is of kind obstacles or cppn, with all its fields; got {repr(data)[:80]}"
        )
    roughness, steps = data["roughness"], data["stair_steps"]
    if not _number(roughness) or not (type(steps) is int and 1 <= steps <= LARGEST):
        raise ValueError(
            "roughness must be in [0, 100] and stair_steps an integer in [1, 100], "
            f"got {repr(roughness)[:40]}, {repr(steps)[:40]}"
        )
    intervals = {name: _interval(name, data[name]) for name in ("gap", "stump", "stairs")}
    return Obstacles(roughness=float(roughness) + 0.0, stair_steps=steps, **intervals)


def _interval(name: str, value: Any) -> Interval | None:
    if value is None:
        return None
    whole = isinstance(value, Sequence) and len(value) == 2 and all(_number(end) for end in value)
    if not whole or value[0] > value[1]:
        raise ValueError(
            f"{name} must be null or [low, high] with 0 <= low <= high <= 100, got "
            f"{repr(value)[:60]}"
        )
    # -0.0 becomes 0.0: equal genomes must have equal JSON
    return float(value[0]) + 0.0, float(value[1]) + 0.0


def _number(value: Any) -> bool:
    return type(value) in (int, float) and 0 <= value <= LARGEST  # False for NaN


def task_from_poet_file(config: Mapping[str, Any], seed: int, settings: TaskSettings) -> WalkerTask:
    """The task of an env.json file of the original POET. ValueError, one line, if a genome cannot
    represent it.
    """
    fixed = {"stump_width": (1, 2), "stump_float": (0, 1), "stair_width": (4, 5)}
    for name, only in fixed.items():
        if (given := config.get(name)) and tuple(given) != only:
            raise ValueError(
                f"{name} must be {list(only)} or empty, got {repr(given)[:60]}: this genome "
                "supports no other"
            )
    # Differs: intervals are sorted here; the reference stores some with reversed ends (POET-rose
    # 3b) and draws from them as from sorted ones.
    intervals = {
        ours: sorted(config.get(theirs) or []) or None for ours, theirs in _POET_NAMES.items()
    }
    steps = config.get("stair_steps") or [1]
    if any(step != int(step) for step in steps) or (len(steps) == 2 and steps[1] != steps[0] + 1):
        raise ValueError(
            f"stair_steps must be one whole number, [n] or [n, n + 1], got {repr(steps)[:60]}"
        )
    genome = {
        "roughness": config.get("ground_roughness") or 0.0,
        "stair_steps": int(steps[0]),
        **intervals,
    }
    return WalkerTask(_genome({"kind": "obstacles", **genome}, settings.length), seed, settings)
