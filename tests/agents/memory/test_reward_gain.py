"""The last reward as an input of RL^2: compressed with a gain, or scaled as in training."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from openpoet.agents.memory.actor_critic import REWARD
from openpoet.agents.memory.rl2 import RL2
from openpoet.agents.memory.rl2_config import RL2Config
from openpoet.envs.navigation import Navigation
from openpoet.poet.streams import Key

SMALL = {"hidden": 4, "trials": 4, "minibatches": 2, "epochs": 1, "test_trials": 2}


def inputs_of(learner: RL2, agent: dict[str, torch.Tensor], rewards: list[float]) -> torch.Tensor:
    """The network's inputs [n, i] of a trial whose other inputs are .5."""
    spec = learner.family.spec
    given = torch.full((len(rewards), spec.observation_size + spec.action_size + 3), 0.5)
    given[:, REWARD] = torch.tensor(rewards)
    weights = learner.network.init(np.random.default_rng(0))
    return learner._network_inputs(weights, learner._normaliser(agent)(given))


@pytest.mark.parametrize("scaling", [{"normalise_rewards": True}, {"reward_scale": 0.1}, {}])
def test_a_reward_with_a_gain_is_compressed_whatever_its_scale_in_training(
    scaling: dict[str, object],
) -> None:
    learner = RL2(Navigation(), RL2Config(**SMALL, reward_gain=10.0, **scaling))
    agent = learner.init(Key(1))
    found = inputs_of(learner, agent, [0.0, 0.25, -100.0])
    expected = [0.0, math.log(3.5), -math.log(1001.0)]
    assert found[:, REWARD].tolist() == pytest.approx(expected, rel=1e-6)
    rest = torch.cat([found[:, :REWARD], found[:, REWARD + 1 :]], 1)
    assert torch.equal(rest, torch.full_like(rest, 0.5))


def test_a_reward_without_a_gain_is_scaled_as_in_training() -> None:
    learner = RL2(Navigation(), RL2Config(**SMALL, reward_scale=0.1))
    found = inputs_of(learner, learner.init(Key(1)), [0.25, -100.0])
    assert found[:, REWARD].tolist() == pytest.approx([0.025, -10.0])
