"""Laws of the tasks of every family and encoding: mutation, JSON, settings, and that decoded tasks
can be run.
"""

from __future__ import annotations

import json
import re
import runpy
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from openpoet.envs.families import FAMILIES as NAMES

from .every_family import FAMILIES

DEEP, READ_EVERY = 1000, 50
AWKWARD: tuple[Any, ...] = (
    None, True, False, -1, 0, 1, 2, 100, 99.9, 10**400, -(10**400), 1e308, -1e308, float("nan"),
    float("inf"),
    -0.0, 0.5, 1e-300, "", "a\nb", [], {}, [5, 1], [1, 5], [0, 100], [100, 100], [True, True],
    [None],
    [10**400, 10**400], [float("nan"), 1.0], [[0, 1.0]],
)  # fmt: skip


def hill() -> Any:
    """The family of the plug-in example."""
    return runpy.run_path(str(Path(__file__).parents[2] / "examples" / "hill.py"))["family"]()


def text(family: Any, task: Any) -> str:
    return json.dumps(family.encode(task), sort_keys=True, allow_nan=False)


def run(family: Any, task: Any, steps: int = 3) -> None:
    """Simulate some steps of the task, and call every method of the family on it."""
    simulator = family.simulator([task], [1], "cpu")
    outputs = [simulator.reset()]
    for t in range(steps):
        actions = np.random.default_rng(t).uniform(-1, 1, (1, family.spec.action_size))
        observation, reward, *_ = simulator.step(torch.from_numpy(actions.astype(np.float32)))
        outputs += [observation, reward]
    assert all(bool(torch.isfinite(part).all()) for part in outputs)
    assert np.isfinite(family.describe(task)).all()
    assert family.outline(task, simulator.state(0))["body"]
    assert family.title(task)


def test_every_family_is_listed() -> None:
    assert {family().encode(family().origin())["family"] for family in FAMILIES.values()} == {
        *NAMES,
        "randomised",
    }


@pytest.mark.parametrize("name", FAMILIES)
# B1
def test_1000_chained_mutations_raise_no_error_and_every_task_can_be_decoded_and_run(
    name: str,
) -> None:
    family, rng = FAMILIES[name](), np.random.default_rng(1)
    task, children = family.origin(), 0
    for depth in range(1, DEEP + 1):
        child = family.mutate(task, rng)
        children += child != task
        if depth % 5 == 0 or "cppn" not in name:
            assert not re.search(r"-0\.0[],}]", text(family, child))
        task = child
        if depth % READ_EVERY == 0:
            assert family.decode(json.loads(text(family, task))) == task
            assert text(family, family.decode(json.loads(text(family, task)))) == text(family, task)
        if depth % (8 * READ_EVERY) == 0:
            run(family, task)
    assert children > 0.4 * DEEP or name.startswith("randomised")


@pytest.mark.parametrize("name", [*FAMILIES, "hill"])
def test_altered_task_data_can_be_run_or_are_an_error_of_one_line(name: str) -> None:  # C6
    """Each value in a task's JSON is in turn replaced by an invalid or a barely valid one."""
    family, rng = (FAMILIES | {"hill": hill})[name](), np.random.default_rng(5)
    task = family.origin()
    for _ in range(8):
        task = family.mutate(task, rng)
    taken = 0
    for path in places(family.encode(task)):
        for value in AWKWARD:
            found, line = read(family, replaced(family.encode(task), path, value))
            assert "\n" not in line, (path, value)
            assert len(line) < 300, (path, value)
            if found is None:
                continue
            taken += 1
            assert text(family, found) == text(
                family, family.decode(json.loads(text(family, found)))
            )
            run(family, found, 1)
            family.mutate(found, rng)
    assert taken


def read(family: Any, data: Any) -> tuple[Any, str]:
    """The task, and the error message if there is none."""
    try:
        return family.decode(data), ""
    except ValueError as error:
        return None, str(error)


def places(data: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Paths to every value in JSON, at most three of a list."""
    inside = list(data.items()) if isinstance(data, dict) else []
    inside += list(enumerate(data))[:3] if isinstance(data, list) else []
    return ([path] if path else []) + [
        found for key, value in inside for found in places(value, (*path, key))
    ]


def replaced(data: Any, path: tuple[Any, ...], value: Any) -> Any:
    if not path:
        return value
    copy = dict(data) if isinstance(data, dict) else list(data)
    copy[path[0]] = replaced(data[path[0]], path[1:], value)
    return copy


@pytest.mark.parametrize("name", FAMILIES)
def test_negative_zero_has_the_encoding_of_zero(name: str) -> None:
    family = FAMILIES[name]()
    for path in places(family.encode(family.origin())):
        one, other = (
            read(family, replaced(family.encode(family.origin()), path, zero))[0]
            for zero in (0.0, -0.0)
        )
        assert (one is None) == (other is None)
        assert one is None or text(family, one) == text(family, other)


# bodies came with schema 3
@pytest.mark.parametrize("name", [name for name in FAMILIES if name != "walker body"])
def test_tasks_of_schema_1_are_decoded_with_the_settings_of_the_family(name: str) -> None:  # A1
    family = FAMILIES[name]()
    task = family.mutate(family.origin(), np.random.default_rng(0))
    old = {key: value for key, value in family.encode(task).items() if key != "settings"} | {
        "schema": 1
    }
    assert family.decode(old) == task
    assert family.encode(family.decode(old))["schema"] == 2


@pytest.mark.parametrize("name", FAMILIES)
def test_a_changed_setting_in_a_task_gives_another_task_or_an_error(name: str) -> None:  # A1
    """A task with another setting is decoded as another task, or is an error."""
    family = FAMILIES[name]()
    data = family.encode(family.origin())
    for setting, value in data["settings"].items():
        changed = data | {"settings": data["settings"] | {setting: another(value)}}
        found, line = read(family, changed)
        if found is None:
            assert setting in line or "other settings" in line
        else:
            assert family.encode(found) == changed != data
    assert not data["settings"] or read(family, data | {"settings": {}})[0] is None


def another(value: Any) -> Any:
    """A value of a setting that is not this one."""
    if isinstance(value, str):
        return {"corrected": "reference", "poet": "dcd"}.get(value, "first")
    if isinstance(value, dict):
        return {**value, "more": 1}
    return not value if isinstance(value, bool) else (value or 2) - 1


@pytest.mark.parametrize("name", FAMILIES)
def test_a_redraw_with_another_number_of_seeds_is_an_error_and_changes_nothing(name: str) -> None:
    family = FAMILIES[name]()
    simulators = [family.simulator([family.origin()] * 2, [1, 2], "cpu") for _ in range(2)]
    if not hasattr(simulators[0], "redraw"):
        assert name.startswith("randomised")
        return
    for simulator in simulators:
        simulator.reset()
    with pytest.raises(ValueError, match=r"redraw needs a seed for each of 1 rows, got 2"):
        simulators[0].redraw(torch.tensor([False, True]), [3, 4])
    actions = torch.full((2, family.spec.action_size), 0.5)
    for ours, theirs in zip(*(each.step(actions) for each in simulators), strict=True):
        assert torch.equal(ours, theirs)
    assert torch.equal(simulators[0].reset(), simulators[1].reset())
