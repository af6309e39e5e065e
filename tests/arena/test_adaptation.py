"""Adaptation on a suite: curves by episode, controls on the same trials."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from openpoet.arena.adaptation import adaptation
from openpoet.arena.suites.suite import World
from tests.arena.test_evaluation import SUITE

TWO = replace(SUITE, worlds=SUITE.worlds[:2], solved_score=2.0)


def by_episode(
    agent: int, task: Any, world: int, trials: int, control: str
) -> tuple[np.ndarray, int]:
    """Returns that name their place: 100 x agent + 10 x world + episode, less 1 with a control."""
    base = 100.0 * agent + 10.0 * world + np.arange(3) - (control != "none")
    return np.tile(base, (trials, 1)), 7


def test_returns_are_by_control_agent_world_trial_and_episode() -> None:
    found = adaptation(["a", "b"], TWO, by_episode, 4)
    assert found.returns["none"].shape == (2, 2, 4, 3)
    assert found.returns["none"][1, 1, 0].tolist() == [110, 111, 112]
    assert found.returns["shuffled"][1, 0, 3].tolist() == [99, 100, 101]
    assert found.scores.steps == 7 * 2 * 2 * 3


def test_the_scores_are_the_last_episodes_without_a_control() -> None:
    scores = adaptation(["a"], TWO, by_episode, 2).scores
    assert scores.returns.tolist() == [[[2, 2], [12, 12]]]
    assert scores.solved.all()
    assert (
        not adaptation(["a"], replace(TWO, solved_score=3.0), by_episode, 2)
        .scores.solved[0, 0]
        .any()
    )


def test_fewer_than_two_trials_and_worlds_that_draw_are_refused() -> None:
    with pytest.raises(ValueError, match="--episodes must be at least 2"):
        adaptation(["a"], TWO, by_episode, 1)
    drawn = replace(TWO, worlds=(World("drawn", {"x": 1.0}, {"x": (0.0, 1.0)}),))
    with pytest.raises(ValueError, match="draws another task for every episode"):
        adaptation(["a"], drawn, by_episode, 2)
