from __future__ import annotations

import numpy as np
import pytest
import torch
from fakes import FakeFamily, FakeLearner, Point

from openpoet.cli.ledger import Ledger
from openpoet.poet.engine import evolve, start
from openpoet.poet.streams import Key
from tests.archive.example_runs import FAMILY, ledger, setup

A, B = Key(0, ("iteration", 3, "score", 1)), Key(0, ("iteration", 3, "transfer", 2))


def test_steps_are_counted_under_the_purpose_of_their_key() -> None:
    counted = Ledger(FakeLearner(FakeFamily()))
    slow, fast = (
        {"velocity": torch.zeros(2), "steps": torch.zeros(1)},
        {"velocity": torch.tensor([1.0, 0.0])},
    )
    _, _, steps = counted.evaluate([slow, fast, slow], [Point(0.5)] * 3, [A, B, B])
    assert steps.tolist() == [8, 2, 8]  # by hand: 0.25 m a step, 0.5 m to go
    assert counted.steps == 18
    assert counted.drain() == {"iteration/score": 8, "iteration/transfer": 10}
    assert counted.drain() == {}
    counted.improve([slow], [Point(3.0)], [A.spent_as(B)])
    assert counted.purpose == "iteration/transfer"
    assert counted.drain() == {"iteration/transfer": 16}
    assert counted.steps == 34


def test_methods_without_steps_are_those_of_the_learner() -> None:
    learner = FakeLearner(FakeFamily())
    counted = Ledger(learner)
    assert counted.family is learner.family
    assert counted.init(A)["velocity"].equal(learner.init(A)["velocity"])
    assert not hasattr(counted, "inherit")
    assert (counted.steps, counted.drain()) == (0, {})


def test_the_ledger_counts_the_steps_of_the_simulators() -> None:
    parts, before, costs = setup(), FAMILY.steps, 0
    for population in evolve(start(parts), parts):
        costs += sum(ledger(parts).drain().values())
        if population.iteration == 20:
            break
    assert costs == ledger(parts).steps == FAMILY.steps - before > 0


class Wrong(FakeLearner):
    def evaluate(self, agents, tasks, keys):  # type: ignore[no-untyped-def]  # the signature of the wrapped learner
        scores, solved, _ = super().evaluate(agents, tasks, keys)
        return scores, solved, np.array([-1])


def test_a_negative_number_of_steps_is_an_error() -> None:
    agent = {"velocity": torch.zeros(2), "steps": torch.zeros(1)}
    with pytest.raises(ValueError, match="must be 0 or more, got -1"):
        Ledger(Wrong(FakeFamily())).evaluate([agent], [Point()], [A])
