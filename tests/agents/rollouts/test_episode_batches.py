"""EpisodeBatches: assignment of episodes to draws, returns to go by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from openpoet.agents.rollouts.episode_batches import Batch, EpisodeBatches, normalised
from openpoet.envs.bandits import Arms, Bandits, BanditSettings
from openpoet.envs.cartpole import Cart, CartPole, CartPoleSettings
from openpoet.envs.walker.batch import WalkerBatch
from openpoet.envs.walker.family import Walker, WalkerSettings


def still(observations: torch.Tensor, t: int) -> torch.Tensor:
    return torch.zeros(len(observations), 2)


def test_parallel_episodes_equal_sequential_episodes() -> None:
    """Row (trial, j) of batch b is episode b x 3 + j of the trial's draw: equal initial observation
    and return.
    """
    family, task = CartPole(), Cart(spread=0.5)
    episode_batches = EpisodeBatches(family, [task] * 2, [5, 6], 3, "cpu")
    batches = [episode_batches.play(still) for _ in range(2)]
    for trial, seed in enumerate((5, 6)):
        alone = EpisodeBatches(family, [task], [seed], 1, "cpu")
        for number in range(6):
            one, row = alone.play(still), 3 * trial + number % 3
            many = batches[number // 3]
            torch.testing.assert_close(
                one.observations[0, 0], many.observations[0, row], rtol=0, atol=0
            )
            assert float(one.returns[0]) == float(many.returns[row])
    assert episode_batches.steps == sum(int(batch.alive.sum()) for batch in batches)


def test_next_observations_and_ends_of_episodes() -> None:
    """A pole without control falls, which terminates the episode; within 5 steps it does not fall,
    and the episode is truncated.
    """
    falls, short = (CartPole(CartPoleSettings(horizon=horizon)) for horizon in (200, 5))
    batch = EpisodeBatches(falls, [Cart()], [0], 4, "cpu").play(still)
    torch.testing.assert_close(batch.after[:-1], batch.observations[1:], rtol=0, atol=0)
    last = batch.alive.sum(0) - 1
    assert bool(batch.terminated[last, torch.arange(4)].all())
    assert not bool((batch.terminated & batch.alive).sum(0).ne(1).any())
    assert not bool(EpisodeBatches(short, [Cart()], [0], 4, "cpu").play(still).terminated.any())


def test_pulls_of_one_trial_are_independent() -> None:
    """If every row of a trial were its first episode, all pulls would have the same reward."""
    episode_batches = EpisodeBatches(
        Bandits(BanditSettings(arms=2)), [Arms(low=0.5, high=0.5)], [3], 200, "cpu"
    )
    assert 60 < float(episode_batches.play(still).returns.sum()) < 140


def test_returns_to_go_by_hand() -> None:
    alive = torch.tensor([[True, True], [True, True], [True, False]])
    rewards = torch.tensor([[1.0, 2.0], [0.0, 4.0], [8.0, 0.0]])
    empty = torch.zeros(3, 2, 1)
    batch = Batch(empty, empty, rewards, alive, rewards.sum(0), alive[0], empty, ~alive)
    torch.testing.assert_close(
        batch.discounted(0.5), torch.tensor([[3.0, 4.0], [4.0, 4.0], [8.0, 0.0]])
    )


def test_returns_to_go_of_truncated_episodes_are_bootstrapped() -> None:
    """Gamma .5. Episodes: truncated after 3 steps, terminated after 3, terminated after 2,
    truncated
    after 2."""
    alive, over = (torch.zeros(3, 4, dtype=torch.bool) for _ in range(2))
    alive[:2], alive[2, :2], over[2, 1], over[1:, 2] = True, True, True, True
    rewards = torch.tensor([[1.0, 1.0, 1.0, 1.0], [0.0, 0.0, 4.0, 0.0], [8.0, 8.0, 0.0, 0.0]])
    empty = torch.zeros(3, 4, 1)
    batch = Batch(empty, empty, rewards, alive, rewards.sum(0), alive[0], empty, over)
    assert batch.truncated.tolist() == [True, False, False, True]
    result = batch.discounted(0.5, torch.tensor([16.0, 100.0, 100.0, 16.0]))
    by_hand = [[5.0, 3.0, 3.0, 5.0], [8.0, 4.0, 4.0, 8.0], [16.0, 8.0, 0.0, 0.0]]
    torch.testing.assert_close(result, torch.tensor(by_hand))


def test_normalised_uses_valid_entries_only() -> None:
    alive = torch.tensor([True, True, False, True])
    values = normalised(torch.tensor([1.0, 2.0, 99.0, 3.0]), alive)
    torch.testing.assert_close(
        values, torch.tensor([-1.0, 0.0, 0.0, 1.0]) * 1.5**0.5, rtol=1e-5, atol=1e-5
    )


def test_a_nan_reward_is_an_error() -> None:
    episode_batches = EpisodeBatches(CartPole(), [Cart()], [0], 1, "cpu")
    episode_batches.simulator.world.force = torch.tensor([float("nan")])
    with pytest.raises(ValueError, match="NaN or infinite at step 0"):
        episode_batches.play(still)


class Counting:
    """A simulator that counts the rows started by reset or restart."""

    def __init__(self, simulator: Any, rows: int) -> None:
        self.simulator, self.rows, self.started = simulator, rows, 0

    def reset(self) -> torch.Tensor:
        self.started += self.rows
        return self.simulator.reset()

    def restart(self, rows: torch.Tensor, *count: Any) -> torch.Tensor:
        self.started += int(rows.sum())
        return self.simulator.restart(rows, *count)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.simulator, name)


def test_a_batch_starts_every_row_once() -> None:
    """Two trials of 20 episodes have 40 rows. Restarting all rows 20 times would be 800."""
    episode_batches = EpisodeBatches(
        CartPole(CartPoleSettings(horizon=3)), [Cart()] * 2, [5, 6], 20, "cpu"
    )
    episode_batches.simulator = counting = Counting(episode_batches.simulator, 40)
    episode_batches.play(still)
    # reset starts all rows, then all but the first of each trial restart at their episode
    assert counting.started == 40 + 2 * 19
    episode_batches.play(still)
    assert counting.started == 40 + 2 * 19 + 40


def test_walkers_are_built_once_per_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    built: list[int] = []
    reset = WalkerBatch.reset

    def counted_reset(self: WalkerBatch, rows: np.ndarray | None = None) -> np.ndarray:
        built.append(self.n if rows is None else int(np.count_nonzero(rows)))
        return reset(self, rows)

    monkeypatch.setattr(WalkerBatch, "reset", counted_reset)
    family = Walker(WalkerSettings(horizon=3, length=40, threads=1))
    episode_batches = EpisodeBatches(family, [family.origin()], [0], 20, "cpu")
    batches = [
        episode_batches.play(lambda observations, t: torch.zeros(len(observations), 4))
        for _ in range(2)
    ]
    assert sum(built) == 2 * 20
    assert torch.equal(batches[0].observations, batches[1].observations)
