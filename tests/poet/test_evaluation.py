"""Calls of a learner: finite scores, empty batches, result sizes; fingerprints and task keys."""

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
def test_a_non_finite_score_is_an_error_with_the_key(score: float) -> None:
    learner = TableLearner(lambda number, task: score if number == 2 else 1.0)
    trials = [Trial(numbered(i), Point(), Key(0, ("iteration", 5, "score", i))) for i in range(3)]
    with pytest.raises(
        ValueError, match=re.escape(f"got {score} for iteration/score (iteration/5/score/2)")
    ):
        evaluate(learner, trials)


def test_an_empty_batch_does_not_call_the_learner() -> None:
    class NoAttributes:
        """Any access raises AttributeError."""

    assert evaluate(NoAttributes(), []) == []  # type: ignore[arg-type]  # must not be touched
    assert improve(NoAttributes(), []) == []  # type: ignore[arg-type]


def test_results_of_wrong_size_raise_value_error() -> None:
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


def test_the_fingerprint_defaults_to_the_encoding() -> None:
    class Plain(FakeFamily):
        fingerprint = None  # fingerprint is optional

    one, other = Point(0.1, 0.2, seed=1), Point(0.1, 0.2, seed=2)
    assert fingerprint(FakeFamily(), one) == fingerprint(FakeFamily(), other)
    assert fingerprint(Plain(), one) != fingerprint(Plain(), other)
    assert fingerprint(Plain(), one) == fingerprint(Plain(), Point(0.1, 0.2, seed=1))


def test_the_trial_key_depends_on_the_task_and_the_run() -> (
    None
):  # B6: equal parameters with another seed give another episode
    family = FakeFamily()
    keys = [task_key(run, family, Point(0.1, 0.2, seed)) for run in (0, 1) for seed in (1, 2)]
    assert len({key.integer() for key in keys}) == 4
    assert task_key(0, family, Point(0.1, 0.2, 1)) == keys[0]
