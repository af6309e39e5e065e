from __future__ import annotations

from archive.measures import annecs_curve, children_of, lineage, outcomes, steps_by_purpose, transfers_by_kind


def niche(id: int, parent: int | None, **more: object) -> dict[str, object]:
    return {"id": id, "parent": parent, "born": 0, "solved": None, "viable_to_all": 0, "viable_to_retired": 0, **more}


NICHES = [
    niche(0, None, solved=3),
    niche(1, 0, born=10, solved=30, viable_to_all=1),
    niche(2, 1, born=20, viable_to_all=1, viable_to_retired=1),
    niche(3, 0, born=20, solved=25, viable_to_all=1),
]


def test_lineage_and_tree() -> None:
    assert lineage(NICHES, 2) == [2, 1, 0]
    assert {parent: [n["id"] for n in below] for parent, below in children_of(NICHES).items()} == {
        None: [0],
        0: [1, 3],
        1: [2],
    }


def test_annecs_counts_what_was_viable_to_all_and_solved_when_it_is_solved() -> None:
    assert annecs_curve(NICHES) == [(25, 1), (30, 2)]


def test_the_reference_codes_annecs_counts_at_birth_and_never_asks_for_solved() -> None:
    assert annecs_curve(NICHES, column="viable_to_retired", solved=False) == [(20, 1)]


def test_counts() -> None:
    tried = [("direct", 0, 0), ("direct", 0, 1), ("proposal", 1, 1)]
    rows = [{"kind": kind, "at_birth": birth, "accepted": taken} for kind, birth, taken in tried]
    assert transfers_by_kind(rows) == {"direct": (2, 1), "proposal at birth": (1, 1)}
    assert outcomes([{"outcome": "too easy"}, {"outcome": "admitted"}, {"outcome": "too easy"}]) == {
        "too easy": 2,
        "admitted": 1,
    }
    assert steps_by_purpose(
        [{"purpose": "a", "steps": 2}, {"purpose": "b", "steps": 5}, {"purpose": "a", "steps": 1}]
    ) == {
        "b": 5,
        "a": 3,
    }
