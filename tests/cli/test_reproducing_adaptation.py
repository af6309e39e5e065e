"""`openpoet reproduce adaptation` at a tiny scale: what is trained, tested, refused and printed."""

from __future__ import annotations

import csv
import io
import json
from contextlib import redirect_stdout
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from openpoet.archive.store.run_folder import Run
from openpoet.cli import sessions
from openpoet.cli.adaptation_runs import Silent, Trainings
from openpoet.cli.adaptation_settings import EVOLVED, POPULATION, Training, TrainingSettings
from openpoet.cli.main import main

STEPS = 3_000
SETTINGS = {
    "navigation.episodes": 2,
    "poet.mutate_every": 1,
    "poet.transfer_every": 4,
    "poet.reproduce_at": -100.0,
    "poet.mc_low": -100.0,
    "poet.mc_high": 100.0,
    "poet.min_gain": -100.0,
    "poet.children": 2,
    "rl2.hidden": 8,
    "rl2.trials": 8,
    "rl2.test_trials": 4,
    "es.population": 4,
}
CHANGES = [word for item in SETTINGS.items() for word in ("--set", "=".join(map(str, item)))]
WORDS = ["reproduce", "adaptation", *CHANGES, "--workers", "1", "--trials", "4"]
WORDS += ["--learner", "rl2", "--learner", "es", "--seeds", "1"]


@dataclass(frozen=True)
class Done:
    """runs: the folder of the trainings. out: of the tables. printed: on standard output."""

    runs: Path
    out: Path
    printed: str = ""

    def command(self, *more: str) -> list[str]:
        return [*WORDS, "--steps", str(STEPS), "--runs", str(self.runs), *more]

    def tables(self) -> dict[str, str]:
        return {file.name: file.read_text() for file in self.out.glob("*.csv")}

    def rows(self, name: str) -> list[dict[str, str]]:
        with (self.out / f"{name}.csv").open() as file:
            return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Done:
    folder = tmp_path_factory.mktemp("adaptation")
    found = Done(folder / "runs", folder / "out")
    with redirect_stdout(io.StringIO()) as printed:
        assert main(found.command("--out", str(found.out))) == 0
    return replace(found, printed=printed.getvalue())


def steps_of(path: Path) -> list[int]:
    """Environment steps of a run after each iteration."""
    with Run.open(path, write=False) as run:
        return [row["steps"] for row in run.rows("iterations")]


def test_every_run_ends_with_the_iteration_that_reaches_the_steps(done: Done) -> None:
    paths = sorted(path for path in done.runs.iterdir() if path.is_dir())
    names = [f"rl2-{name}-s1" for name in ("fixed", "randomised", "evolved", "population", "accel")]
    names += [
        "rl2-population-s2",
        *(f"es-{name}-s1" for name in ("fixed", "randomised", "population")),
    ]
    assert [path.name for path in paths] == sorted(names)
    for path in paths:
        *before, last = steps_of(path)
        assert max(before) < STEPS <= last
    for row in done.rows("trainings"):
        name = f"{row['learner']}-{row['trained_on']}-s{row['seed']}"
        assert int(row["steps"]) == steps_of(done.runs / name)[-1]


def test_a_repeated_command_trains_nothing_and_prints_the_same(
    done: Done, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = {path: path.stat().st_mtime_ns for path in done.runs.glob("*/archive.db")}
    again = Done(done.runs, tmp_path / "again")
    assert main(again.command("--out", str(again.out))) == 0
    printed = capsys.readouterr().out
    assert printed.replace(str(again.out), "") == done.printed.replace(str(done.out), "")
    assert again.tables() == done.tables()
    assert {path: path.stat().st_mtime_ns for path in before} == before
    for words in (
        "not trained: es on accel: this learner cannot train one agent on a list of levels",
        "not trained: es on evolved: this learner",
        "scale: 1 training seed of 3,000 steps",
        "evolution of seed 2",
        "evolved - randomised",
    ):
        assert words in printed


def test_the_table_is_that_of_the_stored_returns(done: Done) -> None:
    """Means over worlds and trials of the records in the folders of the runs."""
    row = next(
        row
        for row in done.rows("adaptation")
        if (row["tested_on"], row["learner"], row["trained_on"])
        == ("suite navigation", "rl2", "randomised")
    )
    (file,) = (done.runs / "rl2-randomised-s1" / "evaluations").glob("navigation-*.json")
    record = json.loads(file.read_text())
    returns = {name: np.array(each) for name, each in record["adaptation"].items()}
    assert {name: each.shape for name, each in returns.items()} == dict.fromkeys(
        ("none", "off", "shuffled"), (1, 7, 4, 2)
    )
    first, last = (returns["none"][..., k].mean() for k in (0, 1))
    assert float(row["first"]) == pytest.approx(first)
    assert float(row["last"]) == pytest.approx(last)
    assert float(row["gain"]) == pytest.approx(last - first)
    assert float(row["memory_off"]) == pytest.approx(returns["off"][..., 1].mean())
    assert float(row["other_history"]) == pytest.approx(returns["shuffled"][..., 1].mean())


def test_a_population_is_tested_by_its_best_agent_and_others_by_their_only_one(done: Done) -> None:
    """The best of the population is that with the highest mean return in its own environments."""
    path = done.runs / "rl2-population-s1"
    own, tested = [], []
    for file in (path / "evaluations").glob("*.json"):
        record: dict[str, Any] = json.loads(file.read_text())
        (own if record["suite"]["name"] == path.name else tested).append(record)
    (record,) = own
    returns = np.array(record["adaptation"]["none"])[..., -1].mean((1, 2))
    assert len(returns) > 1
    best = record["agents"][int(returns.argmax())]
    assert len(tested) == 2
    assert all(record["agents"] == [best] for record in tested)


def test_evolved_agents_are_trained_on_all_that_the_population_evolved(done: Done) -> None:
    def tasks(name: str) -> list[Any]:
        with Run.open(done.runs / name, write=False) as run:
            return [row["task"] for row in run.niche_rows()]

    evolved = tasks("rl2-population-s1")
    assert len(evolved) > 2
    assert tasks("rl2-evolved-s1")[1:] == evolved
    (fixed,) = tasks("rl2-fixed-s1")
    assert (fixed["shape"], fixed["distance"]) == ("square", 0.5)


def test_a_stopped_training_is_continued(done: Done, tmp_path: Path) -> None:
    """A run that was stopped after an iteration ends as one that was not."""
    again = Done(tmp_path / "runs", tmp_path / "out")
    changes = CHANGES[1::2]
    settings = TrainingSettings("navigation", STEPS, changes)
    training = Training("rl2", POPULATION, 1)
    launched = Trainings(settings, again.runs)._launch(training, None, 1)
    sessions.launch(replace(launched, steps=1), Silent())
    path = again.runs / training.name
    assert steps_of(path)[-1] < STEPS
    Trainings(settings, again.runs).trained(training)
    assert main(["diff", str(path), str(done.runs / training.name)]) == 0
    assert steps_of(path) == steps_of(done.runs / training.name)


def test_a_folder_with_other_settings_is_refused(
    done: Done, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*done.command(), "--set", "rl2.gamma=0.5"]) == 2
    assert (
        "was trained with rl2.gamma = 0.97, expected 0.5: name another" in capsys.readouterr().err
    )
    assert main([*WORDS, "--steps", "9000", "--runs", str(done.runs)]) == 2
    assert "was trained for 3,000 steps, expected 9,000" in capsys.readouterr().err


def test_a_training_that_was_changed_after_its_launch_is_refused(tmp_path: Path) -> None:
    trainings = Trainings(TrainingSettings("navigation", STEPS, CHANGES[1::2]), tmp_path)
    training = Training("rl2", POPULATION, 1)
    sessions.launch(replace(trainings._launch(training, None, 1), steps=1), Silent())
    path, changes = tmp_path / training.name, ["rl2.gamma=0.5"]
    steps = steps_of(path)[-1] + 1
    sessions.resume(sessions.Resume(path, changes=changes, steps=steps), Silent())
    with pytest.raises(ValueError, match=r"changed after its launch \(rl2.gamma@\d+\): name"):
        trainings.trained(training)


def test_settings_are_shared_by_learners_that_are_trained_by_ppo() -> None:
    """Rollouts of ppo have as many steps as RL^2's: 8 trials of 4 episodes of 20 steps."""
    settings = TrainingSettings("navigation", STEPS, ["rl2.trials=8", "rl2.lr=0.5"])
    found, _ = settings.of(Training("ppo", EVOLVED, 1), 9)
    assert (found["ppo.num_envs"], found["ppo.num_steps"], found["ppo.lr"]) == (8, 80, 0.5)
    assert (found["ppo.gamma"], found["ppo.action_std"]) == (0.97, 0.6)
    assert found["poet.capacity"] == 9
    found, _ = settings.of(Training("varibad", POPULATION, 1), 1)
    assert (found["varibad.trials"], found["varibad.lr"]) == (8, 0.5)
    found, _ = settings.of(Training("pearl", POPULATION, 1), 1)
    assert not any(key.startswith("pearl.") for key in found)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--family", "bandits"], "--family must be one of navigation, maze, walker"),
        (["--learner", "rl3"], "rl3"),
        (["--learner", "rl2", "--learner", "rl2"], "--learner must name each learner once"),
        (["--set", "maze.size=3"], "no training has a section [maze]"),
        (["--set", "rl2.gamma=5"], "rl2.gamma"),
        (["--learner", "mfec"], "nothing can be trained: learner mfec: episodic control needs"),
        (["somewhere"], "leave RUN out"),
    ],
)
def test_bad_input_is_one_clear_line(
    words: list[str], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    runs = ["--runs", str(tmp_path / "runs")]
    assert main(["reproduce", "adaptation", *words, *runs]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert len(error.strip().splitlines()) == 1
    assert not (tmp_path / "runs").exists()


def test_its_options_are_refused_by_other_experiments(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["reproduce", "difficulty", "runs/a", "--learner", "rl2"]) == 2
    assert "--learner belongs to the experiment adaptation" in capsys.readouterr().err
