"""Outer products by hand: each pair of state and action has its own place, each state its own
read-out.
"""

from __future__ import annotations

import pytest
import torch
from openpoet.agents.memory import bilinear
from openpoet.agents.memory.rl2 import RL2
from openpoet.agents.memory.rl2_config import RL2Config
from openpoet.envs.mdp import MdpSettings, TabularMdps

from tests.conformance import check_learner


def test_what_was_paid_stands_where_it_was_done() -> None:
    seen, before, action = torch.eye(3)[1], torch.eye(3)[2], torch.eye(2)[0]
    inputs = torch.cat([seen, before, action, torch.tensor([7.0, 1.0, 0.5])])
    given = bilinear.outer_product_inputs(inputs, 3)
    assert given.shape == (bilinear.input_size(3, 2),)
    pair = [0.0, 0, 0, 0, 1, 0]  # states x actions: state 2, action 0
    assert given.tolist() == [0, 1, 0, *pair, *(7 * x for x in pair), 1, 0.5]


def test_every_state_reads_for_itself() -> None:
    said = torch.arange(8.0)  # one for all, then three states; two outputs
    for state in range(3):
        expected = said[:2] + said[2 + 2 * state : 4 + 2 * state]
        assert torch.equal(bilinear.bilinear_readout(said, torch.eye(3)[state]), expected)


def test_the_laws_of_a_learner() -> None:
    family = TabularMdps(MdpSettings(states=3, actions=2, horizon=3, episodes=2))
    config = RL2Config(
        hidden=4, trials=8, test_trials=4, epochs=1, last_observation=True, tabular=True
    )
    check_learner(RL2(family, config), family)


def test_it_needs_the_last_observation() -> None:
    with pytest.raises(ValueError, match="tabular needs last_observation"):
        RL2Config(tabular=True)
