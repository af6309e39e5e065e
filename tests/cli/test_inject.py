"""Injected tasks: candidates like any other, recorded with their origin; a resumed run equals an
uninterrupted one.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

import openpoet.cli.main as command
from openpoet.archive.store.run_folder import Run
from openpoet.cli.injections import Injections, put
from openpoet.cli.run_loop import RunLoop
from openpoet.envs.navigation import Navigation, NavigationSettings
from tests.cli.test_run_loop import launch, table

# As in tests/cli/test_run_loop.py: reproduction is in iterations 3, 5, ...
FAMILY = Navigation(NavigationSettings(reward="sparse", horizon=4, episodes=2, solved_score=-3.0))


@pytest.fixture(scope="module")
def begun(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of 3 iterations."""
    folder = tmp_path_factory.mktemp("runs") / "begun"
    assert launch(folder, 3) == 0
    return folder


def task_file(folder: Path, **turns: float) -> Path:
    task = FAMILY.origin()
    for name, value in turns.items():
        task = FAMILY.turned(task, name, value)
    path = folder / "mine.json"
    path.write_text(json.dumps(FAMILY.encode(task)))
    return path


def resume(folder: Path, iterations: int) -> int:
    words = ["--iterations", str(iterations), "--workers", "1"]
    return command.main(["resume", str(folder), *words])


def copied(begun: Path, folder: Path) -> Path:
    return Path(shutil.copytree(begun, folder))


def injected_child(folder: Path, file: Path) -> dict[str, Any]:
    task = json.loads(file.read_text())
    (child,) = [row for row in table(folder, "children") if row["task"] == task]
    return child


def digest(folder: Path, capsys: pytest.CaptureFixture[str]) -> str:
    capsys.readouterr()
    assert command.main(["digest", str(folder)]) == 0
    return capsys.readouterr().out


def test_an_injected_task_is_a_candidate_of_the_next_reproduction(
    begun: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run, file = copied(begun, tmp_path / "run"), task_file(tmp_path, distance=0.777)
    assert command.main(["inject", str(run), str(file)]) == 0
    assert resume(run, 6) == 0
    child = injected_child(run, file)
    assert child["iteration"] == 5
    assert child["score"] is not None, "the minimal criterion was measured"
    assert sum(row["iteration"] == 5 for row in table(run, "children")) == 5, "and 4 mutations"
    with Run.open(run, write=False) as opened:
        (record,) = opened.injected().values()
        assert record["iteration"] == 5
        assert record["source"] == "injected task mine.json"
        opened.verify()
    if child["niche"] is not None:
        niche = table(run, "niches")[child["niche"]]
        assert niche["source"] == "injected task mine.json"
        capsys.readouterr()
        assert command.main(["show", str(run), str(child["niche"])]) == 0
        assert "injected task mine.json" in capsys.readouterr().out
    assert not list((run / "inject").iterdir())
    assert command.main(["inject", str(run), str(file)]) == 0, "the same once more"
    assert len(list((run / "inject").iterdir())) == 1
    assert resume(run, 8) == 0
    assert [row["task"] for row in table(run, "children")].count(child["task"]) == 2


def test_a_killed_and_resumed_run_equals_an_uninterrupted_one(
    begun: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    whole, killed = copied(begun, tmp_path / "whole"), copied(begun, tmp_path / "killed")
    other, file = copied(begun, tmp_path / "other"), task_file(tmp_path, distance=0.777)
    for run in (whole, killed):
        assert command.main(["inject", str(run), str(file)]) == 0
    assert resume(whole, 8) == 0
    assert resume(other, 8) == 0
    commit, remove = RunLoop.commit, Injections.remove

    def dying(self: RunLoop, population: Any, before: Any, seconds: float) -> None:
        if population.iteration == 5:
            raise KeyboardInterrupt
        commit(self, population, before, seconds)

    monkeypatch.setattr(RunLoop, "commit", dying)
    assert resume(killed, 8) == 130
    monkeypatch.setattr(RunLoop, "commit", commit)
    assert len(list((killed / "inject").iterdir())) == 1, "killed before the commit"

    def dying_later(self: Injections) -> None:
        if self.found:
            raise KeyboardInterrupt

    monkeypatch.setattr(Injections, "remove", dying_later)
    assert resume(killed, 8) == 130
    monkeypatch.setattr(Injections, "remove", remove)
    assert len(list((killed / "inject").iterdir())) == 1, "killed after the commit"
    assert resume(killed, 8) == 0
    assert digest(killed, capsys) == digest(whole, capsys) != digest(other, capsys)


def test_a_task_of_another_family_is_refused(
    begun: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = copied(begun, tmp_path / "run")
    (tmp_path / "bad.json").write_text('{"kind": "maze"}')
    assert command.main(["inject", str(run), str(tmp_path / "bad.json")]) == 2
    assert "bad.json" in capsys.readouterr().err
    assert not (run / "inject").exists()


def test_a_deeply_nested_task_is_refused_in_one_line(
    begun: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "deep.json").write_text('{"a":' * 900 + "1" + "}" * 900)
    assert command.main(["inject", str(begun), str(tmp_path / "deep.json")]) == 2
    lines = capsys.readouterr().err.strip().splitlines()
    assert len(lines) == 1
    assert "nests more than 32 deep" in lines[0]


def test_links_in_the_folder_are_not_followed(begun: Path, tmp_path: Path) -> None:
    run = copied(begun, tmp_path / "run")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (run / "inject").symlink_to(elsewhere)
    with Run.open(run, write=False) as opened:
        with pytest.raises(ValueError, match="not a link"):
            put(opened, FAMILY.origin(), "x", FAMILY)
        with pytest.raises(ValueError, match="not a link"):
            Injections(opened, FAMILY)
        (run / "inject").unlink()
        (run / "inject").mkdir()
        (run / "inject" / ("0" * 16 + ".json")).symlink_to(elsewhere)
        with pytest.raises(OSError, match="Too many levels"):
            Injections(opened, FAMILY)(5)
