"""Baselines of the bandit table against dynamic programming, hand-computed cases and published
indices.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from benchmarks.bandit_references import CELLS, Cell, references
from benchmarks.bandit_strategies import (
    Strategy,
    epsilon_greedy,
    exact_return,
    gittins,
    greedy,
    play,
    random,
    thompson,
    ucb1,
)
from benchmarks.gittins import gittins_indices
from openpoet.envs.bandits import bayes_value

Chances = Callable[[np.ndarray, np.ndarray], np.ndarray]


def chances(strategy: Strategy, draws: int = 1) -> Chances:
    """The probabilities of a strategy's pulls, from its priorities; for a random strategy the
    shares of many draws.
    """

    def of(won: np.ndarray, lost: np.ndarray) -> np.ndarray:
        rng = np.random.default_rng(0)
        priority = strategy(np.tile(won, (draws, 1)), np.tile(lost, (draws, 1)), rng)
        largest = priority == priority.max(axis=1, keepdims=True)
        shares: np.ndarray = (largest / largest.sum(axis=1, keepdims=True)).mean(axis=0)
        return shares

    return of


def test_greedy_with_two_arms_and_two_pulls_as_computed_by_hand() -> None:
    # after a win the same arm, 2/3; after a loss the other, 1/2
    by_hand = 1 / 2 + 1 / 2 * 2 / 3 + 1 / 2 * 1 / 2
    assert exact_return(chances(greedy), 2, 2) == pytest.approx(by_hand)


def test_thompson_sampling_with_two_arms_and_two_pulls_as_computed_by_hand() -> None:
    # after a win the sample of the same arm, density 2x, is the larger with probability 2/3; after
    # a loss, density 2(1 - x), with probability 1/3
    after_win = 2 / 3 * 2 / 3 + 1 / 3 * 1 / 2
    after_loss = 1 / 3 * 1 / 3 + 2 / 3 * 1 / 2
    by_hand = 1 / 2 + 1 / 2 * after_win + 1 / 2 * after_loss
    assert exact_return(chances(thompson, 100_000), 2, 2) == pytest.approx(by_hand, abs=2e-3)


def test_random_pulls_earn_half_a_reward_each() -> None:
    assert exact_return(chances(random), 3, 3) == pytest.approx(1.5)


@pytest.mark.parametrize(
    ("strategy", "draws"),
    [
        (greedy, 1),
        (ucb1(0.3), 1),
        (gittins(0.9, 4), 1),
        (epsilon_greedy(0.3), 4000),
        (thompson, 4000),
    ],
    ids=["greedy", "ucb1", "gittins", "epsilon-greedy", "thompson"],
)
@pytest.mark.parametrize(("arms", "pulls"), [(2, 3), (3, 4)])
def test_simulated_returns_are_those_of_dynamic_programming(
    strategy: Strategy, draws: int, arms: int, pulls: int
) -> None:
    exact = exact_return(chances(strategy, draws), arms, pulls)
    found = play(strategy, arms, pulls, 40_000, np.random.default_rng(1))
    assert found.mean == pytest.approx(exact, abs=4 * found.error + 2e-3)
    assert exact <= bayes_value(pulls, ((0, 0),) * arms) + 1e-9


def test_gittins_indices_are_those_of_published_tables() -> None:
    # Gittins 1989, "Multi-armed Bandit Allocation Indices", to four places
    tenth = gittins_indices(0.9, 4)
    assert [tenth[0, 0], tenth[1, 1], tenth[1, 0], tenth[2, 1]] == pytest.approx(
        [0.7029, 0.8001, 0.5001, 0.6346], abs=1e-4
    )
    assert gittins_indices(0.99, 4)[0, 0] == pytest.approx(0.8699, abs=1e-4)


def discounted(policy: np.ndarray | None, discount: float, pulls: int) -> float:
    """The discounted return of two arms: of the best strategy, or of the largest of these indices
    [pulls of the arm, wins].
    """
    values: dict[tuple[int, ...], float] = {}

    def value(counts: tuple[int, ...], left: int) -> float:
        if not left:
            return 0.0
        if counts in values:
            return values[counts]
        found = []
        for arm in (0, 2):
            won, lost = counts[arm : arm + 2]
            mean = (won + 1) / (won + lost + 2)
            after = [
                (*counts[:arm], *new, *counts[arm + 2 :])
                for new in ((won + 1, lost), (won, lost + 1))
            ]
            ahead = [value(each, left - 1) for each in after]
            found.append(mean * (1 + discount * ahead[0]) + (1 - mean) * discount * ahead[1])
        best = max(found)
        if policy is not None:
            index = [policy[counts[i] + counts[i + 1], counts[i]] for i in (0, 2)]
            best = found[int(np.argmax(index))]
        values[counts] = best
        return best

    return value((0, 0, 0, 0), pulls)


def test_the_largest_gittins_index_is_optimal_for_discounted_returns() -> None:
    discount, pulls = 0.6, 16  # 0.6 ** 16 is 3e-4
    best = discounted(None, discount, pulls)
    assert discounted(gittins_indices(discount, pulls), discount, pulls) == pytest.approx(
        best, abs=1e-3
    )
    greedy_table = np.array([[(w + 1) / (n + 2) for w in range(pulls)] for n in range(pulls)])
    assert discounted(greedy_table, discount, pulls) < best - 2e-3  # the test can fail


def test_no_baseline_exceeds_the_optimum_and_all_exceed_chance() -> None:
    rows = {row.strategy: row for row in references(Cell(10, 5))}
    for name in ("greedy", "epsilon-greedy", "ucb1", "thompson", "gittins"):
        assert rows["random"].mean < rows[name].mean < rows["optimal"].mean + 3 * rows[name].error
    assert rows["optimal"].mean == pytest.approx(6.660, abs=1e-3)


def test_cells_are_read_as_they_are_written() -> None:
    assert [Cell.parse(str(cell)) for cell in CELLS] == list(CELLS)
    with pytest.raises(ValueError, match="choose from 5x10 10x10"):
        Cell.parse("7x10")
