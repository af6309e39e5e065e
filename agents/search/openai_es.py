"""OpenAI-ES (Salimans et al., arXiv 1703.03864) as original POET runs it (arXiv 1901.01753):
formulas, and a searcher.

Members come in antithetic pairs, 2i and 2i + 1 being theta + sigma eps_i and theta - sigma eps_i.
With u their shaped returns the ascent direction over N pairs is g = (1/N) sum_i (u_2i - u_2i+1)
eps_i / sigma (POET's: no factor 1/2); Adam then descends on -g + weight_decay theta; lr and sigma
shrink by a factor a step down to a floor.

Differs: POET cuts its noise out of one table of 250 million normals (1 GB a process); here each
pair of members has a counter-based generator of its own. All sums run in float64 in one fixed
order, so they do not depend on threads.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

import numpy as np
import torch

if TYPE_CHECKING:
    from openpoet.poet.streams import Key

    from .es_config import ESConfig, Shaping

BETA1, BETA2, EPSILON = 0.9, 0.999, 1e-8


def centred_ranks(returns: np.ndarray) -> np.ndarray:
    """Ranks of [n] returns, spread evenly over [-0.5, 0.5]; equal returns share the mean of their
    ranks. [n] float64.

    A single return has rank 0. Differs: the reference gives equal returns distinct ranks, in order
    of appearance.
    """
    if len(returns) < 2:
        return np.zeros(len(returns))
    _, which, counts = np.unique(returns, return_inverse=True, return_counts=True)
    last = np.cumsum(counts) - 1  # highest rank in each group of equals
    mean = (last - (counts - 1) / 2).astype(np.float64)
    return mean[which] / (len(returns) - 1) - 0.5


def z_scores(returns: np.ndarray) -> np.ndarray:
    """(returns - mean) / (standard deviation + 1e-5), POET's other shaping. [n] -> [n] float64."""
    return (returns - returns.mean()) / (returns.std() + 1e-5)


def shape(returns: np.ndarray, shaping: Shaping) -> np.ndarray:
    """What takes the place of the returns [n] in the gradient: larger is better, the scale of
    rewards is gone.
    """
    return centred_ranks(returns) if shaping == "ranks" else z_scores(returns)


def noise(key: Key, rows: Iterable[int], parameters: int) -> np.ndarray:
    """Standard normal noise [rows, parameters] float32; row i depends on (key, i) alone."""
    number = key.integer()
    generators = (
        np.random.Generator(np.random.Philox(key=np.array([number, i], np.uint64))) for i in rows
    )
    drawn = [one.standard_normal(parameters, dtype=np.float32) for one in generators]
    return np.stack(drawn) if drawn else np.zeros((0, parameters), np.float32)


def antithetic(theta: np.ndarray, sigma: float | np.ndarray, eps: np.ndarray) -> np.ndarray:
    """Members [2 pairs, parameters] float32, pairs side by side: theta + sigma eps_0, theta - sigma
    eps_0, ...

    sigma: one number or one a parameter, [parameters].
    """
    step = np.asarray(sigma, np.float32) * eps
    return np.stack([theta + step, theta - step], axis=1).reshape(-1, len(theta))


def gradient(shaped: np.ndarray, eps: np.ndarray, sigma: float) -> np.ndarray:
    """Ascent direction [parameters] float64, from shaped returns [2 pairs] and noise [pairs,
    parameters].
    """
    difference = shaped[0::2] - shaped[1::2]
    # Adding up rows, not a matrix product: a BLAS would cut the sum into as many parts as it has
    # threads.
    total = np.asarray((difference[:, None] * eps).sum(axis=0, dtype=np.float64))
    return total / (len(difference) * sigma)


def adam(
    theta: np.ndarray, m: np.ndarray, v: np.ndarray, t: int, descent: np.ndarray, lr: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """New theta, m, v (each [parameters] float64) of the t-th bias-corrected Adam step (arXiv
    1412.6980), t >= 1.
    """
    m = BETA1 * m + (1 - BETA1) * descent
    v = BETA2 * v + (1 - BETA2) * descent * descent
    size = lr * np.sqrt(1 - BETA2**t) / (1 - BETA1**t)
    return theta - size * m / (np.sqrt(v) + EPSILON), m, v


class OpenAIES:
    """The searcher: how ES asks for members and is told their returns."""

    positive: tuple[str, ...] = ("sigma", "lr")
    not_negative: tuple[str, ...] = ("adam.v", "adam.t")

    def __init__(self, config: ESConfig) -> None:
        self.config = config

    def init(self, theta: torch.Tensor) -> dict[str, torch.Tensor]:
        """A fresh search around theta [parameters] float32."""
        config = self.config
        return {
            "theta": theta.clone(),
            "adam.m": torch.zeros_like(theta),
            "adam.v": torch.zeros_like(theta),
            "adam.t": torch.tensor(0, dtype=torch.int64),
            "sigma": torch.tensor(config.sigma, dtype=torch.float64),
            "lr": torch.tensor(config.lr, dtype=torch.float64),
        }

    def ask(self, state: Mapping[str, torch.Tensor], key: Key) -> torch.Tensor:
        """Members [population, parameters] float32."""
        theta = state["theta"].numpy()
        eps = noise(key, range(self.config.population // 2), len(theta))
        return torch.from_numpy(antithetic(theta, float(state["sigma"]), eps))

    def ask_some(
        self, state: Mapping[str, torch.Tensor], key: Key, members: np.ndarray
    ) -> torch.Tensor:
        """The rows `members` [k] of what `ask` returns, [k, parameters] float32; no others are
        made.
        """
        theta = state["theta"].numpy()
        pairs, place = np.unique(members // 2, return_inverse=True)
        eps = noise(key, pairs.tolist(), len(theta))
        both = antithetic(theta, float(state["sigma"]), eps)
        return torch.from_numpy(both[2 * place + members % 2])

    def tell(
        self, state: Mapping[str, torch.Tensor], members: torch.Tensor, returns: np.ndarray
    ) -> dict[str, torch.Tensor]:
        """The search after one step up the members' returns [population]."""
        config = self.config
        theta, sigma, lr = (
            state["theta"].double().numpy(),
            float(state["sigma"]),
            float(state["lr"]),
        )
        values = members.double().numpy()
        # what was really tried, float32 rounding of theta included
        eps = (values[0::2] - values[1::2]) / (2 * sigma)
        descent = config.weight_decay * theta - gradient(shape(returns, config.shaping), eps, sigma)
        t = int(state["adam.t"]) + 1
        theta, m, v = adam(
            theta,
            state["adam.m"].double().numpy(),
            state["adam.v"].double().numpy(),
            t,
            descent,
            lr,
        )
        return {
            "theta": torch.from_numpy(theta).float(),
            "adam.m": torch.from_numpy(m).float(),
            "adam.v": torch.from_numpy(v).float(),
            "adam.t": torch.tensor(t, dtype=torch.int64),
            "sigma": torch.tensor(
                max(config.sigma_decay * sigma, config.sigma_floor), dtype=torch.float64
            ),
            "lr": torch.tensor(max(config.lr_decay * lr, config.lr_floor), dtype=torch.float64),
        }
