"""The compiled actor and critic equal the networks of torch; a row does not depend on others."""

import pytest
import torch

from openpoet.agents.kernels.act_kernel import Actor
from openpoet.agents.kernels.ppo_network import Architecture
from openpoet.agents.parts.actions import actions_of
from openpoet.agents.parts.feedforward import Feedforward

ARCHITECTURES = [
    Architecture(24, (64, 64), 4, discrete=False),
    Architecture(3, (5,), 2, discrete=True),
    Architecture(1, (), 1, discrete=False),
    Architecture(17, (33, 8, 20), 18, discrete=True),
]


def random(*shape, seed=0):
    return torch.rand(*shape, generator=torch.Generator().manual_seed(seed))


def weights_of(architecture):
    return {
        name: 2 * random(*shape, seed=i) - 1
        for i, (name, shape) in enumerate(architecture.shapes.items())
    }


@pytest.mark.parametrize("architecture", ARCHITECTURES)
@pytest.mark.parametrize("n", [1, 64, 131])
def test_actions_log_probs_and_values_equal_torchs(architecture, n):
    weights, inputs = weights_of(architecture), random(n, architecture.inputs) * 4 - 2
    uniform = random(n, architecture.actions, seed=9)
    actor = Actor(architecture, weights)
    actions, log_probs, values = actor.act(inputs, actor.noise_of(uniform))
    policy = Feedforward(architecture.actor, "actor_")(weights, inputs)
    if not architecture.discrete:
        policy = torch.cat([policy, weights["log_std"].expand_as(policy)], -1)
    distribution = actions_of(architecture.actions, architecture.discrete)
    sampled = distribution.sample(policy, uniform)
    torch.testing.assert_close(actions, sampled, rtol=1e-4, atol=1e-5)
    wanted = distribution.log_prob(policy, sampled)
    torch.testing.assert_close(log_probs, wanted, rtol=1e-4, atol=1e-4)
    wanted = Feedforward(architecture.critic, "critic_")(weights, inputs)[:, 0]
    torch.testing.assert_close(values, wanted, rtol=1e-4, atol=1e-5)
    assert torch.equal(actor.values(inputs), values)
    most_likely = actor.act(inputs, torch.zeros_like(uniform)).actions
    torch.testing.assert_close(most_likely, distribution.mode(policy), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_a_row_does_not_depend_on_the_other_rows(architecture):
    actor, n = Actor(architecture, weights_of(architecture)), 70
    inputs, uniform = random(n, architecture.inputs), random(n, architecture.actions, seed=9)
    noise = actor.noise_of(uniform)
    whole = actor.act(inputs, noise)
    for row in (0, 1, 7, 8, 63, 64, 69):
        alone = actor.act(inputs[row : row + 1], noise[row : row + 1])
        for one, every in zip(alone, whole, strict=True):
            assert torch.equal(one[0], every[row])


def test_arguments_that_do_not_fit_raise_value_error():
    architecture = ARCHITECTURES[1]
    actor = Actor(architecture, weights_of(architecture))
    with pytest.raises(ValueError, match=r"need inputs \[2, 3\]"):
        actor.values(torch.zeros(2, 4))
    with pytest.raises(ValueError, match=r"need noise \[2, 2\] of torch.float32, got .*float64"):
        actor.act(torch.zeros(2, 3), torch.zeros(2, 2).double())
    with pytest.raises(ValueError, match=r"need actor_w0 \[5, 3\]"):
        Actor(architecture, {**weights_of(architecture), "actor_w0": torch.zeros(5, 4)})
