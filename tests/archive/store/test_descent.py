"""How an agent came to be: by hand, and against a simulation forwards in time."""

from __future__ import annotations

import itertools
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest

from openpoet.archive.page.details import UnknownError, details
from openpoet.archive.store.descent import Move, Step, descent
from openpoet.archive.store.run_folder import Run
from tests.archive.example_runs import finished
from tests.archive.page.views import view_of

BORN = {0: 0, 1: 3, 2: 5}
MOVES = {
    1: [Move(3, 0, 1, "proposal", True), Move(6, 2, 1, "direct", False)],
    2: [Move(5, 1, 2, "direct", True), Move(6, 0, 2, "direct", False)],
}


def test_an_agent_is_followed_back_to_the_first_population() -> None:
    """By hand: at iteration 6 niches 1 and 2 take over agents at once, so that of niche 1 is the
    one that niche 2 had before: born at 5 from niche 1's, which was born at 3 from niche 0's.
    """
    assert descent(1, 8, BORN, MOVES) == [
        Step(0, 0, 2, "start", None),
        Step(1, 3, 4, "birth", "proposal"),
        Step(2, 5, 6, "birth", "direct"),
        Step(1, 6, 8, "transfer", "direct"),
    ]
    assert descent(2, 8, BORN, MOVES) == [
        Step(0, 0, 6, "start", None),
        Step(2, 6, 8, "transfer", "direct"),
    ]
    assert descent(1, 5, BORN, MOVES)[-1] == Step(1, 3, 5, "birth", "proposal")


def test_population_based_training_comes_after_transfers_of_the_same_iteration() -> None:
    moves = {1: [Move(6, 2, 1, "exploit", False)], 2: [Move(6, 0, 2, "direct", False)]}
    assert [step.niche for step in descent(1, 6, {0: 0, 1: 0, 2: 0}, moves)] == [0, 2, 1]


def test_a_transfer_from_nowhere_is_an_error() -> None:
    with pytest.raises(ValueError, match="niche 9, which there is not"):
        descent(1, 6, BORN, {1: [Move(4, 9, 1, "direct", False)]})


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("run") / "run"
    finished(path, 60)
    return path


def forwards(run: Run) -> dict[int, list[tuple[int, int]]]:
    """By niche, where its agent has been trained: (iteration it came, niche), by replaying all
    events in their order.
    """
    niche_of = {row["id"]: row["niche"] for row in run.rows("children")}
    born = {row["id"]: row["born"] for row in run.niche_rows()}
    past: dict[int, list[tuple[int, int]]] = {id: [(0, id)] for id in born if born[id] == 0}
    taken: dict[Any, list[dict[str, Any]]] = defaultdict(list)
    for row in run.rows("transfers"):
        if row["accepted"]:
            taken[row["iteration"], not row["at_birth"]].append(row)
    for key in sorted(taken):
        before = {niche: list(steps) for niche, steps in past.items()}
        for row in taken[key]:
            target = niche_of[row["target"]] if row["at_birth"] else row["target"]
            past[target] = [*before[row["source"]], (row["iteration"], target)]
    return past


def test_descents_equal_a_replay_of_all_events(path: Path) -> None:
    view = view_of(path)
    with Run.open(path, write=False) as run:
        expected = forwards(run)
    assert len(expected) > 10
    for niche, steps in expected.items():
        found = details(view, niche)["solution"]
        assert [(step["iteration_from"], step["niche"]) for step in found] == steps
        assert found[0]["how"] == "start"
        for one, next in itertools.pairwise(found):
            assert one["iteration_to"] <= next["iteration_from"]


def test_a_step_has_the_scores_of_its_iterations(path: Path) -> None:
    view = view_of(path)
    with Run.open(path, write=False) as run:
        rows = {(row["niche"], row["iteration"]): row["score"] for row in run.rows("scores")}
        last = max(row["id"] for row in run.niche_rows())
    for step in details(view, last)["solution"]:
        span = range(step["iteration_from"], step["iteration_to"] + 1)
        values = [rows[step["niche"], at] for at in span if (step["niche"], at) in rows]
        if values:
            assert step["score"] == pytest.approx(values[-1], rel=1e-4)
            assert step["best"] == pytest.approx(max(values), rel=1e-4)


def test_details_name_relatives_and_transfers(path: Path) -> None:
    view = view_of(path)
    with Run.open(path, write=False) as run:
        niches = run.niche_rows()
        tried = run.rows("transfers")
        children = run.rows("children")
    one = next(row for row in reversed(niches) if row["parent"])
    found = details(view, one["id"])
    assert found["ancestry"][0] == one["parent"]
    assert found["ancestry"][-1] == 0
    assert one["id"] in details(view, one["parent"])["children"]
    assert len(found["transfers_in"]) == sum(
        not row["at_birth"] and row["target"] == one["id"] for row in tried
    ) + sum(row["at_birth"] and children[row["target"]]["niche"] == one["id"] for row in tried)
    assert len(found["refused_children"]) == sum(
        row["parent"] == one["id"] and row["niche"] is None for row in children
    )
    assert found["task"] == one["task"]


def test_an_unknown_niche_is_an_error(path: Path) -> None:
    with pytest.raises(UnknownError, match="no niche 999"):
        details(view_of(path), 999)
