"""The table of learners and families: verdicts, rows as text, and a short measurement."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from benchmarks.pairs import measured
from benchmarks.pairs_page import Row, page, parsed

# bandits: the best known score is 5 / 6, so that 15 % of the way from .5 is .55
ROW = Row("rl2", "bandits", 120.0, 1000, score=0.6, untrained=0.5, chance=0.5)


@pytest.mark.parametrize(
    ("row", "verdict"),
    [
        (ROW, "learns"),
        (replace(ROW, score=0.54), "does not learn"),  # too little
        (replace(ROW, untrained=0.65), "does not learn"),  # worse than untrained
        (replace(ROW, untrained=0.6), "learns"),  # within a trial only
        (Row("es", "bandits", refused="no observations"), "refused"),
    ],
)
def test_verdicts(row: Row, verdict: str) -> None:
    assert row.verdict == verdict


def test_the_share_is_0_for_random_actions_and_1_for_the_best_known_score() -> None:
    assert replace(ROW, score=0.5).share == 0
    assert replace(ROW, score=5 / 6).share == pytest.approx(1)
    diayn = replace(ROW, learner="diayn", chance=0.0, score=math.log(4))
    assert diayn.share == pytest.approx(1)  # of its own intrinsic reward


def test_a_row_as_text_is_read_again() -> None:
    refused = Row("es", "bandits", refused="no observations")
    for row in (ROW, refused):
        assert parsed(row.line()).line() == row.line()
        assert parsed(row.line()).verdict == row.verdict


def test_a_measurement_trains_for_the_time_and_ends_early_at_the_best_score() -> None:
    row = measured("mfec", "bandits", 0.4)
    assert row.seconds >= 0.4
    assert row.steps > 0
    assert math.isfinite(row.score)
    solved = measured("es", "grid", 8.0)  # the first task of the family is easy
    assert solved.share >= 0.98
    assert solved.seconds < 8


def test_the_page_explains_pairs_that_do_not_learn() -> None:
    text = page([replace(ROW, learner="ppo", family="mdp", score=10.0, chance=10.2)])
    assert "- `ppo` on barcode, gridnavi, mdp" in text
    assert "| `reptile` | slow |" in text  # not measured, and explained
