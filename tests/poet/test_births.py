"""Births: transfer into a child, the second minimal criterion, free places, and ANNECS."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from fakes import CountedLearner, FakeFamily, Point, TableLearner, numbered

from openpoet.poet.births import births, newborn
from openpoet.poet.config import PoetConfig, Setup
from openpoet.poet.measuring import Annecs, birth_trials
from openpoet.poet.niche import Child, Niche, Population, Transfer
from openpoet.poet.novelty import Novelties
from openpoet.poet.streams import Key

KEY = Key(0, ("iteration", 10))


def niche(id: int, number: float) -> Niche:
    return Niche(id, None, 0, Point(float(id)), numbered(number), (1.0,))


def population(active: list[float], retired: list[float] = []) -> Population:  # noqa: B006  # read only
    niches = [niche(i, number) for i, number in enumerate([*retired, *active])]
    return Population(
        10, tuple(niches[len(retired) :]), tuple(niches[: len(retired)]), niches_born=len(niches)
    )


def child(id: int) -> Child:
    return Child(id, 10, 0, Point(100.0 + id), "crowded", 100.0, 1.5, None)


def setup_of(score: Callable[[float, Point], float], **values: object) -> Setup:
    config = PoetConfig(**{"mc_low": 50.0, "mc_high": 300.0, "novelty": "parameters", **values})  # type: ignore[arg-type]
    return Setup(FakeFamily(), CountedLearner(TableLearner(score)), config)


def plain(number: float, task: Point) -> float:
    return number


NONE = Novelties({})


def test_a_child_gets_the_best_of_all_agents_and_proposals() -> None:
    after = births([child(7)], population([100, 240, 90]), setup_of(plain), KEY, NONE)
    born = after.active[-1]
    assert (born.id, born.parent, born.born, born.task) == (3, 0, 10, Point(107.0))
    # a proposal, with a new optimiser
    assert (float(born.agent["number"]), float(born.agent["steps"])) == (240.5, 0.0)
    assert (born.scores, born.best, born.solved, born.novelty) == ((240.5,), 240.5, 10, 1.5)
    assert after.niches_born == 4
    *transfers, birth = after.events
    assert [
        (e.kind, e.source, e.score, e.accepted) for e in transfers if isinstance(e, Transfer)
    ] == [
        ("direct", 0, 100, False),
        ("direct", 1, 240, False),
        ("direct", 2, 90, False),
        ("proposal", 0, 100.5, False),
        ("proposal", 1, 240.5, True),
        ("proposal", 2, 90.5, False),
    ]
    assert {(e.at_birth, e.target, e.bar) for e in transfers if isinstance(e, Transfer)} == {
        (True, 7, None)
    }
    assert birth == replace(child(7), outcome="admitted", niche=3)


@pytest.mark.parametrize(
    ("best", "outcome"),
    [
        (49.4, "too hard after transfer"),
        (49.5, "admitted"),  # 49.5 + 0.5, a proposal: the lower bound is inclusive
        (299.5, "admitted"),
        (299.6, "too easy after transfer"),
    ],
)
def test_the_best_agent_must_satisfy_the_minimal_criterion(best: float, outcome: str) -> None:
    after = births([child(0)], population([best, 10]), setup_of(plain), KEY, NONE)
    assert isinstance(after.events[-1], Child)
    assert after.events[-1].outcome == outcome
    assert len(after.active) == (3 if outcome == "admitted" else 2)
    assert sum(e.accepted for e in after.events if isinstance(e, Transfer)) == (
        outcome == "admitted"
    )


def hard_in(*hard: float) -> Callable[[float, Point], float]:
    return lambda number, task: 0.0 if task.x - 100 in hard else number


def test_the_first_valid_children_are_admitted_and_the_rest_are_not_evaluated() -> None:
    setup = setup_of(hard_in(0, 2), max_admitted=2)
    after = births([child(i) for i in range(6)], population([100]), setup, KEY, NONE)
    outcomes = {e.id: e.outcome for e in after.events if isinstance(e, Child)}
    assert outcomes == {
        0: "too hard after transfer",
        1: "admitted",
        2: "too hard after transfer",
        3: "admitted",
        4: "crowded",
        5: "crowded",
    }
    assert {e.target for e in after.events if isinstance(e, Transfer)} == {0, 1, 2, 3}
    assert [n.task.x for n in after.active[1:]] == [101, 103]
    assert [e.niche for e in after.events if isinstance(e, Child) and e.niche is not None] == [1, 2]


def test_birth_trials_and_newborn_do_not_change_the_population() -> None:
    setup, before = setup_of(plain), population([100, 240], [80])
    (trials,) = birth_trials([child(7)], before, setup, KEY, NONE)
    assert (trials.fault, trials.best.kind, trials.best.score) == (None, "proposal", 240.5)
    assert trials.annecs == Annecs(of_all=True, of_retired=True)
    again = population([100, 240], [80])
    assert repr(before) == repr(again)
    niche = newborn(trials, before, setup)
    assert repr(before) == repr(again)
    after = births([child(7)], before, setup, KEY, NONE)
    assert repr(after.active) == repr((*before.active, niche))


def test_a_rejected_child_has_a_fault_and_no_annecs() -> None:
    setup = setup_of(plain)
    (trials,) = birth_trials([child(7)], population([20], [80]), setup, KEY, NONE)
    assert trials.fault == "too hard"
    assert trials.annecs == Annecs(of_all=False, of_retired=False)


def test_newborn_niches_are_not_sources_of_other_births_in_the_same_iteration() -> None:
    after = births(
        [child(0), child(1)], population([100]), setup_of(plain, max_admitted=2), KEY, NONE
    )
    assert {e.source for e in after.events if isinstance(e, Transfer)} == {0}


@pytest.mark.parametrize(
    ("active", "retired", "to_all", "to_retired"),
    [
        ([100], [], True, False),  # B3: no niche has retired yet
        ([100], [90], True, True),
        ([100], [20], True, False),  # B5: the reference code does not count it
        ([20, 99], [320], False, False),  # too easy for a retired agent
        # only a proposal, 50.1, satisfies the criterion: no agent of the population does
        ([49.6], [], False, False),
    ],
)
@pytest.mark.parametrize("novelty", ["parameters", "pata-ec"])
def test_annecs_by_hand(
    active: list[float], retired: list[float], to_all: bool, to_retired: bool, novelty: str
) -> None:
    setup = setup_of(plain, novelty=novelty, mc_high=300.0)
    before = population(active, retired)
    novel = setup.novelty.measure([child(0)], before, setup, KEY) if novelty == "pata-ec" else NONE
    born = births([child(0)], before, setup, KEY, novel).active[-1]
    assert born.task == child(0).task
    assert (born.viable_to_all, born.viable_to_retired) == (to_all, to_retired)


def test_retired_agents_are_evaluated_for_admitted_children_only_and_optionally() -> None:
    setup = setup_of(hard_in(0))
    after = births([child(0), child(1)], population([100], [90, 80]), setup, KEY, NONE)
    assert after.active[-1].viable_to_all
    assert setup.learner.ledger["iteration/annecs"] == 2  # type: ignore[attr-defined]
    setup = setup_of(hard_in(0), measure_annecs=False)
    born = births([child(0), child(1)], population([100], [90, 80]), setup, KEY, NONE).active[-1]
    assert not born.viable_to_all
    assert "iteration/annecs" not in setup.learner.ledger  # type: ignore[attr-defined]


def test_all_agents_are_evaluated_in_a_child_with_the_same_key() -> None:
    setup = setup_of(plain)
    births([child(0)], population([100, 90], [80]), setup, KEY, NONE)
    scoring = [key for method, keys in setup.learner.calls if method == "evaluate" for key in keys]  # type: ignore[attr-defined]
    assert len({key.integer() for key in scoring}) == 1
    assert {key.purpose for key in scoring} == {
        "iteration/birth/direct",
        "iteration/birth/proposal",
        "iteration/annecs",
    }
