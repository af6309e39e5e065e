"""Which parts of a state are reset when a step, an episode or a trial ends, and the controls."""

from __future__ import annotations

import pytest
import torch

from openpoet.agents.parts.lifetimes import LIFETIMES, Lifetime, next_episode, over

ROWS = torch.tensor([True, False, True])
STATE = (torch.tensor([[1.0], [2.0], [3.0]]), torch.arange(12.0).reshape(3, 2, 2) + 1)
FRESH = tuple(torch.zeros_like(part) for part in STATE)


@pytest.mark.parametrize("ended", LIFETIMES)
@pytest.mark.parametrize("lifetime", LIFETIMES)
def test_parts_whose_lifetime_is_over_are_reset_in_their_rows(
    ended: Lifetime, lifetime: Lifetime
) -> None:
    one, two = over(ended, STATE, FRESH, [lifetime, "trial"], ROWS)
    is_reset = LIFETIMES.index(lifetime) <= LIFETIMES.index(ended)
    assert one.flatten().tolist() == ([0, 2, 0] if is_reset else [1, 2, 3])
    assert torch.equal(two[1], STATE[1][1])
    assert bool((two[0] == 0).all()) == (ended == "trial")


def test_off_resets_each_episode_and_shuffled_takes_the_state_of_the_row_before() -> None:
    lifetimes: list[Lifetime] = ["trial", "episode"]
    own, off, shuffled = (
        next_episode(STATE, FRESH, lifetimes, ROWS, control)
        for control in ("none", "off", "shuffled")
    )
    assert own[0].flatten().tolist() == [1, 2, 3]
    assert off[0].flatten().tolist() == [0, 2, 0]
    assert shuffled[0].flatten().tolist() == [3, 2, 2]
    for _, ended in (own, off, shuffled):  # reset each episode under every control
        assert float(ended[0].abs().sum()) == 0
        assert torch.equal(ended[1], STATE[1][1])
