"""The ring by hand: order, overflow, lanes that fill differently, and what sampling gives."""

from __future__ import annotations

import pytest
import torch
from openpoet.agents.parts import replay_buffer as replay

SIZES = {"step": 1, "where": 2}


def numbered(first: int, count: int, lanes: int = 1) -> dict[str, torch.Tensor]:
    """Transitions that carry their number, 100 more in each lane."""
    step = (first + torch.arange(count)).float()[None, :, None] + 100 * torch.arange(lanes)[
        :, None, None
    ]
    return {"step": step, "where": torch.cat([step, -step], 2)}


def held(ring: dict[str, torch.Tensor], lane: int = 0) -> list[float]:
    return sorted(ring["replay/step"][lane, : int(ring["replay/count"][lane]), 0].tolist())


def test_the_oldest_give_way() -> None:
    ring = replay.empty(SIZES, 5)
    ring = replay.added(ring, numbered(0, 3), torch.ones(1, 3, dtype=torch.bool))
    assert held(ring) == [0, 1, 2]
    ring = replay.added(ring, numbered(3, 4), torch.ones(1, 4, dtype=torch.bool))
    assert held(ring) == [2, 3, 4, 5, 6]
    # more than there is room for
    ring = replay.added(ring, numbered(7, 12), torch.ones(1, 12, dtype=torch.bool))
    assert held(ring) == [14, 15, 16, 17, 18]
    assert int(ring["replay/count"]) == 19


def test_what_did_not_happen_is_not_kept_and_lanes_fill_on_their_own() -> None:
    ring, before = replay.empty(SIZES, 3, lanes=2), replay.empty(SIZES, 3, lanes=2)
    keep = torch.tensor([[True, False, True, False], [True, True, True, True]])
    after = replay.added(ring, numbered(0, 4, lanes=2), keep)
    assert held(after) == [0, 2]
    assert held(after, 1) == [101, 102, 103]
    assert torch.equal(after["replay/where"][..., 0], after["replay/step"][..., 0])
    # the argument stays as it is
    assert all(torch.equal(ring[name], before[name]) for name in ring)


def test_sampling_is_uniform_over_what_is_held_or_over_what_came_last() -> None:
    ring = replay.added(
        replay.empty(SIZES, 8), numbered(0, 11), torch.ones(1, 11, dtype=torch.bool)
    )
    for recent, expected in ((None, range(3, 11)), (2, range(9, 11)), (50, range(3, 11))):
        drawn = replay.sample(
            ring, 20_000, torch.Generator().manual_seed(0), recent=recent and torch.tensor([recent])
        )
        values, counts = drawn["step"].unique(return_counts=True)
        assert values.tolist() == list(expected)
        assert (counts / 20_000 * len(expected) - 1).abs().max() < 0.06
        assert torch.equal(drawn["where"][0, :, 1], -drawn["step"][0, :, 0])
    one, two = (replay.sample(ring, 9, torch.Generator().manual_seed(3))["step"] for _ in range(2))
    assert torch.equal(one, two)


def test_an_empty_lane_is_refused() -> None:
    keep = torch.tensor([[True], [False]])
    ring = replay.added(replay.empty(SIZES, 4, lanes=2), numbered(0, 1, lanes=2), keep)
    with pytest.raises(ValueError, match="lane is empty"):
        replay.sample(ring, 1, torch.Generator())
