"""OpenAI-ES (Salimans et al. 2017, arXiv 1703.03864) with the settings of the original POET
(arXiv 1901.01753): the update's formulas, and the searcher built from them.

Members come in antithetic pairs: member 2i is theta + sigma eps_i, member 2i + 1 is
theta - sigma eps_i, with eps_i ~ N(0, I). With shaped returns u and N pairs, the ascent direction
is

    g = (1 / N) sum_i (u_2i - u_2i+1) eps_i / sigma        (without a factor 1/2, as in POET's code)

Adam then descends along -g + weight_decay theta. The learning rate and sigma are multiplied by a
decay factor after each step, down to a floor.

Differs: POET takes its noise from one shared table of 250 million normal numbers (1 GB per
process); here each pair of members has its own counter-based generator. All sums are computed in
float64 in a fixed order, so that they do not depend on the number of threads.
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
    """Centred ranks [n] float64 of the returns [n], evenly spaced over [-0.5, 0.5].

    Equal returns share the mean of their ranks. A single return has rank 0.
    Differs: POET's code gives equal returns distinct ranks, in their order of appearance.
    """
    if len(returns) < 2:
        return np.zeros(len(returns))
    _, group, counts = np.unique(returns, return_inverse=True, return_counts=True)
    highest = np.cumsum(counts) - 1  # the highest rank in each group of equal returns
    mean = (highest - (counts - 1) / 2).astype(np.float64)
    return mean[group] / (len(returns) - 1) - 0.5


def z_scores(returns: np.ndarray) -> np.ndarray:
    """(returns - mean) / (standard deviation + 1e-5), POET's alternative shaping; [n] float64."""
    return (returns - returns.mean()) / (returns.std() + 1e-5)


def shape(returns: np.ndarray, shaping: Shaping) -> np.ndarray:
    """Shaped returns [n] that replace the returns [n] in the gradient, free of the reward scale."""
    return centred_ranks(returns) if shaping == "ranks" else z_scores(returns)


def noise(key: Key, rows: Iterable[int], parameters: int) -> np.ndarray:
    """Standard normal noise [rows, parameters] float32; row i depends only on (key, i)."""
    number = key.integer()
    generators = (
        np.random.Generator(np.random.Philox(key=np.array([number, i], np.uint64))) for i in rows
    )
    drawn = [one.standard_normal(parameters, dtype=np.float32) for one in generators]
    return np.stack(drawn) if drawn else np.zeros((0, parameters), np.float32)


def antithetic(theta: np.ndarray, sigma: float | np.ndarray, eps: np.ndarray) -> np.ndarray:
    """Members [2 pairs, parameters] float32: theta + sigma eps_0, theta - sigma eps_0, ...

    Args:
        theta: centre of the search, [parameters].
        sigma: standard deviation, a number or one per parameter, [parameters].
        eps: standard normal noise, [pairs, parameters].
    """
    step = np.asarray(sigma, np.float32) * eps
    return np.stack([theta + step, theta - step], axis=1).reshape(-1, len(theta))


def gradient(shaped: np.ndarray, eps: np.ndarray, sigma: float) -> np.ndarray:
    """Ascent direction g [parameters] float64 (see the module's formula).

    Args:
        shaped: shaped returns of the members, [2 pairs].
        eps: the pairs' noise, [pairs, parameters].
        sigma: standard deviation of the members about theta.
    """
    difference = shaped[0::2] - shaped[1::2]
    # A sum over rows rather than a matrix product: BLAS splits a product by its number of threads.
    total = np.asarray((difference[:, None] * eps).sum(axis=0, dtype=np.float64))
    return total / (len(difference) * sigma)


def adam(
    theta: np.ndarray, m: np.ndarray, v: np.ndarray, t: int, descent: np.ndarray, lr: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The t-th step of bias-corrected Adam (arXiv 1412.6980), t >= 1.

    Returns the new theta and moments m and v, each [parameters] float64.
    """
    m = BETA1 * m + (1 - BETA1) * descent
    v = BETA2 * v + (1 - BETA2) * descent * descent
    step_size = lr * np.sqrt(1 - BETA2**t) / (1 - BETA1**t)
    return theta - step_size * m / (np.sqrt(v) + EPSILON), m, v


class OpenAIES:
    """OpenAI-ES as a searcher (`searchers.Searcher`): `ask` for members, `tell` their returns."""

    positive: tuple[str, ...] = ("sigma", "lr")
    not_negative: tuple[str, ...] = ("adam.v", "adam.t")

    def __init__(self, config: ESConfig) -> None:
        self.config = config

    def init(self, theta: torch.Tensor) -> dict[str, torch.Tensor]:
        """The state of a new search centred on theta [parameters] float32."""
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
        """The next members to evaluate, [population, parameters] float32."""
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
        """The state after one update from the members' returns [population] float64."""
        config = self.config
        theta, sigma, lr = (
            state["theta"].double().numpy(),
            float(state["sigma"]),
            float(state["lr"]),
        )
        values = members.double().numpy()
        # The noise as evaluated: it includes the rounding of the members to float32.
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
