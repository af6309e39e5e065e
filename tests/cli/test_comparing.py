"""`openpoet compare` on runs of the fakes: methods, budget, files."""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path
from typing import Any

import pytest

import openpoet
from openpoet.archive.store.run_folder import Run
from openpoet.cli.comparing import method_names, progress_of, short_names
from openpoet.cli.main import main
from openpoet.envs.navigation import Navigation, NavigationSettings
from tests.test_library import POINTS, points

BASE = {"run.preset": "quick", "run.learner": "ppo", "poet.seed": 1, "poet.capacity": 6}


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Two methods with two seeds each, on bandits."""
    folder = tmp_path_factory.mktemp("runs")
    paths = [folder / f"{name}-s{seed}" for name in ("six", "two") for seed in (1, 2)]
    for path in paths:
        name, seed = path.name.split("-s")
        capacity = {"six": 6, "two": 2}[name]
        words = ["launch", "--preset", "quick-bandits", "--seed", seed, "--iterations", "3"]
        words += ["--set", f"poet.capacity={capacity}", "--set", "rl2.trials=16"]
        assert main([*words, "--workers", "1", "--out", str(path)]) == 0
    return paths


def test_progress_is_that_of_the_archive(runs: list[Path]) -> None:
    (one,) = progress_of(runs[:1])
    with Run.open(runs[0], write=False) as run:
        rows, niches = run.rows("iterations"), run.niche_rows()
    assert one.steps.tolist() == [row["steps"] for row in rows]
    assert one.hours[-1] == pytest.approx(sum(row["clock_seconds"] for row in rows) / 3600)
    for at, row in enumerate(rows):
        solved = [n for n in niches if n["solved"] is not None and n["solved"] <= row["iteration"]]
        assert one.solved[at] == len(solved)


def test_the_progress_of_a_curriculum_is_its_students_score(tmp_path: Path) -> None:
    """The scores of its levels are regrets, which are not comparable with returns."""
    path = tmp_path / "accel"
    words = ["launch", "--preset", "quick-curriculum", "--iterations", "2", "--workers", "1"]
    changes = {"walker.length": 31, "walker.horizon": 40, "ppo.num_envs": 4, "ppo.num_steps": 48}
    words += [word for item in changes.items() for word in ("--set", "=".join(map(str, item)))]
    assert main([*words, "--out", str(path)]) == 0
    (found,) = progress_of([path])
    with Run.open(path, write=False) as run:
        scores = {row["iteration"]: row["score"] for row in run.rows("scores") if not row["niche"]}
        summary = run.rows("iterations")
    assert "accel" in found.method
    assert scores
    assert found.best[-1] == found.median[-1] == scores[2] != summary[-1]["best"]


def test_compare_writes_tables_and_figures(
    runs: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    assert main(["compare", *map(str, runs), "--out", str(out)]) == 0
    printed = capsys.readouterr().out
    assert "quick-bandits/rl2 capacity=6" in printed
    assert "quick-bandits/rl2 capacity=2" in printed
    with (out / "methods.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["seeds"] for row in rows] == ["2", "2"]
    assert (out / "curves.png").read_bytes().startswith(b"\x89PNG")
    with (out / "curves.csv").open() as file:
        assert len(list(csv.DictReader(file))) == 4 * 4


def test_files_of_an_earlier_comparison_are_removed_and_others_stay(
    runs: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("suite.csv", "risk.csv", "profile.png", "cross.png", "mine.csv", "notes.txt"):
        (tmp_path / name).write_text("earlier")
    assert main(["compare", *map(str, runs), "--out", str(tmp_path)]) == 0
    new = {"methods.csv", "runs.csv", "curves.csv", "curves.png"}
    assert {path.name for path in tmp_path.iterdir()} == {*new, "mine.csv", "notes.txt"}
    last = capsys.readouterr().out.splitlines()[-1]
    assert last == f"{tmp_path}: methods.csv, runs.csv, curves.csv, curves.png"


def test_compare_gives_the_same_tables_again(runs: list[Path], tmp_path: Path) -> None:
    for name in ("a", "b"):
        assert main(["compare", *map(str, runs), "--out", str(tmp_path / name)]) == 0
    for path in (tmp_path / "a").iterdir():
        assert path.read_bytes() == (tmp_path / "b" / path.name).read_bytes()


def test_one_run_twice_is_refused(
    runs: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["compare", str(runs[0]), str(runs[0]), "--out", str(tmp_path / "out")]
    assert main(words) == 2
    assert "leave one out" in capsys.readouterr().err


def test_a_budget_beyond_the_runs_is_refused(
    runs: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["compare", *map(str, runs), "--budget", str(10**12), "--out", str(tmp_path / "out")]
    assert main(words) == 2
    shown = capsys.readouterr().err
    assert "which every run has reached" in shown
    assert len(shown.splitlines()) == 1
    assert not (tmp_path / "out").exists()


def test_worlds_without_a_suite_are_refused(
    runs: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["compare", str(runs[0]), "--worlds", "9", "--out", str(tmp_path / "out")]
    assert main(words) == 2
    assert "give one with --suite" in capsys.readouterr().err


def test_without_matplotlib_there_is_one_clear_line(
    runs: list[Path],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("openpoet.arena.figures.find_spec", lambda name: None)
    assert main(["compare", str(runs[0]), "--out", str(tmp_path / "out")]) == 0
    assert "openpoet[plots]" in capsys.readouterr().out
    assert not list((tmp_path / "out").glob("*.png"))


def test_methods_with_equal_settings_have_equal_names() -> None:
    other = {**BASE, "poet.seed": 2}
    assert method_names([BASE, other]) == ["quick/ppo", "quick/ppo"]


def test_methods_are_told_apart_by_the_settings_in_which_they_differ() -> None:
    more = {**BASE, "poet.capacity": 9}
    es = {**BASE, "run.preset": "quick-es", "run.learner": "es"}
    assert method_names([BASE, more, es]) == [
        "quick/ppo capacity=6",
        "quick/ppo capacity=9",
        "quick-es/es",
    ]


def test_methods_that_differ_in_many_settings_are_numbered() -> None:
    many = {**BASE, **{f"ppo.x{i}": i for i in range(9)}}
    assert method_names([BASE, many, BASE]) == ["quick/ppo (1)", "quick/ppo (2)", "quick/ppo (1)"]


def test_a_setting_changed_later_is_named_with_its_first_iteration() -> None:
    more, less = {**BASE, "poet.capacity@4": 9}, {**BASE, "poet.capacity@4": 3}
    assert method_names([BASE, more, less]) == [
        "quick/ppo",
        "quick/ppo capacity=9@4",
        "quick/ppo capacity=3@4",
    ]
    assert method_names([BASE, {**BASE, "poet.seed@4": 2}]) == ["quick/ppo", "quick/ppo"]


def test_settings_of_two_sections_with_the_same_key_are_told_apart() -> None:
    changed = [{**BASE, f"{section}.capacity@4": 9} for section in ("poet", "mfec")]
    assert method_names([BASE, *changed]) == [
        "quick/ppo",
        "quick/ppo poet.capacity=9@4",
        "quick/ppo mfec.capacity=9@4",
    ]


def methods_of(paths: list[Path]) -> list[str]:
    return [one.method for one in progress_of(paths)]


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Points of 2 iterations, whose states are kept."""
    out = tmp_path_factory.mktemp("plain") / "plain"
    return points(out, 2, settings=POINTS | {"run.keep_every": 1}).path


def resumed(run: Path, out: Path, **settings: Any) -> Path:
    shutil.copytree(run, out)
    openpoet.resume(out, iterations=4, workers=1, settings=settings)
    return out


def test_a_setting_changed_at_a_resume_makes_another_method(plain: Path, tmp_path: Path) -> None:
    """Runs without changes, and with the same one, are repeats."""
    other = points(tmp_path / "other", 2, seed=4).path
    changed = [
        resumed(run, tmp_path / f"changed-{run.name}", **{"poet.transfer_rule": "none"})
        for run in (plain, other)
    ]
    unchanged = resumed(plain, tmp_path / "unchanged")
    assert methods_of([unchanged, other, *changed]) == [
        *["quick-navigation/es"] * 2,
        *["quick-navigation/es transfer_rule=none@3"] * 2,
    ]


def test_a_fork_with_a_change_is_compared_with_its_source(
    plain: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fork, out = tmp_path / "fork", str(tmp_path / "out")
    openpoet.fork(plain, 1, out=fork, settings={"poet.transfer_rule": "none"}, workers=1)
    assert main(["compare", str(plain), str(fork), "--out", out]) == 0
    assert "transfer_rule=none@2" in capsys.readouterr().out
    openpoet.fork(plain, 1, out=tmp_path / "same", workers=1)
    assert main(["compare", str(plain), str(tmp_path / "same"), "--out", out]) == 2


def test_an_injected_task_makes_another_method(plain: Path, tmp_path: Path) -> None:
    settings = NavigationSettings(reward="sparse", horizon=4, episodes=2, solved_score=-3.0)
    family = Navigation(settings)
    task = tmp_path / "task.json"
    task.write_text(json.dumps(family.encode(family.turned(family.origin(), "angle", 1.0))))
    run = Path(shutil.copytree(plain, tmp_path / "injected"))
    assert main(["inject", str(run), str(task)]) == 0
    openpoet.resume(run, iterations=4, workers=1)
    without, injected = methods_of([plain, run])
    assert without == "quick-navigation/es"
    assert injected.startswith("quick-navigation/es injected=")


def test_a_run_from_niches_of_another_is_another_method(plain: Path, tmp_path: Path) -> None:
    seeded = openpoet.seed_from(plain, out=tmp_path / "seeded", iterations=2, settings=POINTS).path
    assert methods_of([plain, seeded]) == ["quick-navigation/es", "quick-navigation/es from=niches"]


def test_a_curriculum_is_part_of_the_name() -> None:
    assert method_names([{**BASE, "run.curriculum": "accel"}]) == ["quick/accel/ppo"]


def test_the_parts_of_a_file_have_its_name(tmp_path: Path) -> None:
    """Also a learner's; their paths are not among the settings that can change a result."""
    (tmp_path / "own.py").write_text("from fakes import FakeLearner\n\nlearner = FakeLearner\n")
    words = ["launch", "--preset", "quick-bandits", "--learner", str(tmp_path / "own.py")]
    assert main([*words, "--iterations", "1", "--out", str(tmp_path / "run")]) == 0
    (found,) = progress_of([tmp_path / "run"])
    assert found.method == "quick-bandits/own"


def test_names_of_equal_folders_are_paths(tmp_path: Path) -> None:
    paths = [tmp_path / "x" / "a", tmp_path / "y" / "a", tmp_path / "b"]
    assert short_names(paths) == [str(paths[0]), str(paths[1]), "b"]
