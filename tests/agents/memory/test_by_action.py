"""A recurrent network with shared weights for every action: its symmetry, and what breaks it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from openpoet.agents.memory.by_action import FEATURES, NAME, RecurrentByAction
from openpoet.agents.memory.rl2 import RL2
from openpoet.agents.memory.rl2_config import RL2Config
from openpoet.agents.memory.varibad import VariBAD
from openpoet.agents.memory.varibad_config import VariBADConfig
from openpoet.envs.bandits import Bandits
from openpoet.envs.mdp import TabularMdps
from openpoet.poet.streams import Key

ARMS, TRIALS, STEPS = 4, 3, 6


def network() -> RecurrentByAction:
    return RecurrentByAction(ARMS + 3, hidden=5, outputs=ARMS + 1)


def weights() -> dict[str, torch.Tensor]:
    return network().init(np.random.default_rng(0))


def inputs() -> torch.Tensor:
    """Of trials with random actions and rewards, [t, n, a + 3]."""
    rng = torch.Generator().manual_seed(0)
    action = torch.eye(ARMS)[torch.randint(ARMS, (STEPS, TRIALS), generator=rng)]
    return torch.cat([action, torch.rand(STEPS, TRIALS, 3, generator=rng)], -1)


def outputs(p: dict[str, torch.Tensor], x: torch.Tensor) -> torch.Tensor:
    return network().run(p, x, network().start(TRIALS))


def renamed(x: torch.Tensor, order: torch.Tensor) -> torch.Tensor:
    """The same trials with other numbers of the actions; other columns stay."""
    return torch.cat([x[..., :ARMS][..., order], x[..., ARMS:]], -1)


def test_other_numbers_of_the_actions_give_the_same_logits_and_value() -> None:
    p, x, order = weights(), inputs(), torch.tensor([2, 0, 3, 1])
    assert torch.allclose(outputs(p, renamed(x, order)), renamed(outputs(p, x), order), atol=1e-6)
    # a learned code distinguishes actions
    p[NAME] = torch.randn(p[NAME].shape, generator=torch.Generator().manual_seed(1))
    assert not torch.allclose(
        outputs(p, renamed(x, order)), renamed(outputs(p, x), order), atol=1e-3
    )


def test_a_sequence_is_its_steps_one_by_one() -> None:
    p, x, state, found = weights(), inputs(), network().start(TRIALS), []
    for given in x:
        out, state = network().advance(p, given, state)
        found.append(out)
    assert torch.allclose(torch.stack(found), outputs(p, x), atol=1e-6)


def test_a_reset_forgets_the_trial_before() -> None:
    p, x = weights(), inputs()
    resets = torch.zeros(STEPS, TRIALS, dtype=torch.bool)
    resets[3, 1] = True
    found = network().run(p, x, network().start(TRIALS), resets)
    again = outputs(p, x[3:])
    assert torch.allclose(found[3:, 1], again[:, 1], atol=1e-6)
    assert torch.allclose(found[:, 0], outputs(p, x)[:, 0], atol=1e-6)
    assert not torch.allclose(found[3:, 1], outputs(p, x)[3:, 1], atol=1e-4)


def test_the_value_is_a_function_of_two_means_of_the_features() -> None:
    net, p, x = network(), weights(), inputs()
    each = net.of_action.run(p, net._given(p, x), net.of_action.start(TRIALS * ARMS))
    each = each.reshape(STEPS, TRIALS, ARMS, 1 + FEATURES)
    logits, features = each[..., 0], each[..., 1:]
    policy = (logits.exp() / logits.exp().sum(-1, keepdim=True))[..., None]
    pooled = torch.cat([features.sum(2) / ARMS, (policy * features).sum(2)], -1)
    units = torch.tanh(pooled @ p["critic_w0"].T + p["critic_b0"])
    value = units @ p["critic_w1"].T + p["critic_b1"]
    assert torch.allclose(outputs(p, x), torch.cat([logits, value], -1), atol=1e-6)


def test_the_values_loss_leaves_the_readout_of_the_logits_alone() -> None:
    p = {name: weight.requires_grad_() for name, weight in weights().items()}
    outputs(p, inputs())[..., -1].sum().backward()
    gradient = p["w_out"].grad
    assert gradient is not None
    assert not gradient[0].any()
    assert gradient[1:].any()


def test_it_needs_discrete_actions_without_observations() -> None:
    with pytest.raises(ValueError, match="by_action needs discrete actions and no observations"):
        RL2(TabularMdps(), RL2Config(by_action=True))
    with pytest.raises(ValueError, match="by_action has inputs and a read-out of its own"):
        RL2Config(by_action=True, embed=8)
    with pytest.raises(ValueError, match="by_action is not supported by varibad"):
        VariBAD(Bandits(), VariBADConfig(by_action=True))


def test_an_update_changes_every_weight_and_a_long_trial_in_parts_too() -> None:
    config = RL2Config(by_action=True, hidden=4, trials=4, minibatches=2, epochs=1)
    for each in (config, replace(config, steps=4, bptt=2)):
        learner = RL2(Bandits(), each)
        agent = learner.init(Key(0))
        (after,), _ = learner.improve([agent], [Bandits().origin()], [Key(1)])
        for name in (NAME, "w_in", "w_hidden", "w_out"):
            assert not torch.equal(after[name], agent[name]), name
