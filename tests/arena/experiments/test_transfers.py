"""Counts of transfers and the one that helped most: cases by hand."""

from __future__ import annotations

import numpy as np

from openpoet.arena.experiments.transfers import (
    Move,
    attempts,
    help_of,
    judged,
    kinds_table,
    most_helpful,
    relation,
    story,
)

STUCK = np.array([10.0] * 10 + [12, 20, 30, 31] + [31] * 6)
RISING = np.arange(20) * 10.0
SCORES = {0: STUCK, 1: RISING}
WINDOW = 4


def move(iteration: int, target: int, source: int = 2) -> Move:
    return Move(iteration, "direct", source, target, 12.0, 10.0)


def test_agents_tried_in_a_niche_in_an_iteration_are_one_attempt() -> None:
    tried = [(5, 0, False), (5, 0, True), (5, 1, False), (9, 0, False)]
    assert attempts(tried) == (3, 1)


def test_gain_is_the_rise_beyond_the_rise_before() -> None:
    """Stuck at 10, then 31: 21. Rising by 10 an iteration: 40 in each window, so no gain."""
    stuck, rising = help_of(move(10, 0), SCORES, WINDOW), help_of(move(10, 1), SCORES, WINDOW)
    assert stuck is not None
    assert (stuck.earlier, stuck.before, stuck.after, stuck.gain) == (10.0, 10.0, 31.0, 21.0)
    assert rising is not None
    assert rising.gain == 0.0


def test_a_fall_before_the_transfer_is_no_gain_of_it() -> None:
    falling = {0: np.array([50.0] * 4 + [10.0] * 4 + [20.0] * 4)}
    found = help_of(move(8, 0), falling, WINDOW)
    assert found is not None
    assert found.gain == 10.0


def test_a_transfer_without_scores_around_it_is_not_considered() -> None:
    assert help_of(move(7, 0), SCORES, WINDOW) is None  # two windows before need 8 iterations
    assert help_of(move(17, 0), SCORES, WINDOW) is None
    gone = {0: np.where(np.arange(20) > 12, np.nan, STUCK)}
    assert help_of(move(10, 0), gone, WINDOW) is None


def test_the_most_helpful_transfer_is_the_one_that_freed_a_stuck_niche() -> None:
    """Known-wrong: the largest rise after a transfer would be that of the rising niche."""
    window, judgements = judged([move(10, 1), move(10, 0), move(14, 0)], SCORES, 2)
    assert (window, len(judgements)) == (WINDOW, 3)
    found = most_helpful(judgements)
    assert found is not None
    assert found.move == move(10, 0)
    assert most_helpful(judgements[:1]) is None


def test_the_window_is_halved_until_half_of_the_transfers_can_be_judged() -> None:
    """At iteration 4 only windows of 2 have scores on both sides; at 10 windows of 4 have."""
    moves = [move(4, 0), move(5, 0), move(4, 1), move(10, 0)]
    assert judged(moves, SCORES, 2)[0] == 2
    assert judged([*moves, *[move(10, 1)] * 3], SCORES, 2)[0] == 4
    assert judged([move(0, 0)], SCORES, 8) == (1, [])


def test_table_has_the_papers_shares() -> None:
    rows = kinds_table({"direct": (10, 4)}, (5, 2)).rows
    assert rows[0] == ["direct", 10, 4, 0.4, "-"]
    assert rows[1][:4] == ["attempts to replace an agent", 5, 2, 0.4]
    assert "53.6% of 18,894" in str(rows[1][4])


def test_relations_in_words() -> None:
    parents = {0: None, 1: 0, 2: 1, 3: 0}
    assert relation(2, 0, parents) == "its descendant"
    assert relation(0, 2, parents) == "its ancestor"
    assert relation(3, 2, parents) == "of another line"


def test_story_names_niches_scores_and_the_source() -> None:
    found = help_of(move(10, 0), SCORES, WINDOW)
    assert found is not None
    text = " ".join(story(found, WINDOW, {0: "flat", 2: "roughness 0.6"}, {0: None, 2: 0}))
    for part in ("niche 0 (flat)", "niche 2 (roughness 0.6)", "its descendant", "31.0", "21.0"):
        assert part in text
