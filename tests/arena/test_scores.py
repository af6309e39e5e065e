"""Scores: JSON without loss, and one line for anything that is not valid."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from openpoet.arena.scores import Scores

FINITE = st.floats(allow_nan=False, allow_infinity=False)


def scores(returns: np.ndarray, solved: np.ndarray | None = None) -> Scores:
    agents, worlds, _ = returns.shape
    return Scores(
        tuple(f"agent {i}" for i in range(agents)),
        tuple(f"world {i}" for i in range(worlds)),
        returns,
        returns > 0 if solved is None else solved,
        17,
    )


VALID = scores(np.array([[[1.5, -2.0]], [[0.0, 3.0]]])).to_json()


@given(arrays(np.float64, st.tuples(*[st.integers(1, 3)] * 3), elements=FINITE))
def test_scores_equal_those_read_from_their_json(returns: np.ndarray) -> None:
    before = scores(returns)
    after = Scores.from_json(json.loads(json.dumps(before.to_json())))
    assert np.array_equal(after.returns, before.returns)
    assert np.array_equal(after.solved, before.solved)
    assert (after.agents, after.worlds, after.steps) == (before.agents, before.worlds, 17)
    assert after.returns.dtype == np.float64
    assert after.solved.dtype == np.bool_


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"agents": ["a"]}, "1 agents in 1 worlds"),
        ({"agents": ["a", "a"]}, "different names"),
        ({"agents": []}, "agents"),
        ({"agents": ["a", 3]}, "scores.agents"),
        ({"worlds": ["w" * 201]}, "scores.worlds"),
        ({"worlds": ["two\nlines"]}, "scores.worlds"),
        ({"returns": [[[1.0, 2.0]], [[1.0]]]}, "scores.returns"),
        ({"returns": [[["1", "2"]], [["3", "4"]]]}, "scores.returns"),
        ({"returns": [[[1.0, None]], [[1.0, 2.0]]]}, "scores.returns"),
        ({"returns": [[[1.0, math.nan]], [[1.0, 2.0]]]}, "nan for agent agent 0, world world 0"),
        ({"returns": [[[10**400, 0]], [[1, 2]]]}, "scores.returns"),
        ({"returns": [[]]}, "scores.returns"),
        ({"solved": [[[1, 0]], [[0, 1]]]}, "scores.solved"),
        ({"solved": [[[True]], [[False]]]}, "returns and solved"),
        ({"steps": -1}, "scores.steps"),
        ({"steps": 1.5}, "scores.steps"),
        ({"more": 1}, "object of agents, worlds"),
    ],
)
def test_invalid_json_is_refused_in_one_line(change: dict[str, Any], named: str) -> None:
    with pytest.raises(ValueError, match=named) as error:
        Scores.from_json({**VALID, **change})
    assert "\n" not in str(error.value)
    assert len(str(error.value)) < 300


def test_what_is_not_an_object_is_refused() -> None:
    with pytest.raises(ValueError, match="scores are an object"):
        Scores.from_json([VALID])


def test_a_batch_without_episodes_is_refused() -> None:
    with pytest.raises(ValueError, match="got \\[1, 1, 0\\]"):
        scores(np.zeros((1, 1, 0)))
