"""Sampled actions of a trained PPO: the distribution of training, by their key alone."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import torch

from openpoet.agents.ppo.ppo import PPO
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
