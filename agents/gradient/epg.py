"""Evolved policy gradients: a loss is evolved, and a policy that starts from nothing learns a trial
by descending it.

Houthooft, Chen, Isola, Stadie, Wolski, Ho & Abbeel 2018 (arXiv 1802.04821). Outer loop: evolution
strategies on the return at the end of a trial. Inner loop: gradient descent on the loss alone;
rewards are only an input of it.
Differs: antithetic pairs that share draw, first policy and action noise, without which a small run
does not start; a trial's episodes run side by side, one plain gradient step after each batch, where
the authors take Adam's every 64 steps of one; no normaliser; no value network, so the surrogate
that may be mixed in is REINFORCE with a mean baseline.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from ..parts import adam
from ..parts.actions import Gaussian
from ..parts.hyperparameters import Range, Tunable
from ..parts.lifetimes import Control
from ..parts.pairs import Adapting
from ..parts.scoring import Outcomes, draw_seeds
from ..rollouts.episode_batches import Batch, EpisodeBatches, by_trial, normalised, streams
from . import inner
from .epg_config import EPGConfig
from .learned_loss import LearnedLoss
from .policy_gradient import Policy

if TYPE_CHECKING:
    from openpoet.poet.interfaces import Agent, Task, TaskFamily
    from openpoet.poet.streams import Key

INSIDE = 64  # constant inputs of the memory's layer (the authors' code)
Policies = dict[str, torch.Tensor]


@dataclass(frozen=True)
class Inner:
    """Initial values of m trials: their loss, their first policies, and the noise of their
    actions.
    """

    phi: torch.Tensor  # [m, parameters]
    policies: Policies  # [m, ...]
    noise: torch.Tensor  # [updates + 1, horizon, m, episodes, a] uniform


RANGES = {"lr": Range(3e-3, 0.3), "sigma": Range(0.01, 1.0), "inner_lr": Range(0.03, 3.0)}


class EPG(Tunable, Adapting):
    """Learner (poet.interfaces); an agent is a loss."""

    def __init__(self, family: TaskFamily, config: EPGConfig | None = None) -> None:
        self.family, self.config = family, config or EPGConfig()
        self.ranges = RANGES
        spec, c = family.spec, self.config
        self.policy = Policy.of(spec, c.hidden)
        # Of a step: observation, action, reward, exploration bonus, end of an episode, what the
        # policy said, memory. The bonus counts visits; the authors' code never updates its counts,
        # so it is 1.
        features = (
            spec.observation_size + spec.action_size + 3 + self.policy.actions.outputs + c.memory
        )
        self.loss = LearnedLoss(features, c)

    def init(self, key: Key) -> Agent:
        phi = self.loss.init(torch.Generator().manual_seed(key.integer()))
        return self._fresh_agent(phi)

    def adopt(self, agent: Agent) -> Agent:
        """The same loss; optimiser and schedule begin anew. Policies never outlive a trial."""
        return {**self._fresh_agent(agent["phi"].clone()), **self.checked_hyperparameters(agent)}

    def outcomes(
        self, agent: Agent, task: Task, key: Key, num_trials: int, control: Control = "none"
    ) -> Outcomes:
        """Episodes before each update of the policies and after the last, [trials, updates + 1]."""
        batches, steps = self.run_trials(agent, task, key, num_trials, control=control)
        return by_trial(batches, num_trials, steps)

    def run_trials(
        self,
        agent: Agent,
        task: Task,
        key: Key,
        num_trials: int,
        alpha: float = 0.0,
        control: Control = "none",
    ) -> tuple[list[Batch], int]:
        """Trials under the agent's loss: the episodes before each update and after the last;
        environment steps.
        """
        seeds = draw_seeds(key, num_trials)
        generator = torch.Generator().manual_seed(key.child("life").integer())
        phi = agent["phi"].to(self.config.device).expand(num_trials, -1)
        begun = Inner(phi, self._newborn(num_trials, generator), self._noise(num_trials, generator))
        return self._run_inner_loops(begun, task, seeds, alpha, control)

    def improve_one(self, agent: Agent, task: Task, key: Key) -> tuple[Agent, int]:
        """One generation."""
        c, generator = self.config, torch.Generator().manual_seed(key.child("life").integer())
        seeds = draw_seeds(key, c.population)
        epsilon = torch.randn(c.population, self.loss.parameters, generator=generator)
        both = torch.cat([epsilon, -epsilon])
        policies, noise = (
            self._newborn(c.population, generator),
            self._noise(c.population, generator),
        )
        begun = Inner(
            (agent["phi"] + c.sigma * both).to(c.device),
            {name: value.repeat(2, *[1] * (value.dim() - 1)) for name, value in policies.items()},
            noise.repeat(1, 1, 2, 1, 1),
        )
        alpha = c.alpha * max(0.0, 1.0 - float(agent["schedule/step"]) / c.anneal)
        batches, steps = self._run_inner_loops(begun, task, seeds * 2, alpha)
        fitness = batches[-1].returns.reshape(len(both), -1).mean(1).cpu()
        ranks = _centred_ranks(fitness)
        # the authors' scale: not over sigma
        gradient = -(ranks @ both) / len(both) + c.weight_decay * agent["phi"]
        after = adam.step(agent, {"phi": gradient}, c.lr)
        return {**after, "schedule/step": agent["schedule/step"] + 1}, steps

    def _run_inner_loops(
        self,
        begun: Inner,
        task: Task,
        seeds: Sequence[int],
        alpha: float,
        control: Control = "none",
    ) -> tuple[list[Batch], int]:
        c, policies = self.config, begun.policies
        episode_batches = EpisodeBatches(
            self.family, [task] * len(seeds), seeds, c.episodes, c.device
        )
        batches = []
        for update in range(c.updates + 1):
            with torch.no_grad():
                batches.append(episode_batches.play(self.policy.act(policies, begun.noise[update])))
            if update < c.updates:
                moved = self._descended(begun.phi, policies, batches[-1], alpha)
                policies = inner.handed(moved, begun.policies, control)
        return batches, episode_batches.steps

    def _descended(
        self, phi: torch.Tensor, policies: Policies, batch: Batch, alpha: float
    ) -> Policies:
        """Each trial's policy a step down its loss."""
        return inner.step(
            lambda p: self.losses(phi, p, batch, alpha), policies, self.config.inner_lr
        )

    def losses(
        self, phi: torch.Tensor, policies: inner.Parameters, batch: Batch, alpha: float
    ) -> torch.Tensor:
        """[m]: the learned loss, and `alpha` of it the plain surrogate."""
        m = len(phi)
        observations, actions, rewards, alive = (
            streams(x, m)
            for x in (
                batch.observations,
                batch.actions,
                batch.rewards[..., None],
                batch.alive[..., None],
            )
        )
        said = self.policy.said(policies, observations)
        plain = torch.zeros(m, device=phi.device)
        if alpha > 0:
            togo = streams(batch.discounted(1.0)[..., None], m)[..., 0]
            gain = normalised(togo, alive[..., 0])
            log_prob = self.policy.actions.log_prob(said, actions)
            plain = -(log_prob * gain * alive[..., 0]).sum(1) / alive.sum((1, 2))
        if alpha == 1.0:
            return plain
        seen = said if isinstance(self.policy.actions, Gaussian) else torch.softmax(said, -1)
        last = (
            torch.cat([batch.alive[1:], torch.zeros_like(batch.alive[:1])]).logical_not()
            & batch.alive
        )
        done, bonus = streams(last[..., None], m).float(), torch.ones_like(rewards)
        steps = torch.cat(
            [observations, actions, self.config.reward_scale * rewards, bonus, done, seen], 2
        )
        learned = self.loss(phi, steps, alive[..., 0].float(), self._memory(policies))
        return (1 - alpha) * learned + alpha * plain

    def _memory(self, policies: inner.Parameters) -> torch.Tensor:
        """[m, memory]: tanh of a layer that has no input."""
        return torch.tanh(policies["memory_weight"].sum(2) + policies["memory_bias"])

    def _fresh_agent(self, phi: torch.Tensor) -> Agent:
        return {"phi": phi, **adam.fresh({"phi": phi}), "schedule/step": torch.zeros(())}

    def _newborn(self, num_trials: int, generator: torch.Generator) -> Policies:
        """Random policies that act near zero, [trials, ...], and memories of nothing in
        particular.
        """
        made, sizes = {}, self.policy.network.sizes
        for layer in range(len(sizes) - 1):
            bound = (0.1 if layer == len(sizes) - 2 else 1.0) / math.sqrt(max(sizes[layer], 1))
            shape = (num_trials, sizes[layer + 1], sizes[layer])
            made[f"w{layer}"] = (2 * torch.rand(shape, generator=generator) - 1) * bound
            made[f"b{layer}"] = torch.zeros(num_trials, sizes[layer + 1])
        if isinstance(self.policy.actions, Gaussian):
            made["log_std"] = torch.zeros(num_trials, self.policy.actions.size)
        k = self.config.memory
        made["memory_weight"] = torch.randn(num_trials, k, INSIDE, generator=generator) / math.sqrt(
            INSIDE
        )
        made["memory_bias"] = torch.zeros(num_trials, k)
        return {name: value.to(self.config.device) for name, value in made.items()}

    def _noise(self, num_trials: int, generator: torch.Generator) -> torch.Tensor:
        c = self.config
        shape = (
            c.updates + 1,
            self.family.spec.horizon,
            num_trials,
            c.episodes,
            self.policy.actions.size,
        )
        return torch.rand(shape, generator=generator).to(c.device)


def _centred_ranks(values: torch.Tensor) -> torch.Tensor:
    """Ranks scaled to [-0.5, 0.5]; equal values share their mean rank. ValueError if one is NaN or
    infinite.
    """
    if not bool(torch.isfinite(values).all()):
        raise ValueError("the return of a trial is NaN or infinite")
    ordered = values.sort().values
    first, last = (
        torch.searchsorted(ordered, values),
        torch.searchsorted(ordered, values, right=True) - 1,
    )
    return ((first + last) / 2 / (len(values) - 1) - 0.5).float()
