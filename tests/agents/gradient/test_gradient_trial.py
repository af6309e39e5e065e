"""Trials simulated by another program: adaptation to observed episodes equals that in our own
trials.
"""

from __future__ import annotations

from functools import partial

import pytest
import torch

from openpoet.agents.gradient import inner
from openpoet.agents.gradient.gradient_trial import padded_batch
from openpoet.agents.gradient.maml import MAML
from openpoet.agents.gradient.maml_config import MAMLConfig
from openpoet.agents.metaworld_protocol import MetaWorldAgent
from openpoet.agents.rollouts.episode_batches import EpisodeBatches
from openpoet.envs.cartpole import Cart, CartPole, CartPoleSettings
from openpoet.envs.navigation import SQUARE, Navigation, NavigationSettings
from openpoet.envs.regression import Regression
from openpoet.poet.streams import Key
from tests.agents.test_metaworld_protocol import Environments, metalearning_evaluation

SMALL = MAMLConfig(draws=3, trajectories=4, hidden=(6,), inner_lr=0.5)


def test_observed_episodes_equal_their_batch() -> None:
    """Episodes have different lengths, so that shorter ones are padded; the update is the same."""
    family = CartPole(CartPoleSettings(horizon=60))
    learner = MAML(family, SMALL)
    first = learner.repeated(learner.weights(learner.init(Key(0))), 3)
    episode_batches = EpisodeBatches(family, [Cart()] * 3, [0, 1, 2], SMALL.trajectories, "cpu")
    batch = learner.play(first, episode_batches, torch.Generator().manual_seed(0))
    lengths = batch.alive.sum(0).tolist()
    assert min(lengths) < max(lengths)
    observed = padded_batch(
        [
            [
                (batch.observations[t, row], batch.actions[t, row], batch.rewards[t, row])
                for t in range(length)
            ]
            for row, length in enumerate(lengths)
        ]
    )
    assert torch.equal(observed.alive, batch.alive)
    assert torch.equal(observed.rewards, batch.rewards)
    assert torch.equal(observed.returns, batch.returns)
    assert torch.equal(observed.actions, batch.actions * batch.alive[..., None])
    one, two = (
        inner.step(partial(learner.model.losses, batch=b), first, 0.5) for b in (observed, batch)
    )
    for name in first:
        torch.testing.assert_close(one[name], two[name])


def test_adaptation_by_meta_worlds_protocol_equals_our_own() -> None:
    family, n = Navigation(NavigationSettings(horizon=20)), 20
    learner = MAML(
        family, MAMLConfig(inner_lr=0.05, draws=10, trajectories=10, outer="trpo", kl=0.03)
    )
    agent = learner.init(Key(2))
    for step in range(4):
        (agent,), _ = learner.improve([agent], [SQUARE], [Key(2, ("step", step))])
    seeds = list(range(n))
    driven = MetaWorldAgent(learner, agent, n, Key(3), greedy=False)
    outside = Environments(family, [SQUARE] * n, seeds, last_step=False)
    adapted = metalearning_evaluation(driven, outside, learner.config.trajectories, 10).mean()
    (before, after), _ = learner.run_trials(agent, SQUARE, seeds, Key(4), 1)
    # the same goals, other noise
    assert adapted == pytest.approx(float(after.returns.mean()), abs=0.6)
    assert adapted > float(before.returns.mean()) + 1


def test_an_update_needs_two_episodes_and_no_labels() -> None:
    learner = MAML(Navigation(), SMALL)
    trial = learner.trial_policy(learner.init(Key(0)), 2, Key(8))
    # before the first step there is no transition
    trial.observe(torch.ones(2), torch.ones(2, dtype=torch.bool))
    for _ in range(3):
        trial.act(torch.zeros(2, 2))
        trial.observe(torch.ones(2), torch.tensor([True, False]))
    with pytest.raises(ValueError, match="at least 2 episodes of each draw, got 0"):
        trial.adapt()
    supervised = MAML(Regression(), SMALL)
    with pytest.raises(ValueError, match="provide rewards, not labels"):
        supervised.trial_policy(supervised.init(Key(0)), 2, Key(8))
