"""How VariBAD's policy observes a belief, and for how long beliefs are trained."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
import torch

from openpoet.agents.memory.varibad import VariBAD
from openpoet.agents.memory.varibad_config import VariBADConfig
from openpoet.envs.bandits import Bandits
from openpoet.envs.walker.family import Walker
from openpoet.envs.walker.settings import WalkerSettings
from openpoet.poet.streams import Key


@pytest.mark.parametrize(("unit", "mean"), [(None, 3.0), (1.0, 0.3), (0.6, 0.5)])
def test_means_are_divided_by_the_unit_by_hand(unit: float | None, mean: float) -> None:
    """A mean of .3, and a standard deviation of twice the initial one, whose logarithm is 0.69."""
    learner = VariBAD(Bandits(), VariBADConfig(latent=1, initial_std=0.1, belief_unit=unit))
    belief = torch.tensor([[0.3, math.log(0.2)]])
    inputs = learner.policy_inputs(torch.zeros(1, learner.network.inputs), belief)
    expected = torch.tensor([[mean, math.log(2)]])
    torch.testing.assert_close(inputs[:, -2:], expected)


def test_only_long_trials_have_another_unit_by_default() -> None:
    spec = Walker(WalkerSettings(body="reversed")).spec
    assert VariBADConfig.suggested(spec).belief_unit == 0.5
    assert VariBADConfig.suggested(Bandits().spec).belief_unit is None


def test_the_learning_rate_of_beliefs_falls_to_zero_and_then_only_the_policy_changes() -> None:
    """Four updates with rates of 1, 1/2, 0 and 0 times `belief_lr`."""
    config = VariBADConfig(
        hidden=6,
        trials=8,
        minibatches=2,
        epochs=1,
        policy=(8,),
        decoder=(8, 4),
        lr=1e-3,
        belief_lr=4e-3,
        belief_anneal=2,
    )
    family = Bandits()
    learner, agent = VariBAD(family, config), VariBAD(family, config).init(Key(0))
    task, rates, moved = family.origin(), [], []
    for number in range(4):
        rates.append(learner._belief_rate(agent))
        (after,), _ = learner.improve([agent], [task], [Key(number)])
        names = ("w_in", "answer_w0", "actor_w0", "critic_w0")
        moved.append([not torch.equal(agent[name], after[name]) for name in names])
        agent = after
    assert rates == pytest.approx([4e-3, 2e-3, 0.0, 0.0])
    assert moved == [[True] * 4] * 2 + [[False, False, True, True]] * 2
    plain = VariBAD(family, replace(config, belief_lr=None, belief_anneal=0))
    assert plain._belief_rate(agent) == pytest.approx(1e-3 + 4 / 400 * (2e-3 - 1e-3))
