"""PPO's update: hand-computed losses, an independent gradient, and recurrent sequences."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from openpoet.agents.parts import adam
from openpoet.agents.parts.actions import Actions, Categorical, Gaussian
from openpoet.agents.ppo.batches import Batch, batch_of
from openpoet.agents.ppo.collecting import Collector
from openpoet.agents.ppo.compiled import CompiledPolicy
from openpoet.agents.ppo.config import PPOSettings
from openpoet.agents.ppo.network import FeedforwardNetwork, RecurrentNetwork
from openpoet.agents.ppo.policies import NetworkPolicy
from openpoet.agents.ppo.rollout import Plan
from openpoet.agents.ppo.update import COUNT, Losses, autograd_update, update_policy
from openpoet.poet.streams import Key
from tests.agents.ppo.counting import Counting

ONE = PPOSettings(epochs=1, minibatches=1, max_gradient=1e9)
SCALE = torch.tensor([999.0, 1.0, 4.0])  # of the observations of Counting
ACTIONS: list[Actions] = [Gaussian(2), Categorical(3)]


def agent_of(network: Any, seed: int = 0) -> dict[str, torch.Tensor]:
    weights = network.init(np.random.default_rng(seed), 0.7)
    return {**weights, **adam.fresh(weights), COUNT: torch.zeros(())}


def batch_for(network: Any, agent: Any, m: int = 40) -> Batch:
    """Random transitions of the network's policy, of which some are not alive."""
    rng = np.random.default_rng(1)
    inputs = torch.from_numpy(rng.normal(size=(1, m, network.inputs))).float()
    noise = torch.from_numpy(rng.random((m, network.actions.size))).float()
    policy, values, _ = network.step(agent, inputs[0], ())
    actions = network.actions.sample(policy, noise)
    log_probs = network.actions.log_prob(policy, actions)
    other = torch.from_numpy(rng.normal(size=(3, 1, m))).float()
    alive = torch.from_numpy(rng.random((1, m)) < 0.8)
    begins = torch.zeros_like(alive)
    return Batch(
        inputs,
        actions[None],
        log_probs[None] + 0.3 * other[0],  # of a policy some updates ago
        other[1],
        values[None] + other[2],
        alive,
        begins,
        (),
    )


@pytest.mark.parametrize("limit", [None, 0.5])
def test_compiled_and_autograd_updates_have_the_same_loss_of_values(limit: float | None) -> None:
    network = FeedforwardNetwork(3, (5,), Gaussian(2))
    agent, settings = agent_of(network), replace(ONE, value_limit=limit)
    batch, order = batch_for(network, agent), torch.arange(40)[None]
    one = update_policy(network, settings, agent, batch, np.random.default_rng(0))
    other = autograd_update(network, settings, agent, batch, order)
    assert one.losses == pytest.approx(other.losses, rel=1e-4)
    for name in ("critic_w0", "critic_w1", "actor_w0"):
        torch.testing.assert_close(one.agent[name], other.agent[name], rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("actions", ACTIONS, ids=["continuous", "discrete"])
def test_an_update_is_a_step_of_adam_along_the_papers_loss(actions: Actions) -> None:
    """The loss written out transition by transition in float64."""
    network = FeedforwardNetwork(4, (5, 6), actions)
    agent, settings = agent_of(network), replace(ONE, entropy=0.03, value_weight=0.7)
    batch = batch_for(network, agent)
    names = [name for name in agent if "/" not in name]
    weights = {name: agent[name].double().requires_grad_() for name in names}
    alive = [i for i in range(40) if batch.alive[0, i]]
    advantages = batch.advantages[0, alive].double()
    advantages = (advantages - advantages.mean()) / (advantages.std() + 1e-8)
    total = torch.zeros((), dtype=torch.float64)
    for i, advantage in zip(alive, advantages, strict=True):
        policy, value, _ = network.step(weights, batch.inputs[0, i : i + 1].double(), ())
        action = batch.actions[0, i : i + 1].double()
        ratio = (actions.log_prob(policy, action) - batch.log_probs[0, i]).exp()
        surrogate = min(ratio * advantage, ratio.clamp(0.8, 1.2) * advantage)
        error = 0.5 * (value - batch.targets[0, i]) ** 2
        total = total - surrogate + 0.7 * error - 0.03 * actions.entropy(policy)
    gradients = torch.autograd.grad((total / len(alive)).squeeze(), list(weights.values()))
    updated = update_policy(network, settings, agent, batch, np.random.default_rng(2))
    for name, gradient in zip(names, gradients, strict=True):
        # the first step of Adam: lr g / (|g| + eps)
        expected = agent[name] - settings.lr * gradient / (gradient.abs() + 1e-5)
        torch.testing.assert_close(updated.agent[name], expected.float(), rtol=0, atol=3e-6)
        torch.testing.assert_close(
            updated.agent[f"adam/mean/{name}"], (0.1 * gradient).float(), rtol=1e-3, atol=1e-6
        )
    assert float(updated.agent[COUNT]) == 1
    unclipped = replace(settings, clip=100.0)
    other = update_policy(network, unclipped, agent, batch, np.random.default_rng(2)).agent
    assert not torch.allclose(
        other["adam/mean/actor_w0"], updated.agent["adam/mean/actor_w0"], atol=1e-5
    )


def test_the_losses_by_hand() -> None:
    """One transition: ratio e^.5, advantage 2, value error 3, a Gaussian of deviation .7."""
    network = FeedforwardNetwork(4, (5,), Gaussian(2))
    agent = agent_of(network)
    inputs, action = torch.ones(1, 1, 4), torch.zeros(1, 1, 2)
    policy, values, _ = network.step(agent, inputs[0], ())
    log_prob = network.actions.log_prob(policy, action[0])
    one = torch.ones(1, 1)
    batch = Batch(
        inputs, action, log_prob[None] - 0.5, 2 * one, values[None] - 3, one > 0, one < 0, ()
    )
    settings = replace(ONE, normalise_advantages=False)
    losses = update_policy(network, settings, agent, batch, np.random.default_rng(0)).losses
    entropy = 2 * (math.log(0.7) + 0.5 * math.log(2 * math.pi * math.e))
    expected = Losses(-2 * 1.2, 4.5, entropy, math.exp(0.5) - 1 - 0.5, 1.0)
    assert losses == pytest.approx(expected, rel=1e-5)


def test_gradients_are_clipped_by_their_norm() -> None:
    network = FeedforwardNetwork(4, (5,), Gaussian(2))
    agent = agent_of(network)
    batch = batch_for(network, agent)

    def norm(settings: PPOSettings) -> float:
        after = update_policy(network, settings, agent, batch, np.random.default_rng(0)).agent
        moments = [value for name, value in after.items() if name.startswith("adam/mean/")]
        return float(torch.cat([10 * part.flatten() for part in moments]).norm())

    assert norm(ONE) > 0.02
    assert norm(replace(ONE, max_gradient=0.01)) == pytest.approx(0.01, rel=1e-3)


def test_an_update_ends_after_the_epoch_that_exceeds_target_kl() -> None:
    network = FeedforwardNetwork(4, (8,), Gaussian(2))
    agent = agent_of(network)
    batch = batch_for(network, agent)
    settings = replace(ONE, epochs=8, minibatches=4, lr=0.01, lr_end=0.01)
    rng = np.random.default_rng
    free = update_policy(network, settings, agent, batch, rng(0))
    bound = update_policy(network, replace(settings, target_kl=1e-9), agent, batch, rng(0))
    assert (free.epochs, bound.epochs) == (8, 1)
    one = update_policy(network, replace(settings, epochs=1), agent, batch, rng(0))
    assert torch.equal(bound.agent["actor_w0"], one.agent["actor_w0"])
    assert free.losses.kl > bound.losses.kl > 0


@pytest.mark.parametrize("update", [update_policy, autograd_update])
def test_the_standard_deviation_keeps_its_floor(update: Any) -> None:
    """Compiled, and by autograd; an order of the sequences stands in for the generator there."""
    network = FeedforwardNetwork(4, (8,), Gaussian(2))
    agent = agent_of(network)
    settings = replace(ONE, epochs=50, lr=0.1, lr_end=0.1, normalise_advantages=False)
    agent["log_std"] = torch.full((2,), math.log(0.31))
    narrow = replace(
        batch_for(network, agent), actions=torch.zeros(1, 40, 2), advantages=torch.ones(1, 40)
    )
    order = torch.arange(40).expand(50, 40)
    last = np.random.default_rng(0) if update is update_policy else order
    for floor, least in ((0.3, 0.3), (0.0, 0.0)):
        bounded = replace(settings, std_floor=floor, clip=10.0)
        after = update(network, bounded, agent, narrow, last).agent
        std = float(after["log_std"].exp().min())
        assert std >= least - 1e-6
        assert (std < 0.29) == (floor == 0)


def test_schedules_are_linear_in_the_number_of_updates() -> None:
    network = FeedforwardNetwork(4, (5,), Gaussian(2))
    agent = agent_of(network)
    batch = batch_for(network, agent)
    half = {**agent, COUNT: torch.tensor(50.0)}
    scheduled = replace(ONE, lr=0.02, lr_end=1e-9, anneal=100)
    constant = replace(ONE, lr=0.01, lr_end=0.01)
    one, two = (
        update_policy(network, settings, start, batch, np.random.default_rng(0)).agent
        for settings, start in ((scheduled, half), (constant, agent))
    )
    torch.testing.assert_close(one["actor_w0"], two["actor_w0"])


def test_a_weight_that_becomes_nan_is_an_error() -> None:
    network = FeedforwardNetwork(4, (5,), Gaussian(2))
    agent = agent_of(network)
    batch = replace(batch_for(network, agent), targets=torch.full((1, 40), torch.nan))
    with pytest.raises(ValueError, match="holds NaN or infinity"):
        update_policy(network, ONE, agent, batch, np.random.default_rng(0))


@pytest.mark.parametrize("cell", ["gru", "lstm"])
def test_sequences_repeat_the_rollout_from_stored_states(cell: str) -> None:
    """With unchanged weights, log-probabilities and values are those of the rollout: sequences
    begin with their stored states, and states are reset where a trial begins.
    """
    network = RecurrentNetwork(3, (6,), Categorical(2), cell, 5)
    agent = agent_of(network)
    agent["actor_w1"] = 100 * agent["actor_w1"]
    policy = NetworkPolicy(network, agent, lambda seen, last: seen / SCALE)
    collector = Collector(Counting(), ["truncated"] * 4, Plan(4, 8, 2, chunk=3), Key(1))
    for rollout in (collector.collect(policy) for _ in range(2)):
        batch = batch_of(rollout, rollout.rewards.float(), PPOSettings(), 3)
        assert batch.inputs.shape == (3, 12, 3)
        outputs, values = network.run(agent, batch.inputs, batch.state, batch.begins)
        log_probs = network.actions.log_prob(outputs, batch.actions)
        close = {"rtol": 1e-4, "atol": 1e-5}
        alive = batch.alive
        assert int(alive.sum()) == 4 * 8
        torch.testing.assert_close(log_probs[alive], batch.log_probs[alive], **close)
        torch.testing.assert_close(
            values[alive], (batch.targets - batch.advantages)[alive], **close
        )
        stale = tuple(torch.zeros_like(part) for part in batch.state)
        wrong, _ = network.run(agent, batch.inputs, stale, batch.begins)
        assert not torch.allclose(wrong[alive], outputs[alive], **close)


def test_a_recurrent_update_is_deterministic_and_changes_every_weight() -> None:
    network = RecurrentNetwork(3, (6,), Gaussian(2), "gru", 5)
    agent = agent_of(network)
    policy = NetworkPolicy(network, agent, lambda seen, last: seen / SCALE)
    rollout = Collector(Counting(), ["truncated"] * 4, Plan(4, 8, 2, chunk=4), Key(1)).collect(
        policy
    )
    batch = batch_of(rollout, rollout.rewards.float(), PPOSettings(), 4)
    settings = PPOSettings(epochs=2, minibatches=3)
    one, two = (
        update_policy(network, settings, agent, batch, np.random.default_rng(0)).agent
        for _ in range(2)
    )
    assert all(torch.equal(one[name], two[name]) for name in one)
    assert not any(torch.equal(one[name], agent[name]) for name in agent if "/" not in name)


@pytest.mark.parametrize("actions", ACTIONS, ids=["continuous", "discrete"])
@pytest.mark.parametrize("target_kl", [0.0, 0.05])
def test_the_compiled_update_equals_autograd(actions: Actions, target_kl: float) -> None:
    """After several epochs, from an optimiser that has taken steps before."""
    network = FeedforwardNetwork(4, (20, 9), actions)
    settings = PPOSettings(
        epochs=4, minibatches=3, entropy=0.01, std_floor=0.68, target_kl=target_kl
    )
    agent = agent_of(network)
    batch = batch_for(network, agent)
    agent = update_policy(network, settings, agent, batch, np.random.default_rng(1)).agent
    rng = np.random.default_rng
    order = np.stack(list(map(rng(2).permutation, [40] * settings.epochs)))
    compiled = update_policy(network, settings, agent, batch, rng(2))
    plain = autograd_update(network, settings, agent, batch, torch.from_numpy(order))
    assert compiled.epochs == plain.epochs
    assert compiled.losses == pytest.approx(plain.losses, rel=1e-3, abs=1e-5)
    assert compiled.agent.keys() == plain.agent.keys()
    for name, value in plain.agent.items():
        torch.testing.assert_close(compiled.agent[name], value, rtol=1e-3, atol=2e-6)


@pytest.mark.parametrize("actions", ACTIONS, ids=["continuous", "discrete"])
def test_the_compiled_policy_equals_the_network(actions: Actions) -> None:
    network = FeedforwardNetwork(3, (20, 9), actions)
    agent = agent_of(network)
    kinds = CompiledPolicy, NetworkPolicy
    one, two = (kind(network, agent, lambda seen, last: seen) for kind in kinds)
    uniform = torch.rand(1, 7, actions.size, generator=torch.Generator().manual_seed(0))
    inputs = torch.randn(7, 3, generator=torch.Generator().manual_seed(1))
    close = {"rtol": 1e-4, "atol": 1e-5}
    for mine, other in zip(
        one.act(inputs, (), one.noise(uniform)[0])[:3],
        two.act(inputs, (), two.noise(uniform)[0])[:3],
        strict=True,
    ):
        torch.testing.assert_close(mine, other, **close)
    torch.testing.assert_close(one.mode(inputs, ())[0], two.mode(inputs, ())[0], **close)
    torch.testing.assert_close(one.values(inputs, ()), two.values(inputs, ()), **close)
