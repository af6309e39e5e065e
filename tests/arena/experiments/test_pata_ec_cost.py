"""What PATA-EC adds to a run, by hand."""

from __future__ import annotations

import pytest

from openpoet.arena.experiments.pata_ec_cost import added, cost_table

LEDGER = {"iteration/improve": 600, "iteration/novelty": 300, "iteration/score": 150}


def test_cost_is_relative_to_the_other_steps() -> None:
    """300 on 750: 40 %. Known-wrong: the share of all steps, 29 %."""
    assert added(LEDGER) == (300, 750)
    rows = cost_table(LEDGER).rows
    assert rows[1][2] == pytest.approx(300 / 1050)
    assert rows[-1][2] == 0.4
    assert "82.4%" in str(rows[-1][3])


def test_a_run_without_other_steps_is_refused() -> None:
    with pytest.raises(ValueError, match="other purposes"):
        added({"iteration/novelty": 5})
