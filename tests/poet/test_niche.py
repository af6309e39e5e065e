"""Niches and populations: new scores, transfers, retirement, and both ANNECS measures by hand."""

from __future__ import annotations

from dataclasses import replace

from fakes import Point, numbered

from openpoet.poet.niche import Niche, Population
from openpoet.poet.streams import Key
from openpoet.poet.trials import Result

NICHE = Niche(0, None, 0, Point(), numbered(0))


def score(value: float, solved: bool = False) -> tuple[Result, Key]:
    return Result(value, solved, None, 1), Key(0, ("score", int(value)))


def test_improved_appends_the_score_to_the_history() -> None:
    niche = NICHE
    for t, value in enumerate([5.0, 9.0, 1.0, 2.0]):
        niche = niche.improved(numbered(t), *score(value), iteration=t, history=3)
    assert niche.scores == (9.0, 1.0, 2.0)
    assert (niche.best, niche.score_key) == (9.0, score(2.0)[1])
    assert float(niche.agent["number"]) == 3


def test_taken_over_replaces_the_latest_score() -> None:  # B22
    niche = replace(NICHE, scores=(1.0, 4.0, 2.0), best=4.0).taken_over(
        numbered(8), *score(5.0, True), iteration=7
    )
    assert niche.scores == (1.0, 4.0, 5.0)
    assert (niche.best, niche.score_key) == (5.0, score(5.0)[1])
    assert niche.solved == 7
    assert float(niche.agent["number"]) == 8


def test_solved_is_the_first_iteration_in_which_the_task_was_solved() -> None:
    niche = NICHE.improved(numbered(1), *score(240.0), iteration=1, history=5)
    assert niche.solved is None  # the learner decides, not the score alone
    niche = niche.improved(numbered(1), *score(235.0, True), iteration=2, history=5)
    assert niche.improved(numbered(1), *score(236.0, True), iteration=3, history=5).solved == 2
    assert niche.improved(numbered(1), *score(10.0), iteration=3, history=5).solved == 2


def test_the_oldest_niches_beyond_capacity_retire_with_their_agents() -> None:  # B23
    active = tuple(replace(NICHE, id=i, agent=numbered(i)) for i in range(2, 6))
    population = Population(7, active, (replace(NICHE, id=1, died=3),), niches_born=6).retire(2)
    assert [niche.id for niche in population.active] == [4, 5]
    assert [(niche.id, niche.died) for niche in population.retired] == [(1, 3), (2, 7), (3, 7)]
    assert float(population.retired[1].agent["number"]) == 2
    assert [niche.id for niche in population.niches] == [1, 2, 3, 4, 5]
    assert population.retire(2) == population


def test_a_niche_that_is_kept_does_not_retire() -> None:
    active = tuple(replace(NICHE, id=i) for i in range(2, 6))
    for kept, staying in ((None, [4, 5]), (2, [2, 5]), (3, [3, 5]), (4, [4, 5])):
        population = Population(7, active, niches_born=6).retire(2, kept)
        assert [niche.id for niche in population.active] == staying
        assert all(niche.died == 7 for niche in population.retired)


def test_annecs_requires_all_agents_and_a_solution_unlike_the_reference() -> None:  # B5
    def niche(id: int, to_all: bool, to_retired: bool, solved: int | None) -> Niche:
        return replace(
            NICHE, id=id, viable_to_all=to_all, viable_to_retired=to_retired, solved=solved
        )

    counted = niche(0, True, False, 0)  # solved in iteration 0 is solved
    unsolved, too_easy_for_active, uncounted = (
        niche(1, True, True, None),
        niche(2, False, True, 5),
        NICHE,
    )
    population = Population(9, (uncounted, too_easy_for_active), (counted, unsolved))
    assert population.annecs == 1
    assert population.annecs_reference == 2
