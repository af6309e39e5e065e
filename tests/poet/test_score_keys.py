"""The key of a niche's last score is recorded: its agent, evaluated with this key, has that score
again.

The family's tasks are distributions, so another key gives another score.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from itertools import islice
from typing import Any

import pytest
import torch
from fakes import FakeFamily, FakeLearner, Point

from openpoet.poet.births import births
from openpoet.poet.checkpoint import from_records, to_records
from openpoet.poet.config import PoetConfig, Setup
from openpoet.poet.engine import evolve, start
from openpoet.poet.interfaces import Agent
from openpoet.poet.niche import Child, Niche, Population, Transfer
from openpoet.poet.novelty import Novelties
from openpoet.poet.seeding import Seed, seed_population
from openpoet.poet.streams import Key


class Tuned(FakeLearner):
    """Agents have a hyperparameter that does not affect their actions."""

    def explore(self, agent: Agent, key: Key) -> Agent:
        return {**agent, "hyper/rate": torch.tensor(key.generator().uniform())}

    def adopt(self, agent: Agent) -> Agent:
        return {**agent, **super().adopt(agent)}

    def improve(self, agents: Sequence[Agent], tasks: Sequence[Point], keys: Sequence[Key]) -> Any:
        improved, steps = super().improve(agents, tasks, keys)
        return [{**agent, **new} for agent, new in zip(agents, improved, strict=True)], steps


def setup_of(**values: Any) -> Setup:
    family = FakeFamily(noise=0.03)
    schedule = {"mutate_every": 6, "transfer_every": 2, "pbt_every": 3, "pbt_share": 0.5}
    criterion = {"mc_low": 0.0, "mc_high": 290.0, "reproduce_at": 50.0, "history": 1}
    criterion |= {"capacity": 4, "max_admitted": 2}
    return Setup(family, Tuned(family), PoetConfig(seed=3, **{**schedule, **criterion, **values}))


def assert_scores_are_reproduced(population: Population, setup: Setup) -> None:
    keys = [niche.score_key for niche in population.niches if niche.score_key is not None]
    agents, tasks = (
        [getattr(niche, part) for niche in population.niches] for part in ("agent", "task")
    )
    assert setup.learner.evaluate(agents, tasks, keys)[0].tolist() == [
        niche.scores[-1] for niche in population.niches
    ]


@pytest.mark.parametrize("rule", ["poet", "epoet"])
def test_the_last_score_of_every_niche_is_reproduced_from_its_key(rule: str) -> None:
    setup, counts = setup_of(transfer_rule=rule), Counter[str]()
    for population in islice(evolve(start(setup), setup), 60):
        assert_scores_are_reproduced(population, setup)
        for event in population.events:
            if isinstance(event, Transfer):
                counts[event.kind] += event.accepted and not event.at_birth
            else:
                counts[event.outcome] += 1
    kinds = ["proposal", "exploit", "admitted", *(["direct"] if rule == "poet" else [])]
    assert min(counts[kind] for kind in kinds) > 0, counts
    assert len(population.retired) > 2


def test_a_niche_has_no_key_before_its_first_score() -> None:
    assert [niche.score_key for niche in start(setup_of(niches=2)).active] == [None, None]


def test_seeded_niches_are_evaluated_with_different_keys() -> None:
    setup = setup_of()
    population = seed_population(setup, [Seed(Point(0.1 * i), None, "a#1") for i in range(3)])
    assert_scores_are_reproduced(population, setup)
    assert len({niche.score_key for niche in population.niches}) == 3


def test_a_niche_that_retires_when_it_is_born_keeps_the_key_of_its_birth() -> None:
    """PoetConfig no longer allows it; archives of earlier versions may hold such niches."""
    setup = setup_of(pbt_every=0)
    (first,) = islice(evolve(start(setup), setup), 1)
    children = [Child(i, 1, 0, Point(0.1, 0.1 * i), "crowded", 100.0, 1.5, None) for i in range(2)]
    after = births(children, first, setup, Key(3, ("iteration", 1)), Novelties({})).retire(1)
    assert [niche.died for niche in after.retired] == [1, 1]
    assert after.retired[1].born == 1
    assert_scores_are_reproduced(after, setup)


def test_another_key_gives_another_score() -> None:
    """A control: with a wrong key the assertion of the tests above fails."""
    setup = setup_of()
    (population,) = islice(evolve(start(setup), setup), 9, 10)
    other = replace(population.active[0], score_key=Key(3, ("iteration", 8, "score", 99)))
    with pytest.raises(AssertionError):
        assert_scores_are_reproduced(
            replace(population, active=(other, *population.active[1:])), setup
        )


def recorded(key: Any, scores: Sequence[float] = (1.0,)) -> Niche:
    """The niche read from a record with this key."""
    setup = setup_of()
    data, agents = to_records(start(setup), setup.family)
    data["active"][0] |= {
        "score_key": key,
        "scores": list(scores),
        "best": max(scores, default=None),
    }
    return from_records(data, agents, setup.family).active[0]


def test_keys_round_trip() -> None:
    for key in (
        Key(3, ("iteration", 7, "score", 0)),
        Key(2**63 - 1, ("task", 2**64 - 1)),
        Key(0, ("seed", 1)),
    ):
        assert recorded([key.seed, *key.path]).score_key == key
    assert recorded([], scores=()).score_key is None


@pytest.mark.parametrize(
    "key",
    [
        None,
        "score",
        {"seed": 1},
        [],  # although there is a score
        [3],  # only a seed
        ["iteration", 3],
        [3, "iteration", -1],
        [3, "iteration", 2**64],
        [3, "iteration", 1.0],
        [3, "iteration", True],
        [True, "iteration"],
        [3, ""],
        [3, "a" * 33],
        [3, "score\x1b[31m"],
        [3, "été"],
        [3, ["score"]],
        [3] * 10,
    ],
)
def test_invalid_keys_raise_one_line_errors(key: Any) -> None:
    with pytest.raises(ValueError, match=r"^active\[0\].score_key must be [^\n]*$"):
        recorded(key)


def test_a_key_without_a_score_is_an_error() -> None:
    with pytest.raises(ValueError, match=r"active\[0\].score_key must be"):
        recorded([3, "score"], scores=())
