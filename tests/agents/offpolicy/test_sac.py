"""Soft actor-critic against closed forms: densities, gradients of each loss, soft-optimal
policies.
"""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from openpoet.agents.offpolicy.sac import SAC, Transitions
from openpoet.agents.offpolicy.sac_config import SACConfig
from openpoet.agents.parts import adam
from openpoet.agents.parts.actions import Squashed

CONFIG = SACConfig(hidden=(16,), gamma=0.5, tau=0.1, lr=1e-2, temperature=0.5)


def batch(n: int, actions: torch.Tensor, rewards: torch.Tensor, over: bool) -> Transitions:
    """Transitions of a single state to itself."""
    inputs = torch.ones(n, 1)
    return Transitions(inputs, actions, rewards, inputs, torch.full((n,), over))


def initial(sac: SAC) -> dict[str, torch.Tensor]:
    weights = sac.init(np.random.default_rng(0))
    return {**weights, **sac.targets(weights), **adam.fresh(weights)}


def updated(
    sac: SAC, agent: dict[str, torch.Tensor], transitions: Transitions, rng: torch.Generator
) -> dict[str, torch.Tensor]:
    weights, noise = sac.leaves(agent), torch.rand(2, *transitions.actions.shape, generator=rng)
    return sac.step(agent, weights, sac.loss(weights, agent, transitions, noise))


def test_a_squashed_gaussian_equals_torchs_and_is_finite_at_the_bounds() -> None:
    outputs = torch.tensor([[0.3, -1.0, -0.4, 0.2]])
    actions, log_prob = Squashed(2).draw(outputs, torch.tensor([[0.8, 0.3]]))
    normal = torch.distributions.Normal(outputs[:, :2], outputs[:, 2:].exp())
    other = torch.distributions.TransformedDistribution(
        normal, [torch.distributions.TanhTransform()]
    )
    torch.testing.assert_close(log_prob, other.log_prob(actions).sum(-1), rtol=1e-4, atol=1e-4)
    far, density = Squashed(1).draw(torch.tensor([[40.0, 9.0]]), torch.tensor([[0.0]]))
    assert bool(torch.isfinite(far).all() & torch.isfinite(density).all())


@pytest.mark.parametrize("discrete", [True, False])
def test_each_loss_has_gradients_for_its_own_networks_only(discrete: bool) -> None:
    sac = SAC(1, 2, discrete, SACConfig(hidden=(16,), target_entropy=0.5))
    agent, noise = initial(sac), torch.rand(2, 6, 2, generator=torch.Generator().manual_seed(0))
    acted = torch.eye(2).repeat(3, 1) if discrete else torch.rand(6, 2)
    transitions = batch(6, acted, torch.arange(6.0), False)
    weights = sac.leaves(agent)
    whole = torch.autograd.grad(
        sac.loss(weights, agent, transitions, noise), list(weights.values())
    )
    critic = torch.autograd.grad(
        sac.critic_loss(weights, agent, transitions, noise[1]),
        list(weights.values()),
        allow_unused=True,
    )
    for name, of_all, of_critic in zip(weights, whole, critic, strict=True):
        if name.startswith("critic_"):
            torch.testing.assert_close(of_all, of_critic)
        else:
            assert of_critic is None
            assert float(of_all.abs().max()) > 0
    # Terminal transitions do not depend on the target networks.
    ended = batch(6, acted, torch.arange(6.0), True)
    other = {name: value + 1.0 for name, value in agent.items()}
    for steps, same in ((ended, True), (transitions, False)):
        one, two = (sac.critic_loss(agent, targets, steps, noise[1]) for targets in (agent, other))
        assert torch.equal(one, two) == same


@pytest.mark.parametrize("discrete", [True, False])
def test_values_are_those_of_the_lower_critic(discrete: bool) -> None:
    """Of every action with discrete ones, of the action drawn with continuous ones."""
    sac = SAC(1, 2, discrete, SACConfig(hidden=(16,)))
    weights = sac.init(np.random.default_rng(0))
    inputs, noise = (torch.rand(50, k, generator=torch.Generator().manual_seed(k)) for k in (1, 2))
    found, _ = sac.value_and_entropy(weights, weights, inputs, noise)
    outputs = sac.policy(weights, inputs)
    if discrete:
        low = torch.minimum(*sac.critic(weights, inputs))
        expected = (torch.softmax(outputs, -1) * low).sum(-1)
    else:
        actions = sac.actions.sample(outputs, noise)
        expected = torch.minimum(*sac.q_values(weights, inputs, actions))
    torch.testing.assert_close(found, expected)


def test_only_the_critic_loss_has_gradients_for_the_inputs() -> None:
    """For PEARL's encoder: the policy loss must not have a gradient for the latent."""
    sac = SAC(1, 2, False, CONFIG)
    agent, noise, latent = initial(sac), torch.rand(2, 4, 2), torch.ones(4, 1, requires_grad=True)
    transitions = Transitions(
        latent, torch.zeros(4, 2), torch.ones(4), latent.detach(), torch.zeros(4, dtype=torch.bool)
    )
    weights = sac.leaves(agent)
    (whole,) = torch.autograd.grad(sac.loss(weights, agent, transitions, noise), [latent])
    (critic,) = torch.autograd.grad(
        sac.critic_loss(weights, agent, transitions, noise[1]), [latent]
    )
    torch.testing.assert_close(whole, critic)


@pytest.mark.parametrize("over", [True, False])
def test_policy_and_critics_reach_the_soft_optimum(over: bool) -> None:
    """Q(a) = r(a) + gamma V with V = T log sum exp(Q/T): the policy is softmax(r/T), and
    V = T log sum exp(r/T) / (1 - gamma).
    """
    sac, rng = SAC(1, 2, True, CONFIG), torch.Generator().manual_seed(1)
    agent, transitions = initial(sac), batch(2, torch.eye(2), torch.tensor([1.0, 0.0]), over)
    for _ in range(600):
        agent = updated(sac, agent, transitions, rng)
    at, t = torch.ones(1, 1), CONFIG.temperature
    expected = torch.softmax(torch.tensor([[1.0, 0.0]]) / t, -1)
    torch.testing.assert_close(
        torch.softmax(sac.policy(agent, at), -1), expected, atol=0.02, rtol=0
    )
    later = 0.0 if over else CONFIG.gamma * t * math.log(math.exp(1 / t) + 1) / (1 - CONFIG.gamma)
    q_values = sac.q_values(agent, transitions.inputs, transitions.actions)
    torch.testing.assert_close(q_values, torch.tensor([[1.0, 0.0]] * 2) + later, atol=0.08, rtol=0)


def test_a_continuous_policy_finds_the_best_action_with_the_target_entropy() -> None:
    sac = SAC(
        1,
        1,
        False,
        SACConfig(hidden=(32,), gamma=0.0, lr=1e-2, temperature=0.05, target_entropy=-0.5),
    )
    agent, rng = initial(sac), torch.Generator().manual_seed(2)
    for _ in range(800):
        acted = 2 * torch.rand(64, 1, generator=rng) - 1
        agent = updated(sac, agent, batch(64, acted, -4 * (acted[:, 0] - 0.4) ** 2, True), rng)
    outputs = sac.policy(agent, torch.ones(4000, 1))
    actions, log_prob = Squashed(1).draw(outputs, torch.rand(4000, 1, generator=rng))
    assert float(actions.mean()) == pytest.approx(0.4, abs=0.12)
    assert float(-log_prob.mean()) == pytest.approx(-0.5, abs=0.15)


def test_target_networks_are_moving_averages_of_the_critics() -> None:
    sac, rng = SAC(1, 2, True, CONFIG), torch.Generator().manual_seed(3)
    before = initial(sac)
    after = updated(sac, before, batch(2, torch.eye(2), torch.ones(2), True), rng)
    name = "critic_w0"
    moved = (after[f"target/{name}"] - before[f"target/{name}"]) / (
        after[name] - before[f"target/{name}"]
    )
    torch.testing.assert_close(moved, torch.full_like(moved, CONFIG.tau), atol=1e-3, rtol=0)
