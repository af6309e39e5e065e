"""Hochreiter's learner: conformance, training equals acting, use of labels, invalid families."""

from __future__ import annotations

import pytest
import torch

from openpoet.agents.memory.hochreiter import Hochreiter
from openpoet.agents.memory.hochreiter_config import HochreiterConfig
from openpoet.agents.parts.scoring import draw_seeds
from openpoet.agents.rollouts.episode_batches import EpisodeBatches
from openpoet.cli.conformance import check_learner
from openpoet.envs.functions import QUADRATICS
from openpoet.envs.navigation import Navigation
from openpoet.envs.regression import Regression, RegressionSettings
from openpoet.poet.streams import Key

FAMILY = Regression(RegressionSettings(horizon=6))
SMALL = HochreiterConfig(hidden=8, trials=4, updates=2, test_trials=5)


def test_learner_conformance() -> None:
    check_learner(Hochreiter(FAMILY, SMALL), FAMILY)


def test_a_family_without_labels_is_an_error() -> None:
    with pytest.raises(ValueError, match="learns from labels, and this family has none"):
        Hochreiter(Navigation())


def test_training_and_acting_give_the_same_errors() -> None:
    """Squared errors step by step through the simulator, and of one fused sequence."""
    learner, key = Hochreiter(FAMILY, SMALL), Key(1)
    agent = learner.init(key)
    batch, steps = learner.sequences(QUADRATICS, key, 7)
    fused = learner.errors(learner.weights(agent), batch.observations, batch.labels(1))
    played = EpisodeBatches(FAMILY, [QUADRATICS] * 7, draw_seeds(key, 7), 1, "cpu").play(
        learner._act(agent)
    )
    torch.testing.assert_close(-played.rewards, fused, rtol=1e-4, atol=1e-5)
    assert steps == 6 * 7


def test_the_gradient_goes_through_the_whole_sequence() -> None:
    """The error at the last example depends on the first label, and finite differences agree with
    the gradient.
    """
    learner = Hochreiter(FAMILY, SMALL)
    weights = {
        name: value.double() for name, value in learner.weights(learner.init(Key(2))).items()
    }
    batch, _ = learner.sequences(QUADRATICS, Key(3), 2)
    observations, labels = batch.observations.double(), batch.labels(1).double()

    def last(change: torch.Tensor) -> torch.Tensor:
        moved = observations.clone()
        moved[1, :, -1] += change
        start = tuple(part.double() for part in learner.network.start(2))
        return ((learner.network.run(weights, moved, start) - labels) ** 2)[-1].sum()

    change = torch.zeros((), dtype=torch.float64, requires_grad=True)
    (slope,) = torch.autograd.grad(last(change), change)
    little = torch.tensor(1e-5, dtype=torch.float64)
    assert float(slope) == pytest.approx(
        float((last(little) - last(-little)).detach()) / 2e-5, rel=1e-5
    )
    assert abs(float(slope)) > 1e-6


def test_it_learns_to_learn_from_labels_but_not_from_permuted_ones() -> None:
    family = Regression(RegressionSettings(horizon=12))
    learner, root = Hochreiter(family, HochreiterConfig(hidden=24, anneal=300)), Key(4)
    agent = learner.init(root)
    for step in range(30):
        (agent,), _ = learner.improve([agent], [QUADRATICS], [root.child("step", step)])
    batch, _ = learner.sequences(QUADRATICS, root.child("test"), 500)
    weights, labels = learner.weights(agent), batch.labels(1)
    errors = learner.errors(weights, batch.observations, labels).mean(1)
    permuted = batch.observations.clone()
    permuted[..., -1] = permuted[..., -1].roll(1, dims=1)
    control = learner.errors(weights, permuted, labels).mean(1)
    assert float(errors[0]) == pytest.approx(0.726, abs=0.1)
    assert float(errors[-3:].mean()) < 0.5
    assert float(control[-3:].mean()) > 0.65
