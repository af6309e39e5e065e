"""Lines of agents from transfers: hand-computed, in pieces as at once, and bounded."""

from __future__ import annotations

from array import array

import numpy as np
import pytest

from openpoet.archive.page import agent_lines
from openpoet.archive.page.agent_lines import AgentLines
from tests.archive.page.line_histories import KINDS, busy_history

# iteration, source, target, at birth
MOVES = [
    (3, 0, 1, 1),  # a birth begins a line of its own
    (4, 0, 1, 0),
    (5, 1, 2, 0),  # both move at once: 2 gets what 1 had before
    (5, 3, 1, 0),
    (6, 0, 0, 0),
    (7, 1, 2, 0),
    (9, 2, 3, 0),  # back to where its line began
]
CHANGES = [(4, 1, 0), (5, 2, 0), (5, 1, 3), (7, 2, 3)]


def columns(rows: list[tuple[int, int, int, int]]) -> dict[str, array[int]]:
    names = ("iteration", "source", "target", "at_birth")
    found = {name: array("q", [row[at] for row in rows]) for at, name in enumerate(names)}
    return found | {"kind": array("q", [0] * len(rows))}


def changes(lines: AgentLines, width: int) -> list[tuple[int, int, int]]:
    found = lines.thinned(width)
    return list(zip(found["at"], found["niche"], found["line"], strict=True))


def test_a_transfer_brings_the_line_of_its_source() -> None:
    lines = AgentLines()
    lines.advance(columns(MOVES), KINDS)
    assert changes(lines, 1) == CHANGES
    assert [lines.of(niche) for niche in range(4)] == [0, 3, 3, 3]


def test_moves_read_in_pieces_give_the_same_lines() -> None:
    lines = AgentLines()
    for end in (2, 4, 4, len(MOVES)):  # iterations are whole
        lines.advance(columns(MOVES[:end]), KINDS)
    assert changes(lines, 1) == CHANGES


@pytest.mark.parametrize("seed", range(5))
def test_lines_are_those_of_the_agents_descent(seed: int) -> None:
    """An agent that moves twice within an iteration, by transfer and then by population-based
    training, keeps its line.
    """
    history, lines = busy_history(seed), AgentLines()
    lines.advance(history.columns(), KINDS)
    niches = range(len(history.born))
    last = [history.line(niche, history.iterations) for niche in niches]
    assert [lines.of(niche) for niche in niches] == last
    for at, niche, line in changes(lines, 1):
        assert line == history.line(niche, at)


def test_thinned_changes_end_in_the_same_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    rng, lines = np.random.default_rng(1), AgentLines()
    # among the twenty youngest niches; among the same ones a single line would soon be left
    moves = [(at, *rng.integers(at, at + 20, 2).tolist(), 0) for at in range(400) for _ in range(5)]
    lines.advance(columns(moves), KINDS)
    whole = changes(lines, 1)
    assert len(whole) > 500
    assert lines.thinned(1)["at"] == sorted(lines.thinned(1)["at"])
    monkeypatch.setattr(agent_lines, "MOST_CHANGES", len(whole) // 2)
    few = changes(lines, 1)
    assert 0 < len(few) <= len(whole) // 2
    assert set(few) <= set(whole)
    assert {niche: line for _, niche, line in few} == {niche: line for _, niche, line in whole}
    assert changes(AgentLines(), 1) == []
