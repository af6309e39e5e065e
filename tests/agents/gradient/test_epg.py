"""EPG: the loss network, the outer gradient, learner conformance, and training with an evolved
loss.
"""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from openpoet.agents.assessment import assess
from openpoet.agents.gradient.epg import EPG, _centred_ranks
from openpoet.agents.gradient.epg_config import AUTHORS, EPGConfig
from openpoet.agents.gradient.learned_loss import LearnedLoss
from openpoet.agents.rollouts.episode_batches import Batch
from openpoet.cli.conformance import check_learner
from openpoet.envs.navigation import Goals, Navigation, NavigationSettings
from openpoet.poet.streams import Key
from tests.agents.guessing import Guessing

SMALL = EPGConfig(population=4, hidden=(4,), updates=2, episodes=3, test_trials=5, memory=2)
PLANE = Navigation(NavigationSettings("progress", step=0.3, horizon=8))
CIRCLE = Goals("arc", distance=2.0, width=6.284)


def test_the_full_architecture_has_the_authors_9857_parameters_at_hoppers_sizes() -> None:
    # observation, action, reward, bonus, done, mean and log std, memory
    width = 11 + 3 + 3 + 6 + 32
    loss = LearnedLoss(width, AUTHORS)
    by_hand = (
        (55 * 6 * 16 + 16) + (16 * 4 * 32 + 32) + (32 * 32 + 32) + ((55 + 32) * 16 + 16) + (16 + 1)
    )
    assert loss.parameters == by_hand == 9857
    phi = loss.init(torch.Generator().manual_seed(0)).expand(2, -1)
    steps, memory = torch.randn(2, 512, 23), torch.zeros(2, 32)
    assert loss(phi, steps, torch.ones(2, 512), memory).shape == (2,)


def test_a_convolution_equals_torchs() -> None:
    config = EPGConfig(channels=(5,), kernels=(3,), strides=(2,), context=2, units=4)
    loss = LearnedLoss(6, config)
    phi = loss.init(torch.Generator().manual_seed(1))
    steps = torch.randn(1, 20, 6, generator=torch.Generator().manual_seed(2))
    p, at = {}, 0
    for name, shape in loss.shapes().items():
        size = torch.Size(shape).numel()
        p[name], at = phi[at : at + size].reshape(shape), at + size
    kernel = p["conv0.weight"].reshape(5, 6, 3)
    x = torch.nn.functional.leaky_relu(
        torch.conv1d(steps.mT, kernel, p["conv0.bias"], stride=2)
    ).mean(2)
    context = (x @ p["context.weight"].T + p["context.bias"]).expand(20, -1)
    joined = torch.cat([steps[0], context], 1) @ p["join.weight"].T + p["join.bias"]
    expected = (
        torch.nn.functional.leaky_relu(joined) @ p["judge.weight"].T + p["judge.bias"]
    ).mean()
    found = loss(phi[None], steps, torch.ones(1, 20), torch.zeros(1, 0))
    torch.testing.assert_close(found[0], expected)


def test_steps_after_the_end_are_masked_and_short_trials_are_padded() -> None:
    loss = LearnedLoss(3, EPGConfig())
    phi = loss.init(torch.Generator().manual_seed(3))[None]
    steps = torch.randn(1, 2, 3)  # fewer than the kernel's width of four
    alive = torch.tensor([[1.0, 0.0]])
    changed = steps.clone()
    changed[0, 1] = 100.0
    memory = torch.zeros(1, 0)
    assert torch.equal(loss(phi, steps, alive, memory), loss(phi, changed, alive, memory))


def test_equal_returns_have_equal_ranks() -> None:
    ranks = _centred_ranks(torch.tensor([3.0, 1.0, 2.0, 2.0, 9.0], dtype=torch.float64))
    torch.testing.assert_close(ranks, torch.tensor([0.25, -0.5, -0.125, -0.125, 0.5]))
    with pytest.raises(ValueError, match="NaN or infinite"):
        _centred_ranks(torch.tensor([1.0, float("nan")]))


class Quadratic(EPG):
    """The return of a trial is -|phi - 1|^2."""

    def _run_inner_loops(self, initial, episode_batches, alpha):
        empty = torch.zeros(1, len(initial.phi), 1)
        returns, none = -((initial.phi - 1) ** 2).sum(1).double(), empty[..., 0] > 0
        return [Batch(empty, empty, empty[..., 0], none, returns, returns > 0, empty, none)]


def test_the_outer_gradient_has_the_direction_of_the_analytic_gradient() -> None:
    config = replace(
        SMALL, population=2048, sigma=0.01, weight_decay=0.0, context=1, units=1, channels=(1,)
    )
    learner = Quadratic(PLANE, config)
    agent = learner.init(Key(0))
    (after,), _ = learner.improve([agent], [CIRCLE], [Key(1)])
    # Adam's first moment is the gradient's direction
    moment, analytic = after["adam/mean/phi"], 2 * (agent["phi"] - 1)
    assert float(torch.cosine_similarity(moment, analytic, dim=0)) > 0.95


@pytest.mark.parametrize("family", [PLANE, Guessing()])
def test_learner_conformance(family: Navigation | Guessing) -> None:
    check_learner(EPG(family, SMALL), family)


def test_with_alpha_1_the_loss_is_the_policy_gradient_surrogate() -> None:
    learner = EPG(PLANE, replace(SMALL, inner_lr=0.8, episodes=8, updates=3))
    one, two = (
        learner.run_trials(learner.init(Key(i)), CIRCLE, Key(9), 64, alpha=1.0)[0] for i in (1, 2)
    )
    assert torch.equal(one[-1].returns, two[-1].returns)  # for any parameters of the learned loss
    assert float(one[-1].returns.mean()) > float(one[0].returns.mean()) + 0.5
    other = learner.run_trials(learner.init(Key(1)), CIRCLE, Key(9), 64)[0]
    assert not torch.equal(one[-1].returns, other[-1].returns)


def test_the_gradient_of_the_surrogate_by_hand() -> None:
    """One trial, one episode of two steps, a policy that outputs its last bias:
    advantage x (action - mean) / n.
    """
    family = Navigation(NavigationSettings("progress", horizon=2))
    learner = EPG(family, EPGConfig(hidden=(1,), episodes=1))
    policies = learner.starts.policies(1, torch.Generator().manual_seed(0))
    policies = {name: torch.zeros_like(value).requires_grad_() for name, value in policies.items()}
    rewards = torch.tensor([[1.0], [-1.0]])
    actions = torch.tensor([[[2.0, 0.0]], [[0.5, 1.0]]])
    alive = torch.ones(2, 1, dtype=torch.bool)
    observations = torch.zeros(2, 1, 2)
    batch = Batch(
        observations, actions, rewards, alive, rewards.sum(0), alive[0], observations, ~alive
    )
    learner.losses(torch.zeros(1, learner.loss.parameters), policies, batch, 1.0).sum().backward()
    # Returns to go 0 and -1 give advantages +1 and -1; with std 1 the gradient of log p is the
    # action.
    grad = policies["b1"].grad
    assert grad is not None
    torch.testing.assert_close(grad[0], -(actions[0, 0] - actions[1, 0]) / 2, rtol=1e-4, atol=1e-4)


def test_an_evolved_loss_improves_policies_and_an_initial_loss_does_not() -> None:
    learner, root = EPG(PLANE, EPGConfig(inner_lr=0.8, reward_scale=5.0)), Key(3)
    initial = agent = learner.init(root)
    for step in range(200):
        (agent,), _ = learner.improve([agent], [CIRCLE], [root.child("step", step)])
    evolved, born = (
        assess(learner, phi, CIRCLE, root.child("test"), 64) for phi in (agent, initial)
    )
    assert evolved.gain.value > 0.3
    assert evolved.over_shuffled.low > 0  # a policy trained for another trial's goal scores lower
    assert abs(born.gain.value) < 0.15
