"""`openpoet compare --suite` and `--cross` on short runs of walkers."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest

from openpoet.cli.comparison import FILES
from openpoet.cli.evaluate.planning import SAMPLED_EPISODES
from openpoet.cli.main import main

SETTINGS = {
    "walker.length": 31,
    "walker.horizon": 40,
    "poet.mutate_every": 2,
    "poet.reproduce_at": -500.0,
    "poet.mc_low": -500.0,
    "poet.mc_high": 500.0,
    "poet.children": 3,
    "es.population": 4,
    "es.hidden": [4],
}
TASKS = ("randomised", "evolved")
SCORES = {"easy-1": -500.0, "easy-2": -500.0, "hard-1": 500.0}  # at which an episode is won


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Walkers that fall at once, in two runs whose worlds any agent beats and one whose worlds
    none does.
    """
    folder = tmp_path_factory.mktemp("runs")
    for name, score in SCORES.items():
        settings = {**SETTINGS, "walker.solved_score": score}
        changes = [w for item in settings.items() for w in ("--set", "=".join(map(str, item)))]
        words = ["launch", "--preset", "quick-es", "--seed", name[-1], "--iterations", "5"]
        assert main([*words, *changes, "--workers", "1", "--out", str(folder / name)]) == 0
    return {name: folder / name for name in SCORES}


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open() as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def compared(runs: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """The folders of the same comparison, made twice."""
    folders = [tmp_path_factory.mktemp("compared") for _ in range(2)]
    for folder in folders:
        words = ["compare", *map(str, runs.values()), "--cross", "--suite", str(runs["easy-1"])]
        words += ["--episodes", "2", "--workers", "1", "--out", str(folder)]
        assert main(words) == 0
    return folders


def test_a_world_is_won_at_the_solved_score_of_its_own_run(compared: list[Path]) -> None:
    rows = {row["run"]: row for row in rows_of(compared[0] / "cross.csv")}
    for row in rows.values():
        assert float(row["worlds_of_easy-1"]) == float(row["worlds_of_easy-2"]) == 1.0
        assert float(row["worlds_of_hard-1"]) == 0.0
    worlds = [int(row["worlds"]) for row in rows.values()]
    assert float(rows["hard-1"]["score"]) == pytest.approx(sum(worlds[:2]) / sum(worlds))


def test_runs_of_a_method_are_its_seeds(compared: list[Path]) -> None:
    rows = rows_of(compared[0] / "suite.csv")
    assert {row["method"]: row["seeds"] for row in rows} == {
        "quick-es/es solved_score=-500.0": "2",
        "quick-es/es solved_score=500.0": "1",
    }
    assert {row["agents"] for row in rows} == {"oracle", "mean"}


def test_an_oracle_is_no_worse_than_the_mean_in_any_world(compared: list[Path]) -> None:
    rows = rows_of(compared[0] / "suite-worlds.csv")
    oracle, average = (
        {(row["run"], row["world"]): float(row["return"]) for row in rows if row["agents"] == way}
        for way in ("oracle", "mean")
    )
    assert oracle.keys() == average.keys()
    assert all(oracle[key] >= average[key] for key in oracle)


def test_returns_on_a_suite_are_those_of_evaluate(
    runs: dict[str, Path], compared: list[Path], tmp_path: Path
) -> None:

    record = tmp_path / "record.json"
    words = ["evaluate", str(runs["hard-1"]), "--suite", str(runs["easy-1"]), "--episodes", "2"]
    assert main([*words, "--actions", "mean", "--workers", "1", "--out", str(record)]) == 0
    (scores,) = json.loads(record.read_text())["scores"].values()
    expected = np.array(scores["returns"]).mean((0, 2))
    rows = rows_of(compared[0] / "suite-worlds.csv")
    found = [r for r in rows if (r["run"], r["agents"]) == ("hard-1", "mean")]
    assert [float(row["return"]) for row in found] == pytest.approx(expected)


def test_all_files_of_a_comparison_are_known(compared: list[Path]) -> None:
    """Those that the next comparison in this folder removes."""
    assert {path.name for path in compared[0].iterdir()} == set(FILES)


def test_the_same_comparison_gives_the_same_files(compared: list[Path]) -> None:
    names = {path.name for path in compared[0].iterdir()}
    assert {"suite.csv", "risk.csv", "profile.csv", "cross.png", "risk.png"} <= names
    for name in names:
        assert (compared[0] / name).read_bytes() == (compared[1] / name).read_bytes()


def launched(out: Path, *words: str) -> Path:
    assert main(["launch", *words, "--iterations", "1", "--workers", "1", "--out", str(out)]) == 0
    return out


def test_runs_with_randomised_and_with_evolved_tasks_act_in_each_others_worlds(
    tmp_path: Path,
) -> None:
    common = ["--family", "navigation", "--learner", "ppo", "--set", "ppo.num_steps=8"]
    names = {tasks: launched(tmp_path / tasks, *common, "--tasks", tasks) for tasks in TASKS}
    words = ["compare", *map(str, names.values()), "--cross", "--workers", "1"]
    assert main([*words, "--out", str(tmp_path / "out")]) == 0
    rows = rows_of(tmp_path / "out" / "cross.csv")
    assert [(row["run"], row["worlds"]) for row in rows] == [(tasks, "1") for tasks in TASKS]


def test_agents_that_adapt_have_several_trials_in_deterministic_worlds_by_default(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = str(launched(tmp_path / "grid", "--preset", "quick-grid", "--set", "grid.horizon=20"))
    capsys.readouterr()
    assert main(["evaluate", run, "--suite", run, "--json"]) == 0
    record = json.loads(capsys.readouterr().out)
    assert record["episodes"] == SAMPLED_EPISODES
    for way in (["--cross"], ["--suite", run]):
        assert main(["compare", run, *way, "--out", str(tmp_path / "out")]) == 0
    assert main(["evaluate", run, "--suite", run, "--episodes", "1"]) == 2
    assert "--episodes must be at least 2" in capsys.readouterr().err


def test_a_suite_of_another_family_is_refused(
    runs: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["compare", str(runs["easy-1"]), "--suite", "navigation", "--out", str(tmp_path / "x")]
    assert main(words) == 2
    assert "choose another suite" in capsys.readouterr().err
