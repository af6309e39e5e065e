"""Meta-gradients: closed forms against finite differences and autograd; eta as hyperparameters."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from openpoet.agents.memory.advantage_gradients import Eta, advantage_tangents
from openpoet.agents.memory.meta_gradient import (
    MetaGradient,
    MetaGradientConfig,
    step_gradient,
    validation_gradient,
)
from openpoet.agents.rollouts.trials import advantages
from openpoet.cli.conformance import check_learner
from openpoet.poet.streams import Key
from tests.agents.guessing import Guessing

SMALL = MetaGradientConfig(
    hidden=6, trials=16, test_trials=8, epochs=1, minibatches=1, normalise_advantages=False
)


def random_trials(seed: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    rng = np.random.default_rng(seed)
    rewards, values = (torch.from_numpy(rng.normal(size=(7, 4))) for _ in range(2))
    alive = torch.ones(7, 4, dtype=torch.bool)
    alive[5:, 1] = False
    return rewards, values, alive


@pytest.mark.parametrize(("gamma", "lam"), [(0.9, 0.7), (1.0, 1.0), (0.3, 0.0)])
def test_derivatives_in_discount_and_lambda_equal_finite_differences(
    gamma: float, lam: float
) -> None:
    rewards, values, alive = random_trials(0)
    gae, step = advantages(rewards, values, alive, gamma, lam), 1e-6
    for direction in (Eta(1.0, 0.0), Eta(0.0, 1.0), Eta(2.0, -0.5)):
        ends = [
            advantages(
                rewards, values, alive, gamma + side * direction.gamma, lam + side * direction.lam
            )
            for side in (step, -step)
        ]
        ours = advantage_tangents(values, gae, alive, Eta(gamma, lam), direction)
        torch.testing.assert_close(ours, (ends[0] - ends[1]) / (2 * step), rtol=1e-6, atol=1e-6)
        assert float(ours[5:, 1].abs().sum()) == 0


def test_derivatives_in_the_discount_of_each_step() -> None:
    rewards, values, alive = random_trials(1)
    gamma = torch.linspace(0.2, 0.95, 7, dtype=torch.float64)
    gae = advantages(rewards, values, alive, gamma, 0.8)
    for k in range(6):
        direction = torch.zeros(7, dtype=torch.float64)
        direction[k] = 1.0
        ends = [
            advantages(rewards, values, alive, gamma + side * direction, 0.8)
            for side in (1e-6, -1e-6)
        ]
        ours = advantage_tangents(values, gae, alive, Eta(gamma, 0.8), Eta(direction, 0.0))
        torch.testing.assert_close(ours, (ends[0] - ends[1]) / 2e-6, rtol=1e-6, atol=1e-6)
        assert float(ours[k + 1 :].abs().sum()) == 0  # later advantages do not depend on it
    steady = advantages(rewards, values, alive, torch.full((7,), 0.9, dtype=torch.float64), 0.8)
    torch.testing.assert_close(steady, advantages(rewards, values, alive, 0.9, 0.8))


def test_the_meta_gradient_equals_autograd_through_one_gradient_step() -> None:
    """In double precision: theta' = theta - rate grad L(theta, eta), then J'(theta') on the next
    batch, by eta.
    """
    learner, rate, eta = MetaGradient(Guessing(), SMALL), 0.3, (0.8, 0.6)
    agent, key = learner.init(Key(0)), Key(1)
    first, second = (learner.trials(agent, 0.5, key.child(i), 16) for i in range(2))
    first, second = (replace(trials, **_double(trials)) for trials in (first, second))
    weights = {name: agent[name].double() for name in agent if "/" not in name}

    def loss(
        weights: dict[str, torch.Tensor], gamma: torch.Tensor, lam: torch.Tensor
    ) -> torch.Tensor:
        old = first.outputs[..., -1]
        gae = advantages(first.rewards, old, first.alive, gamma.expand(4), lam.expand(4))
        policy, values = learner.outputs(weights, first.inputs)
        error = 0.5 * (values - gae - old) ** 2
        each = -gae * learner.actions.log_prob(policy, first.actions) + SMALL.value_weight * error
        return (each * first.alive).sum() / first.alive.sum()

    numbers = [torch.tensor(value, dtype=torch.float64, requires_grad=True) for value in eta]
    leaves = {name: value.clone().requires_grad_() for name, value in weights.items()}
    slopes = torch.autograd.grad(loss(leaves, *numbers), list(leaves.values()), create_graph=True)
    stepped = {
        name: value - rate * slope
        for (name, value), slope in zip(leaves.items(), slopes, strict=True)
    }
    reference = advantages(second.rewards, second.outputs[..., -1], second.alive, 0.99, 1.0)
    policy, _ = learner.outputs(stepped, second.inputs)
    judged = (
        -(reference * learner.actions.log_prob(policy, second.actions) * second.alive).sum()
        / second.alive.sum()
    )
    autograd = torch.autograd.grad(judged, numbers)

    slope = validation_gradient(
        learner, {n: v.detach() for n, v in stepped.items()}, second, Eta(0.99, 1.0)
    )
    values = first.outputs[..., -1]
    gae = advantages(first.rewards, values, first.alive, *eta)
    for theirs, direction in zip(autograd, (Eta(1.0, 0.0), Eta(0.0, 1.0)), strict=True):
        change = advantage_tangents(values, gae, first.alive, Eta(*eta), direction)
        moved = step_gradient(learner, weights, first, change, 1.0)
        ours = rate * sum(float((slope[name] * moved[name]).sum()) for name in slope)
        assert ours == pytest.approx(float(theirs), rel=1e-6, abs=1e-12)
        assert abs(ours) > 1e-8


def _double(trials: object) -> dict[str, torch.Tensor]:
    return {
        name: getattr(trials, name).double() for name in ("inputs", "outputs", "actions", "rewards")
    }


def test_learner_conformance() -> None:
    family = Guessing()
    check_learner(MetaGradient(family, replace(SMALL, normalise_advantages=True)), family)


def test_eta_changes_from_the_second_update_on_and_is_kept_by_adopt() -> None:
    learner, key = MetaGradient(Guessing(), SMALL), Key(2)
    agent = learner.init(key)
    assert (float(agent["hyper/gamma"]), float(agent["hyper/lam"])) == (0.99, 0.9)
    (once,), _ = learner.improve([agent], [0.5], [key.child(0)])
    assert float(once["hyper/gamma"]) == pytest.approx(0.99, abs=1e-12)
    (twice,), _ = learner.improve([once], [0.5], [key.child(1)])
    assert float(twice["hyper/gamma"]) != pytest.approx(0.99, abs=1e-6)
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
