"""Interface checks: a family, a simulator and a learner have the methods and attributes of
poet/interfaces.py, of the right types.

They are checked first, so that a missing attribute is a one-line message with its name.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch

from openpoet.poet.interfaces import Learner, Simulator, Task, TaskFamily
from openpoet.poet.streams import Key

from .laws import NOT_OFFERED

KEY = Key(12345, ("conformance",))


def lineage(family: TaskFamily, length: int) -> list[Task]:
    """The origin and its first descendants, each a mutation of its predecessor."""
    tasks = [family.origin()]
    for i in range(length - 1):
        tasks.append(family.mutate(tasks[-1], KEY.child("mutate", i).generator()))
    return tasks


def _whole(least: int) -> tuple[Callable[[Any], bool], str]:
    return (
        lambda value: type(value) is int and value >= least,
        f"a whole number of at least {least}",
    )


def _finite(value: Any) -> bool:
    return type(value) in (int, float) and math.isfinite(value)


def _flag(value: Any) -> bool:
    return type(value) is bool


SPEC = {
    "observation_size": _whole(0),
    "action_size": _whole(1),
    "horizon": _whole(1),
    "episodes": _whole(1),
    "solved_score": (_finite, "a finite number"),
    "deterministic": (_flag, "True or False"),
}
_THRESHOLD = (lambda value: value is None or _finite(value)), "a finite number or None"
OPTIONAL_IN_SPEC = {
    "discrete": (_flag, "True or False"),
    "one_hot": (_flag, "True or False"),
    "labels": _whole(0),
    "reproduce_at": _THRESHOLD,
    "mc_low": _THRESHOLD,
    "mc_high": _THRESHOLD,
}
METHODS = {
    "a family": ("origin", "mutate", "describe", "encode", "decode", "simulator", "outline"),
    "a simulator": ("reset", "step", "state"),
    "a learner": ("init", "improve", "evaluate", "adopt"),
}


def check_family_interface(family: TaskFamily) -> None:
    """Methods, and the attributes of `spec` with their types."""
    _check_methods(family, "a family")
    assert hasattr(family, "spec"), "a family must have an attribute `spec`, it has none"
    for name, (fits, words) in {**SPEC, **OPTIONAL_IN_SPEC}.items():
        if not hasattr(family.spec, name):
            assert name in OPTIONAL_IN_SPEC, (
                f"spec must have an attribute `{name}`, {words}; it has none"
            )
            continue
        value = getattr(family.spec, name)
        assert fits(value), f"spec.{name} must be {words}, got {value!r}"
    labels, observations = getattr(family.spec, "labels", 0), family.spec.observation_size
    assert labels <= observations, (
        f"spec.labels are part of an observation of {observations}, got {labels}"
    )


def check_simulator_interface(simulator: Simulator, n: int) -> None:
    """After reset()."""
    _check_methods(simulator, "a simulator")
    for name in ("steps", "success"):
        assert hasattr(simulator, name), f"a simulator must have an attribute `{name}`, it has none"
    assert type(simulator.steps) is int, f"steps must be a whole number, got {simulator.steps!r}"
    check_part(simulator.success, n, torch.bool, "success")


def check_learner_interface(learner: Learner) -> None:
    _check_methods(learner, "a learner")


def _check_methods(part: Any, what: str) -> None:
    for name in METHODS[what]:
        assert callable(getattr(part, name, None)), (
            f"{what} must have a method `{name}`, it has none"
        )


def check_part(part: Any, n: int, dtype: torch.dtype, name: str) -> None:
    """Check that `part` is a tensor [n] of this dtype, as step() returns rewards and flags."""
    found = (
        (tuple(part.shape), part.dtype) if isinstance(part, torch.Tensor) else type(part).__name__
    )
    assert found == ((n,), dtype), f"{name} must be a tensor [{n}] of {dtype}, got {found}"


def check_sampling(family: TaskFamily) -> str | None:
    """Check the optional `sample(rng)`: a task of the family, drawn only from the generator."""
    sample = getattr(family, "sample", None)
    if sample is None:
        return NOT_OFFERED
    try:
        one, two, other = (sample(KEY.child("sample", i).generator()) for i in (0, 0, 1))
    except ValueError:  # some settings of a family may exclude sampling
        return NOT_OFFERED
    texts = [family.encode(task) for task in (one, two, other)]
    assert texts[0] == texts[1], "sample must draw only from the generator it is given"
    assert texts[0] != texts[2], "sample must be random, got the same task from two generators"
    for task, text in ((one, texts[0]), (other, texts[2])):
        assert family.decode(text) == task, f"sample must return a task of the family, got {task!r}"
    return None
