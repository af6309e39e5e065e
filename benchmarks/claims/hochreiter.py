"""Hochreiter, Younger & Conwell 2001: an LSTM with frozen weights learns a quadratic function.

The paper reports that about 35 examples suffice. The bounds below are exact: before the first label
the smallest error is the prior variance, and Bayesian linear regression gives the smallest error of
a linear estimator after each further label.
"""

from __future__ import annotations

import torch

from benchmarks.claims.claim import Claim, train
from openpoet.agents.memory.hochreiter import Hochreiter
from openpoet.agents.memory.hochreiter_config import HochreiterConfig
from openpoet.envs.functions import QUADRATICS
from openpoet.envs.regression import Regression
from openpoet.poet.streams import Key

STEPS, SEQUENCES = 300, 4096  # ten updates per step
SHOWN = (1, 2, 3, 4, 5, 6, 7, 10, 15, 20, 30, 35, 40)
# E of the squared features, times the coefficients' variance
PRIOR = (0.2 + 0.2 + 1 / 9 + 1 / 3 + 1 / 3 + 1) / 3


def claims() -> list[Claim]:
    family, key = Regression(), Key(1)
    learner = Hochreiter(family, HochreiterConfig(anneal=10 * STEPS))
    agent = train(learner, learner.init(key), QUADRATICS, STEPS, key, "hochreiter")
    batch, _ = learner.sequences(QUADRATICS, key.child("test"), SEQUENCES)
    observations, labels, weights = batch.observations, batch.labels(1), learner.weights(agent)
    # the labels of another sequence
    permuted_inputs = torch.cat([observations[..., :-1], observations[..., -1:].roll(1, dims=1)], 2)
    with torch.no_grad():
        errors, permuted = (
            learner.errors(weights, observations, labels),
            learner.errors(weights, permuted_inputs, labels),
        )
    bayes = family.oracle(QUADRATICS, observations[..., :-1])
    print("squared error at example     ", *(f"{t:6d}" for t in SHOWN))
    for name, curve in (
        ("LSTM, weights frozen", errors),
        ("Bayesian linear regression", bayes),
        ("permuted", permuted),
    ):
        print(f"{name:29}", *(f"{float(curve[t - 1].mean()):6.3f}" for t in SHOWN))
    mean = errors.mean(1)
    above = (errors - bayes)[:6]  # each with its own sequence's bound, and two standard errors
    least = (above.mean(1) + 2 * above.std(1) / SEQUENCES**0.5).min()
    return [
        Claim("error at example 35", float(mean[34]), most=0.08),
        Claim("error at example 1, the prior's variance", float(mean[0]), 0.9 * PRIOR, 1.1 * PRIOR),
        Claim("labels of another sequence: error at example 35", float(permuted[34].mean()), 0.6),
        Claim(
            "smallest error minus Bayes-optimal error of examples 1 to 6, plus two standard errors",
            float(least),
            0.0,
        ),
        Claim(
            "largest increase of the error between examples 1, 2, 3, 5, 10, 20, 35",
            _rise(mean),
            most=0.01,
        ),
    ]


def _rise(mean: torch.Tensor) -> float:
    return float(mean[[t - 1 for t in (1, 2, 3, 5, 10, 20, 35)]].diff().max())
