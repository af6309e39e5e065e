"""What the command reports of reproduction, against what the engine does."""

from __future__ import annotations

from itertools import islice

from fakes import FakeFamily, FakeLearner

from openpoet.cli.wiring import without_children
from openpoet.poet.config import PoetConfig, Setup
from openpoet.poet.engine import evolve, start


def test_a_reason_is_given_exactly_where_children_are_due_and_none_are_tried() -> None:
    family, every = FakeFamily(), 2
    config = PoetConfig(
        seed=1,
        mutate_every=every,
        transfer_every=4,
        capacity=4,
        patience=30,
        novelty="parameters",
    )
    setup = Setup(family, FakeLearner(family), config)
    before, reasons = start(setup), set[str]()
    for after in islice(evolve(before, setup), 100):
        due = before.iteration > 0 and before.iteration % every == 0
        reason = without_children(before, config)
        assert bool(reason) == (due and after.children_tried == before.children_tried)
        reasons.add(reason[:15])
        before = after
    assert reasons == {"", "no niche reache", "no niche has ch"}, "all three occur"
