"""Bilinear inputs and outputs by hand: one input per state and action, one read-out per state."""

from __future__ import annotations

import pytest
import torch

from openpoet.agents.memory import bilinear
from openpoet.agents.memory.rl2 import RL2
from openpoet.agents.memory.rl2_config import RL2Config
from openpoet.cli.conformance import check_learner
from openpoet.envs.mdp import MdpSettings, TabularMdps


def test_a_reward_enters_at_its_state_and_action() -> None:
    observation, last_observation, last_action = torch.eye(3)[1], torch.eye(3)[2], torch.eye(2)[0]
    inputs = torch.cat([observation, last_observation, last_action, torch.tensor([7.0, 1.0, 0.5])])
    given = bilinear.outer_product_inputs(inputs, 3)
    assert given.shape == (bilinear.input_size(3, 2),)
    pair = [0.0, 0, 0, 0, 1, 0]  # states x actions: state 2, action 0
    assert given.tolist() == [0, 1, 0, *pair, *(7 * x for x in pair), 1, 0.5]


def test_every_state_has_its_own_readout() -> None:
    outputs = torch.arange(8.0)  # shared, then one for each of three states; two outputs each
    for state in range(3):
        expected = outputs[:2] + outputs[2 + 2 * state : 4 + 2 * state]
        assert torch.equal(bilinear.bilinear_readout(outputs, torch.eye(3)[state]), expected)


def test_learner_conformance() -> None:
    family = TabularMdps(MdpSettings(states=3, actions=2, horizon=3, episodes=2))
    config = RL2Config(
        hidden=4, trials=8, test_trials=4, epochs=1, last_observation=True, tabular=True
    )
    check_learner(RL2(family, config), family)


def test_it_needs_the_last_observation() -> None:
    with pytest.raises(ValueError, match="tabular needs last_observation"):
        RL2Config(tabular=True)
