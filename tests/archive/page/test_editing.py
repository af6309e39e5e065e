"""Edits of tasks: one change at a time, within the family's bounds, at a bounded pace."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from openpoet.archive.page.editing import MOST_A_SECOND, Editing, Editor, edited
from openpoet.archive.page.requests import RefusedError
from openpoet.archive.page.routes import change
from openpoet.archive.page.site import Site
from openpoet.envs.navigation import Navigation
from openpoet.envs.walker.family import Walker
from tests.archive.example_runs import finished
from tests.archive.page.views import opened

WALKER = Walker()


@pytest.fixture
def editing(tmp_path: Path) -> Editing:
    """Of a run whose tasks are edited as a walker's."""
    finished(tmp_path / "run", 3)
    injected: list[tuple[Any, str]] = []

    def inject(task: Any, source: str) -> str:
        injected.append((task, source))
        return f"{len(injected)} wait"

    site = Site(lambda: [tmp_path / "run"], opened)
    return Editing(site, lambda path: Editor(WALKER, WALKER.title, inject))


def test_a_turned_knob_is_that_of_the_family_and_a_stroke_as_well() -> None:
    task = WALKER.origin()
    assert edited(WALKER, task, {}) == task
    for name, (_, low, high, _) in WALKER.knobs(task).items():
        for value in (low, high):
            turned = edited(WALKER, task, {"turn": [name, value]})
            assert turned == WALKER.turned(task, name, value)
            assert WALKER.knobs(turned)[name][0] == value
    stroke = [[2.0, 3.0], [2.1, 4.4]]
    assert edited(WALKER, task, {"stroke": stroke}) == WALKER.drawn(task, np.array(stroke))
    mutant = edited(WALKER, task, {"mutate": 3})
    assert mutant == WALKER.mutate(task, np.random.default_rng(3)) != task


@pytest.mark.parametrize(
    "asked",
    [
        {"turn": ["roughness", 10.1]},
        {"turn": ["roughness", -0.1]},
        {"turn": ["roughness", float("nan")]},
        {"turn": ["roughness", float("inf")]},
        {"turn": ["roughness", True]},
        {"turn": ["roughness", "3"]},
        {"turn": ["__class__", 3]},
        {"turn": ["roughness"]},
        {"turn": {"roughness": 3}},
        {"stroke": [[1.0, 2.0], [1.0, float("inf")]]},
        {"stroke": [[1.0, 2.0], [1.0, "2"]]},
        {"stroke": [[1.0, 2.0]]},
        {"stroke": [1.0, 2.0]},
        {"stroke": "up"},
        {"mutate": -1},
        {"mutate": 1.5},
        {"mutate": 10**20},
        {"mutate": 1, "turn": ["roughness", 1.0]},
    ],
)
def test_a_change_out_of_bounds_or_of_no_kind_is_refused(asked: dict[str, Any]) -> None:
    with pytest.raises(RefusedError) as error:
        edited(WALKER, WALKER.origin(), asked)
    assert error.value.status == 400
    assert "\n" not in str(error.value)


def test_a_family_without_strokes_refuses_them() -> None:
    family = Navigation()
    with pytest.raises(RefusedError, match="cannot be drawn"):
        edited(family, family.origin(), {"stroke": [[1.0, 2.0], [3.0, 4.0]]})


def test_an_answer_describes_the_task_and_can_be_edited_again(editing: Editing) -> None:
    task = WALKER.encode(WALKER.origin())
    plain = editing.changed("run", {"task": task})
    rough = editing.changed("run", {"task": plain["task"], "turn": ["roughness", 6.0]})
    assert plain["task"] == json.loads(json.dumps(task))
    assert rough["outline"]["ground"] != plain["outline"]["ground"]
    assert "roughness 6" in rough["title"]
    assert rough["knobs"]["roughness"] == (6.0, 0.0, 10.0, 0.1)
    again = editing.changed("run", {"task": rough["task"], "turn": ["roughness", 0.0]})
    assert again["task"] == plain["task"]
    # as JavaScript writes it: a float without decimals is an integer
    short = json.loads(json.dumps(rough["task"]).replace(".0", ""))
    assert editing.changed("run", {"task": short}) == rough


def post(editing: Editing, target: str, asked: Any) -> tuple[int, Any]:
    body = asked if isinstance(asked, bytes) else json.dumps(asked).encode()
    answer = change(editing, target, body)
    return answer.status, json.loads(answer.body)


def test_a_task_outside_the_bounds_is_not_injected(editing: Editing) -> None:
    task = WALKER.encode(WALKER.turned(WALKER.origin(), "roughness", 9.9))
    target = "/api/run/run/inject"
    assert post(editing, target, {"task": task, "niche": 2}) == (200, {"line": "1 wait"})
    task["genome"]["roughness"] = 10.1
    status, found = post(editing, target, {"task": task, "niche": 2})
    assert status == 400
    assert found["error"] == "roughness must be a number from 0 to 10 in this run, got '10.1'"
    task["genome"]["roughness"] = 1e9
    status, found = post(editing, target, {"task": task, "niche": 2})
    assert status == 400
    assert "roughness must be in [0, 100]" in found["error"]


@pytest.mark.parametrize(
    ("target", "asked", "status", "text"),
    [
        ("/api/run/run/edit", b"{", 400, "not JSON"),
        ("/api/run/run/edit", b"\xff\xfe", 400, "not JSON"),
        ("/api/run/run/edit", b"[" * 100_000, 400, "not JSON"),
        ("/api/run/run/edit", b'{"task": ' + b"[" * 900 + b"]" * 900 + b"}", 400, "nests more"),
        ("/api/run/run/edit", [], 400, "must be a JSON object"),
        ("/api/run/run/edit", {}, 400, "task must be a JSON object"),
        ("/api/run/run/edit", {"task": {"family": "maze"}}, 400, "walker"),
        ("/api/run/run/inject", {"task": {}}, 400, "niche must be the number"),
        ("/api/run/run/inject", {"task": {}, "niche": "<b>"}, 400, "niche must be the number"),
        ("/api/run/none/edit", {"task": {}}, 404, "no run of this name"),
        ("/api/run/run/view", {"task": {}}, 404, "nothing to write to"),
        ("/", {"task": {}}, 404, "nothing to write to"),
    ],
)
def test_a_bad_edit_has_one_line_as_its_answer(
    editing: Editing, target: str, asked: Any, status: int, text: str
) -> None:
    got, found = post(editing, target, asked)
    assert got == status
    assert text in found["error"]
    assert "\n" not in found["error"]


def test_more_edits_than_the_pace_allows_wait(editing: Editing) -> None:
    task = WALKER.encode(WALKER.origin())
    began = time.monotonic()
    for _ in range(6):  # the first does not wait
        editing.changed("run", {"task": task})
    assert time.monotonic() - began >= 5 / MOST_A_SECOND
