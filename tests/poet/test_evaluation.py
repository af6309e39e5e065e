"""The engine's calls of a learner: NaN stops the run, no pairs need no call, a task's identity is
all of it.
"""

from __future__ import annotations

import re

import numpy as np
import pytest
from fakes import FakeFamily, Point, TableLearner, numbered
from openpoet.poet.evaluation import evaluate, fingerprint, improve, trial_key
from openpoet.poet.streams import Key


@pytest.mark.parametrize("score", [np.nan, np.inf, -np.inf])
def test_a_score_that_is_no_number_is_an_error_that_says_where(score: float) -> None:
    learner = TableLearner(lambda number, task: score if number == 2 else 1.0)
    keys = [Key(0, ("iteration", 5, "score", i)) for i in range(3)]
    with pytest.raises(
        ValueError, match=re.escape(f"got {score} for iteration/score (iteration/5/score/2)")
    ):
        evaluate(learner, [numbered(i) for i in range(3)], [Point()] * 3, keys)


def test_no_pairs_no_call() -> None:
    class Untouchable:
        """Any use of it is an AttributeError."""

    scores, solved, steps, _ = evaluate(Untouchable(), [], [], [])  # type: ignore[arg-type]  # must not be touched
    assert (scores.shape, solved.shape, steps.shape) == ((0,), (0,), (0,))
    assert improve(Untouchable(), [], [], [])[0] == []  # type: ignore[arg-type]


def test_answers_of_the_wrong_size_are_errors() -> None:
    class Short(TableLearner):
        def evaluate(self, agents, tasks, keys):  # type: ignore[no-untyped-def]
            return super().evaluate(agents[:1], tasks[:1], keys[:1])

        def improve(self, agents, tasks, keys):  # type: ignore[no-untyped-def]
            return super().improve(agents[:1], tasks[:1], keys[:1])

    short, pairs = Short(lambda number, task: 1.0), ([numbered(0)] * 2, [Point()] * 2, [Key(0)] * 2)
    with pytest.raises(ValueError, match="arrays of shape"):
        evaluate(short, *pairs)
    with pytest.raises(ValueError, match="must return 2 agents"):
        improve(short, *pairs)


def test_a_fingerprint_is_the_familys_own_or_the_encoding() -> None:
    class Plain(FakeFamily):
        fingerprint = None  # a family need not have one

    one, other = Point(0.1, 0.2, seed=1), Point(0.1, 0.2, seed=2)
    assert fingerprint(FakeFamily(), one) == fingerprint(FakeFamily(), other)
    assert fingerprint(Plain(), one) != fingerprint(Plain(), other)
    assert fingerprint(Plain(), one) == fingerprint(Plain(), Point(0.1, 0.2, seed=1))


def test_the_trial_stream_belongs_to_the_task_and_the_run() -> (
    None
):  # B6: equal parameters, another seed, another episode
    family = FakeFamily()
    keys = [trial_key(run, family, Point(0.1, 0.2, seed)) for run in (0, 1) for seed in (1, 2)]
    assert len({key.integer() for key in keys}) == 4
    assert trial_key(0, family, Point(0.1, 0.2, 1)) == keys[0]
