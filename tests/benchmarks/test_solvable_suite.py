"""Terrains that are solved: those that all agents together solve, whatever their order."""

from __future__ import annotations

from dataclasses import replace

import pytest

from benchmarks.solvable_suite import Solvers, candidates, drawn, solvers
from openpoet.arena.evaluation import evaluate
from openpoet.arena.suites.reading import suite
from openpoet.arena.suites.suite import Suite

WORLDS = candidates(0, 12, 0.6)


def like() -> Suite:
    """Of short episodes: what is solved differs from terrain to terrain all the same."""
    base = suite("dcd-6")
    return replace(base, settings={**base.settings, "length": 60}, solved_score=60.0)


@pytest.fixture(scope="module")
def agents() -> Solvers:
    return solvers(["museum-extreme"], like())


def test_terrains_are_kept_that_any_agent_solves_in_their_order(agents: Solvers) -> None:
    tried = replace(like(), worlds=tuple(WORLDS), episodes=1)
    scores = evaluate(list(agents.solved), tried, agents.simulate, episodes=1, greedy=True)
    solved = scores.solved[:, :, 0]
    assert 0 < solved.any(0).sum() < len(WORLDS)
    assert (solved[0] != solved[1]).any()
    expected = [world for world, kept in zip(WORLDS, solved.any(0), strict=True) if kept]
    for order in (1, -1):
        players = list(agents.solved)[::order]
        assert Solvers(agents.family, players).solvable(like(), WORLDS) == expected


def test_the_agent_that_has_solved_most_is_tried_first(agents: Solvers) -> None:
    first, second = agents.solved
    counted = Solvers(agents.family, [first, second])
    counted.solved[second] = 100
    counted.solvable(like(), WORLDS)
    alone = Solvers(agents.family, [second])
    alone.solvable(like(), WORLDS)
    assert counted.solved[second] == 100 + alone.solved[second]


def test_terrains_differ_and_depend_on_their_numbers_alone() -> None:
    again = candidates(5, 2, 0.6)
    assert again == WORLDS[5:7]
    assert len({str(world.task["genome"]) for world in WORLDS}) == len(WORLDS)
    assert len({world.task["seed"] for world in WORLDS}) == len(WORLDS)


def test_drawing_ends_if_nothing_is_solved(
    agents: Solvers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("benchmarks.solvable_suite.TOGETHER", 2)
    impossible = replace(like(), solved_score=1000.0)
    with pytest.raises(SystemExit, match="no agent solves one of 20"):
        drawn(agents, impossible, 1, 0.6)


def test_terrains_of_the_suite_are_solved_by_walkers_of_the_museum() -> None:
    whole = suite("solvable-10k")
    worlds = list(whole.worlds[::2000])
    assert len(worlds) == 5
    assert worlds == [candidates(int(world.name.split()[1]), 1, 0.5)[0] for world in worlds]
    assert solvers(["museum", "museum-extreme"], whole).solvable(whole, worlds) == worlds
