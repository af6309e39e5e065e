"""Regression: laws of a family, labels by hand and one step late, optimal linear learners."""

from __future__ import annotations

from typing import get_args

import numpy as np
import pytest
import torch

from openpoet.cli.conformance import check_family
from openpoet.envs.functions import (
    QUADRATICS,
    SINES,
    Functions,
    features,
    prior,
    weights,
)
from openpoet.envs.parts.draws import Draws
from openpoet.envs.regression import Kind, Regression, RegressionSettings


@pytest.mark.parametrize("kind", get_args(Kind))
def test_the_laws_of_a_family(kind: Kind) -> None:
    check_family(Regression(RegressionSettings(kind, horizon=6)))


def test_labels_by_hand() -> None:
    x = torch.tensor([[0.5, -1.0]], dtype=torch.float64)
    coefficients = torch.tensor([1.0, 2.0, 3.0, 4.0, 5.0, 6.0], dtype=torch.float64)
    by_hand = 1 * 0.25 + 2 * 1.0 + 3 * -0.5 + 4 * 0.5 + 5 * -1.0 + 6
    assert float(features("quadratic", x) @ coefficients) == pytest.approx(by_hand)
    task = Functions("sine", 2.0, 2.0, 0.0)  # amplitude 2, phase 0
    drawn = weights([task], Draws([3]), "cpu")
    at = torch.tensor([[0.7]], dtype=torch.float64)
    assert float((features("sine", at) * drawn).sum()) == pytest.approx(2 * np.sin(0.7))


@pytest.mark.parametrize(("kind", "task"), [("quadratic", QUADRATICS), ("sine", SINES)])
def test_labels_are_observed_one_step_late_and_the_reward_is_the_negative_squared_error(
    kind: Kind, task: Functions
) -> None:
    family = Regression(RegressionSettings(kind, horizon=5))
    simulator = family.simulator([task] * 3, [1, 2, 3], "cpu")
    function = weights([task] * 3, Draws([1, 2, 3]), "cpu")
    observation = simulator.reset()
    for episode in range(2):
        assert torch.equal(observation[:, -1], torch.zeros(3))
        for _ in range(5):
            label = (features(kind, observation[:, :-1].double()) * function).sum(1)
            observation, rewards, _, truncated = simulator.step(torch.full((3, 1), 0.25))
            torch.testing.assert_close(observation[:, -1].double(), label, rtol=1e-4, atol=1e-5)
            torch.testing.assert_close(rewards, -((0.25 - label) ** 2), rtol=1e-4, atol=1e-5)
        assert bool(truncated.all())
        observation = simulator.restart(torch.ones(3, dtype=torch.bool))
        assert torch.isfinite(observation).all(), episode


def test_episodes_of_a_trial_have_new_examples_of_the_same_function() -> None:
    family = Regression(RegressionSettings(horizon=7))
    simulator = family.simulator([QUADRATICS], [5], "cpu")
    rows, labels = [], []
    observation = simulator.reset()
    for _ in range(2):
        for _ in range(7):
            rows.append(features("quadratic", observation[0, :-1].double()))
            observation = simulator.step(torch.zeros(1, 1))[0]
            labels.append(observation[0, -1])
        observation = simulator.restart(torch.tensor([True]))
    table, values = torch.stack(rows).numpy(), torch.stack(labels).double().numpy()
    assert len({tuple(row) for row in table}) == 14
    fitted = np.linalg.lstsq(table, values, rcond=None)[0]
    np.testing.assert_allclose(table @ fitted, values, atol=1e-5)  # one quadratic fits all


@pytest.mark.parametrize(
    "task", [QUADRATICS, Functions("quadratic", 0.0, 2.0), SINES, Functions("sine", 1, 3, 2.0)]
)
def test_the_prior_equals_the_moments_of_the_samples(task: Functions) -> None:
    drawn = weights([task] * 40_000, Draws(list(range(40_000))), "cpu").numpy()
    mean, covariance = prior(task)
    np.testing.assert_allclose(drawn.mean(axis=0), mean, atol=0.04)
    np.testing.assert_allclose(np.cov(drawn.T), covariance, atol=0.06)


def test_the_oracle_error_is_the_prior_outside_the_span_of_observed_features() -> None:
    """Without noise, the error of linear regression is the prior variance outside the span of the
    observed features.
    """
    rng = np.random.default_rng(0)
    x = rng.uniform(-1, 1, (9, 2000, 2))
    curve = Regression().oracle(QUADRATICS, torch.from_numpy(x))
    observation = features("quadratic", torch.from_numpy(x)).numpy()
    for t in range(6):
        known = observation[:t].transpose(1, 0, 2)
        rest = (
            observation[t] - np.einsum("nij,nj->ni", np.linalg.pinv(known) @ known, observation[t])
            if t
            else observation[t]
        )
        np.testing.assert_allclose(curve[t], (rest**2).sum(1) / 3, rtol=1e-5, atol=1e-8)
    np.testing.assert_allclose(curve.mean(1)[:3], [0.726, 0.44, 0.303], atol=0.02)
    assert float(curve[6:].max()) < 1e-6  # six coefficients, six examples


def test_two_examples_determine_a_sine() -> None:
    x = torch.tensor([[[0.3]], [[1.9]], [[-4.0]]])
    curve = Regression(RegressionSettings("sine")).oracle(SINES, x)
    square = (0.1**2 + 0.1 * 5 + 5**2) / 3
    assert float(curve[0]) == pytest.approx(square / 2, rel=1e-3)  # E[A^2 sin^2]
    assert 0 < float(curve[1]) < float(curve[0])
    assert float(curve[2]) == pytest.approx(0.0, abs=1e-9)


def test_mutations_keep_the_kind_and_ordered_ranges() -> None:
    rng, task = np.random.default_rng(0), Functions("quadratic", -0.01, 0.01)
    for _ in range(50):
        task = Regression().mutate(task, rng)
        assert task.low <= task.high
        assert task.phase == 0.0


def test_samples_have_the_kind_and_ordered_ranges() -> None:
    rng = np.random.default_rng(0)
    drawn = [
        Regression(RegressionSettings("sine")).sample(rng, {"low": (0.0, 5.0)}) for _ in range(50)
    ]
    assert all(task.kind == "sine" and -5 <= task.low <= task.high for task in drawn)
    assert max(task.phase for task in drawn) > 5
    assert all(Regression().sample(rng).phase == 0 for _ in range(5))


def test_a_task_of_another_kind_is_an_error() -> None:
    with pytest.raises(ValueError, match="quadratics"):
        Regression().simulator([SINES], [0], "cpu")
