"""Experiment `pata-ec-cost` (arXiv 2003.08536): environment steps that PATA-EC adds to a run."""

from __future__ import annotations

from collections.abc import Mapping

from ..tables import Cell, Table

PUBLISHED = "+82.4% ± 7.31% ES steps"  # against the hand-designed characterisation
PURPOSE = "novelty"  # the last word of the purpose under which its steps are counted


def added(ledger: Mapping[str, int]) -> tuple[int, int]:
    """Environment steps of PATA-EC, and all others. ledger: steps by purpose.

    ValueError if the run has taken no other steps.
    """
    own = sum(steps for purpose, steps in ledger.items() if purpose.split("/")[-1] == PURPOSE)
    if (others := sum(ledger.values()) - own) <= 0:
        raise ValueError("a run must have taken steps for other purposes than novelty")
    return own, others


def cost_table(ledger: Mapping[str, int]) -> Table:
    """A row a purpose with its share of all steps, and what PATA-EC adds to the others."""
    own, others = added(ledger)
    rows: list[list[Cell]] = [
        [purpose, float(steps / 1e6), steps / (own + others), "-"]
        for purpose, steps in ledger.items()
    ]
    rows.append(["PATA-EC, added to all others", float(own / 1e6), own / others, PUBLISHED])
    note = (
        "share: of all steps, and in the last row of the steps without PATA-EC; scores of retired "
        "agents, which cannot change, are kept here and computed again in the reference code"
    )
    return Table("pata-ec-cost", ("purpose", "M steps", "share", "paper"), rows, note)
