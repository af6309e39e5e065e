"""Evolved policy gradients (EPG): evolves a loss function that trains policies from scratch.

Houthooft, Chen, Isola, Stadie, Wolski, Ho & Abbeel 2018 (arXiv 1802.04821). Outer loop: evolution
strategies on the loss parameters phi, with the return at the end of a trial as fitness. Inner loop:
gradient descent of a new policy on the loss alone; rewards are only an input of the loss.
Differs: antithetic pairs share draw, initial policy and action noise, without which small
populations do not learn; a trial's episodes run side by side, with one plain gradient step after
each batch, where the authors make a step of Adam every 64 steps of one episode; no observation
normaliser; no value network, so the surrogate loss that may be mixed in (alpha) is REINFORCE with a
mean baseline.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch

from ..parts import adam
from ..parts.actions import Gaussian
from ..parts.hyperparameters import Range, Tunable
from ..parts.lifetimes import Control
from ..parts.pairs import Adapting
from ..parts.scoring import Outcomes, draw_seeds
from ..rollouts.episode_batches import Batch, EpisodeBatches, by_trial, flatten_trials, normalised
from ..rollouts.level_trials import LevelTrials, TrialStudent
from . import inner
from .epg_config import EPGConfig
from .epg_trials import Generation, Initial, Policies, Starts, by_level
from .learned_loss import LearnedLoss
from .policy_gradient import FeedforwardPolicy

if TYPE_CHECKING:
    from openpoet.poet.interfaces import Agent, Task, TaskFamily
    from openpoet.poet.streams import Key

RANGES = {"lr": Range(3e-3, 0.3), "sigma": Range(0.01, 1.0), "inner_lr": Range(0.03, 30.0)}


class EPG(Tunable, Adapting, TrialStudent):
    """Learner (poet.interfaces); an agent is a loss."""

    def __init__(self, family: TaskFamily, config: EPGConfig | None = None) -> None:
        self.family, self.config = family, config or EPGConfig.suggested(family.spec)
        self.ranges = RANGES
        spec, c = family.spec, self.config
        self.policy = FeedforwardPolicy.of(spec, c.hidden)
        # Of a step: observation, action, reward, exploration bonus, end of an episode, policy
        # outputs, memory. The bonus depends on visit counts, which the authors' code never updates,
        # so it is 1.
        features = (
            spec.observation_size + spec.action_size + 3 + self.policy.actions.outputs + c.memory
        )
        self.loss = LearnedLoss(features, c)

    def init(self, key: Key) -> Agent:
        phi = self.loss.init(torch.Generator().manual_seed(key.integer()))
        return self._fresh_agent(phi)

    def adopt(self, agent: Agent) -> Agent:
        """The same loss; optimiser and schedule are reset. Policies never outlast a trial."""
        phi = agent["phi"].clone()
        return {**self._fresh_agent(phi), **self.checked_hyperparameters(agent)}

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
        """Episodes before each update of the policies and after the last; environment steps.

        alpha: weight of the surrogate loss against the agent's.
        """
        seeds = draw_seeds(key, num_trials)
        generator = torch.Generator().manual_seed(key.child("life").integer())
        phi = agent["phi"].to(self.config.device).expand(num_trials, -1)
        policies = self.starts.policies(num_trials, generator)
        initial = Initial(phi, policies, self.starts.noise(num_trials, generator))
        draws = self._draws([task] * num_trials, seeds)
        return self._run_inner_loops(initial, draws, alpha, control), draws.steps

    def improve_one(self, agent: Agent, task: Task, key: Key) -> tuple[Agent, int]:
        """One generation."""
        generation = self._generation(agent, [task] * self.config.population, key)
        return self._evolved(agent, generation), generation.steps

    @property
    def starts(self) -> Starts:
        return Starts(self.policy, self.config, self.family.spec.horizon)

    @property
    def rows(self) -> int:
        """Levels side by side in an update of a curriculum: one an antithetic pair."""
        return self.config.population

    def run_levels(
        self, agent: Agent, levels: Sequence[Task], key: Key, *, update: bool
    ) -> LevelTrials:
        """A pair of trials on each level, with a step of the loss or without it (TrialStudent)."""
        generation = self._generation(agent, levels, key)
        after = self._evolved(agent, generation) if update else agent
        batch = by_level(generation.batch, len(levels))
        return LevelTrials(
            after, batch, batch.centred_advantages(1.0, len(levels)), generation.steps
        )

    def _generation(self, agent: Agent, tasks: Sequence[Task], key: Key) -> Generation:
        """The trials of an antithetic pair of losses in each task."""
        c, generator = self.config, torch.Generator().manual_seed(key.child("life").integer())
        n = len(tasks)
        epsilon = torch.randn(n, self.loss.parameters, generator=generator)
        antithetic = torch.cat([epsilon, -epsilon])
        policies, noise = self.starts.policies(n, generator), self.starts.noise(n, generator)
        initial = Initial(
            (agent["phi"] + c.sigma * antithetic).to(c.device),
            {name: value.repeat(2, *[1] * (value.dim() - 1)) for name, value in policies.items()},
            noise.repeat(1, 1, 2, 1, 1),
        )
        alpha = c.alpha * max(0.0, 1.0 - float(agent["schedule/step"]) / c.anneal)
        draws = self._draws([*tasks] * 2, draw_seeds(key, n) * 2)
        batches = self._run_inner_loops(initial, draws, alpha)
        return Generation(antithetic, batches[-1], draws.steps)

    def _evolved(self, agent: Agent, generation: Generation) -> Agent:
        """The agent after a step along the estimated gradient of the fitness."""
        c, antithetic = self.config, generation.epsilon
        fitness = generation.batch.returns.reshape(len(antithetic), -1).mean(1).cpu()
        ranks = _centred_ranks(fitness)
        # not divided by sigma, as in the authors' code
        gradient = -(ranks @ antithetic) / len(antithetic) + c.weight_decay * agent["phi"]
        after = adam.step(agent, {"phi": gradient}, c.lr)
        return {**after, "schedule/step": agent["schedule/step"] + 1}

    def _draws(self, tasks: Sequence[Task], seeds: Sequence[int]) -> EpisodeBatches:
        return EpisodeBatches(self.family, tasks, seeds, self.config.episodes, self.config.device)

    def _run_inner_loops(
        self,
        initial: Initial,
        episode_batches: EpisodeBatches,
        alpha: float,
        control: Control = "none",
    ) -> list[Batch]:
        c, policies = self.config, initial.policies
        batches = []
        for update in range(c.updates + 1):
            with torch.no_grad():
                act = self.policy.act(policies, initial.noise[update])
                batches.append(episode_batches.play(act).limited(c.reward_limit))
            if update < c.updates:
                updated = self._updated(initial.phi, policies, batches[-1], alpha)
                policies = inner.after_update(updated, initial.policies, control)
        return batches

    def _updated(
        self, phi: torch.Tensor, policies: Policies, batch: Batch, alpha: float
    ) -> Policies:
        """Each trial's policy after one gradient step on its loss."""
        return inner.step(
            lambda p: self.losses(phi, p, batch, alpha), policies, self.config.inner_lr
        )

    def losses(
        self, phi: torch.Tensor, policies: inner.Parameters, batch: Batch, alpha: float
    ) -> torch.Tensor:
        """[m]: (1 - alpha) x the learned loss + alpha x the surrogate."""
        m = len(phi)
        outputs = self.policy.batch_outputs(policies, batch)
        surrogate = torch.zeros(m, device=phi.device)
        if alpha > 0:
            surrogate = self._surrogate(outputs, batch, m)
        if alpha == 1.0:
            return surrogate
        alive = flatten_trials(batch.alive[..., None], m)[..., 0]
        steps = self._features(outputs, batch, m)
        learned = self.loss(phi, steps, alive.float(), self._memory(policies))
        return (1 - alpha) * learned + alpha * surrogate

    def _surrogate(self, outputs: torch.Tensor, batch: Batch, m: int) -> torch.Tensor:
        """REINFORCE with normalised returns to go, [m]. outputs: [m, episodes x t, k]."""
        alive = flatten_trials(batch.alive[..., None], m)
        actions = flatten_trials(batch.actions, m)
        returns = flatten_trials(batch.discounted(1.0)[..., None], m)[..., 0]
        advantages = normalised(returns, alive[..., 0])
        log_prob = self.policy.actions.log_prob(outputs, actions)
        return -(log_prob * advantages * alive[..., 0]).sum(1) / alive.sum((1, 2))

    def _features(self, outputs: torch.Tensor, batch: Batch, m: int) -> torch.Tensor:
        """Inputs of the learned loss except the memory, [m, episodes x t, features - memory]."""
        continuous = isinstance(self.policy.actions, Gaussian)
        rewards = flatten_trials(batch.rewards[..., None], m)
        still_alive = torch.cat([batch.alive[1:], torch.zeros_like(batch.alive[:1])])
        done = flatten_trials((batch.alive & ~still_alive)[..., None], m).float()
        parts = [
            flatten_trials(batch.observations, m),
            flatten_trials(batch.actions, m),
            self.config.reward_scale * rewards,
            torch.ones_like(rewards),  # the bonus
            done,
            outputs if continuous else torch.softmax(outputs, -1),
        ]
        return torch.cat(parts, 2)

    def _memory(self, policies: inner.Parameters) -> torch.Tensor:
        """[m, memory]: tanh of a layer whose inputs are all 1."""
        return torch.tanh(policies["memory_weight"].sum(2) + policies["memory_bias"])

    def _fresh_agent(self, phi: torch.Tensor) -> Agent:
        return {"phi": phi, **adam.fresh({"phi": phi}), "schedule/step": torch.zeros(())}


def _centred_ranks(values: torch.Tensor) -> torch.Tensor:
    """Ranks scaled to [-0.5, 0.5]; equal values share their mean rank.

    ValueError if a value is NaN or infinite.
    """
    if not bool(torch.isfinite(values).all()):
        raise ValueError("the return of a trial is NaN or infinite")
    ordered = values.sort().values
    first = torch.searchsorted(ordered, values)
    last = torch.searchsorted(ordered, values, right=True) - 1
    return ((first + last) / 2 / (len(values) - 1) - 0.5).float()
