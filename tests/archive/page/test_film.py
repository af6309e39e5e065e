"""The film of a tree: its order, its colours, and the file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import openpoet.cli.main as command
from openpoet.archive.page.film import HOLD, SIZE, Tree, film_tree, genealogical
from openpoet.archive.page.scales import level, nice_step, ramp
from tests.archive.example_runs import create, finished
from tests.archive.page.views import view_of

ITERATIONS = 20


@pytest.fixture(scope="module")
def view(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    path = tmp_path_factory.mktemp("run") / "run"
    finished(path, ITERATIONS)
    return view_of(path).view(pictures=None)


def niche(id: int, parent: int | None) -> dict[str, Any]:
    return {"id": id, "parent": parent}


def test_children_are_below_their_parents_and_families_stay_together() -> None:
    family = [niche(0, None), niche(1, 0), niche(2, 0), niche(3, 1), niche(4, None)]
    assert genealogical(family) == [0, 2, 1, 3, 4]
    assert genealogical([niche(0, None), niche(1, 2), niche(2, 1)]) == [0, 1, 2]


def test_the_last_picture_has_the_colour_of_every_last_score(view: dict[str, Any]) -> None:
    tree = Tree(view)
    pictures = list(tree.pictures(ITERATIONS))
    assert len(pictures) == ITERATIONS + HOLD
    assert len(set(pictures)) == ITERATIONS
    tree.marks.fill((0, 0, 0, 0))
    active = [n for n in view["niches"] if n["died"] is None and n["born"] < ITERATIONS]
    assert active
    for one in active:
        score = view["scores"][str(one["id"])]["values"][-1]
        place = round(tree._x(ITERATIONS - 0.5)), round(tree.y[one["id"]])
        assert tuple(tree.base.get_at(place))[:3] == ramp(score, *view["score_range"])


def test_nothing_of_a_later_iteration_is_in_a_picture(view: dict[str, Any]) -> None:
    tree = Tree(view)
    empty = tree.base.copy()
    half = next(iter(tree.pictures(2)))
    right = np.frombuffer(half, np.uint8).reshape(SIZE[1], SIZE[0], 3)
    beyond = round(tree._x(ITERATIONS / 2)) + 20
    columns = [tuple(empty.get_at((beyond, y)))[:3] for y in range(SIZE[1])]
    assert right[:, beyond].tolist() == [list(colour) for colour in columns]


def test_a_film_is_written_and_only_then_has_its_name(
    view: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "tree.mp4"
    assert film_tree(view, path) == 4 * ITERATIONS + HOLD
    assert path.read_bytes()[4:8] == b"ftyp"
    monkeypatch.setattr(Tree, "_curves", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        film_tree(view, tmp_path / "other.mp4")
    assert list(tmp_path.iterdir()) == [path]


def test_bad_input_is_one_line(
    view: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("tree.gif", "tree", "tree.avi"):
        with pytest.raises(ValueError, match=r"ends in \.mp4"):
            film_tree(view, tmp_path / name)
    with create(tmp_path / "run"):
        empty = view_of(tmp_path / "run").view()
    with pytest.raises(ValueError, match="no iteration yet"):
        film_tree(empty, tmp_path / "tree.mp4")
    finished(tmp_path / "run", 2)
    words = ["report", str(tmp_path / "run"), "--film", "a.mp4", "--out", "a.html"]
    assert command.main(words) == 2
    assert "give one of them" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("iterations", "step"), [(1, 1), (7, 1), (8, 2), (60, 10), (150, 50), (1500, 500)]
)
def test_the_grid_has_few_lines(iterations: int, step: int) -> None:
    assert nice_step(iterations) == step


def test_values_beyond_a_scale_stay_on_it() -> None:
    assert (level(-9, (0, 1), 10, 20), level(0.5, (0, 1), 10, 20), level(9, (0, 1), 10, 20)) == (
        20,
        15,
        10,
    )
    assert ramp(-1e9, 0, 1) == (0x44, 0x01, 0x54)
    assert ramp(5.0, 5, 5) == ramp(0, 0, 1)
