"""Transfer: the agents tried in each niche, acceptance, and proposals with new optimisers."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from fakes import CountedLearner, Point, TableLearner, numbered

from openpoet.poet.niche import Niche
from openpoet.poet.streams import Key
from openpoet.poet.transfer import GatedTransfer, Place, pairs_of, try_all, winner

KEY = Key(0, ("iteration", 1, "transfer"))
NICHES = [Niche(i, None, 0, Point(float(i)), numbered(10 * i)) for i in range(3)]


def place(id: int, bar: float | None) -> Place:
    return Place(id, NICHES[id].task, bar, Key(0, ("iteration", 1, "score", id)))


def plain(number: float, task: Point) -> float:
    return number


def test_every_agent_is_tried_in_every_other_niche() -> None:
    pairs = pairs_of(NICHES, [place(i, 0.0) for i in range(3)])
    assert [(niche.id, target.id) for niche, target in pairs] == [
        (1, 0),
        (2, 0),
        (0, 1),
        (2, 1),
        (0, 2),
        (1, 2),
    ]


def test_at_birth_every_agent_is_tried_even_with_the_same_id_as_the_child() -> None:
    birth = replace(place(1, None), at_birth=True)
    assert [niche.id for niche, _ in pairs_of(NICHES, [birth])] == [0, 1, 2]


def test_only_a_strictly_better_score_exceeds_the_bar() -> None:
    tried = try_all(NICHES, [place(0, 20.5)], TableLearner(plain), KEY)
    assert sorted(candidate.score for candidate in tried) == [10, 10.5, 20, 20.5]
    assert winner(tried, tried[0].place) is None
    tried = try_all(NICHES, [place(0, 20.4)], TableLearner(plain), KEY)
    best = winner(tried, tried[0].place)
    assert best is not None
    assert (best.kind, best.source, best.score) == ("proposal", 2, 20.5)


def test_of_equal_scores_the_first_wins() -> None:
    target = place(0, 1.0)
    tried = try_all(NICHES, [target], TableLearner(lambda number, task: 7.0), KEY)
    best = winner(tried, target)
    assert best is not None
    assert (best.kind, best.source) == ("direct", 1)


def test_any_score_wins_without_a_bar() -> None:
    target = place(0, None)
    best = winner(
        try_all(NICHES, [target], TableLearner(lambda number, task: -number), KEY), target
    )
    assert best is not None
    assert best.score == -10


def test_gated_transfer_makes_proposals_only_of_agents_that_exceed_the_bar() -> None:
    learner = CountedLearner(TableLearner(plain))
    tried = GatedTransfer().attempt(NICHES, [place(0, 10.0), place(1, 100.0)], learner, KEY)
    # Agent 1 equals niche 0's bar, so no proposal is made; it would have scored 10.5.
    assert [(c.kind, c.source, c.place.id) for c in tried] == [
        ("direct", 1, 0),
        ("direct", 2, 0),
        ("direct", 0, 1),
        ("direct", 2, 1),
        ("proposal", 2, 0),
    ]
    assert [(method, len(keys)) for method, keys in learner.calls] == [
        ("evaluate", 4),
        ("improve", 1),
        ("evaluate", 1),
    ]


def test_all_pairs_are_tried_in_three_batches() -> None:  # B16
    learner = CountedLearner(TableLearner(plain))
    try_all(NICHES, [place(i, 0.0) for i in range(3)], learner, KEY)
    assert [(method, len(keys)) for method, keys in learner.calls] == [
        ("evaluate", 6),
        ("improve", 6),
        ("evaluate", 6),
    ]


def test_all_agents_tried_in_a_niche_share_the_key_of_its_score() -> None:
    learner = CountedLearner(TableLearner(plain))
    try_all(NICHES, [place(0, 0.0)], learner, KEY)
    scoring = [key for method, keys in learner.calls if method == "evaluate" for key in keys]
    assert {key.integer() for key in scoring} == {Key(0, ("iteration", 1, "score", 0)).integer()}
    learning = [key for method, keys in learner.calls if method == "improve" for key in keys]
    assert [key.path for key in learning] == [("iteration", 1, "transfer", "proposal", 0)] * 2
    assert [key.purpose for key in scoring] == ["iteration/transfer/direct"] * 2 + [
        "iteration/transfer/proposal"
    ] * 2


def test_a_proposal_starts_with_a_new_optimiser() -> None:  # B8
    class Strict(TableLearner):
        def improve(self, agents, tasks, keys):  # type: ignore[no-untyped-def]
            assert [float(agent["steps"]) for agent in agents] == [0.0] * len(agents)
            return super().improve(agents, tasks, keys)

    tried = try_all(NICHES, [place(0, 0.0)], Strict(plain), KEY)
    assert np.isfinite([candidate.score for candidate in tried]).all()


def test_steps_of_a_proposal_include_training_and_evaluation() -> None:
    tried = try_all(NICHES, [place(0, 0.0)], TableLearner(plain), KEY)
    assert {(candidate.kind, candidate.result.steps) for candidate in tried} == {
        ("direct", 1),
        ("proposal", 11),
    }
    event = tried[0].event(4, accepted=True)
    assert (event.iteration, event.kind, event.source, event.target, event.bar) == (
        4,
        "direct",
        1,
        0,
        0.0,
    )
    assert (event.at_birth, event.score, event.accepted, event.steps) == (False, 10.0, True, 1)
