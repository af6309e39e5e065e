"""The laws of a task family, as checks: encoding, mutation, description, and its simulators."""

from __future__ import annotations

import json
from collections.abc import Callable, Hashable, Sequence
from functools import cached_property
from typing import Any

import numpy as np

from openpoet.poet.interfaces import Task, TaskFamily

from .interface import KEY, check_family_interface, check_sampling, lineage
from .laws import NOT_OFFERED, Law, check_all
from .simulator_laws import Batch, simulator_laws


def check_family(family: TaskFamily, *, tasks: int = 4, device: str = "cpu") -> None:
    """All laws of `TaskFamily` and its simulators, on a lineage of `tasks` tasks.

    AssertionError, with the law, the expected and the actual value, at the first that is violated.
    """
    check_all(family_laws(family, tasks=tasks, device=device))


def family_laws(family: TaskFamily, *, tasks: int = 4, device: str = "cpu") -> list[Law]:
    """The laws in the order in which they are checked."""
    line = Lineage(family, tasks)

    def on_line(check: Callable[[TaskFamily, Sequence[Task]], str | None]) -> Callable[[], Any]:
        return lambda: check(family, line.tasks)

    return [
        Law(
            "interface: all methods, and the attributes of `spec` with their types",
            lambda: check_family_interface(family),
            needed=True,
        ),
        Law("encode and decode: JSON with a schema version, and back", on_line(check_encoding)),
        Law("decode: raises ValueError for other data", lambda: check_refusal(family)),
        Law(
            "mutate: random by its generator alone; does not change its argument",
            on_line(check_mutation),
        ),
        Law("fingerprint: hashable, equal for equal tasks", on_line(check_fingerprint)),
        Law("describe and outline: finite numbers of fixed shapes", on_line(check_description)),
        *simulator_laws(lambda: Batch(family, line.tasks, device)),
        Law("simulator: does not change its tasks", lambda: check_tasks_kept(line, device)),
        Law("sample: tasks of the family, by its generator alone", lambda: check_sampling(family)),
    ]


class Lineage:
    """The origin and its first descendants, created at the first use."""

    def __init__(self, family: TaskFamily, length: int) -> None:
        self.family, self.length = family, length

    @cached_property
    def tasks(self) -> list[Task]:
        return lineage(self.family, self.length)


def check_tasks_kept(line: Lineage, device: str) -> None:
    """Run an episode of each task; the tasks must not change."""
    before = [_text(line.family, task) for task in line.tasks]
    _ = Batch(line.family, line.tasks, device).episodes
    after = [_text(line.family, task) for task in line.tasks]
    assert after == before, "a simulator must not change its tasks"


def check_encoding(family: TaskFamily, tasks: Sequence[Task]) -> None:
    assert _text(family, family.origin()) == _text(family, family.origin()), (
        "origin() must be the same task each time"
    )
    for task in tasks:
        text = _text(family, task)
        again = family.decode(json.loads(text))
        assert again == task, (
            f"decode(encode(task)) must equal the task, got {again!r} for {task!r}"
        )
        assert _text(family, again) == text, (
            f"equal tasks must have equal encodings, got different ones for {task!r}"
        )
        assert any("schema" in str(name) for name in json.loads(text)), (
            "encode must state its schema version"
        )


def check_refusal(family: TaskFamily) -> None:
    for wrong in ({}, {"schema": -1}):
        error = _decode_error(family, wrong)
        assert error is not None, f"decode must raise a ValueError for {wrong!r}"
        assert "\n" not in error, f"an error must be one line, got {error!r}"


def _decode_error(family: TaskFamily, data: dict[str, Any]) -> str | None:
    """The message of decode's ValueError for these data, or None if it raises none."""
    try:
        family.decode(data)
    except ValueError as error:
        return str(error)
    return None


def check_mutation(family: TaskFamily, tasks: Sequence[Task]) -> None:
    for i, task in enumerate(tasks):
        before, key = _text(family, task), KEY.child("law", i)
        one, two = (family.mutate(task, key.generator()) for _ in range(2))
        assert _text(family, task) == before, (
            f"mutate must not change its argument, it changed {before}"
        )
        assert _text(family, one) == _text(family, two), (
            "mutate must draw only from the generator it is given"
        )
    children = {
        _text(family, family.mutate(tasks[0], KEY.child("many", i).generator())) for i in range(8)
    }
    assert len(children) > 1, (
        "mutate must be random, got the same child of the origin from 8 generators"
    )


def check_fingerprint(family: TaskFamily, tasks: Sequence[Task]) -> str | None:
    """`fingerprint(task)`, if the family has it: hashable, and the same for equal tasks."""
    name = getattr(family, "fingerprint", None)
    if name is None:
        return NOT_OFFERED
    for task in tasks:
        assert isinstance(name(task), Hashable), (
            f"fingerprint must return a hashable value, got {name(task)!r}"
        )
        assert name(task) == name(family.decode(family.encode(task))), (
            "equal tasks must have equal fingerprints"
        )
    return None


def check_description(family: TaskFamily, tasks: Sequence[Task]) -> None:
    sizes = set()
    for task in tasks:
        row = np.asarray(family.describe(task))
        shaped = row.ndim == 1 and bool(np.isfinite(row).all())
        assert shaped, f"describe must return finite numbers [k], got {row!r}"
        assert np.array_equal(row, family.describe(task)), "describe must be the same each time"
        sizes.add(len(row))
        ground = family.outline(task)
        assert "ground" in ground, f"outline must have a layer 'ground', got {sorted(ground)}"
        for layer, lines in ground.items():
            for line in lines:
                shaped = line.ndim == 2 and line.shape[1] == 2 and np.isfinite(line).all()
                assert shaped, (
                    f"outline lines must be finite [points, 2], got {line.shape} in layer {layer!r}"
                )
    assert len(sizes) == 1, f"describe must have one length for all tasks, got {sorted(sizes)}"


def _text(family: TaskFamily, task: Task) -> str:
    data = family.encode(task)
    try:
        text = json.dumps(data, sort_keys=True, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise AssertionError(f"encode must return JSON, got {data!r}: {error}") from None
    assert isinstance(data, dict), f"encode must return a JSON object, got {data!r}"
    return text
