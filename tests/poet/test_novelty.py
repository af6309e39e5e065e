"""Novelty: ranks and distances by hand, PATA-EC against a direct implementation, and its cache."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from fakes import CountedLearner, FakeFamily, Point, TableLearner, numbered
from hypothesis import given
from hypothesis import strategies as st

from openpoet.poet.config import PoetConfig, Setup
from openpoet.poet.niche import Child, Niche, Population
from openpoet.poet.novelty import PataEc, centred_ranks, mean_distance, remembered
from openpoet.poet.streams import Key

KEY = Key(0, ("iteration", 10))


def test_equal_scores_have_their_mean_rank() -> None:  # B4
    assert centred_ranks(np.array([25.0, 25, 25, 340, 340])).tolist() == [
        -0.25,
        -0.25,
        -0.25,
        0.375,
        0.375,
    ]
    assert centred_ranks(np.array([340.0, 25, 340, 25, 25])).tolist() == [
        0.375,
        -0.25,
        0.375,
        -0.25,
        -0.25,
    ]


def test_distinct_scores_have_evenly_spaced_ranks() -> None:
    assert centred_ranks(np.array([3.0, -1, 7, 5, 4])).tolist() == [-0.25, -0.5, 0.5, 0.25, 0.0]


def test_a_single_agent_has_rank_zero() -> None:  # B2
    assert centred_ranks(np.array([123.0])).tolist() == [0.0]


def test_ranks_of_nan_are_an_error() -> None:
    with pytest.raises(ValueError, match="NaN at position 1"):
        centred_ranks(np.array([1.0, np.nan]))


@given(st.lists(st.integers(-5, 5), min_size=2, max_size=12), st.randoms(use_true_random=False))
def test_ranks_are_centred_and_equivariant_to_permutation(values: list[int], random) -> None:  # type: ignore[no-untyped-def]
    ranks = centred_ranks(np.array(values, float))
    assert abs(ranks.sum()) < 1e-12
    order = list(range(len(values)))
    random.shuffle(order)
    assert np.array_equal(centred_ranks(np.array(values, float)[order]), ranks[order])
    for a, b in zip(values, ranks, strict=True):
        below, same = sum(v < a for v in values), sum(v == a for v in values)
        assert b == pytest.approx((below + (same - 1) / 2) / (len(values) - 1) - 0.5)


# B1: scores are clipped at both bounds
def test_scores_beyond_the_criterion_are_clipped_before_ranking() -> None:
    rows = PataEc(5, low=50, high=300).characterise([[10.0, 49, 100, 400, 301]])
    assert rows.tolist() == [[-0.375, -0.375, 0.0, 0.375, 0.375]]


def test_mean_distance_to_the_k_nearest() -> None:
    stored = np.array([[0.0, 3.0], [4.0, 0.0], [0.0, 1.0], [0.0, -2.0]])
    assert mean_distance(np.zeros(2), stored, 3) == 2.0  # 1, 2, 3
    assert mean_distance(np.zeros(2), stored, 9) == 2.5  # fewer than k: all


def population_of(active: int, retired: int) -> Population:
    niches = [
        Niche(i, None, 0, Point(0.1 * i, 0.0, i), numbered(i)) for i in range(active + retired)
    ]
    return Population(10, tuple(niches[retired:]), tuple(niches[:retired]), niches_born=len(niches))


def child(id: int, x: float) -> Child:
    return Child(id, 10, 0, Point(x, 0.5), "crowded", 100.0, None, None)


def test_parameter_novelty_includes_retired_niches() -> None:
    setup = Setup(
        FakeFamily(), TableLearner(lambda n, t: 0.0), PoetConfig(novelty="parameters", neighbours=2)
    )
    novel = setup.novelty.measure([child(4, 0.0)], population_of(active=1, retired=2), setup, KEY)
    assert novel.of[4] == pytest.approx((0.5 + np.hypot(0.1, 0.5)) / 2)
    assert remembered(population_of(1, 2), novel).scores_of_retired == {}


def test_standardised_novelty_weighs_all_parameters_alike() -> None:
    """x is 0, 100 and 50, y is 0, 1 and .5: in units of their spread both differ equally. A
    parameter that is the same in all tasks has no part in it.
    """

    class Wide(FakeFamily):
        def describe(self, task: Point) -> np.ndarray:
            return np.array([100 * task.x, task.y, 7.0])

    niches = tuple(Niche(i, None, 0, Point(i, i), numbered(i)) for i in range(2))
    children = [replace(child(8, 0.5), task=Point(0.5, 0.5))]
    found = {}
    for name, config in (
        ("standardised", PoetConfig(novelty="standardised", neighbours=1)),
        ("parameters", PoetConfig(novelty="parameters", neighbours=1)),
    ):
        setup = Setup(Wide(), TableLearner(wavy), config)
        population = Population(10, niches, (), niches_born=2)
        found[name] = setup.novelty.measure(children, population, setup, KEY).of[8]
    spread = np.std([0, 1, 0.5])
    assert found["standardised"] == pytest.approx(np.hypot(0.5 / spread, 0.5 / spread))
    assert found["parameters"] == pytest.approx(np.hypot(50, 0.5))


def wavy(number: float, task: Point) -> float:
    return 175 + 200 * float(np.sin(3 * number + 7 * task.x + 5 * task.y))


def test_pata_ec_equals_a_direct_implementation() -> None:
    config = PoetConfig(mc_low=50, mc_high=300, neighbours=3)
    population, children = population_of(active=3, retired=2), [child(8, 0.7), child(9, -0.4)]
    setup = Setup(FakeFamily(), TableLearner(wavy), config)
    novel = setup.novelty.measure(children, population, setup, KEY)

    def vector(task: Point) -> np.ndarray:
        scores = np.clip([wavy(agent, task) for agent in range(5)], 50, 300)
        return np.array([(sum(scores < s) + (sum(scores == s) - 1) / 2) / 4 - 0.5 for s in scores])

    vectors = [vector(niche.task) for niche in population.niches]
    for one in children:
        nearest = sorted(float(np.linalg.norm(vector(one.task) - other)) for other in vectors)[:3]
        assert novel.of[one.id] == pytest.approx(sum(nearest) / 3)


def test_with_one_agent_every_child_has_novelty_zero() -> None:  # B2
    setup = Setup(FakeFamily(), TableLearner(wavy), PoetConfig())
    assert setup.novelty.measure(
        [child(0, 0.3), child(1, 0.9)], population_of(1, 0), setup, KEY
    ).of == {
        0: 0.0,
        1: 0.0,
    }


def test_nan_scores_raise_value_error() -> None:
    setup = Setup(FakeFamily(), TableLearner(lambda n, t: np.nan if n == 1 else 0.0), PoetConfig())
    with pytest.raises(ValueError, match="must be finite, got nan for iteration/novelty"):
        setup.novelty.measure([child(0, 0.3)], population_of(2, 0), setup, KEY)


def test_nan_descriptions_raise_value_error() -> None:
    class Vague(FakeFamily):
        def describe(self, task: Point) -> np.ndarray:
            return np.array([np.nan, task.x])

    setup = Setup(Vague(), TableLearner(wavy), PoetConfig(novelty="parameters"))
    with pytest.raises(ValueError, match="description must be finite"):
        setup.novelty.measure([child(0, 0.3)], population_of(1, 0), setup, KEY)


def test_scores_of_retired_agents_are_cached_without_changing_the_novelty() -> None:  # B17
    learner = CountedLearner(TableLearner(wavy))
    setup = Setup(FakeFamily(), learner, PoetConfig(neighbours=2))
    population = population_of(active=3, retired=2)
    fresh = setup.novelty.measure([child(8, 0.7)], population, setup, KEY)
    assert len(learner.calls) == 1  # one batch
    assert len(learner.calls[0][1]) == 5 * (5 + 1)  # all agents in all tasks
    stored = remembered(population, fresh)
    assert set(stored.scores_of_retired) == {(agent, task) for agent in (0, 1) for task in range(5)}
    again = setup.novelty.measure([child(8, 0.7)], stored, setup, KEY)
    assert (
        len(learner.calls[1][1]) == 3 * 5 + 5 * 1
    )  # active agents in all tasks, retired agents only in the child
    assert again == fresh


def test_the_cache_includes_newborn_niches_and_newly_retired_agents() -> None:
    setup = Setup(FakeFamily(), TableLearner(wavy), PoetConfig())
    population = population_of(active=2, retired=1)
    novel = setup.novelty.measure([child(8, 0.7), child(9, 0.8)], population, setup, KEY)
    born = replace(child(8, 0.7), outcome="admitted", niche=3)
    niche = Niche(3, 0, 10, born.task, numbered(9))
    after = replace(
        population, active=(*population.active, niche), niches_born=4, events=(born,)
    ).retire(2)
    scores = remembered(after, novel).scores_of_retired
    # niche 1 has just retired
    assert set(scores) == {(agent, task) for agent in (0, 1) for task in range(4)}
    assert scores[1, 3] == wavy(1, born.task)
