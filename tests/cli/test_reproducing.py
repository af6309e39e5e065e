"""`openpoet reproduce` on short runs of walkers: what is printed is what the archive has."""

from __future__ import annotations

import csv
import json
import shutil
import sqlite3
from pathlib import Path

import numpy as np
import pytest

from openpoet.archive.store.run_folder import Run
from openpoet.arena.experiments.classes import NAMES, distances
from openpoet.cli.direct_paths import budget
from openpoet.cli.experiment_data import worlds_of
from openpoet.cli.main import main
from openpoet.cli.reproducing import EXPERIMENTS

SETTINGS = {
    "walker.length": 31,
    "walker.horizon": 40,
    "poet.mutate_every": 2,
    "poet.transfer_every": 1,
    "poet.reproduce_at": -500.0,
    "poet.mc_low": -500.0,
    "poet.mc_high": 500.0,
    "poet.children": 3,
    "es.population": 4,
    "es.hidden": [4],
}


def solve(run: Path) -> None:
    """Record every other environment as solved soon after its birth."""
    database = sqlite3.connect(run / "archive.db", isolation_level=None)
    database.execute("UPDATE niches SET solved = min(9, born + 1 + id % 4) WHERE id % 2 = 0")
    database.close()


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Walkers that fall at once; terrains are recorded as solved, since training would take
    minutes.
    """
    folder = tmp_path_factory.mktemp("runs")
    changes = [word for item in SETTINGS.items() for word in ("--set", "=".join(map(str, item)))]
    for seed in ("1", "2"):
        words = ["launch", "--preset", "quick-es", "--seed", seed, "--iterations", "9"]
        assert main([*words, *changes, "--workers", "1", "--out", str(folder / seed)]) == 0
        solve(folder / seed)
    return [folder / "1", folder / "2"]


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open() as file:
        return list(csv.DictReader(file))


def test_worlds_are_the_niches(runs: list[Path]) -> None:
    with Run.open(runs[0], write=False) as run:
        worlds, niches = worlds_of(run), run.niche_rows()
    assert len(niches) > 3
    assert worlds.born.tolist() == [row["born"] for row in niches]
    rough = [row["task"]["genome"]["roughness"] for row in niches]
    assert worlds.vectors[:, 0].tolist() == rough
    assert worlds.is_solved.tolist() == [row["solved"] is not None for row in niches]


@pytest.mark.parametrize("name", ["difficulty", "transfers", "direct-path", "annecs"])
def test_every_experiment_prints_the_papers_number_and_the_scale(
    name: str, runs: list[Path], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["reproduce", name, str(runs[0]), "--against", str(runs[1])]) == 0
    printed = capsys.readouterr().out
    assert "paper" in printed
    assert "scale: 9 iterations of es on walker (31 tiles)" in printed


def test_difficulty_counts_niches(runs: list[Path], tmp_path: Path) -> None:
    words = ["reproduce", "difficulty", str(runs[0]), "--against", str(runs[1])]
    assert main([*words, "--out", str(tmp_path)]) == 0
    with Run.open(runs[0], write=False) as run:
        niches = run.niche_rows()
    rows = rows_of(tmp_path / "difficulty.csv")
    assert sum(int(row["created"]) for row in rows) == len(niches)
    assert sum(int(row["solved"]) for row in rows) == sum(n["solved"] is not None for n in niches)
    took = [n["solved"] - n["born"] for n in niches if n["solved"] is not None]
    assert float(rows[0]["iterations_to_solve"]) == pytest.approx(np.mean(took))
    assert len(rows_of(tmp_path / "coverage.csv")) == 4


def test_transfers_are_those_of_the_archive(runs: list[Path], tmp_path: Path) -> None:
    assert main(["reproduce", "transfers", str(runs[0]), "--out", str(tmp_path)]) == 0
    with Run.open(runs[0], write=False) as run:
        transfers = run.rows("transfers")
    rows = {row["transfers"]: row for row in rows_of(tmp_path / "transfers.csv")}
    direct = [t for t in transfers if t["kind"] == "direct" and not t["at_birth"]]
    assert int(rows["direct"]["tried"]) == len(direct) > 0
    assert int(rows["direct"]["accepted"]) == sum(t["accepted"] for t in direct)
    replaced = {(t["iteration"], t["target"]) for t in transfers if not t["at_birth"]}
    assert int(rows["attempts to replace an agent"]["tried"]) == len(replaced)


def test_the_experiments_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["reproduce"]) == 0
    printed = capsys.readouterr().out
    assert all(name in printed for name in EXPERIMENTS)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["nothing"], "unknown experiment 'nothing'"),
        (["difficulty", "missing"], "there is no run 'missing'"),
    ],
)
def test_bad_input_is_one_clear_line(
    words: list[str], message: str, runs: list[Path], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["reproduce", *(str(runs[0]) if w == "RUN" else w for w in words)]) == 2
    assert message in capsys.readouterr().err


def test_direct_paths_lead_to_what_the_run_has_solved(runs: list[Path], tmp_path: Path) -> None:
    words = ["reproduce", "direct-path", str(runs[0]), "--targets", "2", "--repeats", "3"]
    for name in ("a", "b"):
        assert main([*words, "--workers", "1", "--out", str(tmp_path / name)]) == 0
    rows = rows_of(tmp_path / "a" / "direct-paths.csv")
    assert rows == rows_of(tmp_path / "b" / "direct-paths.csv")
    with Run.open(runs[0], write=False) as run:
        niches = {row["id"]: row for row in run.niche_rows()}
        worlds = worlds_of(run)
        for row in rows:
            assert int(row["iterations"]) == budget(run, niches, int(row["niche"]))
    assert len(rows) == 2
    assert all(row["paths"] == "3" for row in rows)
    # with such thresholds every environment is passed at once, and paths may only lack steps
    flat = distances(worlds.vectors, np.zeros((1, 5)))[:, 0]
    for row in rows:
        assert 0 <= float(row["distance"]) <= flat[int(row["niche"])]
    pooled = {row["class"]: row for row in rows_of(tmp_path / "a" / "direct-path.csv")}
    assert sum(int(row["targets"]) for row in pooled.values()) == 6
    covered = rows_of(tmp_path / "a" / "coverage.csv")
    assert [row["class"] for row in covered] == list(NAMES)
    assert all(float(row["distance_of_the_paths"]) > 0 for row in covered)


def test_flat_ground_is_no_target_of_direct_paths(
    runs: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "run"
    shutil.copytree(runs[0], path)
    database = sqlite3.connect(path / "archive.db", isolation_level=None)
    database.execute("UPDATE niches SET solved = CASE WHEN id = 0 THEN 3 END")
    database.close()
    assert main(["reproduce", "direct-path", str(path)]) == 2
    assert "has solved no environment but flat ground" in capsys.readouterr().err


def test_a_path_may_take_the_steps_of_the_line_and_its_proposals(
    runs: list[Path], tmp_path: Path
) -> None:
    """Of a niche solved at 8, born at 3 of the first niche: 8, and of the proposals below five."""
    path = tmp_path / "run"
    shutil.copytree(runs[0], path)
    database = sqlite3.connect(path / "archive.db", isolation_level=None)
    for table in ("transfers", "children"):
        database.execute(f"DELETE FROM {table}")
    database.execute("UPDATE niches SET born = 3, solved = 8, parent = 0 WHERE id = 1")
    database.execute(
        "INSERT INTO children SELECT 40, 3, 0, task, 'admitted', 1.0, 1.0, 1 FROM niches WHERE id=1"
    )
    tried = [
        *(("proposal", 0, False, 2), ("proposal", 0, False, 3), ("proposal", 1, False, 8)),  # in it
        *(("proposal", 40, True, 3), ("proposal", 40, True, 3)),  # in it, at the niche's birth
        ("proposal", 0, False, 4),  # in the parent, later than the birth
        ("proposal", 1, False, 9),  # later than the solution
        ("direct", 1, False, 5),  # no step of learning
        ("proposal", 2, False, 5),  # in another line
        ("proposal", 41, True, 3),  # in another child
    ]
    database.executemany(
        "INSERT INTO transfers VALUES (?, ?, ?, 0, ?, ?, 0.0, NULL, 0, 5)",
        [(at, time, kind, target, birth) for at, (kind, target, birth, time) in enumerate(tried)],
    )
    database.close()
    with Run.open(path, write=False) as run:
        assert budget(run, {row["id"]: row for row in run.niche_rows()}, 1) == 8 + 5


def test_runs_of_other_families_are_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "bandits"
    words = ["launch", "--preset", "quick-bandits", "--iterations", "1", "--set", "rl2.trials=8"]
    assert main([*words, "--workers", "1", "--out", str(path)]) == 0
    assert main(["reproduce", "difficulty", str(path)]) == 2
    assert "the family 'bandits'" in capsys.readouterr().err


def test_no_transfer_trains_its_control_once(
    runs: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The control has the settings and the length of the run, and its agents never move. A second
    call uses it, and continues it where it was stopped.
    """
    run = tmp_path / "run"
    shutil.copytree(runs[0], run)
    control = tmp_path / "run-no-transfer"
    words = ["reproduce", "no-transfer", str(run), "--workers", "1", "--out", str(tmp_path / "out")]
    launch = ["launch", "--config", str(run / "config.toml"), "--iterations", "4"]
    launch += ["--set", "poet.transfer_rule=none", "--workers", "1", "--out", str(control)]
    assert main(launch) == 0  # as if stopped after iteration 4
    assert main(words) == 0
    first = rows_of(tmp_path / "out" / "no-transfer.csv")
    with Run.open(control, write=False) as without, Run.open(run, write=False) as own:
        assert without.last_iteration() == own.last_iteration() == 9
        assert {t["kind"] for t in without.rows("transfers")} == {"direct"}
        assert all(t["at_birth"] for t in without.rows("transfers"))
        counts = [len(one.niche_rows()) for one in (own, without)]
    sums = [sum(int(row[name]) for row in first) for name in ("created", "created_without")]
    assert sums == counts
    before = (control / "archive.db").stat().st_mtime_ns
    assert main(words) == 0
    assert (control / "archive.db").stat().st_mtime_ns == before
    assert rows_of(tmp_path / "out" / "no-transfer.csv") == first
    assert "9 iterations" in capsys.readouterr().out


def test_no_transfer_refuses_a_control_with_transfers(
    runs: list[Path], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["reproduce", "no-transfer", str(runs[0]), "--against", str(runs[1])]) == 2
    assert "is no control: its poet.transfer_rule is 'epoet'" in capsys.readouterr().err


def shorter(run: Path, out: Path, *words: str) -> Path:
    """A run of two iterations with the settings of another."""
    words = ("launch", "--config", str(run / "config.toml"), "--iterations", "2", *words)
    assert main([*words, "--workers", "1", "--out", str(out)]) == 0
    return out


def resumed(run: Path, *words: str) -> None:
    assert main(["resume", str(run), "--iterations", "4", "--workers", "1", *words]) == 0


def begun(run: Path) -> list[tuple[object, str]]:
    with Run.open(run, write=False) as opened:
        niches = opened.niche_rows()
    return [(row["task"], row["birth_agent"]) for row in niches if row["born"] == 0]


@pytest.mark.parametrize("take", ["both", "tasks"])
def test_the_control_of_a_run_from_other_niches_begins_with_them(
    take: str, runs: list[Path], tmp_path: Path
) -> None:
    seeded = shorter(runs[0], tmp_path / "run", "--from", str(runs[1]), "--take", take)
    assert main(["reproduce", "no-transfer", str(seeded), "--workers", "1"]) == 0
    assert begun(tmp_path / "run-no-transfer") == begun(seeded)
    assert len(begun(seeded)) > 1


def no_transfer(run: Path, capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str]:
    capsys.readouterr()
    code = main(["reproduce", "no-transfer", str(run), "--workers", "1", *words])
    return code, capsys.readouterr().err


def test_no_control_is_trained_for_a_run_that_was_changed_after_its_launch(
    runs: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """One that was changed alike can be given."""
    run = shorter(runs[0], tmp_path / "run")
    control = shorter(runs[0], tmp_path / "control", "--set", "poet.transfer_rule=none")
    resumed(run, "--set", "es.lr=0.5")
    code, line = no_transfer(run, capsys)
    assert (code, len(line.splitlines())) == (2, 1)
    assert "was changed after its launch (es.lr@3)" in line
    assert not (tmp_path / "run-no-transfer").exists()
    resumed(control, "--set", "es.lr=0.5")
    assert no_transfer(run, capsys, "--against", str(control))[0] == 0


def test_no_control_is_trained_for_a_run_with_injected_tasks(
    runs: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = shorter(runs[0], tmp_path / "run")
    (task, _), *_ = begun(run)
    (tmp_path / "task.json").write_text(json.dumps(task))
    assert main(["inject", str(run), str(tmp_path / "task.json")]) == 0
    resumed(run)
    code, line = no_transfer(run, capsys)
    assert (code, "was changed after its launch (run.injected@" in line) == (2, True), line


def test_no_control_is_trained_by_a_learner_file_that_is_not_trusted(
    runs: list[Path],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    learner = tmp_path / "learner.py"
    learner.write_text("from openpoet.agents.search.es import ES\n\n\nlearner = ES\n")
    run = shorter(runs[0], tmp_path / "run", "--learner", str(learner))
    learner.write_text(f"{learner.read_text()}open({str(tmp_path / 'executed')!r}, 'w').close()\n")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    code, line = no_transfer(run, capsys)
    assert (code, len(line.splitlines())) == (2, 1), line
    assert "learner.py" in line
    assert not (tmp_path / "executed").exists()
    assert not (tmp_path / "run-no-transfer").exists()


def test_a_run_of_a_curriculum_for_one_agent_has_no_control_without_transfers(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = tmp_path / "run"
    words = ["launch", "--preset", "quick-curriculum", "--iterations", "1", "--out", str(run)]
    small = ["--set", "ppo.num_envs=2", "--set", "ppo.num_steps=600", "--workers", "1"]
    assert main([*words, "--curriculum", "dr", *small]) == 0
    code, line = no_transfer(run, capsys)
    assert (code, "is a run of the curriculum 'dr' for one agent" in line) == (2, True), line


NONE = ("--set", "poet.transfer_rule=none")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ((*NONE, "--set", "poet.capacity=7"), "its poet.capacity is 7, expected 8; "),
        ((*NONE, "--seed", "5"), "its poet.seed is 5, expected 1; "),
        ((*NONE, "--from", "SEED"), "it began with other tasks or agents, "),
        ((), "its poet.transfer_rule is 'epoet' from iteration 1 on, "),
    ],
)
def test_a_control_that_differs_in_more_than_transfers_is_refused(
    words: tuple[str, ...],
    message: str,
    runs: list[Path],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Whether it is given or was found beside the run."""
    run = shorter(runs[0], tmp_path / "run")
    words = tuple(str(runs[1]) if word == "SEED" else word for word in words)
    control = shorter(runs[0], tmp_path / "run-no-transfer", *words)
    for given in ((), ("--against", str(control))):
        code, line = no_transfer(run, capsys, *given)
        assert (code, len(line.splitlines()), message in line) == (2, 1, True), line


def test_a_control_whose_transfers_ended_later_is_refused(
    runs: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run, control = (shorter(runs[0], tmp_path / name) for name in ("run", "control"))
    resumed(run)
    resumed(control, *NONE)
    code, line = no_transfer(run, capsys, "--against", str(control))
    assert (code, "is 'epoet' from iteration 1 on" in line) == (2, True), line


def test_alone_trains_new_agents_where_the_run_solved(runs: list[Path], tmp_path: Path) -> None:
    words = ["reproduce", "es-alone", str(runs[0]), "--targets", "2", "--repeats", "3"]
    for name in ("a", "b"):
        assert main([*words, "--workers", "1", "--out", str(tmp_path / name)]) == 0
    rows = rows_of(tmp_path / "a" / "alone.csv")
    assert rows == rows_of(tmp_path / "b" / "alone.csv")
    with Run.open(runs[0], write=False) as run:
        niches = {row["id"]: row for row in run.niche_rows()}
    assert len(rows) == 2
    for row in rows:
        niche = niches[int(row["niche"])]
        assert int(row["iterations"]) == niche["solved"]
        assert float(row["POET"]) == niche["best"]
        assert float(row["best_alone"]) >= float(row["mean"])
    assert main(["reproduce", "ppo-alone", str(runs[0])]) == 2
