"""MAESN: a policy that explores along a latent, and adapts to a draw of its task by moving the
latent only.

Gupta, Mendonca, Liu, Abbeel & Levine 2018, "Meta-Reinforcement Learning of Structured Exploration
Strategies" (arXiv 1802.07245), details from its authors' code. z ~ N(mean, std^2) is drawn once an
episode and held, so that exploring is coherent in time. Inner step: the score-function gradient of
the return in (mean, log std), with learned step sizes.
Outer: the policy's, the latents' and the step sizes' gradient of the return after it, less the
latents' distance to the prior. A new draw starts from the prior.
Differs: Adam on the policy gradient instead of TRPO; advantages are divided by their deviation over
a draw.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import torch

from ..parts import adam, training_draws
from ..parts.actions import Gaussian, actions_of
from ..parts.feedforward import Feedforward
from ..parts.gaussians import kl_to_prior
from ..parts.hyperparameters import Range, Tunable
from ..parts.lifetimes import Control, Lifetime, next_episode
from ..parts.network_weights import network_weights, weight_names
from ..parts.pairs import Adapting
from ..parts.scoring import Outcomes, draw_seeds
from ..rollouts.episode_batches import ActFunction, Batch, EpisodeBatches, by_trial, normalised
from .maesn_config import MAESNConfig
from .maesn_trial import ExploringTrialPolicy

if TYPE_CHECKING:
    from openpoet.poet.interfaces import Agent, Task, TaskFamily
    from openpoet.poet.streams import Key

# of the training draws: theirs alone, never of another niche
LATENTS = ("latent_mean", "latent_log_std")
RATES = ("rate_mean", "rate_log_std")
Latent = tuple[torch.Tensor, ...]  # mean and log std [draws, d]
# of mean and log std; z is redrawn each episode
LATENT_LIFETIMES: tuple[Lifetime, ...] = ("trial", "trial")


RANGES = {
    "lr": Range(1e-4, 3e-2),
    "kl": Range(1e-3, 1.0),
    "gamma": Range(0.003, 0.5, from_one=True),
}


class MAESN(Tunable, Adapting):
    """Learner (poet.interfaces) that adapts by gradient, between batches of episodes."""

    def __init__(self, family: TaskFamily, config: MAESNConfig | None = None) -> None:
        self.family, self.config = family, config or MAESNConfig()
        self.ranges = RANGES
        spec, c = family.spec, self.config
        self.actions = actions_of(spec.action_size, getattr(spec, "discrete", False))
        self.network = Feedforward((spec.observation_size + c.latent, *c.hidden, spec.action_size))

    def init(self, key: Key) -> Agent:
        """A random policy that acts near zero."""
        weights = self.network.init(key.generator(), readout_scale=0.1)
        if isinstance(self.actions, Gaussian):
            weights["log_std"] = torch.zeros(self.actions.size)
        return self._fresh_agent(
            weights | {name: torch.full((self.config.latent,), self.config.rate) for name in RATES}
        )

    def adopt(self, agent: Agent) -> Agent:
        """Policy and step sizes. Latents belong to a niche's draws, and there are none yet."""
        kept = self._fresh_agent(
            {name: agent[name].clone() for name in weight_names(agent) if name not in LATENTS}
        )
        return {**kept, **self.checked_hyperparameters(agent)}

    def improve_one(self, agent: Agent, task: Task, key: Key) -> tuple[Agent, int]:
        """One outer step: episodes before and after an inner step on every training draw."""
        if training_draws.missing(agent):
            agent = {**agent, **self._draws(key)}
        seeds = training_draws.seeds(agent)
        episode_batches = EpisodeBatches(
            self.family, [task] * len(seeds), seeds, self.config.trajectories, self._device
        )
        return self._outer_step(agent, episode_batches, self._generator(key)), episode_batches.steps

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
        """Episodes from the prior (or `latent`), then after each update of the latents; environment
        steps.

        `updates` + 1 batches, rows (draw, trajectory). family: where to act, such as the one with
        sparse rewards.
        """
        c, episode_batches = (
            self.config,
            EpisodeBatches(
                family, [task] * len(seeds), seeds, self.config.trajectories, self._device
            ),
        )
        weights, noise = self._weights(agent), self._generator(key.child("actions"))
        zero = torch.zeros(len(seeds), c.latent, device=self._device)
        latent = first = latent or (zero, zero)
        every, batches = torch.ones(len(seeds), dtype=torch.bool, device=self._device), []
        with torch.no_grad():
            for update in range(updates + 1):
                epsilon = self._epsilon(len(seeds), noise)
                batches.append(
                    episode_batches.play(self._act(weights, self._z(latent, epsilon), noise))
                )
                moved = self.moved(
                    weights, latent, epsilon, self._returns(batches[-1], len(seeds)), update
                )
                latent = next_episode(moved, first, LATENT_LIFETIMES, every, control)
        return batches, episode_batches.steps

    def _outer_step(
        self, agent: Agent, episode_batches: EpisodeBatches, noise: torch.Generator
    ) -> Agent:
        c = self.config
        weights = {
            name: value.detach().clone().requires_grad_()
            for name, value in self._weights(agent).items()
        }
        latent = weights["latent_mean"], weights["latent_log_std"]
        with torch.no_grad():
            epsilon = self._epsilon(c.draws, noise)
            before = episode_batches.play(self._act(weights, self._z(latent, epsilon), noise))
        moved = self.moved(weights, latent, epsilon, self._returns(before, c.draws), 0)
        z = self._z(moved, self._epsilon(c.draws, noise))
        with torch.no_grad():
            after = episode_batches.play(self._act(weights, z, noise))
        said = self.said(weights, after.observations, z)
        gain = after.advantages(c.gamma, c.draws)
        surrogate = (
            self.actions.log_prob(said, after.actions) * gain
            + c.entropy * self.actions.entropy(said)
        ) * after.alive
        loss = c.kl * kl_to_prior(*latent).mean() - surrogate.sum() / after.alive.sum()
        gradients = dict(
            zip(weights, torch.autograd.grad(loss, list(weights.values())), strict=True)
        )
        return {**agent, **adam.step(agent, gradients, c.lr, most=c.max_gradient)}

    def trial_policy(self, agent: Agent, n: int, key: Key) -> ExploringTrialPolicy:
        """The agent in n draws that are driven from outside (metaworld_protocol.TrialPolicy)."""
        weights, noise = self._weights(agent), self._generator(key.child("actions"))

        def act(observations: torch.Tensor, z: torch.Tensor, greedy: bool) -> torch.Tensor:
            if greedy:
                return self.actions.mode(self.said(weights, observations, z))
            return self._act(weights, z, noise)(observations, 0)

        def moved(
            latent: Latent, epsilon: torch.Tensor, returns: torch.Tensor, update: int
        ) -> Latent:
            return self.moved(weights, latent, epsilon, returns, update)

        zero = torch.zeros(n, self.config.latent, device=self._device)
        return ExploringTrialPolicy(
            {"mean": zero, "log_std": zero}, act, moved, self.config.gamma, noise
        )

    def moved(
        self,
        weights: Mapping[str, torch.Tensor],
        latent: Latent,
        epsilon: torch.Tensor,
        returns: torch.Tensor,
        update: int,
    ) -> Latent:
        """The latents after an inner step up the returns [draws, trajectories]; `update` of them
        went before.
        """
        gain = normalised(returns, torch.ones_like(returns))
        by_mean, by_log_std = score_gradients(latent[1], epsilon, gain)
        scale = 0.5 ** max(0, update - 1)
        mean = latent[0] + scale * weights["rate_mean"] * by_mean
        return mean, latent[1] + scale * weights["rate_log_std"] * by_log_std

    def _returns(self, batch: Batch, draws: int) -> torch.Tensor:
        return batch.discounted(self.config.gamma)[0].reshape(draws, -1)

    def said(
        self, weights: Mapping[str, torch.Tensor], observations: torch.Tensor, z: torch.Tensor
    ) -> torch.Tensor:
        """What the policy says at observations [..., n, o] with latents z [n, d]."""
        said = self.network(
            weights, torch.cat([observations, z.expand(*observations.shape[:-1], -1)], -1)
        )
        if isinstance(self.actions, Gaussian):
            said = torch.cat([said, weights["log_std"].expand_as(said)], -1)
        return said

    def _act(
        self, weights: Mapping[str, torch.Tensor], z: torch.Tensor, noise: torch.Generator
    ) -> ActFunction:
        def act(observations: torch.Tensor, t: int) -> torch.Tensor:
            drawn = torch.rand(len(z), self.actions.size, generator=noise).to(z.device)
            return self.actions.sample(self.said(weights, observations, z), drawn)

        return act

    def _z(self, latent: Latent, epsilon: torch.Tensor) -> torch.Tensor:
        """One latent an episode, [draws x trajectories, d]."""
        return (latent[0][:, None] + epsilon * latent[1].exp()[:, None]).flatten(0, 1)

    def _epsilon(self, draws: int, noise: torch.Generator) -> torch.Tensor:
        """[draws, trajectories, d] standard normal."""
        return torch.randn(draws, self.config.trajectories, self.config.latent, generator=noise).to(
            self._device
        )

    def _generator(self, key: Key) -> torch.Generator:
        return torch.Generator().manual_seed(key.integer())

    @property
    def _device(self) -> str:
        return self.config.device

    def _weights(self, agent: Agent) -> dict[str, torch.Tensor]:
        return network_weights(agent, self._device)

    def _fresh_agent(self, kept: dict[str, torch.Tensor]) -> Agent:
        """With a fresh optimiser, and no training draws yet."""
        for name in LATENTS:
            kept[name] = torch.zeros(self.config.draws, self.config.latent)
        return {**kept, **adam.fresh(kept), **training_draws.none(self.config.draws)}

    def _draws(self, key: Key) -> dict[str, torch.Tensor]:
        """Training draws from the key, and a latent of each: its mean drawn from the prior."""
        count, rng = self.config.draws, key.child("latents").generator()
        mean = torch.from_numpy(rng.standard_normal((count, self.config.latent))).float()
        return {**training_draws.drawn(count, key), "latent_mean": mean}


def score_gradients(log_std: torch.Tensor, epsilon: torch.Tensor, gain: torch.Tensor) -> Latent:
    """Gradients of E[gain] in mean and log std, [draws, d], where z = mean + epsilon std.

    log_std: [draws, d]; epsilon: [draws, trajectories, d]; gain: [draws, trajectories].
    """
    weighted = gain[..., None] * epsilon
    return (weighted / log_std.exp()[:, None]).mean(1), (gain[..., None] * (epsilon**2 - 1)).mean(1)
