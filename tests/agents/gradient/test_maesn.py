"""MAESN: formulas by hand and by finite differences, learner conformance, adaptation of latents."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from openpoet.agents.assessment import assess
from openpoet.agents.gradient.maesn import MAESN
from openpoet.agents.gradient.maesn_config import MAESNConfig
from openpoet.agents.gradient.maesn_latents import LATENTS, score_gradients, updated_latent
from openpoet.agents.parts.gaussians import kl_to_prior
from openpoet.agents.parts.network_weights import cloned_weights
from openpoet.cli.conformance import check_learner, same_agent
from openpoet.envs.bandits import Bandits
from openpoet.envs.navigation import HALF_CIRCLE, Navigation, NavigationSettings
from openpoet.poet.streams import Key
from tests.agents.guessing import Guessing

SMALL = MAESNConfig(draws=4, trajectories=5, test_trials=3, hidden=(8,))


def test_the_distance_to_the_prior_by_hand() -> None:
    assert float(kl_to_prior(torch.zeros(3), torch.zeros(3))) == 0
    # one dimension with mean 2, standard deviation 3: (9 + 4 - 1 - 2 log 3) / 2
    found = kl_to_prior(torch.tensor([2.0]), torch.tensor([3.0]).log())
    assert float(found) == pytest.approx((12 - 2 * 1.0986123) / 2)
    normal = torch.distributions.Normal
    expected = torch.distributions.kl_divergence(
        normal(torch.tensor(0.3), torch.tensor(0.7)), normal(0.0, 1.0)
    )
    assert float(kl_to_prior(torch.tensor([0.3]), torch.tensor([0.7]).log())) == pytest.approx(
        float(expected)
    )


def test_the_latents_gradient_is_that_of_the_expected_return() -> None:
    """R(z) = -|z - c|^2 has the gradients -2 (mean - c) in the mean and -2 std^2 in its
    logarithm.
    """
    generator = torch.Generator().manual_seed(0)
    epsilon = torch.randn(1, 400_000, 2, generator=generator)
    mean, log_std, c = (
        torch.tensor([[0.5, -1.0]]),
        torch.tensor([[-0.2, 0.3]]),
        torch.tensor([1.0, 1.0]),
    )
    z = mean[:, None] + epsilon * log_std.exp()[:, None]
    gain = -((z - c) ** 2).sum(2)
    by_mean, by_log_std = score_gradients(log_std, epsilon, gain - gain.mean())
    torch.testing.assert_close(by_mean, -2 * (mean - c), atol=0.05, rtol=0)
    torch.testing.assert_close(by_log_std, -2 * (2 * log_std).exp(), atol=0.08, rtol=0)


def test_the_latents_gradient_in_the_logarithm_is_that_of_a_normal_density() -> None:
    """Of log N(z; mean, std^2): epsilon^2 - 1, also where the advantages are not centred."""
    epsilon = torch.tensor([[[0.5], [-2.0]]])
    _, by_log_std = score_gradients(torch.zeros(1, 1), epsilon, torch.tensor([[1.0, 3.0]]))
    assert float(by_log_std) == pytest.approx((1.0 * (0.25 - 1) + 3.0 * (4.0 - 1)) / 2)


def test_step_sizes_are_halved_from_the_third_inner_step_on() -> None:
    rates = {"rate_mean": torch.ones(1), "rate_log_std": torch.ones(1)}
    zero, epsilon = torch.zeros(1, 1), torch.tensor([[[1.0], [-1.0]]])
    moves = [
        float(updated_latent(rates, (zero, zero), epsilon, torch.tensor([[1.0, -1.0]]), done)[0])
        for done in range(4)
    ]
    assert moves == pytest.approx([moves[0] * share for share in (1.0, 1.0, 0.5, 0.25)])
    assert moves[0] > 0


def test_the_divergence_draws_the_latents_to_the_prior() -> None:
    """Without rewards to learn from it alone moves them."""
    learner = MAESN(Guessing(), replace(SMALL, kl=1.0, lr=0.01, reward_limit=1e-9))
    agent, distances = learner.init(Key(0)), []
    for step in range(6):
        (agent,), _ = learner.improve([agent], [0.5], [Key(1, ("step", step))])
        distances.append(float(kl_to_prior(*(agent[name] for name in LATENTS)).mean()))
    assert distances[-1] < 0.97 * distances[0]


@pytest.mark.parametrize("family", [Guessing(), Navigation(NavigationSettings(horizon=6))])
def test_learner_conformance(family: Guessing | Navigation) -> None:
    check_learner(MAESN(family, SMALL), family)
    check_learner(MAESN(family, replace(SMALL, epochs=2)), family)


def test_the_gradient_of_ratios_is_that_of_log_probabilities_at_the_policy_that_played() -> None:
    one, several = (MAESN(Navigation(), replace(SMALL, epochs=epochs)) for epochs in (1, 2))
    agent, seeds = one.init(Key(0)), [1, 2, 3, 4]
    (batch,), _ = one.run_trials(agent, Navigation(), HALF_CIRCLE, seeds, Key(1), 0)
    weights = {name: value.requires_grad_() for name, value in cloned_weights(agent).items()}
    z = torch.zeros(len(batch.returns), 2)
    old = one.policy.outputs(weights, batch.observations, z).detach()
    slopes = [
        torch.autograd.grad(learner.loss.objective(weights, batch, z, old), [weights["w0"]])[0]
        for learner in (one, several)
    ]
    torch.testing.assert_close(*slopes)
    assert slopes[0].norm() > 0


def test_the_gain_of_the_latents_weights_changes_only_these() -> None:
    one, five = (MAESN(Navigation(), replace(SMALL, latent_gain=g)).init(Key(0)) for g in (1, 5))
    torch.testing.assert_close(five["w0"][:, -2:], 5 * one["w0"][:, -2:])
    assert same_agent({**five, "w0": one["w0"]}, one)


def test_improve_changes_no_argument_and_returns_detached_tensors() -> None:
    learner = MAESN(Navigation(), SMALL)
    agent = learner.init(Key(0))
    (after,), _ = learner.improve([agent], [HALF_CIRCLE], [Key(1)])
    assert not any(tensor.requires_grad for tensor in (*agent.values(), *after.values()))
    assert not same_agent(agent, after)


def test_adopt_keeps_policy_and_step_sizes_and_resets_latents() -> None:
    learner = MAESN(Navigation(), SMALL)
    agent = learner.init(Key(0))
    for step in range(3):
        (agent,), _ = learner.improve([agent], [HALF_CIRCLE], [Key(1, ("step", step))])
    adopted, initial = learner.adopt(agent), learner.init(Key(0))
    for name in ("w0", "rate_mean"):
        assert torch.equal(adopted[name], agent[name])
        assert not torch.equal(adopted[name], initial[name])
    for name in LATENTS:
        assert torch.equal(adopted[name], initial[name])
        assert not torch.equal(adopted[name], agent[name])


def test_the_latent_adapts_to_the_best_arm_of_a_bandit() -> None:
    """No observations and one pull per episode: only the inner step can find the arm."""
    check_learner(MAESN(Bandits(), SMALL), Bandits())


def test_it_learns_to_adapt_and_does_not_with_step_sizes_of_zero() -> None:
    family = Navigation()
    learner, root = MAESN(family), Key(2)
    agent = learner.init(root)
    for step in range(120):
        (agent,), _ = learner.improve([agent], [HALF_CIRCLE], [root.child("step", step)])
    found = assess(learner, agent, HALF_CIRCLE, root.child("test"), 20)
    assert found.gain.value > 3
    # the latent of the draw itself, not one that is better for all draws
    assert found.over_shuffled.low > 0
    stuck = {**agent, "rate_mean": torch.zeros(2), "rate_log_std": torch.zeros(2)}
    (score,), _, _, (before,) = learner.evaluate([stuck], [HALF_CIRCLE], [root.child("test")])
    assert abs(score - before) < 1
