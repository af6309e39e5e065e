"""The level buffer: probabilities, staleness, insertion and eviction, computed by hand."""

from __future__ import annotations

import numpy as np
import pytest

from openpoet.poet.curricula.buffer import (
    Buffer,
    Replay,
    draw,
    inserted,
    replays,
    rescored,
    weights,
)

RULE = Replay(size=3, probability=0.9, start=0.5, temperature=1.0, staleness=0.5)
# scores 0.2, 0.8, 0.5: ranks 3, 1, 2; last drawn at 4, 10, 8 of 10 draws: ages 6, 0, 2
THREE = Buffer.of([(7, 0.2, 4), (8, 0.8, 10), (9, 0.5, 8)], draws=10)


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def test_weights_are_half_rank_half_age() -> None:
    ranks = np.array([1 / 3, 1, 1 / 2]) / (11 / 6)
    ages = np.array([6, 0, 2]) / 8
    assert weights(THREE, RULE) == pytest.approx(0.5 * ranks + 0.5 * ages)
    assert weights(THREE, RULE).sum() == pytest.approx(1)


def test_a_low_temperature_prefers_the_best_level() -> None:
    rule = Replay(size=3, temperature=0.1, staleness=0.0)
    found = weights(THREE, rule)
    assert found[2] / found[1] == pytest.approx(2**-10)
    assert found[0] / found[1] == pytest.approx(3**-10)


def test_equal_ages_of_zero_weigh_the_same() -> None:
    fresh = Buffer.of([(1, 0.3, 5), (2, 0.1, 5)], draws=5)
    rule = Replay(size=3, staleness=1.0)
    assert weights(fresh, rule).tolist() == [0.5, 0.5]


def test_a_drawn_level_has_age_0_and_the_others_are_one_draw_older() -> None:
    after, row = draw(THREE, RULE, rng())
    ages = (after.draws - after.drawn).tolist()
    assert ages == [0 if i == row else age + 1 for i, age in enumerate((6, 0, 2))]
    assert THREE.draws == 10  # values are not changed in place


def test_levels_are_drawn_as_often_as_their_weights_say() -> None:
    """A buffer that always returned its first level would fail."""
    generator = rng()
    counts = np.bincount([draw(THREE, RULE, generator)[1] for _ in range(20_000)], minlength=3)
    assert counts / 20_000 == pytest.approx(weights(THREE, RULE), abs=0.015)


@pytest.mark.parametrize(
    ("levels", "share"), [(0, 0.0), (4, 0.0), (5, 0.5), (7, 0.7), (9, 0.9), (10, 0.9)]
)
def test_levels_are_replayed_with_probability_min_of_fill_and_p(levels: int, share: float) -> None:
    rule, generator = Replay(size=10, probability=0.9, start=0.5), rng()
    buffer = Buffer.of([(i, 0.0, 0) for i in range(levels)])
    found = np.mean([replays(buffer, rule, generator) for _ in range(5_000)])
    assert found == pytest.approx(share, abs=0.03)


def test_a_level_enters_where_there_is_room() -> None:
    two = Buffer.of([(7, 0.2, 4), (8, 0.8, 10)], draws=10)
    entry = inserted(two, 9, 0.1, RULE)
    assert entry.accepted
    assert entry.evicted is None
    assert entry.buffer.ids.tolist() == [7, 8, 9]
    assert entry.buffer.drawn.tolist() == [4, 10, 10]


def test_the_level_of_least_weight_is_evicted() -> None:
    # 0.5 [1/3, 1, 1/2] / (11/6) + 0.5 [6, 0, 2] / 8 = [.466, .273, .261]: the last is the least
    entry = inserted(THREE, 4, 0.5, RULE)  # its score is not above the new one
    assert (entry.accepted, entry.evicted) == (True, 9)
    assert entry.buffer.ids.tolist() == [7, 8, 4]
    assert entry.buffer.scores.tolist() == [0.2, 0.8, 0.5]


def test_a_level_of_lower_score_than_that_of_least_weight_is_refused() -> None:
    entry = inserted(THREE, 4, 0.49, RULE)  # though the level with score 0.2 would be worse
    assert (entry.accepted, entry.evicted) == (False, None)
    assert entry.buffer is THREE


def test_scores_are_overwritten() -> None:
    assert rescored(THREE, 8, 0.1).scores.tolist() == [0.2, 0.1, 0.5]
    assert rescored(THREE, 99, 0.1) is THREE  # evicted in the meantime
    assert THREE.scores.tolist() == [0.2, 0.8, 0.5]
