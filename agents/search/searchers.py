"""Black-box search algorithms over a parameter vector, by name, with an ask-tell interface.

PGPE (Sehnke et al. 2010; symmetric sampling, Adam), SNES (Schaul et al. 2011), XNES (Glasmachers et
al. 2010) and CEM (Rubinstein 1999, in the form of arXiv 1604.06778) use EvoTorch's update rules
(arXiv 2302.12600). The members are sampled here from the pair's key, because EvoTorch samples from
torch's global generator. EvoTorch takes seconds to import, so it is imported at its first use.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

import numpy as np
import torch

from .openai_es import OpenAIES, antithetic, noise, shape

if TYPE_CHECKING:
    from openpoet.poet.streams import Key

    from .es_config import ESConfig

State = Mapping[str, torch.Tensor]

PGPE_STDEV_LR = 0.1  # EvoTorch's examples
CEM_PARENTS = 0.2  # fraction of the members used as parents
# XNES stores two [p, p] matrices and allocates [population, p, p]: 134 MB with 512 members
XNES_PARAMETERS = 256


class Searcher(Protocol):
    """A search algorithm whose state is a mapping from names to tensors.

    The state holds the centre of the search as "theta" [parameters] float32.
    """

    positive: tuple[str, ...]  # state tensors of which every element must be > 0
    not_negative: tuple[str, ...]  # state tensors of which every element must be >= 0

    def init(self, theta: torch.Tensor) -> dict[str, torch.Tensor]:
        """The state of a new search centred on theta [parameters] float32."""
        ...

    def ask(self, state: State, key: Key) -> torch.Tensor:
        """The next members to evaluate, [population, parameters] float32."""
        ...

    def tell(
        self, state: State, members: torch.Tensor, returns: np.ndarray
    ) -> dict[str, torch.Tensor]:
        """The state after one update from the members' returns [population] float64."""
        ...


def searcher(config: ESConfig, parameters: int) -> Searcher:
    """The searcher named by `config.searcher`; ValueError if it does not support these sizes."""
    if config.searcher == "xnes" and parameters > XNES_PARAMETERS:
        raise ValueError(
            f"xnes stores a [parameters, parameters] matrix and supports at most {XNES_PARAMETERS} "
            f"parameters, got {parameters}: make hidden smaller or use snes"
        )
    if config.searcher == "cem" and int(CEM_PARENTS * config.population) < 2:
        raise ValueError(
            f"cem needs two parents, so population must be at least {2 / CEM_PARENTS:g}, got "
            f"{config.population}"
        )
    kinds: dict[str, Callable[[ESConfig], Searcher]] = {
        "openai-es": OpenAIES,
        "pgpe": PGPE,
        "snes": SNES,
        "xnes": XNES,
        "cem": CEM,
    }
    return kinds[config.searcher](config)


class PGPE:
    """Policy gradients with parameter-based exploration (Sehnke et al. 2010).

    Ascends the gradient of the expected return in the centre, with Adam, and in the standard
    deviation of each parameter.
    """

    positive: tuple[str, ...] = ("stdev",)
    not_negative: tuple[str, ...] = ("adam.v", "adam.t")

    def __init__(self, config: ESConfig) -> None:
        self.config = config

    def init(self, theta: torch.Tensor) -> dict[str, torch.Tensor]:
        return {
            "theta": theta.clone(),
            "stdev": torch.full_like(theta, self.config.sigma),
            "adam.m": torch.zeros_like(theta),
            "adam.v": torch.zeros_like(theta),
            "adam.t": torch.tensor(0, dtype=torch.int64),
        }

    def ask(self, state: State, key: Key) -> torch.Tensor:
        eps = noise(key, range(self.config.population // 2), len(state["theta"]))
        return torch.from_numpy(antithetic(state["theta"].numpy(), state["stdev"].numpy(), eps))

    def tell(
        self, state: State, members: torch.Tensor, returns: np.ndarray
    ) -> dict[str, torch.Tensor]:
        from evotorch.algorithms.functional import pgpe, pgpe_tell

        search = pgpe(
            center_init=state["theta"],
            center_learning_rate=self.config.lr,
            stdev_init=state["stdev"],
            stdev_learning_rate=PGPE_STDEV_LR,
            stdev_min=self.config.sigma_floor,
            objective_sense="max",
            ranking_method="raw",  # returns are shaped below: EvoTorch's ranks do not average ties
            optimizer="adam",
        )
        adam = search.optimizer_state._replace(
            m=state["adam.m"], v=state["adam.v"], t=state["adam.t"].to(torch.float32)
        )
        shaped = torch.from_numpy(shape(returns, self.config.shaping)).float()
        with _one_thread():
            search = pgpe_tell(search._replace(optimizer_state=adam), members, shaped)
        adam = search.optimizer_state
        return {
            "theta": adam.center,
            "stdev": search.stdev,
            "adam.m": adam.m,
            "adam.v": adam.v,
            "adam.t": state["adam.t"] + 1,
        }


class _Separable:
    """Shared by SNES and CEM: a normal distribution with one standard deviation per parameter."""

    positive: tuple[str, ...] = ("stdev",)
    not_negative: tuple[str, ...] = ()

    def __init__(self, config: ESConfig) -> None:
        self.config = config

    def init(self, theta: torch.Tensor) -> dict[str, torch.Tensor]:
        return {"theta": theta.clone(), "stdev": torch.full_like(theta, self.config.sigma)}

    def ask(self, state: State, key: Key) -> torch.Tensor:
        eps = torch.from_numpy(noise(key, range(self.config.population), len(state["theta"])))
        return state["theta"] + eps.mul_(state["stdev"])


class SNES(_Separable):
    """Separable natural evolution strategies (Schaul et al. 2011).

    Ascends the natural gradient of the expected utility in the centre and in the logarithm of each
    standard deviation.
    """

    def tell(
        self, state: State, members: torch.Tensor, returns: np.ndarray
    ) -> dict[str, torch.Tensor]:
        from evotorch.distributions import ExpSeparableGaussian

        n = members.shape[1]
        rates = {"mu": 1.0, "sigma": 0.2 * (3 + math.log(n)) / math.sqrt(n)}  # EvoTorch's defaults
        with _one_thread():
            search = ExpSeparableGaussian({"mu": state["theta"], "sigma": state["stdev"]})
            gradients = search.compute_gradients(
                members, torch.from_numpy(returns), objective_sense="max", ranking_method="nes"
            )
            search = search.update_parameters(gradients, learning_rates=rates)
        return {"theta": search.mu, "stdev": search.sigma.clamp(min=self.config.sigma_floor)}


class CEM(_Separable):
    """Cross-entropy method: mean and standard deviation of the best members (Rubinstein 1999)."""

    def tell(
        self, state: State, members: torch.Tensor, returns: np.ndarray
    ) -> dict[str, torch.Tensor]:
        from evotorch.algorithms.functional import cem, cem_tell

        search = cem(
            center_init=state["theta"],
            stdev_init=state["stdev"],
            stdev_min=self.config.sigma_floor,
            parenthood_ratio=CEM_PARENTS,
            objective_sense="max",
        )
        with _one_thread():
            search = cem_tell(search, members, torch.from_numpy(returns).float())
        return {"theta": search.center, "stdev": search.stdev}


class XNES:
    """Exponential natural evolution strategies (Glasmachers et al. 2010), with a full covariance.

    The covariance is root root^T; `inverse` is the inverse of the root, stored for accuracy.
    """

    positive: tuple[str, ...] = ()
    not_negative: tuple[str, ...] = ()

    def __init__(self, config: ESConfig) -> None:
        self.config = config

    def init(self, theta: torch.Tensor) -> dict[str, torch.Tensor]:
        identity = torch.eye(len(theta))
        return {
            "theta": theta.clone(),
            "root": identity * self.config.sigma,
            "inverse": identity / self.config.sigma,
        }

    def ask(self, state: State, key: Key) -> torch.Tensor:
        eps = torch.from_numpy(noise(key, range(self.config.population), len(state["theta"])))
        with _one_thread():
            return state["theta"] + eps @ state["root"].T

    def tell(
        self, state: State, members: torch.Tensor, returns: np.ndarray
    ) -> dict[str, torch.Tensor]:
        from evotorch.distributions import ExpGaussian

        n = members.shape[1]
        # EvoTorch's defaults
        rates = {"mu": 1.0, "sigma": 0.6 * (3 + math.log(n)) / (n * math.sqrt(n))}
        with _one_thread():
            search = ExpGaussian(
                {"mu": state["theta"], "sigma": state["root"], "sigma_inv": state["inverse"]}
            )
            gradients = search.compute_gradients(
                members, torch.from_numpy(returns), objective_sense="max", ranking_method="nes"
            )
            search = search.update_parameters(gradients, learning_rates=rates)
        return {"theta": search.mu, "root": search.sigma, "inverse": search.sigma_inv}


@contextmanager
def _one_thread() -> Iterator[None]:
    """Run torch on one thread: how it splits a sum, and so a run, would depend on the cores."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)
