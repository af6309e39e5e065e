"""The options --tasks (tasks that do not evolve), --pbt (hyperparameters that do) and --from with
another learner.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import openpoet.cli.main as command
from openpoet.archive.store.run_folder import Run
from tests.test_pairing import words


def launch(
    folder: Path, iterations: int, *more: str, family: str = "navigation", learner: str = "rl2"
) -> int:
    common = [*words(family, learner), "--seed", "4", "--workers", "1"]
    if "--tasks" in more:  # such tasks must not be mutated
        at = common.index("poet.mutate_every=1")
        common = common[: at - 1] + common[at + 1 :]
    return command.main(
        ["launch", "--out", str(folder), "--iterations", str(iterations), *common, *more]
    )


def digest(folder: Path, capsys: pytest.CaptureFixture[str]) -> str:
    capsys.readouterr()
    assert command.main(["digest", str(folder)]) == 0
    return capsys.readouterr().out


def refusal(capsys: pytest.CaptureFixture[str]) -> str:
    return " ".join(capsys.readouterr().err.split())


PBT = ("--pbt", "1", "--set", "poet.pbt_share=0.5", "--set", "rl2.units=3")


def test_exploits_are_archived_and_shown_and_a_resumed_run_has_the_same_digest(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    assert launch(whole, 6, *PBT) == 0
    assert launch(cut, 4, *PBT) == 0
    assert command.main(["resume", str(cut), "--iterations", "6", "--workers", "1"]) == 0
    assert digest(whole, capsys) == digest(cut, capsys)
    with Run.open(whole, write=False) as run:
        exploits = [row for row in run.rows("transfers") if row["kind"] == "exploit"]
        agents = [run.agent(row["agent"]) for row in run.niche_rows()]
    assert exploits
    assert all(row["accepted"] and row["score"] >= row["bar"] for row in exploits)
    names = {name for agent in agents for name in agent if name.startswith("hyper/")}
    assert names == {"hyper/lr", "hyper/entropy", "hyper/gamma", "hyper/lam", "hyper/units"}
    assert command.main(["show", str(whole)]) == 0
    assert (
        f"transfers, exploit: {len(exploits)} of {len(exploits)} accepted"
        in capsys.readouterr().out
    )
    assert command.main(["show", str(whole), str(exploits[0]["target"])]) == 0
    output = capsys.readouterr().out
    assert "(exploit, " in output
    assert "its agent learns by " in output
    assert "units " in output
    assert "with perturbed hyperparameters" in (whole / "run.log").read_text()


def test_agents_with_hyperparameters_seed_runs_without_them_and_vice_versa(
    tmp_path: Path,
) -> None:
    plain, tuned = tmp_path / "plain", tmp_path / "tuned"
    assert launch(tuned, 2, *PBT, "--tasks", "fixed", "--set", "poet.niches=2") == 0
    assert launch(plain, 2, "--from", str(tuned), "--set", "rl2.units=3") == 0
    assert launch(tmp_path / "again", 2, "--from", str(plain), *PBT) == 0
    with Run.open(tuned, write=False) as one, Run.open(plain, write=False) as two:
        seeds = [one.agent(row["agent"]) for row in one.niche_rows() if row["died"] is None]
        born = [two.agent(row["birth_agent"]) for row in two.niche_rows()[: len(seeds)]]
    carried = [
        {name: float(v) for name, v in agent.items() if "hyper/" in name}
        for agent in [*seeds, *born]
    ]
    assert carried[: len(seeds)] == carried[len(seeds) :]
    assert max(map(len, carried)) == 5


def test_population_based_training_runs_niches_of_one_task(tmp_path: Path) -> None:
    more = (
        "--tasks",
        "fixed",
        "--set",
        "poet.niches=4",
        "--set",
        "poet.capacity=4",
        "--set",
        "poet.transfer_every=0",
    )
    assert launch(tmp_path / "run", 4, *PBT, *more) == 0
    with Run.open(tmp_path / "run", write=False) as run:
        niches, children, transfers = run.niche_rows(), run.rows("children"), run.rows("transfers")
    assert len(niches) == 4
    assert not children
    assert all(row["task"] == niches[0]["task"] for row in niches)
    assert {row["kind"] for row in transfers} == {"exploit"}
    assert len(transfers) == 8  # the worse half of four, four times


def test_the_preset_ai_ga_evolves_tasks_and_explores_sizes(tmp_path: Path) -> None:
    small = {
        "rl2.trials": 8,
        "rl2.test_trials": 4,
        "rl2.epochs": 1,
        "rl2.hidden": 8,
        "rl2.units": 6,
    }
    small |= {
        "navigation.horizon": 3,
        "poet.mutate_every": 2,
        "poet.reproduce_at": -1,
        "poet.mc_low": -1,
    }
    small |= {"poet.min_gain": -9}
    words = [word for name, value in small.items() for word in ("--set", f"{name}={value}")]
    common = ["--out", str(tmp_path / "run"), "--iterations", "8", "--workers", "1"]
    assert command.main(["launch", "--preset", "ai-ga", *common, *words]) == 0
    with Run.open(tmp_path / "run", write=False) as run:
        niches, transfers = run.niche_rows(), run.rows("transfers")
        agents = [run.agent(row["agent"]) for row in niches]
    assert any(row["parent"] is not None for row in niches)
    assert any(row["kind"] == "exploit" for row in transfers)
    # all niches that have a parent
    assert all(4 <= float(agent["hyper/units"]) <= 8 for agent in agents[2:])


def test_pbt_with_a_learner_without_hyperparameters_is_an_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert launch(tmp_path / "run", 1, "--pbt", "1", learner="es") == 2
    assert "this learner has no hyperparameters that its agents carry" in refusal(capsys)
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("family", "learner", "more"),
    [
        (
            "navigation",
            "rl2",
            ("--set", "ranges.distance=[0.5, 1.0]", "--set", "ranges.width=[0, 1]"),
        ),
        ("maze", "rl2", ()),
        ("walker", "es", ()),
    ],
)
def test_randomised_tasks_run_and_resume_with_any_learner_without_mutation(
    family: str,
    learner: str,
    more: tuple[str, ...],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    more = ("--tasks", "randomised", *more)
    assert launch(whole, 3, *more, family=family, learner=learner) == 0
    assert launch(cut, 2, *more, family=family, learner=learner) == 0
    assert command.main(["resume", str(cut), "--iterations", "3", "--workers", "1"]) == 0
    assert digest(whole, capsys) == digest(cut, capsys)
    with Run.open(whole, write=False) as run:
        (niche,) = run.niche_rows()
        assert not run.rows("children")
    assert niche["task"]["family"] == "randomised"
    assert command.main(["show", str(whole)]) == 0
    assert "any task" in capsys.readouterr().out
    assert (
        command.main(
            ["replay", str(whole), "--record", str(tmp_path / "film.gif"), "--workers", "1"]
        )
        == 0
    )
    assert f"score {niche['score']:.2f}" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (
            ("--tasks", "radomised"),
            "'randomised', got 'radomised' (did you mean 'randomised'?)",
        ),
        (
            ("--tasks", "randomised", "--set", "ranges.distanc=[0, 1]"),
            "ranges.distanc: there is no such gene",
        ),
        (
            ("--tasks", "randomised", "--set", "ranges.width=[0, 9]"),
            "ranges.width must lie within [0, 6.284]",
        ),
        (
            ("--tasks", "randomised", "--set", "ranges.width=3"),
            "ranges.width must be a list of 2: a finite number, a finite number, got 3",
        ),
        (("--set", "ranges.width=[0, 1]"), "this run has no section [ranges]"),
    ],
)
def test_invalid_task_options_are_an_error_of_one_line(
    more: tuple[str, ...], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert launch(tmp_path / "run", 1, *more) == 2
    assert message in refusal(capsys)
    assert not (tmp_path / "run").exists()


def test_maesn_starts_from_agents_of_ppo_and_its_run_resumes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source, wrong = tmp_path / "source", tmp_path / "wrong"
    assert launch(source, 2, "--set", "ppo.hidden=[8]", learner="ppo") == 0
    start = ("--from", str(source), "--take", "agents")
    capsys.readouterr()
    assert launch(wrong, 1, *start, "--set", "maesn.hidden=[4]", learner="maesn") == 2
    line = refusal(capsys)
    assert "openpoet: source#" in line
    assert ": the tensor actor_w0 of its policy is float32 [8, 2], expected float32 [4, 2]:" in line
    assert "`hidden` must be that of the policy; with take=tasks its task alone is copied" in line
    assert not wrong.exists()
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    for folder, iterations in ((whole, 2), (cut, 1)):
        options = (*start, "--set", "maesn.hidden=[8]")
        assert launch(folder, iterations, *options, learner="maesn") == 0
    assert command.main(["resume", str(cut), "--iterations", "2", "--workers", "1"]) == 0
    assert digest(whole, capsys) == digest(cut, capsys)
    with Run.open(source, write=False) as old, Run.open(whole, write=False) as new:
        niche = new.niche_rows()[0]
        first = new.agent(niche["birth_agent"])
        policies = {f"source#{row['id']}": old.agent(row["agent"]) for row in old.niche_rows()}
    policy = policies[niche["source"]]
    np.testing.assert_array_equal(first["w1"], policy["actor_w1"])
