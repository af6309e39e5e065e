"""How VariBAD's policy observes a belief: its means in units of a setting."""

from __future__ import annotations

import math

import pytest
import torch

from openpoet.agents.memory.varibad import VariBAD
from openpoet.agents.memory.varibad_config import VariBADConfig
from openpoet.envs.bandits import Bandits
from openpoet.envs.walker.family import Walker
from openpoet.envs.walker.settings import WalkerSettings


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
    assert VariBADConfig.suggested(spec).belief_unit == 1.0
    assert VariBADConfig.suggested(Bandits().spec).belief_unit is None
