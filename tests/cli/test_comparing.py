"""`openpoet compare` on runs of the fakes: methods, budget, files."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from openpoet.archive.store.run_folder import Run
from openpoet.cli.comparing import method_names, progress_of, short_names
from openpoet.cli.main import main

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
