"""The engine's calls of a learner: NaN stops the run, no pairs need no call, a task's identity is
all of it.
"""

from __future__ import annotations

import re

import numpy as np
import pytest
from fakes import FakeFamily, Point, TableLearner, numbered
from openpoet.poet.evaluation import evaluate, improve
from openpoet.poet.identity import fingerprint
from openpoet.poet.streams import Key
from openpoet.poet.trial_keys import task_key
from openpoet.poet.trials import Trial


@pytest.mark.parametrize("score", [np.nan, np.inf, -np.inf])
def test_a_score_that_is_no_number_is_an_error_that_says_where(score: float) -> None:
    learner = TableLearner(lambda number, task: score if number == 2 else 1.0)
    trials = [Trial(numbered(i), Point(), Key(0, ("iteration", 5, "score", i))) for i in range(3)]
    with pytest.raises(
        ValueError, match=re.escape(f"got {score} for iteration/score (iteration/5/score/2)")
    ):
        evaluate(learner, trials)


def test_no_pairs_no_call() -> None:
    class Untouchable:
        """Any use of it is an AttributeError."""

    assert evaluate(Untouchable(), []) == []  # type: ignore[arg-type]  # must not be touched
    assert improve(Untouchable(), []) == []  # type: ignore[arg-type]


def test_answers_of_the_wrong_size_are_errors() -> None:
    class Short(TableLearner):
        def evaluate(self, agents, tasks, keys):  # type: ignore[no-untyped-def]
            return super().evaluate(agents[:1], tasks[:1], keys[:1])

        def improve(self, agents, tasks, keys):  # type: ignore[no-untyped-def]
            return super().improve(agents[:1], tasks[:1], keys[:1])

    short, trials = Short(lambda number, task: 1.0), [Trial(numbered(0), Point(), Key(0))] * 2
    with pytest.raises(ValueError, match="arrays of shape"):
        evaluate(short, trials)
    with pytest.raises(ValueError, match="must return 2 agents"):
        improve(short, trials)


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
    keys = [task_key(run, family, Point(0.1, 0.2, seed)) for run in (0, 1) for seed in (1, 2)]
    assert len({key.integer() for key in keys}) == 4
    assert task_key(0, family, Point(0.1, 0.2, 1)) == keys[0]
