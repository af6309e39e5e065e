"""Progress of an evaluation: batches of all kinds, time left, and how often a line is printed."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from openpoet.arena.suites.reading import suite
from openpoet.cli.evaluate.batches import Batches, sparse, work
from openpoet.cli.evaluate.evaluating import Plan
from openpoet.cli.main import main

POLICY = "def still(observations):\n    return observations[:, :2] * 0\n"


def test_time_left_is_that_of_the_episodes_left_at_the_pace_so_far() -> None:
    """100 episodes take 10 s, so that the 50 of the last batch take 5."""
    clock, lines = iter((0.0, 0.0, 10.0, 20.0)), list[str]()
    batches = Batches(3, 250, lines.append, lambda: next(clock))
    for episodes in (100, 100, 50):
        batches("mazes: mine", episodes)
    assert lines == [
        "batch 1/3 · 0:00 elapsed, ? left · mazes: mine",
        "batch 2/3 · 0:10 elapsed, 0:15 left · mazes: mine",
        "batch 3/3 · 0:20 elapsed, 0:05 left · mazes: mine",
    ]


def test_the_first_line_is_printed_and_then_one_in_an_interval() -> None:
    clock, lines = iter((0.0, 9.0, 10.0, 19.0, 21.0)), list[str]()
    say = sparse(lines.append, 10.0, lambda: next(clock))
    for text in "abcde":
        say(text)
    assert lines == ["a", "c", "e"]


def test_the_batches_of_all_agents_actions_and_the_validation_are_counted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """7 x 2 episodes are 2 batches of at most 10, the 3 x 5 of the validation 2, for 3 agents and
    2 kinds of actions.
    """
    monkeypatch.setattr("openpoet.arena.evaluation.MOST_ROWS", 10)
    base = suite("dcd-6")
    worlds = replace(base, worlds=suite("solvable-10k").worlds[:7])
    validation = replace(base, worlds=base.worlds[:3], episodes=5)
    plan = Plan(worlds, 2, ("mean", "sampled"), validation)
    assert work(plan, 3, adapts=False) == (3 * 2 * (2 + 2), 3 * 2 * (14 + 15))
    assert work(replace(plan, validation=None), 3, adapts=True) == (9, 9 * 14)


def test_off_a_terminal_the_first_batch_is_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("mine.py").write_text(POLICY)
    assert main(["evaluate", "mine.py:still", "--suite", "navigation", "--workers", "1"]) == 0
    shown = capsys.readouterr().err
    assert re.search(r"batch 1/1 · \d+:\d\d elapsed, \? left · navigation: still, \d+", shown)
