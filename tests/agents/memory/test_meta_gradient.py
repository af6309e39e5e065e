"""Meta-gradients: closed forms against finite differences and autograd; eta as hyperparameters."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from openpoet.agents.memory.advantage_gradients import Eta, advantage_tangents
from openpoet.agents.memory.meta_gradient import (
    MetaGradient,
    MetaGradientConfig,
    step_gradient,
    unsequenced,
    validation_gradient,
)
from openpoet.agents.ppo.advantages import Number, gae
from openpoet.agents.ppo.batches import Batch, batch_of, sequences
from openpoet.agents.ppo.collecting import Collector
from openpoet.agents.ppo.config import PPOSettings
from openpoet.agents.ppo.rollout import Rollout
from openpoet.cli.conformance import check_learner
from openpoet.poet.interfaces import Agent
from openpoet.poet.streams import Key
from tests.agents.guessing import Guessing

SMALL = MetaGradientConfig(
    hidden=6, trials=16, test_trials=8, epochs=1, minibatches=1, normalise_advantages=False
)


def random_trials(seed: int) -> tuple[torch.Tensor, ...]:
    """Rewards, values, values of what follows, and ends of trials, [7, 4]."""
    rng = np.random.default_rng(seed)
    rewards, values = (torch.from_numpy(rng.normal(size=(7, 4))) for _ in range(2))
    cuts = torch.zeros(7, 4, dtype=torch.bool)
    cuts[4, 1] = cuts[2, 2] = cuts[6, 3] = True
    following = torch.cat([values[1:], torch.from_numpy(rng.normal(size=(1, 4)))])
    following[4, 1], following[2, 2] = 0.0, 1.5  # terminated, truncated
    return rewards, values, following, cuts


@pytest.mark.parametrize(("gamma", "lam"), [(0.9, 0.7), (1.0, 1.0), (0.3, 0.0)])
def test_derivatives_in_discount_and_lambda_equal_finite_differences(
    gamma: float, lam: float
) -> None:
    given, step = random_trials(0), 1e-6
    estimates = gae(*given, gamma=gamma, lam=lam)
    for direction in (Eta(1.0, 0.0), Eta(0.0, 1.0), Eta(2.0, -0.5)):
        ends = [
            gae(*given, gamma=gamma + side * direction.gamma, lam=lam + side * direction.lam)
            for side in (step, -step)
        ]
        ours = advantage_tangents(*given[2:3], estimates, given[3], Eta(gamma, lam), direction)
        torch.testing.assert_close(ours, (ends[0] - ends[1]) / (2 * step), rtol=1e-6, atol=1e-6)


def test_derivatives_in_the_discount_of_each_step() -> None:
    rewards, values, following, cuts = random_trials(1)
    gamma = torch.linspace(0.2, 0.95, 7, dtype=torch.float64)
    estimates = gae(rewards, values, following, cuts, gamma=gamma, lam=0.8)
    for k in range(6):
        direction = torch.zeros(7, dtype=torch.float64)
        direction[k] = 1.0
        ends = [
            gae(rewards, values, following, cuts, gamma=gamma + side * direction, lam=0.8)
            for side in (1e-6, -1e-6)
        ]
        ours = advantage_tangents(following, estimates, cuts, Eta(gamma, 0.8), Eta(direction, 0.0))
        torch.testing.assert_close(ours, (ends[0] - ends[1]) / 2e-6, rtol=1e-6, atol=1e-6)
        assert float(ours[k + 1 :].abs().sum()) == 0  # later advantages do not depend on it


@pytest.mark.parametrize("side", [1.0, -1.0])
def test_eta_moves_so_that_the_loss_of_the_next_batch_falls(side: float) -> None:
    """dtheta'/deta along or against that loss's gradient: eta falls or rises, by one step of
    Adam in its logit.
    """
    learner = MetaGradient(Guessing(), SMALL)
    c, agent, rows = learner.config, learner.init(Key(0)), learner.plan.rows
    collector = Collector(learner.family, [0.5] * rows, learner.plan, Key(1))
    rollout = collector.collect(learner.policy(agent))
    rewards = rollout.rewards.float()
    reference = PPOSettings(gamma=c.reference_gamma, lam=c.reference_lam)
    batch = batch_of(rollout, rewards, reference, learner.plan.chunk)
    slope = validation_gradient(learner, {n: agent[n] for n in agent if "/" not in n}, batch)
    names = ("gamma", "lam")
    towards = {f"towards/{eta}/{n}": side * s for eta in names for n, s in slope.items()}
    moved = learner._updated_eta({**agent, **towards}, rollout, rewards)
    for eta in names:
        change = torch.logit(moved[f"hyper/{eta}"]) - torch.logit(agent[f"hyper/{eta}"])
        assert float(change) == pytest.approx(-side * c.meta_lr, rel=0.01)


@pytest.mark.parametrize(("chunk", "heads"), [(None, ()), (3, ()), (3, (4,))])
def test_the_meta_gradient_equals_autograd_through_one_gradient_step(
    chunk: int | None, heads: tuple[int, ...]
) -> None:
    """In double precision: theta' = theta - rate grad L(theta, eta), then J'(theta') on the next
    batch, by eta. Also where rollouts are cut into sequences, and with actor and critic apart.
    """
    settings = replace(SMALL, steps=6, bptt=3) if chunk else SMALL
    settings = replace(settings, heads=heads)
    learner, rate, eta = MetaGradient(Guessing(), settings), 0.3, (0.8, 0.6)
    agent, key = learner.init(Key(0)), Key(1)
    first, second = (
        _double(
            Collector(learner.family, [0.5] * learner.plan.rows, learner.plan, key.child(i)),
            learner,
            agent,
        )
        for i in range(2)
    )
    weights = {name: agent[name].double() for name in agent if "/" not in name}

    def loss(
        weights: dict[str, torch.Tensor], gamma: torch.Tensor, lam: torch.Tensor
    ) -> torch.Tensor:
        batch = _batch(
            first, gamma.expand(len(first.rewards)), lam.expand(len(first.rewards)), chunk
        )
        policy, values = learner.run(weights, batch.inputs, batch.state, batch.begins)
        error = 0.5 * (values - batch.targets) ** 2
        log_probs = learner.actions.log_prob(policy, batch.actions)
        each = -batch.advantages * log_probs + SMALL.value_weight * error
        return (each * batch.alive).sum() / batch.alive.sum()

    numbers = [torch.tensor(value, dtype=torch.float64, requires_grad=True) for value in eta]
    leaves = {name: value.clone().requires_grad_() for name, value in weights.items()}
    slopes = torch.autograd.grad(
        loss(leaves, *numbers), list(leaves.values()), create_graph=True, materialize_grads=True
    )
    stepped = {
        name: value - rate * slope
        for (name, value), slope in zip(leaves.items(), slopes, strict=True)
    }
    reference = _batch(second, 0.99, 1.0, chunk)
    policy, _ = learner.run(stepped, reference.inputs, reference.state, reference.begins)
    log_probs = learner.actions.log_prob(policy, reference.actions)
    objective = -(reference.advantages * log_probs * reference.alive).sum() / reference.alive.sum()
    autograd = torch.autograd.grad(objective, numbers)

    now = {name: value.detach() for name, value in stepped.items()}
    slope, batch = validation_gradient(learner, now, reference), _batch(first, *eta, chunk)
    estimates = gae(
        first.rewards, first.values, first.following, first.cuts, gamma=eta[0], lam=eta[1]
    )
    torch.testing.assert_close(unsequenced(batch.advantages, first), estimates)
    for theirs, direction in zip(autograd, (Eta(1.0, 0.0), Eta(0.0, 1.0)), strict=True):
        change = advantage_tangents(first.following, estimates, first.cuts, Eta(*eta), direction)
        change = sequences(change, len(batch.inputs))
        moved = step_gradient(learner, weights, batch, change, 1.0)
        ours = rate * sum(float((slope[name] * moved[name]).sum()) for name in slope)
        assert ours == pytest.approx(float(theirs), rel=1e-6, abs=1e-12)
        assert abs(ours) > 1e-8


def _double(collector: Collector, learner: MetaGradient, agent: Agent) -> Rollout:
    """The first rollout in double precision."""
    rollout = collector.collect(learner.policy(agent))
    parts = ("inputs", "actions", "log_probs", "values", "rewards", "following")
    double = {name: getattr(rollout, name).double() for name in parts}
    return replace(rollout, **double, starts=tuple(part.double() for part in rollout.starts))


def _batch(rollout: Rollout, gamma: Number, lam: Number, chunk: int | None) -> Batch:
    settings = SimpleNamespace(gamma=gamma, lam=lam)
    return batch_of(rollout, rollout.rewards, settings, chunk)  # type: ignore[arg-type]  # has both


def test_learner_conformance() -> None:
    family = Guessing()
    check_learner(MetaGradient(family, replace(SMALL, normalise_advantages=True)), family)


def test_eta_changes_from_the_second_update_on_and_is_kept_by_adopt() -> None:
    learner, key = MetaGradient(Guessing(), SMALL), Key(2)
    agent = learner.init(key)
    assert (float(agent["hyper/gamma"]), float(agent["hyper/lam"])) == (0.9, 0.9)
    (once,), _ = learner.improve([agent], [0.5], [key.child(0)])
    assert float(once["hyper/gamma"]) == pytest.approx(0.9, abs=1e-12)
    (twice,), _ = learner.improve([once], [0.5], [key.child(1)])
    assert float(twice["hyper/gamma"]) != pytest.approx(0.9, abs=1e-6)
    assert 0 < float(twice["hyper/gamma"]) < 1
    adopted = learner.adopt(twice)
    assert float(adopted["hyper/gamma"]) == float(twice["hyper/gamma"])
    assert all(
        float(v.abs().sum()) == 0
        for n, v in adopted.items()
        if n.startswith(("towards/", "meta/", "adam/"))
    )
    # The agent's eta is the one that its updates use: another discount gives other weights.
    other = {**twice, "hyper/gamma": torch.tensor(0.1, dtype=torch.float64)}
    one, two = (learner.improve([a], [0.5], [key.child(2)])[0][0] for a in (twice, other))
    assert not torch.equal(one["w_in"], two["w_in"])


@pytest.mark.parametrize("side", [1.0, -1.0])
def test_eta_never_rounds_to_0_or_1(side: float) -> None:
    """In double precision the sigmoid of 45 is 1: an invalid setting, whose logit is infinite."""
    learner, key = MetaGradient(Guessing(), replace(SMALL, meta_lr=20.0)), Key(3)
    agent = learner.init(key)
    for i in range(4):
        pushed = {
            name: side * torch.ones_like(v)
            for name, v in agent.items()
            if name.startswith("towards/")
        }
        (agent,), _ = learner.improve([{**agent, **pushed}], [0.5], [key.child(i)])
        for name in ("hyper/gamma", "hyper/lam"):
            assert 0 < float(agent[name]) < 1


def test_invalid_arguments_are_one_line_errors() -> None:
    with pytest.raises(ValueError, match=r"lam must be above 0 and below 1, got 1.0"):
        MetaGradientConfig(lam=1.0)
    with pytest.raises(ValueError, match=r"reference_gamma must be from 0 to 1, got 1\.5"):
        MetaGradientConfig(reference_gamma=1.5)
