"""The replay buffer by hand: order, overflow, lanes of different sizes, and sampling."""

from __future__ import annotations

import pytest
import torch

from openpoet.agents.parts import replay_buffer as replay

SIZES = {"step": 1, "where": 2}


def numbered(first: int, count: int, lanes: int = 1) -> dict[str, torch.Tensor]:
    """Transitions whose values are their number, plus 100 per lane."""
    step = (first + torch.arange(count)).float()[None, :, None] + 100 * torch.arange(lanes)[
        :, None, None
    ]
    return {"step": step, "where": torch.cat([step, -step], 2)}


def stored(ring: dict[str, torch.Tensor], lane: int = 0) -> list[float]:
    return sorted(ring["replay/step"][lane, : int(ring["replay/count"][lane]), 0].tolist())


def test_the_oldest_transitions_are_replaced() -> None:
    ring = replay.empty(SIZES, 5)
    ring = replay.added(ring, numbered(0, 3), torch.ones(1, 3, dtype=torch.bool))
    assert stored(ring) == [0, 1, 2]
    ring = replay.added(ring, numbered(3, 4), torch.ones(1, 4, dtype=torch.bool))
    assert stored(ring) == [2, 3, 4, 5, 6]
    # more than the capacity
    ring = replay.added(ring, numbered(7, 12), torch.ones(1, 12, dtype=torch.bool))
    assert stored(ring) == [14, 15, 16, 17, 18]
    assert int(ring["replay/count"]) == 19


def test_invalid_rows_are_not_stored_and_lanes_have_separate_counts() -> None:
    ring, before = replay.empty(SIZES, 3, lanes=2), replay.empty(SIZES, 3, lanes=2)
    keep = torch.tensor([[True, False, True, False], [True, True, True, True]])
    after = replay.added(ring, numbered(0, 4, lanes=2), keep)
    assert stored(after) == [0, 2]
    assert stored(after, 1) == [101, 102, 103]
    assert torch.equal(after["replay/where"][..., 0], after["replay/step"][..., 0])
    # the argument is not changed
    assert all(torch.equal(ring[name], before[name]) for name in ring)


def test_sampling_is_uniform_over_all_or_over_the_latest_transitions() -> None:
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


def test_sampling_from_an_empty_lane_is_an_error() -> None:
    keep = torch.tensor([[True], [False]])
    ring = replay.added(replay.empty(SIZES, 4, lanes=2), numbered(0, 1, lanes=2), keep)
    with pytest.raises(ValueError, match="lane is empty"):
        replay.sample(ring, 1, torch.Generator())
