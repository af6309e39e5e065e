"""VariBAD: a policy that is told what is believed about the task, and a memory that learns to
believe by predicting.

Zintgraf et al. 2020, "VariBAD: A Very Good Method for Bayes-Adaptive Deep RL via Meta-Learning"
(arXiv 1910.08348), details from its authors' code. A recurrent encoder turns what was met so far
into q(m | tau_:t) = N(mu_t, sigma_t^2); the policy is given the observation and (mu_t, log
sigma_t): the whole belief, not a sample. A decoder predicts from m every reward of the trial, past
and to come, and the evidence lower bound at every t trains encoder and decoder; the policy's
gradient does not reach the encoder: PPO meets the beliefs as they were held. The rest is RL^2
(rl2.py). Where s' itself tells the reward, `told = "action"` leaves it out, or there is nothing to
believe for.
Differs: a reward is predicted by the product of two networks, of m and of (s, a, s'), with squared
error. The code's one head a cell is such a product, and all rewards from all beliefs cost little.
One optimiser for policy and belief.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

import numpy as np
import torch

from ..parts.feedforward import Feedforward
from ..parts.gaussians import kl_to_last
from ..parts.recurrent import Recurrent
from ..rollouts.trials import Trials
from .ppo import Also, improve_policy
from .rl2 import RL2
from .rl2_config import RL2Config

if TYPE_CHECKING:
    from openpoet.poet.interfaces import Agent, Task, TaskFamily
    from openpoet.poet.streams import Key

Weights = Mapping[str, torch.Tensor]


@dataclass(frozen=True)
class VariBADConfig(RL2Config):
    """Sources: the authors' GridNavi and MuJoCo launchers; sizes and rates for minutes on a CPU."""

    latent: int = 5  # numbers of m
    policy: tuple[int, ...] = (64,)  # hidden units of policy and value
    decoder: tuple[int, ...] = (64, 32)  # hidden units, and the length of the product
    # a reward is predicted from (s, a, s'), or from (s, a)
    told: Literal["transition", "action"] = "transition"
    # standard deviation of a newborn's beliefs: from much wider ones nothing is heard for long
    spread: float = 0.1
    kl: float = 0.1  # weight of the distance of each belief to the one before
    belief_epochs: int = 2  # how many of the passes over the trials teach encoder and decoder too
    epochs: int = 6
    gamma: float = 0.95
    lam: float = 0.95
    value_weight: float = 0.5

    def __post_init__(self) -> None:
        super().__post_init__()
        if min(self.latent, self.belief_epochs) < 1 or self.kl < 0 or self.spread <= 0:
            raise ValueError(
                "latent and belief_epochs must be at least 1, kl not below 0, spread above 0"
            )
        if self.told not in ("transition", "action"):
            raise ValueError(f"told must be 'transition' or 'action', got {self.told!r}")
        for name in ("policy", "decoder"):
            if not (getattr(self, name) and min(getattr(self, name)) >= 1):
                raise ValueError(
                    f"{name} must be sizes of at least 1, got {list(getattr(self, name))}"
                )


class VariBAD(RL2):
    """Learner (poet.interfaces) that adapts by its belief about the task, within a trial."""

    config: VariBADConfig

    def __init__(self, family: TaskFamily, config: VariBADConfig | None = None) -> None:
        super().__init__(family, config or VariBADConfig())
        if self.config.tabular:
            raise ValueError(
                "tabular is a way to read out a memory, and VariBAD's memory is its belief: set it "
                "to false"
            )
        spec, c = family.spec, self.config
        seen, done = spec.observation_size, spec.action_size
        self.network = Recurrent(self.network.inputs, c.hidden, 2 * c.latent, c.cell)
        self.policy = Feedforward((seen + 2 * c.latent, *c.policy, done + 1), "policy_")
        self.answer = Feedforward((c.latent, *c.decoder), "answer_")
        asked = seen + done + (seen if c.told == "transition" else 0)
        self.question = Feedforward((asked, *c.decoder), "question_")

    def _newborn(self, rng: np.random.Generator) -> dict[str, torch.Tensor]:
        """Believing what the prior says, and acting near chance."""
        weights = super()._newborn(rng) | self.policy.init(rng, readout_scale=0.1)
        weights["b_out"][self.config.latent :] = math.log(self.config.spread)
        return weights | self.answer.init(rng) | self.question.init(rng)

    def outputs(self, weights: Weights, inputs: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Of the policy and the value, where they are told what `told` gives."""
        return super()._said(weights, inputs, self.policy(weights, inputs))

    def told(self, inputs: torch.Tensor, belief: torch.Tensor) -> torch.Tensor:
        """Observation and belief, in units of a newborn's spread, so that the policy can hear small
        differences.
        """
        seen, (mean, log_std) = (
            inputs[..., : self.family.spec.observation_size],
            belief.chunk(2, -1),
        )
        return torch.cat(
            [seen, mean / self.config.spread, log_std - math.log(self.config.spread)], -1
        )

    def believed(self, weights: Weights, inputs: torch.Tensor) -> torch.Tensor:
        """Beliefs along whole trials, [t, n, 2 latent]: means, then log standard deviations."""
        weights = self.in_use(weights)
        start = self.network.start(inputs.shape[1], str(inputs.device))
        return self.network.run(weights, self._entering(weights, inputs), start)

    def _said(
        self, weights: Weights, inputs: torch.Tensor, remembered: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        return self.outputs(weights, self.told(inputs, remembered))

    def improve_one(self, agent: Agent, task: Task, key: Key) -> tuple[Agent, int]:
        """PPO on the beliefs that were held when acting; on the first passes, encoder and decoder
        learn too.
        """
        trials = self.trials(agent, task, key, self.config.trials)
        with torch.no_grad():
            told = self.told(trials.inputs, self.believed(self._weights(agent), trials.inputs))
        batch, rng = replace(self._batch(trials), inputs=told), key.child("minibatches").generator()
        return improve_policy(self, agent, batch, rng, self._bound_of(trials, key)), trials.steps

    def _bound_of(self, trials: Trials, key: Key) -> Also:
        noise = torch.Generator().manual_seed(key.child("beliefs").integer())
        met, rewards = self._met(trials), trials.rewards.float() * self.config.reward_scale

        def bound(weights: Weights, rows: torch.Tensor, epoch: int) -> torch.Tensor:
            if epoch >= self.config.belief_epochs:
                return torch.zeros((), device=met.device)
            belief = self.believed(weights, trials.inputs[:, rows])
            return self._bound(
                weights, belief, met[:, rows], rewards[:, rows], trials.alive[:, rows], noise
            )

        return bound

    def _bound(
        self,
        weights: Weights,
        belief: torch.Tensor,
        met: torch.Tensor,
        rewards: torch.Tensor,
        alive: torch.Tensor,
        noise: torch.Generator,
    ) -> torch.Tensor:
        """The negative evidence lower bound, a step, of beliefs [t, n, 2 latent]; met: [t, n, (s,
        a, s') or (s, a)].
        """
        mean, log_std = belief.chunk(2, -1)
        m = mean + log_std.exp() * torch.randn(mean.shape, generator=noise).to(mean.device)
        predicted = self._predicted(weights, m, met)
        known = alive[:, None] * alive  # a belief that was held, a reward that was met
        error = (0.5 * (predicted - rewards) ** 2 * known).sum() / known.sum()
        moved = (kl_to_last(mean, log_std) * alive).sum() / alive.sum()
        return error + self.config.kl * moved / len(met)

    def foretold(self, agent: Agent, trials: Trials) -> torch.Tensor:
        """What the belief before each step says of each reward of its trial, past or to come, [t,
        t, n].
        """
        weights, c = self._weights(agent), self.config
        with torch.no_grad():
            belief = self.believed(weights, trials.inputs)
            return (
                self._predicted(weights, belief[..., : c.latent], self._met(trials))
                / c.reward_scale
            )

    def _predicted(self, weights: Weights, m: torch.Tensor, met: torch.Tensor) -> torch.Tensor:
        """Rewards [t of m, t of met, n], from m [t, n, latent]."""
        return torch.einsum("knd,tnd->ktn", self.answer(weights, m), self.question(weights, met))

    def _met(self, trials: Trials) -> torch.Tensor:
        seen = trials.inputs[..., : self.family.spec.observation_size]
        return torch.cat(
            [seen, trials.actions, *([trials.after] if self.config.told == "transition" else [])],
            -1,
        )
