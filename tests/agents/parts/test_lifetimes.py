"""The one rule by which what is carried begins anew, and its two bent forms, by hand."""

from __future__ import annotations

import pytest
import torch
from openpoet.agents.parts.lifetimes import LIFETIMES, Lifetime, next_episode, over

ROWS = torch.tensor([True, False, True])
STATE = (torch.tensor([[1.0], [2.0], [3.0]]), torch.arange(12.0).reshape(3, 2, 2) + 1)
FRESH = tuple(torch.zeros_like(part) for part in STATE)


@pytest.mark.parametrize("ended", LIFETIMES)
@pytest.mark.parametrize("lifetime", LIFETIMES)
def test_what_lives_no_longer_than_what_ended_begins_anew_in_its_rows(
    ended: Lifetime, lifetime: Lifetime
) -> None:
    one, two = over(ended, STATE, FRESH, [lifetime, "life"], ROWS)
    gone = LIFETIMES.index(lifetime) <= LIFETIMES.index(ended)
    assert one.flatten().tolist() == ([0, 2, 0] if gone else [1, 2, 3])
    assert torch.equal(two[1], STATE[1][1])
    assert bool((two[0] == 0).all()) == (ended == "life")


def test_off_outlives_no_episode_and_shuffled_is_the_life_befores() -> None:
    lives: list[Lifetime] = ["trial", "episode"]
    own, off, shuffled = (
        next_episode(STATE, FRESH, lives, ROWS, control) for control in ("none", "off", "shuffled")
    )
    assert own[0].flatten().tolist() == [1, 2, 3]
    assert off[0].flatten().tolist() == [0, 2, 0]
    assert shuffled[0].flatten().tolist() == [3, 2, 2]
    for _, ended in (own, off, shuffled):  # lives an episode, whatever the control
        assert float(ended[0].abs().sum()) == 0
        assert torch.equal(ended[1], STATE[1][1])
