"""Sampled actions of a trained PPO: the distribution of training, by their key alone."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from openpoet.agents.kernels.mode_kernel import layout_of, mode_kernel, noise_memory, row_of
from openpoet.agents.kernels.ppo_network import Architecture
from openpoet.agents.parts.scoring import draw_seeds
from openpoet.agents.ppo.config import PPOConfig
from openpoet.agents.ppo.greedy import play
from openpoet.agents.ppo.ppo import PPO
from openpoet.envs.walker.family import Walker
from openpoet.envs.walker.settings import WalkerSettings
from openpoet.poet.streams import Key
from tests.agents.ppo.test_ppo import SMALL, navigation

N, STEPS = 64, 70  # more steps than noise is drawn for at once


def actions(cell: Any, key: Key, greedy: bool = False) -> torch.Tensor:
    """[steps, n, a] at observations that are all alike."""
    learner = PPO(navigation(), replace(SMALL, cell=cell))
    agent = learner.init(Key(1))
    policy = learner.sampled_policy(agent, N, key)
    policy.begin(torch.ones(N, dtype=torch.bool))
    seen = torch.full((N, 2), 0.3)
    return torch.stack([policy.act(seen, greedy=greedy) for _ in range(STEPS)])


@pytest.mark.parametrize("cell", ["none", "gru"])
def test_actions_depend_on_the_key_alone(cell: Any) -> None:
    assert torch.equal(actions(cell, Key(2)), actions(cell, Key(2)))
    assert not torch.equal(actions(cell, Key(2)), actions(cell, Key(3)))


def test_actions_are_normal_around_the_most_likely_ones_with_the_trained_deviation() -> None:
    learner = PPO(navigation(), SMALL)
    agent = learner.init(Key(1))
    noise = actions("none", Key(2)) - actions("none", Key(2), greedy=True)
    scaled = noise / agent["log_std"].exp()
    assert abs(float(scaled.mean())) < 4 / (N * STEPS * 2) ** 0.5
    assert float(scaled.std()) == pytest.approx(1.0, abs=0.03)
    assert len(torch.unique(scaled)) > 0.99 * scaled.numel()  # no noise is used twice


def test_greedy_actions_are_those_of_an_evaluation() -> None:
    learner = PPO(navigation(), SMALL)
    agent, seen = learner.init(Key(1)), torch.full((N, 2), 0.3)
    policy = learner.trial_policy(agent, N, Key(2))
    policy.begin(torch.ones(N, dtype=torch.bool))
    assert torch.equal(policy.act(seen), actions("none", Key(9), greedy=True)[0])


WALKER = PPOConfig(hidden=(8, 8), test_episodes=5, test_actions="sampled", action_std=0.4)


def test_compiled_episodes_with_sampled_actions_are_those_played_step_by_step() -> None:
    """Each row's noise is its own, and begins with the episode."""
    family = Walker(WalkerSettings(length=40, horizon=90, seeds="niche"))
    learner, key, task = PPO(family, WALKER), Key(4), family.origin()
    agent = learner.init(Key(1))
    policy = learner.sampled_policy(agent, 5, key)
    expected = play(family.simulator([task] * 5, draw_seeds(key, 5), "cpu"), policy, 5)
    assert len(expected.unique()) == 5
    score, _, steps = learner.evaluate([agent], [task], [key])
    assert score[0] == pytest.approx(float(expected.mean()), rel=1e-6)
    other, *_ = learner.evaluate([agent], [task], [Key(5)])
    assert score[0] != other[0]
    assert 5 < steps[0] <= 5 * 90


def test_the_most_likely_actions_of_a_deterministic_task_are_one_episode() -> None:
    family = Walker(WalkerSettings(length=40, horizon=90, seeds="niche"))
    learner = PPO(family, replace(WALKER, test_actions="mode"))
    agent, task = learner.init(Key(1)), family.origin()
    first, second = (learner.evaluate([agent], [task], [Key(number)]) for number in (4, 5))
    assert first[0] == second[0]
    assert first[2] == second[2] <= 90


@pytest.mark.parametrize("discrete", [False, True])
def test_compiled_actions_are_the_outputs_plus_the_noise_of_the_step(discrete: bool) -> None:
    """One layer of two inputs and two outputs; rows at different steps of their episodes."""
    architecture = Architecture(2, (), 2, discrete)
    weights = {
        "actor_w0": torch.tensor([[1.0, 0.0], [0.0, 2.0]]),
        "actor_b0": torch.zeros(2),
        "critic_w0": torch.zeros(1, 2),
        "critic_b0": torch.zeros(1),
    } | ({} if discrete else {"log_std": torch.zeros(2)})
    table = row_of(architecture.pack(weights), architecture, np.zeros((2, 2)))
    noise = np.array([[[0.5, 0.25], [3.0, -1.0]], [[-5.0, 0.0], [0.0, 9.0]]])  # [steps, rows, 2]
    memory, actions = noise_memory(noise), np.zeros((2, 2), np.float32)
    seen = np.array([[1.0, 1.0], [1.0, 1.0]], np.float32)

    def act(*rows: int) -> None:
        members, layout = np.zeros(2, np.int64), layout_of(architecture, 0)
        mode_kernel()(table, members, np.array(rows), seen, layout, memory, actions)

    act(0, 1)
    expected = [[0.0, 1.0], [1.0, 0.0]] if discrete else [[1.5, 2.25], [4.0, 1.0]]
    assert actions.tolist() == expected
    act(1)  # row 0 has ended
    assert actions.tolist() == [expected[0], [0.0, 1.0] if discrete else [1.0, 11.0]]
    act(1)
    assert np.isnan(actions[1]).all()  # no noise is left
