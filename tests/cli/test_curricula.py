"""Runs with a curriculum for one agent, through the command line: they are kept, resumed, verified
and replayed like POET's.
"""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

import openpoet.cli.main as command
from openpoet.archive.store.digest import digest
from openpoet.archive.store.run_folder import Run
from openpoet.archive.store.weights import NO_AGENT
from openpoet.cli.progress import summary
from openpoet.cli.replays import open_replays
from openpoet.cli.rescoring import scored_niches
from openpoet.cli.sessions import Machine, one_torch_thread
from openpoet.cli.terminal import CommandLine
from openpoet.poet.curricula.config import NAMES
from openpoet.poet.niche import Niche, Population
from tests.agents.every_learner import SMALL

# Navigation in episodes of five steps: four rows, and a buffer that is soon full.
SETTINGS = {
    "navigation.horizon": "5",
    "navigation.solved_score": "-2.0",
    "ppo.num_envs": "4",
    "ppo.num_steps": "12",
    "ppo.minibatches": "2",
    "ppo.epochs": "1",
    "ppo.hidden": "[4]",
    "ppo.test_episodes": "2",
    "curriculum.updates": "3",
    "curriculum.buffer": "6",
    "curriculum.every": "4",
    "curriculum.candidates": "10",
    "curriculum.kept": "3",
    "curriculum.fit_every": "20",
    "curriculum.components": "[1, 2]",
}
LIKE_DR = ("alp-gmm", "minimax")  # their runs have the same tables as those of dr
KEEP = ("plr", "robust-plr", "accel", "sfl")  # the others keep no levels


def launch(folder: Path, name: str, iterations: int, *more: str) -> int:
    words = [word for key, value in SETTINGS.items() for word in ("--set", f"{key}={value}")]
    parts = ["--family", "navigation", "--curriculum", name, "--seed", "3"]
    return command.main(
        ["launch", "--out", str(folder), "--iterations", str(iterations), *parts, *words, *more]
    )


def digest_of(folder: Path) -> str:
    with Run.open(folder, write=False) as run:
        return digest(run)


def table(folder: Path, name: str) -> list[dict]:
    with Run.open(folder, write=False) as run:
        return run.rows(name)


@pytest.fixture(scope="module", params=[name for name in NAMES if name not in LIKE_DR])
def runs(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with two runs of one curriculum: whole, and resumed after 5 of 8 iterations."""
    folder = tmp_path_factory.mktemp(request.param)
    assert launch(folder / "whole", request.param, 8, "--workers", "1") == 0
    assert launch(folder / "resumed", request.param, 5, "--workers", "2") == 0
    resumed = ["resume", str(folder / "resumed"), "--iterations", "8", "--workers", "1"]
    assert command.main(resumed) == 0
    return folder


def test_a_resumed_run_on_more_workers_is_the_uninterrupted_one(runs: Path) -> None:
    assert digest_of(runs / "whole") == digest_of(runs / "resumed")
    assert command.main(["verify", str(runs / "whole")]) == 0


@pytest.mark.parametrize("name", LIKE_DR)
def test_a_curriculum_with_a_memory_resumes_as_the_uninterrupted_run(
    name: str, tmp_path: Path
) -> None:
    assert launch(tmp_path / "whole", name, 4, "--workers", "1") == 0
    assert launch(tmp_path / "resumed", name, 2, "--workers", "1") == 0
    words = ["resume", str(tmp_path / "resumed"), "--iterations", "4", "--workers", "1"]
    assert command.main(words) == 0
    assert digest_of(tmp_path / "whole") == digest_of(tmp_path / "resumed")
    assert {row["purpose"] for row in table(tmp_path / "whole", "ledger")} == {
        "iteration/train",
        "iteration/score",
    }
    assert all(child["score"] is not None for child in table(tmp_path / "whole", "children"))


@pytest.mark.parametrize("learner", ["varibad", "maml", "maesn", "epg", "pearl"])
def test_learners_with_other_updates_resume_as_the_uninterrupted_run(
    learner: str, tmp_path: Path
) -> None:
    sizes = {key: value for key, value in SETTINGS.items() if not key.startswith("ppo.")}
    sizes |= {
        f"{learner}.{key}": str(value).replace("(4,)", "[4]").lower()
        for key, value in SMALL[learner].items()
    }
    words = [word for key, value in sizes.items() for word in ("--set", f"{key}={value}")]
    start = ["launch", "--family", "navigation", "--learner", learner, "--curriculum", "accel"]
    for name, iterations in (("whole", "3"), ("resumed", "2")):
        out = ["--out", str(tmp_path / name), "--iterations", iterations, "--workers", "1"]
        assert command.main([*start, *out, *words]) == 0
    resumed = ["resume", str(tmp_path / "resumed"), "--iterations", "3", "--workers", "2"]
    assert command.main(resumed) == 0
    assert digest_of(tmp_path / "whole") == digest_of(tmp_path / "resumed")
    purposes = {row["purpose"] for row in table(tmp_path / "whole", "ledger")}
    assert "iteration/replay" in purposes
    assert len(table(tmp_path / "whole", "niches")) > 1


def test_levels_are_born_and_evicted_with_their_parents_kept(runs: Path) -> None:
    niches, name = table(runs / "whole", "niches"), runs.name
    student, *levels = niches
    assert student["died"] is None
    assert student["score"] is not None
    alive = [level for level in levels if level["died"] is None]
    if name.startswith("paired"):
        (antagonist,) = levels
        assert antagonist["score"] is None
        assert antagonist["agent"] not in (student["agent"], NO_AGENT)
        return
    assert bool(levels) == name.startswith(KEEP)
    assert len(alive) <= 6
    if levels:
        assert len(alive) < len(levels)  # some were evicted
    edited = [level for level in levels if level["parent"] != 0]
    assert bool(edited) == name.startswith("accel")
    agents = {level["agent"] for level in levels}
    assert len(agents) <= 1  # the empty one
    assert student["agent"] not in agents


def test_every_level_that_was_tried_is_recorded_with_its_outcome(runs: Path) -> None:
    children = table(runs / "whole", "children")
    born = {child["niche"] for child in children if child["outcome"] == "admitted"}
    levels = {n["id"] for n in table(runs / "whole", "niches") if n["agent"] == NO_AGENT}
    assert born == levels
    assert {child["outcome"] for child in children} <= {
        "admitted",
        "low score",
        "no episode",
        "not kept",
    }


def test_steps_are_counted_by_purpose(runs: Path) -> None:
    ledger = table(runs / "whole", "ledger")
    rollouts = {
        "dr": {"new"},
        "plr": {"new", "replay"},
        "robust-plr": {"new", "replay"},
        "accel": {"new", "replay", "edit"},
        "sfl": {"learnability", "train"},
        "paired": {"train", "antagonist"},
    }
    name = next(name for name in rollouts if runs.name.startswith(name))
    found = {row["purpose"].removeprefix("iteration/") for row in ledger}
    assert found == rollouts[name] | {"score"}
    assert all(row["steps"] % 12 == 0 for row in ledger if row["purpose"] != "iteration/score")


def test_the_student_acts_in_a_replayed_level(runs: Path) -> None:
    replays = open_replays(runs / "whole", Machine("cpu", 1), CommandLine())
    last = max(replays.niches)
    with one_torch_thread():
        episode = replays.load(last, last)
    # PAIRED has no levels but a second agent
    assert episode.labels["agent"] == ("1" if runs.name.startswith("paired") else "0")
    assert episode.task == replays.niches[last].task


def test_a_replay_of_the_student_has_its_archived_score(runs: Path) -> None:
    replays = open_replays(runs / "whole", Machine("cpu", 1), CommandLine())
    with one_torch_thread():
        assert replays.load(0, 0).score == replays.niches[0].scores[-1]


def test_the_progress_line_has_the_student_and_the_levels() -> None:
    niches = (
        Niche(0, None, 0, 0.0, {"w": torch.zeros(1)}, scores=(-1.5,)),
        Niche(4, 0, 1, 0.0, {}, scores=(0.25,), solved=2),
        Niche(7, 4, 2, 0.0, {}, scores=(0.75,)),
    )
    line = summary(Population(2, niches, retired=niches[1:2], niches_born=8))
    assert "student -1.50 · 2 levels (1 evicted), score best 0.75, median 0.50" in line


def test_show_prints_the_run_and_a_level(runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    last = max(niche["id"] for niche in table(runs / "whole", "niches"))
    assert command.main(["show", str(runs / "whole")]) == 0
    assert command.main(["show", str(runs / "whole"), str(last)]) == 0
    printed = capsys.readouterr().out
    assert "lineage" in printed
    assert f"niche {last}:" in printed


def test_only_the_student_is_evaluated_again(runs: Path) -> None:
    with Run.open(runs / "whole", write=False) as run:
        assert scored_niches(run, None) == [0]
    assert command.main(["verify", str(runs / "whole"), "--scores"]) == 0


def test_the_student_alone_is_evaluated_on_the_levels(
    runs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    whole = str(runs / "whole")
    words = ["evaluate", whole, "--suite", whole, "--episodes", "2", "--json"]
    assert command.main(words) == 0
    printed = capsys.readouterr().out
    assert "whole#0" in printed
    assert "whole#1" not in printed


def test_levels_seed_a_run_of_poet_without_agents(runs: Path, tmp_path: Path) -> None:
    words = ["--from", str(runs / "whole"), "--select", "alive", "--iterations", "1"]
    more = ["--learner", "ppo", "--out", str(tmp_path / "poet"), "--workers", "1"]
    ppo = [
        word
        for key, value in SETTINGS.items()
        if "curr" not in key
        for word in ("--set", f"{key}={value}")
    ]
    names = ["--set", "navigation.reward=dense", "--set", "poet.capacity=9"]
    assert command.main(["launch", *words, *more, *names, *ppo]) == 0
    alive = [n["task"] for n in table(runs / "whole", "niches") if n["died"] is None]
    assert [niche["task"] for niche in table(tmp_path / "poet", "niches")] == alive


def test_a_pack_of_a_run_opens(runs: Path) -> None:
    pack = runs / "whole.poet"
    if not pack.exists():
        assert command.main(["export", str(runs / "whole"), "--out", str(pack)]) == 0
    assert command.main(["verify", str(pack)]) == 0


def test_sfl_keeps_levels_of_a_family_without_a_goal(tmp_path: Path) -> None:
    own = {"curriculum.candidates": "64", "ppo.num_envs": "16", "ppo.num_steps": "40"}
    more = [word for key, value in own.items() for word in ("--set", f"{key}={value}")]
    words = ["--family", "mdp", "--curriculum", "sfl", "--iterations", "1", "--workers", "1"]
    assert command.main(["launch", "--out", str(tmp_path / "run"), *words, *more]) == 0
    assert any(child["outcome"] == "admitted" for child in table(tmp_path / "run", "children"))


def test_dr_trains_on_the_levels_of_another_run(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    source = tmp_path / "source"
    assert launch(source, "robust-plr", 6) == 0
    words = ["--from", str(source), "--select", "alive and id > 0", "--take", "tasks"]
    assert launch(tmp_path / "dr", "dr", 2, *words) == 0
    alive = [n["task"] for n in table(source, "niches") if n["died"] is None and n["id"]]
    assert [niche["task"] for niche in table(tmp_path / "dr", "niches")[1:]] == alive
    assert {row["purpose"] for row in table(tmp_path / "dr", "ledger")} == {
        "iteration/given",
        "iteration/score",
    }


def test_other_curricula_refuse_levels(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = tmp_path / "source"
    assert launch(source, "dr", 1) == 0
    assert launch(tmp_path / "plr", "plr", 2, "--from", str(source), "--take", "tasks") == 2
    assert "makes its levels itself" in capsys.readouterr().err


NAVIGATION = ["--family", "navigation"]


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ([*NAVIGATION, "--learner", "es"], "cannot train one agent on a list of levels"),
        ([*NAVIGATION, "--set", "ppo.num_steps=10"], "set num_steps to at least 20"),
        (["--set", "walker.encoding=cppn"], "no bounds to draw from"),
        ([*NAVIGATION, "--set", "curriculum.bufer=5"], "did you mean 'buffer'"),
    ],
)
def test_what_does_not_fit_is_refused(
    more: list[str], words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = ["--out", str(tmp_path / "run")]
    assert command.main(["launch", "--curriculum", "dr", *more, *out]) == 2
    assert words in capsys.readouterr().err
    assert not (tmp_path / "run").exists()
