"""Lives: the right episodes on the right draws, returns to go by hand."""

from __future__ import annotations

import pytest
import torch

from agents.lives import Batch, Lives, normalised
from envs.bandits import Arms, Bandits, BanditSettings
from envs.cartpole import Cart, CartPole, CartPoleSettings


def still(observations: torch.Tensor, t: int) -> torch.Tensor:
    return torch.zeros(len(observations), 2)


def test_side_by_side_is_one_after_another() -> None:
    """Row (life, j) of batch b is episode b x side + j of that life's draw, by where it begins and what it earns."""
    family, task = CartPole(), Cart(spread=0.5)
    lives = Lives(family, [task] * 2, [5, 6], 3, "cpu")
    batches = [lives.play(still) for _ in range(2)]
    for life, seed in enumerate((5, 6)):
        alone = Lives(family, [task], [seed], 1, "cpu")
        for number in range(6):
            one, row = alone.play(still), 3 * life + number % 3
            many = batches[number // 3]
            torch.testing.assert_close(one.observations[0, 0], many.observations[0, row], rtol=0, atol=0)
            assert float(one.returns[0]) == float(many.returns[row])
    assert lives.steps == sum(int(batch.alive.sum()) for batch in batches)


def test_what_is_seen_after_an_action_and_how_an_episode_ends() -> None:
    """A pole that is left alone falls (terminated); within 5 steps it does not, and time runs out (it is not)."""
    falls, short = (CartPole(CartPoleSettings(horizon=horizon)) for horizon in (200, 5))
    batch = Lives(falls, [Cart()], [0], 4, "cpu").play(still)
    torch.testing.assert_close(batch.after[:-1], batch.observations[1:], rtol=0, atol=0)
    last = batch.alive.sum(0) - 1
    assert bool(batch.terminated[last, torch.arange(4)].all())
    assert not bool((batch.terminated & batch.alive).sum(0).ne(1).any())
    assert not bool(Lives(short, [Cart()], [0], 4, "cpu").play(still).terminated.any())


def test_pulls_of_one_life_are_independent() -> None:
    """Were every row of a life its first episode, all its pulls would pay the same."""
    lives = Lives(Bandits(BanditSettings(arms=2)), [Arms(low=0.5, high=0.5)], [3], 200, "cpu")
    assert 60 < float(lives.play(still).returns.sum()) < 140


def test_returns_to_go_by_hand() -> None:
    alive = torch.tensor([[True, True], [True, True], [True, False]])
    rewards = torch.tensor([[1.0, 2.0], [0.0, 4.0], [8.0, 0.0]])
    empty = torch.zeros(3, 2, 1)
    batch = Batch(empty, empty, rewards, alive, rewards.sum(0), alive[0], empty, ~alive)
    torch.testing.assert_close(batch.discounted(0.5), torch.tensor([[3.0, 4.0], [4.0, 4.0], [8.0, 0.0]]))


def test_normalised_looks_at_the_living_only() -> None:
    alive = torch.tensor([True, True, False, True])
    values = normalised(torch.tensor([1.0, 2.0, 99.0, 3.0]), alive)
    torch.testing.assert_close(values, torch.tensor([-1.0, 0.0, 0.0, 1.0]) * 1.5**0.5, rtol=1e-5, atol=1e-5)


def test_a_reward_that_is_not_a_number_stops_a_batch() -> None:
    lives = Lives(CartPole(), [Cart()], [0], 1, "cpu")
    lives.simulator.world.force = torch.tensor([float("nan")])
    with pytest.raises(ValueError, match="NaN or infinite at step 0"):
        lives.play(still)
