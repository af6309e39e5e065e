"""Tasks with quadratic losses, for which the outer gradients of MAML, first-order MAML and Reptile
have closed forms.

L_i(x) = (x - c_i)' A (x - c_i) / 2. After k inner steps of size a, x - c_i becomes B^k (x - c_i),
where B = 1 - a A.
"""

from __future__ import annotations

import numpy as np
import torch

from openpoet.agents.gradient import inner
from openpoet.agents.gradient.maml import MAML
from openpoet.agents.gradient.maml_config import MAMLConfig, ReptileConfig
from openpoet.agents.gradient.reptile import Reptile
from openpoet.envs.navigation import Navigation, NavigationSettings
from openpoet.poet.streams import Key

D, TASKS, RATE = 3, 5, 0.1
_RNG = np.random.default_rng(0)
_ROOT = _RNG.standard_normal((D, D))
A = torch.from_numpy(_ROOT @ _ROOT.T + np.eye(D))
CENTRES = torch.from_numpy(_RNG.standard_normal((TASKS, D)))
X = torch.from_numpy(_RNG.standard_normal(D))
ONE = torch.eye(D, dtype=torch.float64)
# MAML needs a family; the losses do not use its episodes
_FAMILY = Navigation(NavigationSettings(horizon=1))


class Quadratics:
    """A policy whose loss is the quadratic."""

    keeps_examples = True

    def act(self, weights, noise):
        return lambda observations, t: torch.zeros(len(observations), 2)

    def losses(self, weights, batch):
        away = weights["x"] - CENTRES
        return 0.5 * torch.einsum("ni,ij,nj->n", away, A, away)


def _rates(weights, scale=1.0):
    return {"x": torch.tensor(RATE, dtype=torch.float64)}


def outer_gradient(order: inner.Order, k: int) -> torch.Tensor:
    """The gradient of the mean loss after k inner steps, computed by MAML."""
    learner = MAML(_FAMILY, MAMLConfig(order=order, inner_steps=k, draws=TASKS))
    learner.model, learner.rates = Quadratics(), _rates  # type: ignore[assignment, method-assign]
    x = X.clone().requires_grad_()
    after = learner.adapted({"x": x}, [None], TASKS)
    return torch.autograd.grad(learner.model.losses(after, None).mean(), x)[0]


def closed_form(order: inner.Order, k: int) -> torch.Tensor:
    """B^k A B^k (x - c), or with order 1 A B^k (x - c); the mean over tasks."""
    power = torch.linalg.matrix_power(ONE - RATE * A, k)
    return ((power if order == 2 else ONE) @ A @ power @ (X - CENTRES).T).mean(1)


def reptile_move(k: int) -> torch.Tensor:
    """The change of x in an outer step of Reptile of size 1."""
    learner = Reptile(_FAMILY, ReptileConfig(inner_steps=k, draws=TASKS, trajectories=2))
    learner.model, learner.rates = Quadratics(), _rates  # type: ignore[assignment, method-assign]
    (after,), _ = learner.improve([learner.fresh_agent({"x": X})], [_FAMILY.origin()], [Key(0)])
    return after["x"] - X


def reptile_closed_form(k: int) -> torch.Tensor:
    """(1 - B^k)(c - x), the mean over tasks."""
    return (ONE - torch.linalg.matrix_power(ONE - RATE * A, k)) @ (CENTRES.mean(0) - X)
