"""PPO on levels: which episode was in which level, and what came of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import cycle
from typing import Any

import numpy as np
import pytest
import torch

from openpoet.agents.memory.rl2 import RL2
from openpoet.agents.memory.rl2_config import RL2Config
from openpoet.agents.ppo.batches import by_step, sequences
from openpoet.agents.ppo.config import PPOConfig
from openpoet.agents.ppo.levels import LevelCollector
from openpoet.agents.ppo.ppo import PPO
from openpoet.agents.ppo.rollout import Plan
from openpoet.envs.navigation import Navigation, NavigationSettings
from openpoet.envs.walker.family import Walker
from openpoet.envs.walker.settings import WalkerSettings
from openpoet.poet.streams import Key
from tests.agents.ppo.counting import Redrawing, Rows
from tests.agents.ppo.test_collecting import Observing

PLAN = Plan(rows=2, steps=9, actions=2)


class Lengths:
    """A family whose task is the length of its episodes: 2, 3 or 4 steps of reward 1, 2, ..."""

    def __init__(self, *, assigns: bool, deterministic: bool = False) -> None:
        from openpoet.envs.parts.episodes import Spec

        self.spec = Spec(3, 2, 4, 1, solved_score=1.0, deterministic=deterministic)
        self.kind = Assigning if assigns else LengthRows

    def origin(self) -> int:
        return 2

    def simulator(self, tasks: Sequence[int], seeds: Sequence[int], device: str) -> Any:
        return self.kind(tasks, seeds)


class LengthRows(Rows):
    def __init__(self, tasks: Sequence[int], seeds: Sequence[int]) -> None:
        super().__init__(["truncated"] * len(tasks), seeds)
        self.lengths = torch.tensor(tasks)

    @property
    def ended(self) -> torch.Tensor:
        return self.age >= self.lengths


class Assigning(LengthRows, Redrawing):
    def assign(
        self, rows: torch.Tensor, tasks: Sequence[int], seeds: Sequence[int]
    ) -> torch.Tensor:
        self.lengths = self.lengths.clone()
        self.lengths[rows] = torch.tensor(tasks)
        return self.redraw(rows, seeds)


def collected(
    levels: Sequence[int], further: Iterator[int] | None, **family: bool
) -> tuple[Any, Any]:
    collector = LevelCollector(
        Lengths(**family),
        levels,
        PLAN,
        Key(1),
        further=further,  # type: ignore[arg-type]
    )
    rollout = collector.collect(Observing())
    advantages = torch.arange(18.0).reshape(9, 2) - 5
    return rollout, collector.episodes(rollout, advantages)


def test_rows_keep_their_levels() -> None:
    _, episodes = collected([2, 4], None, assigns=True)
    # row 0: four whole episodes of 2 steps in 9; row 1: two of 4
    assert episodes.levels.tolist() == [0, 0, 0, 0, 1, 1]
    assert episodes.returns.tolist() == [3.0] * 4 + [10.0] * 2
    assert episodes.success.all()


def test_rows_take_further_levels_in_the_order_in_which_they_end() -> None:
    _, episodes = collected([2, 4], cycle([3, 2]), assigns=True)
    # row 0 ends at 2 and takes level 2 (3 steps); row 1 ends at 4: level 3 (2 steps); row 0 at 5:
    # level 4 (3 steps); row 1 at 6: level 5 (2 steps); both end at 8 again
    assert episodes.levels.tolist() == [0, 2, 4, 1, 3, 5]
    assert episodes.returns.tolist() == [3.0, 6.0, 6.0, 10.0, 3.0, 3.0]


@pytest.mark.parametrize("deterministic", [False, True])
def test_rows_wait_where_tasks_cannot_be_assigned(deterministic: bool) -> None:
    rollout, episodes = collected([2, 4], cycle([3, 2]), assigns=False, deterministic=deterministic)
    # Both have ended at step 4 and begin levels 2 (3 steps) and 3 (2 steps); row 1 ends first, so
    # that at step 7 it begins level 4 (3 steps) and row 0 level 5 (2 steps).
    assert episodes.levels.tolist() == [0, 2, 5, 1, 3]
    assert episodes.returns.tolist() == [3.0, 6.0, 3.0, 10.0, 3.0]
    assert rollout.alive[:, 0].tolist() == [True] * 2 + [False] * 2 + [True] * 5


def test_value_losses_are_means_over_the_steps_of_whole_episodes() -> None:
    _, episodes = collected([4, 4], None, assigns=True)
    # advantages of row 0: -5, -3, -1, 1 | 3, 5, 7, 9 | 11; of row 1 one more
    assert episodes.positive_value_losses.tolist() == [0.25, 6.0, 0.5, 7.0]
    assert episodes.value_losses.tolist() == [2.5, 6.0, 2.0, 7.0]


def test_by_step_is_the_inverse_of_sequences() -> None:
    values = torch.arange(14.0).reshape(7, 2)
    for length in (1, 3, 7):
        assert torch.equal(by_step(sequences(values, length), 7, 2), values)


@pytest.fixture(scope="module")
def walkers() -> PPO:
    settings = WalkerSettings(length=60, horizon=50, threads=1)
    config = PPOConfig(num_envs=3, num_steps=64, minibatches=2, epochs=1, hidden=(8,))
    return PPO(Walker(settings), config)


def levels(learner: PPO, number: int) -> list[Any]:
    family = learner.family
    task = family.origin()
    rng = np.random.default_rng(0)
    return [task := family.mutate(task, rng) for _ in range(number)]


def test_an_update_changes_the_weights_and_a_rollout_without_one_does_not(walkers: PPO) -> None:
    agent, tasks = walkers.init(Key(0)), levels(walkers, 5)
    trained, episodes, steps = walkers.train_on(agent, tasks, None, Key(1))
    tried, same, again = walkers.try_on(agent, tasks, None, Key(1))
    assert steps == again == 5 * 64
    assert all(np.array_equal(a, b) for a, b in zip(episodes, same, strict=True))
    weights = [name for name in agent if "/" not in name]
    assert not all(torch.equal(agent[name], trained[name]) for name in weights)
    assert all(torch.equal(agent[name], tried[name]) for name in weights)
    count = "normaliser/returns/count"
    assert float(tried[count]) == float(trained[count]) == 5 * 64


def test_equal_keys_give_equal_agents(walkers: PPO) -> None:
    agent, tasks = walkers.init(Key(0)), levels(walkers, 3)
    one, other = (walkers.train_on(agent, tasks, cycle(tasks), Key(1))[0] for _ in range(2))
    assert all(torch.equal(one[name], other[name]) for name in one)


def test_a_rollout_must_hold_a_whole_episode(walkers: PPO) -> None:
    short = PPO(walkers.family, PPOConfig(num_envs=3, num_steps=49, minibatches=2))
    with pytest.raises(ValueError, match="set num_steps to at least 50"):
        short.try_on(short.init(Key(0)), levels(walkers, 1), None, Key(1))


@pytest.mark.parametrize("cell", ["gru"])
def test_recurrent_policies_train_on_levels(walkers: PPO, cell: Any) -> None:
    config = PPOConfig(num_envs=2, num_steps=64, minibatches=2, epochs=1, cell=cell, bptt=16)
    learner = PPO(walkers.family, config)
    _, episodes, steps = learner.train_on(
        learner.init(Key(0)), levels(walkers, 2), cycle(levels(walkers, 2)), Key(1)
    )
    assert steps == 128
    assert len(episodes.levels) >= 2


@pytest.mark.parametrize("steps", [0, 16])
def test_rl2_trains_on_levels_by_whole_trials(steps: int) -> None:
    """With whole trials as rollouts, and with rollouts of so many steps."""
    family = Navigation(NavigationSettings(horizon=4, episodes=2))
    config = RL2Config(hidden=8, trials=3, steps=steps, bptt=8, minibatches=1, epochs=1)
    learner, rng = RL2(family, config), np.random.default_rng(0)
    tasks = [family.sample(rng) for _ in range(3)]
    assert learner.rows == 3
    agent = learner.init(Key(0))
    after, episodes, taken = learner.train_on(agent, tasks, cycle(tasks), Key(1))
    assert taken == 3 * (steps or 8)
    assert len(episodes.levels) == 3 * (steps or 8) // 8
    weights = [name for name in agent if "/" not in name]
    assert not all(torch.equal(agent[name], after[name]) for name in weights)
    assert (episodes.returns < 0).all()


def test_the_return_of_a_trial_is_the_mean_of_its_episodes() -> None:
    plan = replace(PLAN, steps=8, episodes=2)
    family: Any = Lengths(assigns=True)
    collector = LevelCollector(family, [2, 4], plan, Key(1), further=None)
    rollout = collector.collect(Observing())
    episodes = collector.episodes(rollout, torch.zeros(8, 2))
    # row 0: two trials of two episodes of 2 steps; row 1: one trial of two episodes of 4
    assert episodes.levels.tolist() == [0, 0, 1]
    assert episodes.returns.tolist() == [3.0, 3.0, 10.0]
