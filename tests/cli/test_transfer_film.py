"""The film of the transfer that helped most: which agents, how many pictures, two panes."""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from openpoet.archive.replay.camera import scene_of
from openpoet.archive.replay.episode import Episode, record_episode
from openpoet.archive.replay.overlay import facts
from openpoet.archive.replay.side_by_side import beside
from openpoet.archive.store.run_folder import Run
from openpoet.arena.experiments.transfers import Move, most_helpful
from openpoet.cli.main import main
from openpoet.cli.replays import replays_of
from openpoet.cli.sessions import Machine
from openpoet.cli.states import kept
from openpoet.cli.terminal import CommandLine
from openpoet.cli.transfer_film import agents, film
from openpoet.cli.transfer_story import judged
from tests.archive.replay.test_recording import decode
from tests.cli.test_own_runs import SETS

SIZE = (1200, 600)
LENGTH = 8  # iterations


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run with kept states in which a transfer helped: scores are rewritten so that one did."""
    path = tmp_path_factory.mktemp("film") / "run"
    words = ["launch", "--preset", "quick-es", "--iterations", str(LENGTH), *SETS]
    words += ["--set", "run.keep_every=3", "--set", "poet.transfer_rule=poet", "--workers", "1"]
    assert main([*words, "--out", str(path)]) == 0
    part = ["export", str(path), "--select", "id < 2", "--out", str(path.with_suffix(".poet"))]
    assert main(part) == 0
    database = sqlite3.connect(path / "archive.db", isolation_level=None)
    database.execute("UPDATE scores SET score = CASE WHEN iteration < 5 THEN 1.0 ELSE 9.0 END")
    database.execute("UPDATE transfers SET accepted = 0 WHERE NOT at_birth")
    database.execute(
        "UPDATE transfers SET accepted = 1 WHERE id = (SELECT min(id) FROM transfers "
        "WHERE iteration = 5 AND target = 0 AND NOT at_birth)"
    )
    database.close()
    return path


def helped(run: Run) -> Move:
    best = most_helpful(judged(run)[1])
    assert best is not None
    return best.move


def test_the_agents_are_those_of_the_states_around_the_transfer(run: Path) -> None:
    assert sorted(kept(run)) == [3, 6]
    with Run.open(run, write=False) as opened:
        move = helped(opened)
        assert (move.iteration, move.target) == (5, 0)
        (left, before), (right, after) = agents(opened, move)
    assert (left, right) == ("of iteration 3", "of iteration 6")
    for state, agent in ((3, before), (6, after)):
        with Run.open(kept(run)[state], write=False) as there:
            row = there.niche_rows()[0]
            stored = there.agent(row["agent"])
        assert all(bool((agent[name] == stored[name]).all()) for name in stored)
    assert any(bool((before[name] != after[name]).any()) for name in before)


def test_an_agent_that_does_not_fit_the_settings_is_not_filmed(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong = ("at birth, iteration 0", {"theta": torch.zeros(1)})
    monkeypatch.setattr("openpoet.cli.transfer_film.agents", lambda *_: (wrong, wrong))
    with (
        Run.open(run, write=False) as opened,
        pytest.raises(ValueError, match="the agent of niche 0 is not one of this learner"),
    ):
        film(opened, helped(opened), tmp_path / "a.gif", Machine(workers=1))


def test_without_kept_states_they_are_the_first_and_the_last(run: Path) -> None:
    with Run.open(run, write=False) as opened:
        row = next(row for row in opened.niche_rows() if row["born"] > 0)
        early = Move(row["born"] + 1, "direct", 0, row["id"], 0.0, None)
        late = Move(LENGTH, "direct", 1, 0, 0.0, None)
        (words, agent), _ = agents(opened, early)
        stored = opened.agent(row["birth_agent"])
        _, (last, newest) = agents(opened, late)
        own = opened.agent(opened.niche_rows()[0]["agent"])
    if row["born"] not in kept(run):
        assert words == f"at birth, iteration {row['born']}"
        assert all(bool((agent[name] == stored[name]).all()) for name in stored)
    assert last == "at last"
    assert all(bool((newest[name] == own[name]).all()) for name in own)


def episodes(run: Path) -> list[Episode]:
    with Run.open(run, write=False) as opened:
        shown = agents(opened, helped(opened))
        replays = replays_of(opened, Machine(workers=1), CommandLine())
    home, family = replays.niches[0], replays.parts.setup.family
    return [
        record_episode(replays.learner, family, agent, home.task, replays.key(0))
        for _, agent in shown
    ]


def test_the_film_shows_both_agents_in_every_picture(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    film = tmp_path / "helped.mp4"
    assert main(["reproduce", "transfers", str(run), "--film", str(film), "--workers", "1"]) == 0
    both = episodes(run)
    longest = max(len(one.frames) for one in both)
    pictures, _ = decode(film, SIZE)
    assert len(pictures) == longest
    printed = capsys.readouterr().out
    assert f"{longest} pictures, niche 0: left the agent of iteration 3 (score " in printed
    assert f"right the agent of iteration 6 (score {both[1].score:.1f})" in printed
    # a gap in the middle, and two panes that differ
    middle = pictures[0][:, SIZE[0] // 2 - 1 : SIZE[0] // 2 + 1].astype(int)
    assert np.abs(middle - (66, 74, 80)).mean() < 12
    left, right = pictures[-1][:, :598], pictures[-1][:, 602:]
    assert np.abs(left.astype(int) - right).mean() > 1


def test_panes_name_their_agents_and_take_only_one_task(run: Path) -> None:
    both = episodes(run)
    shown = beside(both, ["before", "after"])
    for at, name in enumerate(("before", "after")):
        words: list[Any] = facts(shown, scene_of(shown, at), 0, brief=True)
        assert words[0] == ("agent", name)
        assert shown.takes[at].frames is both[at].takes[0].frames
    with Run.open(run, write=False) as opened:
        replays = replays_of(opened, Machine(workers=1), CommandLine())
    with pytest.raises(ValueError, match="must have the same task"):
        beside([both[0], replays.load(1, 1)], ["a", "b"])


def test_a_pack_of_selected_niches_has_no_film(run: Path) -> None:
    pack = run.with_suffix(".poet")
    with Run.open(pack, write=False) as part, pytest.raises(ValueError, match="needs a run folder"):
        agents(part, Move(5, "direct", 1, 0, 0.0, None))


def test_a_run_in_which_no_transfer_helped_has_no_film(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "run"
    shutil.copytree(run, path)
    database = sqlite3.connect(path / "archive.db", isolation_level=None)
    database.execute("UPDATE transfers SET accepted = 0 WHERE NOT at_birth")
    database.close()
    words = ["reproduce", "transfers", str(path), "--film", str(tmp_path / "a.mp4")]
    assert main(words) == 2
    assert "has nothing to film: no transfer helped" in capsys.readouterr().err
