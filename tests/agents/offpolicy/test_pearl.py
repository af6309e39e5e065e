"""PEARL: the posterior by hand, gradient paths of the losses, learner conformance, use of
contexts.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from openpoet.agents.offpolicy import pearl
from openpoet.agents.offpolicy.context_encoder import posterior
from openpoet.agents.offpolicy.pearl import PEARL
from openpoet.agents.offpolicy.pearl_config import PEARLConfig
from openpoet.agents.offpolicy.sac import Transitions
from openpoet.cli.conformance import check_learner
from openpoet.envs.bandits import Bandits
from openpoet.envs.cartpole import CartPole
from openpoet.envs.gridnavi import GridNavi
from openpoet.envs.navigation import HALF_CIRCLE, Goals, Navigation, NavigationSettings
from openpoet.poet.interfaces import TaskFamily
from openpoet.poet.streams import Key
from tests.agents.guessing import Guessing

TINY = PEARLConfig(
    draws=3, episodes=2, updates=2, batch=4, capacity=30, hidden=(4,), encoder=(4,), test_trials=3
)


def test_steps_after_the_end_of_an_episode_are_no_part_of_the_context(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    beliefs, draw = [], pearl.sample_latent

    def recorded(mean: torch.Tensor, log_std: torch.Tensor, noise: torch.Generator) -> torch.Tensor:
        beliefs.append((mean, log_std))
        return draw(mean, log_std, noise)

    monkeypatch.setattr(pearl, "sample_latent", recorded)
    family = CartPole()
    learner = PEARL(family, PEARLConfig(hidden=(8,), encoder=(8,)))
    agent = learner.init(Key(0))
    (first, _), _ = learner.run_trials(agent, family.origin(), [1, 2, 3], Key(1), 2)
    lengths = first.alive.sum(0).tolist()
    assert len(set(lengths)) > 1
    for row, steps in enumerate(lengths):
        parts = first.observations, first.actions, first.rewards[..., None]
        transitions = torch.cat([part[:steps, row] for part in parts], 1)
        factors = learner.encoder.factors(agent, transitions)
        expected = posterior(tuple(part.sum(0) for part in factors))
        for found, wanted in zip(beliefs[1], expected, strict=True):
            torch.testing.assert_close(found[row], wanted)


def test_the_posterior_is_the_product_of_the_prior_and_all_factors() -> None:
    """The product of the densities on a grid of z, normalised."""
    means, variances = torch.tensor([0.5, -1.0, 2.0]), torch.tensor([0.4, 2.0, 1.0])
    context = (1 / variances).sum()[None], (means / variances).sum()[None]
    mean, log_std = posterior(context)
    z = torch.linspace(-8, 8, 4001)
    log = -0.5 * z**2 - 0.5 * ((z[:, None] - means) ** 2 / variances).sum(1)
    weight = torch.softmax(log, 0)
    assert float(mean) == pytest.approx(float((weight * z).sum()), abs=1e-4)
    assert float(log_std.exp()) == pytest.approx(
        float((weight * (z - mean) ** 2).sum().sqrt()), abs=1e-4
    )
    nothing = posterior((torch.zeros(2), torch.zeros(2)))
    assert all(float(part.abs().max()) == 0 for part in nothing)  # the prior, N(0, 1)


def test_the_posterior_does_not_depend_on_the_order_of_the_context() -> None:
    learner = PEARL(Navigation(), TINY)
    agent, context = (
        learner.init(Key(0)),
        torch.randn(1, 9, 5, generator=torch.Generator().manual_seed(0)),
    )
    one, two = (
        learner.encoder.factors(agent, context[:, order])
        for order in (torch.arange(9), torch.arange(8, -1, -1))
    )
    for a, b in zip(one, two, strict=True):
        torch.testing.assert_close(a.sum(1), b.sum(1))
    assert float(one[0].min()) > 0


@pytest.mark.parametrize(
    "family",
    [Guessing(), Bandits(), Navigation(NavigationSettings(horizon=4)), GridNavi()],
    ids=lambda f: str(f.spec),
)
def test_learner_conformance(family: TaskFamily) -> None:
    check_learner(PEARL(family, TINY), family, tasks=2)


def test_learner_conformance_where_contexts_hold_the_next_observation() -> None:
    family = Navigation(NavigationSettings(horizon=4))
    check_learner(PEARL(family, replace(TINY, context_next=True)), family, tasks=2)


def test_transitions_with_the_next_observation_reach_the_context_at_the_next_action() -> None:
    """The last one of an episode does not: the next observation is another episode's."""
    family = Navigation(NavigationSettings(horizon=4))
    learner = PEARL(family, replace(TINY, context_next=True))
    agent, simulator = learner.init(Key(0)), family.simulator([HALF_CIRCLE] * 2, [1, 2], "cpu")
    policy, seen, steps = learner.trial_policy(agent, 2, Key(1)), simulator.reset(), []
    policy.begin(torch.ones(2, dtype=torch.bool))
    with torch.no_grad():
        for _ in range(4):
            before, action = seen, policy.act(seen)
            seen, rewards, terminated, truncated = simulator.step(action)
            steps.append(torch.cat([before, action, rewards.float()[:, None], seen], 1))
            policy.observe(rewards, terminated | truncated)
        policy.act(simulator.restart(truncated))
        precision, weighted = learner.encoder.factors(agent, torch.stack(steps[:-1]))
    torch.testing.assert_close(policy.state["precision"], precision.sum(0))
    torch.testing.assert_close(policy.state["weighted_mean"], weighted.sum(0))


def test_only_the_critics_and_the_prior_train_the_encoder() -> None:
    learner = PEARL(Navigation(NavigationSettings(horizon=4)), TINY)
    agent = learner.init(Key(0))
    sac = learner.sac
    weights, context = (
        sac.leaves(agent),
        torch.randn(6, 5, generator=torch.Generator().manual_seed(0)),
    )
    mean, _ = posterior(
        tuple(part.sum(0, keepdim=True) for part in learner.encoder.factors(weights, context))
    )
    inputs = torch.cat([context[:, :2], mean.expand(6, -1)], 1)
    critics = {
        name: value.detach() for name, value in weights.items() if name.startswith("critic_")
    }
    noise = torch.rand(2, 6, 2)

    def reaches(loss: torch.Tensor) -> bool:
        found = torch.autograd.grad(
            loss, weights["encoder_w0"], retain_graph=True, allow_unused=True
        )[0]
        return found is not None and bool(found.any())

    batch = Transitions(
        inputs, context[:, 2:4], context[:, 4], inputs.detach(), torch.zeros(6, dtype=torch.bool)
    )
    value, _ = sac.value_and_entropy(weights, critics, batch.inputs.detach(), noise[0])
    assert reaches(sac.critic_loss(weights, agent, batch, noise[1]))
    assert reaches(sac.loss(weights, agent, batch, noise))
    assert not reaches(value.mean())


def test_replay_buffers_belong_to_draws_and_adopt_empties_them() -> None:
    learner = PEARL(Navigation(NavigationSettings(horizon=4)), TINY)
    (agent,), _ = learner.improve([learner.init(Key(0))], [HALF_CIRCLE], [Key(1)])
    assert agent["replay/count"].tolist() == [8, 8, 8]  # two episodes of four steps
    adopted = learner.adopt(agent)
    assert adopted["replay/count"].tolist() == [0, 0, 0]
    assert torch.equal(adopted["encoder_w0"], agent["encoder_w0"])
    distance = (agent["replay/reward"][0, :8] - agent["replay/reward"][1, :8]).abs()
    assert float(distance.max()) > 0.01  # other goals give other rewards


def test_rewards_of_the_teacher_belong_to_the_same_transitions() -> None:
    """The context has the sparse reward; the critics are trained on the negative distance to the
    goal.
    """
    sparse, dense = (
        Navigation(NavigationSettings(reward, near=10.0, horizon=4))
        for reward in ("sparse", "dense")
    )
    learner = PEARL(sparse, TINY, teacher=dense)
    (agent,), _ = learner.improve([learner.init(Key(0))], [HALF_CIRCLE], [Key(1)])
    sparse_reward, dense_reward = agent["replay/reward"][:, :8], agent["replay/pay"][:, :8]
    # within 10 of the goal, sparse reward is 1 - distance
    torch.testing.assert_close(sparse_reward, 1 + dense_reward)
    (alone,), _ = PEARL(sparse, TINY).improve([learner.init(Key(0))], [HALF_CIRCLE], [Key(1)])
    torch.testing.assert_close(alone["replay/pay"], alone["replay/reward"])


def test_it_adapts_with_its_context_and_not_without() -> None:
    """Goals in all directions, reward for progress: a few steps determine the direction."""
    family, task = (
        Navigation(NavigationSettings("progress", horizon=8)),
        Goals("arc", 0.8, 0.0, 0.0, 6.283),
    )
    config = PEARLConfig(
        hidden=(32,), encoder=(32,), latent=2, kl=1e-4, updates=24, lr=5e-3, temperature=0.01
    )
    learner = PEARL(family, config)
    agent, root = learner.init(Key(0)), Key(2)
    for step in range(25):
        (agent,), _ = learner.improve([agent], [task], [root.child("step", step)])
    returns, _ = learner.by_episode(agent, task, root.child("test"), 64)
    off, _ = learner.by_episode(agent, task, root.child("test"), 64, "off")
    assert returns[:, -1].mean() > returns[:, 0].mean() + 0.2
    assert returns[:, -1].mean() > off[:, -1].mean() + 0.2
    np.testing.assert_array_equal(returns[:, 0], off[:, 0])
