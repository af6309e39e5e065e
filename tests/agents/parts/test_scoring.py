"""Scores of learners: the solved rule."""

from __future__ import annotations

import numpy as np

from openpoet.agents.parts.scoring import solved


def test_solved_requires_the_score_and_success_in_more_than_half_of_the_episodes() -> None:
    scores, shares = np.array([1.0, 1.0, 0.9]), np.array([0.5, 0.51, 1.0])
    assert solved(scores, shares, 1.0).tolist() == [False, True, False]
