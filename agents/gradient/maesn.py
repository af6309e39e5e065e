"""MAESN: a policy that explores along a latent, and adapts by gradient steps on the latent only.

Gupta, Mendonca, Liu, Abbeel & Levine 2018, "Meta-Reinforcement Learning of Structured Exploration
Strategies" (arXiv 1802.07245), details from its authors' code. z ~ N(mean, std^2) is sampled once
an episode and kept, so that exploration is coherent in time. Inner step: the score-function
gradient of the return in (mean, log std), with learned step sizes. Outer step: the gradient of the
return after the inner step, minus the KL divergence of the latents to the prior, in the weights of
the policy, the training draws' latents and the step sizes. A new draw starts from the prior.
Differs: the outer optimiser is Adam on the policy gradient, not TRPO; advantages are also divided
by their standard deviation over a draw.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import torch

from ..parts import adam, training_draws
from ..parts.hyperparameters import Range, Tunable
from ..parts.latent_trial import Latent
from ..parts.lifetimes import Control, next_episode
from ..parts.network_weights import cloned_weights, network_weights
from ..parts.pairs import Adapting
from ..parts.scoring import Outcomes, draw_seeds
from ..ppo.raw_policy import is_ppo
from ..rollouts.episode_batches import ActFunction, Batch, EpisodeBatches, by_trial
from ..rollouts.level_trials import LevelTrials, TrialStudent
from .latent_policy import LatentPolicy
from .maesn_config import MAESNConfig
from .maesn_latents import (
    LATENT_LIFETIMES,
    LATENTS,
    RATES,
    InnerStep,
    sampled_latent,
    updated_latent,
)
from .maesn_loss import ExploredTrials, OuterLoss
from .maesn_trial import ExploringTrialPolicy

if TYPE_CHECKING:
    from openpoet.poet.interfaces import Agent, Task, TaskFamily
    from openpoet.poet.streams import Key

Weights = Mapping[str, torch.Tensor]
RANGES = {
    "lr": Range(1e-4, 3e-2),
    "kl": Range(1e-3, 1.0),
    "gamma": Range(0.003, 0.5, from_one=True),
}


class MAESN(Tunable, Adapting, TrialStudent):
    """Learner (poet.interfaces) that adapts by gradient, between batches of episodes."""

    def __init__(self, family: TaskFamily, config: MAESNConfig | None = None) -> None:
        self.family, self.config = family, config or MAESNConfig()
        self.ranges = RANGES
        c = self.config
        self.policy = LatentPolicy.of(
            family.spec, c.hidden, c.latent, action_std=c.action_std, latent_gain=c.latent_gain
        )

    def init(self, key: Key) -> Agent:
        """A random policy whose mean actions are near zero."""
        return self._new_agent(self.policy.init(key.generator()))

    def adopt(self, agent: Agent) -> Agent:
        """Policy and step sizes; latents and training draws are reset."""
        weights = {n: w for n, w in cloned_weights(agent).items() if n not in LATENTS}
        return {**self._fresh_agent(weights), **self.checked_hyperparameters(agent)}

    def inherit(self, agent: Agent) -> Agent:
        """A new agent with the policy of a PPO agent without memory; other agents as they are.

        The first layer's weights of the latent are random, and the same for every agent.

        Raises:
            ValueError: if the layers of the policy differ from this learner's.
        """
        return self._new_agent(self.policy.from_ppo(agent)) if is_ppo(agent) else agent

    def improve_one(self, agent: Agent, task: Task, key: Key) -> tuple[Agent, int]:
        """One outer step: episodes before and after an inner step on every training draw."""
        if training_draws.missing(agent):
            agent = {**agent, **self._draws(key)}
        seeds = training_draws.seeds(agent)
        trials, steps = self._explored(self._weights(agent), [task] * len(seeds), seeds, key)
        return self._outer_step(agent, trials), steps

    @property
    def loss(self) -> OuterLoss:
        """The outer loss, with the hyperparameters of this learner (`of`)."""
        return OuterLoss(self.policy, self.config)

    @property
    def rows(self) -> int:
        """Levels side by side in an update of a curriculum."""
        return self.config.draws

    def run_levels(
        self, agent: Agent, levels: Sequence[Task], key: Key, *, update: bool
    ) -> LevelTrials:
        """A trial on each level, with one outer step or without it (TrialStudent).

        Differs: levels differ in every rollout, so that trials begin at the prior, as in an
        evaluation, not at latents of training draws.
        """
        n = len(levels)
        prior = {name: torch.zeros(n, self.config.latent, device=self._device) for name in LATENTS}
        weights = {**self._weights(agent), **prior}
        trials, steps = self._explored(weights, levels, draw_seeds(key, n), key)
        after = self._outer_step(agent, trials, prior) if update else agent
        advantages = trials.after.centred_advantages(self.config.gamma, n)
        return LevelTrials(after, trials.after, advantages, steps)

    def outcomes(
        self, agent: Agent, task: Task, key: Key, num_trials: int, control: Control = "none"
    ) -> Outcomes:
        """Episodes before each update of the latents and after the last, [trials, updates + 1]."""
        seeds, updates = draw_seeds(key, num_trials), self.config.test_updates
        batches, steps = self.run_trials(
            agent, self.family, task, seeds, key, updates, control=control
        )
        return by_trial(batches, num_trials, steps)

    def run_trials(
        self,
        agent: Agent,
        family: TaskFamily,
        task: Task,
        seeds: Sequence[int],
        key: Key,
        updates: int,
        latent: Latent | None = None,
        control: Control = "none",
    ) -> tuple[list[Batch], int]:
        """`updates` + 1 batches of episodes with an inner step between them; environment steps.

        Rows of a batch are (draw, trajectory). family: what is simulated, such as the same task
        with sparse rewards. latent: initial mean and log std [draws, d]; None: the prior's.
        """
        n, device = len(seeds), self._device
        episode_batches = EpisodeBatches(
            family, [task] * n, seeds, self.config.trajectories, device
        )
        weights, noise = self._weights(agent), _generator(key.child("actions"))
        zero = torch.zeros(n, self.config.latent, device=device)
        latent = initial = latent or (zero, zero)
        every_row, batches = torch.ones(n, dtype=torch.bool, device=device), []
        with torch.no_grad():
            for update in range(updates + 1):
                epsilon = self._epsilon(n, noise)
                act = self.policy.act(weights, sampled_latent(latent, epsilon), noise)
                batches.append(self._played(episode_batches, act))
                returns = self._returns(batches[-1], n)
                updated = updated_latent(weights, latent, epsilon, returns, update)
                latent = next_episode(updated, initial, LATENT_LIFETIMES, every_row, control)
        return batches, episode_batches.steps

    def _explored(
        self, weights: Weights, tasks: Sequence[Task], seeds: Sequence[int], key: Key
    ) -> tuple[ExploredTrials, int]:
        """Episodes before and after an inner step on each draw; environment steps.

        weights: with latents [draws, d].
        """
        n, noise = len(tasks), _generator(key)
        episode_batches = EpisodeBatches(
            self.family, tasks, seeds, self.config.trajectories, self._device
        )
        latent = weights["latent_mean"], weights["latent_log_std"]
        epsilon = self._epsilon(n, noise)
        with torch.no_grad():
            act = self.policy.act(weights, sampled_latent(latent, epsilon), noise)
            before = self._played(episode_batches, act)
        inner = InnerStep(epsilon, self._returns(before, n), self._epsilon(n, noise))
        with torch.no_grad():
            z = inner.adapted(weights)
            after = self._played(episode_batches, self.policy.act(weights, z, noise))
            old = self.policy.outputs(weights, after.observations, z)
        return ExploredTrials(inner, after, old), episode_batches.steps

    def _outer_step(
        self, agent: Agent, trials: ExploredTrials, constant: Weights | None = None
    ) -> Agent:
        """The agent after `epochs` steps. constant: latents that are not learned, instead of the
        agent's.
        """
        c, constant = self.config, constant or {}
        for _ in range(c.epochs):
            learned = {n: w for n, w in self._weights(agent).items() if n not in constant}
            leaves = {name: value.clone().requires_grad_() for name, value in learned.items()}
            loss = self.loss({**leaves, **constant}, trials)
            slopes = torch.autograd.grad(loss, list(leaves.values()))
            gradients = dict(zip(leaves, slopes, strict=True))
            agent = {**agent, **adam.step(agent, gradients, c.lr, most=c.max_gradient)}
        return agent

    def trial_policy(self, agent: Agent, n: int, key: Key) -> ExploringTrialPolicy:
        """The agent in n draws that are simulated elsewhere (metaworld_protocol.TrialPolicy)."""
        weights, noise = self._weights(agent), _generator(key.child("actions"))

        def act(observations: torch.Tensor, z: torch.Tensor, greedy: bool) -> torch.Tensor:
            if greedy:
                return self.policy.actions.mode(self.policy.outputs(weights, observations, z))
            return self.policy.act(weights, z, noise)(observations, 0)

        def update(
            latent: Latent, epsilon: torch.Tensor, returns: torch.Tensor, updates: int
        ) -> Latent:
            return updated_latent(weights, latent, epsilon, returns, updates)

        zero = torch.zeros(n, self.config.latent, device=self._device)
        prior = {"mean": zero, "log_std": zero}
        c = self.config
        return ExploringTrialPolicy(prior, act, update, c.gamma, noise, reward_limit=c.reward_limit)

    def _returns(self, batch: Batch, draws: int) -> torch.Tensor:
        """Discounted return of each episode, [draws, trajectories]."""
        return batch.discounted(self.config.gamma)[0].reshape(draws, -1)

    def _played(self, episode_batches: EpisodeBatches, act: ActFunction) -> Batch:
        """The next episodes, with rewards as they are learned from."""
        return episode_batches.play(act).limited(self.config.reward_limit)

    def _epsilon(self, draws: int, noise: torch.Generator) -> torch.Tensor:
        """[draws, trajectories, d] standard normal."""
        shape = (draws, self.config.trajectories, self.config.latent)
        return torch.randn(shape, generator=noise).to(self._device)

    @property
    def _device(self) -> str:
        return self.config.device

    def _weights(self, agent: Agent) -> dict[str, torch.Tensor]:
        return network_weights(agent, self._device)

    def _new_agent(self, weights: dict[str, torch.Tensor]) -> Agent:
        rates = {name: torch.full((self.config.latent,), self.config.rate) for name in RATES}
        return self._fresh_agent(weights | rates)

    def _fresh_agent(self, weights: dict[str, torch.Tensor]) -> Agent:
        """With a fresh optimiser, latents at the prior and no training draws."""
        zero = torch.zeros(self.config.draws, self.config.latent)
        weights = {**weights, **{name: zero.clone() for name in LATENTS}}
        return {**weights, **adam.fresh(weights), **training_draws.none(self.config.draws)}

    def _draws(self, key: Key) -> dict[str, torch.Tensor]:
        """New training draws, and latent means sampled from the prior."""
        count, rng = self.config.draws, key.child("latents").generator()
        mean = torch.from_numpy(rng.standard_normal((count, self.config.latent))).float()
        return {**training_draws.drawn(count, key), "latent_mean": mean}


def _generator(key: Key) -> torch.Generator:
    return torch.Generator().manual_seed(key.integer())
