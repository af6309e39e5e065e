"""The command play on a real run, under SDL's dummy driver, and task files."""

from __future__ import annotations

import json
from pathlib import Path

import pygame
import pytest

import openpoet.cli.main as command
from openpoet.archive.replay import play as window
from openpoet.cli.task_files import LARGEST, read_task, write_task
from openpoet.envs.navigation import Navigation

FAMILY = Navigation()


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("runs") / "points"
    small = ["--set", "es.population=4", "--set", "navigation.horizon=4"]
    parts = ["--family", "navigation", "--learner", "es", "--iterations", "1", "--workers", "1"]
    assert command.main(["launch", "--out", str(folder), *parts, *small]) == 0
    return str(folder)


def test_a_saved_task_is_the_one_that_was_edited(
    run: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """tab edits, m mutates, enter saves, escape leaves."""
    monkeypatch.setenv("SDL_VIDEODRIVER", "dummy")
    keys = [pygame.K_TAB, pygame.K_m, pygame.K_RETURN, pygame.K_ESCAPE]
    seen: list[object] = []
    draw = window._draw

    def drawing(table, state, *more):
        seen.append(state.task)
        pygame.event.post(pygame.event.Event(pygame.KEYDOWN, key=keys.pop(0)))
        return draw(table, state, *more)

    monkeypatch.setattr(window, "_draw", drawing)
    file = tmp_path / "task.json"
    assert command.main(["play", run, "0", "--out", str(file)]) == 0
    made = json.loads(file.read_text())
    assert made != json.loads(json.dumps(FAMILY.encode(FAMILY.origin())))
    keys[:] = [pygame.K_ESCAPE]
    assert command.main(["play", run, "--task", str(file)]) == 0
    assert made["distance"] == seen[-1].distance


def test_bad_arguments_are_one_line(
    run: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "bad.json").write_text("{")
    for words, message in (
        (["9"], "there is no niche 9"),
        (["0", "--agent", "9"], "there is no niche 9"),
        (["--task", str(tmp_path / "bad.json")], "bad.json is not JSON"),
        (["--task", str(tmp_path / "none.json")], "cannot read the task"),
    ):
        assert command.main(["play", run, *words]) == 2
        error = capsys.readouterr().err
        assert message in error
        assert error.count("\n") == 1


def test_a_task_file_is_read_as_it_was_written(tmp_path: Path) -> None:
    task = FAMILY.turned(FAMILY.origin(), "distance", 0.5)
    write_task(tmp_path / "task.json", task, FAMILY)
    assert read_task(tmp_path / "task.json", FAMILY) == task
    assert [path.name for path in tmp_path.iterdir()] == ["task.json"]


@pytest.mark.parametrize(
    "text", ["[" * 100_000, "[1]", "{}", '{"kind": "maze"}', "x" * LARGEST + "x"]
)
def test_what_is_no_task_of_the_family_is_an_error(tmp_path: Path, text: str) -> None:
    (tmp_path / "task.json").write_text(text)
    with pytest.raises(ValueError, match=r"task\.json"):
        read_task(tmp_path / "task.json", FAMILY)


def test_a_missing_task_file_is_named_with_what_was_expected(tmp_path: Path) -> None:
    message = (
        r"^cannot read the task .*none\.json: No such file.*; expected .*show RUN NICHE --json"
    )
    with pytest.raises(ValueError, match=message):
        read_task(tmp_path / "none.json", FAMILY)
