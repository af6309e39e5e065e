"""PEARL: off-policy meta-RL that conditions the policy on a latent inferred from past transitions.

Rakelly, Zhou, Quillen, Finn & Levine 2019, "Efficient Off-Policy Meta-Reinforcement Learning via
Probabilistic Context Variables" (arXiv 1903.08254), details from its authors' code. z is sampled
once an episode and kept, from the prior in the first episode and then from the posterior
(context_encoder.py): posterior sampling, so that exploration is coherent in time. Soft actor-critic
learns given z, from one replay buffer for each training draw (pearl_update.py).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import torch

from ..parts import adam, training_draws
from ..parts import replay_buffer as replay
from ..parts.lifetimes import Control, Lifetime, next_episode
from ..parts.network_weights import cloned_weights, network_weights
from ..parts.pairs import Adapting
from ..parts.scoring import Outcomes, draw_seeds
from ..rollouts.episode_batches import ActFunction, Batch, EpisodeBatches, by_trial
from ..rollouts.level_trials import LevelTrials, TrialStudent
from .context_encoder import ContextEncoder, posterior, sample_latent
from .pearl_config import PEARLConfig
from .pearl_episodes import advantages, empty_buffers, steps_of, stored
from .pearl_trial import InferringTrialPolicy
from .pearl_update import PEARLUpdate
from .sac import SAC

if TYPE_CHECKING:
    from openpoet.poet.interfaces import Agent, Task, TaskFamily
    from openpoet.poet.streams import Key

Weights = Mapping[str, torch.Tensor]
REPLAYED = 4  # trials on levels in the replay buffers for each that is new in an update
# of the parts of a context; z is resampled each episode
CONTEXT_LIFETIMES: tuple[Lifetime, ...] = ("trial", "trial")


class PEARL(Adapting, TrialStudent):
    """Learner (poet.interfaces) that adapts by inference, between episodes.

    config: by default that of `PEARLConfig.suggested`. teacher: a family with the same dynamics as
    `family` whose rewards train the critics, such as dense ones. Contexts always hold the rewards
    of `family`, as they do in evaluation.
    """

    def __init__(
        self,
        family: TaskFamily,
        config: PEARLConfig | None = None,
        teacher: TaskFamily | None = None,
    ) -> None:
        self.family, self.teacher, spec = family, teacher, family.spec
        self.config = c = config or PEARLConfig.suggested(spec)
        self.sac = SAC(
            spec.observation_size + c.latent, spec.action_size, getattr(spec, "discrete", False), c
        )
        transition_size = spec.observation_size + spec.action_size + 1
        following = spec.observation_size * c.context_next
        self.encoder = ContextEncoder(transition_size + following, c.encoder, c.latent)
        self.update = PEARLUpdate(self.sac, self.encoder, c)
        self._pending = transition_size * c.context_next

    def init(self, key: Key) -> Agent:
        rng = key.generator()
        return self._fresh_agent(self.sac.init(rng) | self.encoder.init(rng))

    def adopt(self, agent: Agent) -> Agent:
        """Policy, critics and encoder; replay buffers and training draws are reset."""
        return self._fresh_agent(cloned_weights(agent))

    def improve_one(self, agent: Agent, task: Task, key: Key) -> tuple[Agent, int]:
        """Collects episodes on every training draw, then makes `updates` gradient steps."""
        if training_draws.missing(agent):
            agent = {**agent, **training_draws.drawn(self.config.draws, key)}
        seeds = training_draws.seeds(agent)
        draws = self._draws([task] * len(seeds), seeds)
        batches, _ = self._played(agent, draws, key, self.config.episodes)
        buffers = self._stored(agent, draws, batches)
        recent = buffers[replay.COUNT] - agent[replay.COUNT]
        return self.update({**agent, **buffers}, _updates_generator(key), recent), draws.steps

    @property
    def rows(self) -> int:
        """Levels side by side in an update of a curriculum: a quarter of the replay buffers."""
        return max(1, self.config.draws // REPLAYED)

    def run_levels(
        self, agent: Agent, levels: Sequence[Task], key: Key, *, update: bool
    ) -> LevelTrials:
        """A trial on each level; with `update`, gradient steps on it and on the trials before.

        Differs: levels differ in every rollout, so that a replay buffer belongs to one trial, and
        new trials take the place of the oldest ones.
        """
        draws = self._draws(levels, draw_seeds(key, len(levels)))
        batches, z = self._played(agent, draws, key, self.config.episodes)
        noise = torch.Generator().manual_seed(key.child("values").integer())
        found = advantages(self.sac, self._weights(agent), batches[-1], z, noise)
        after = self._updated_on_levels(agent, draws, batches, key) if update else agent
        return LevelTrials(after, batches[-1], found, draws.steps)

    def _updated_on_levels(
        self, agent: Agent, draws: EpisodeBatches, batches: Sequence[Batch], key: Key
    ) -> Agent:
        """The agent after gradient steps on these trials and on those in its buffers, as many for a
        trial as in `improve_one`.
        """
        c, n = self.config, draws.n
        newest = self._stored(empty_buffers(self.family.spec, c.capacity, n), draws, batches)
        buffers = replay.preceded(agent, newest)
        filled = replay.first_lanes(buffers, int((buffers[replay.COUNT] > 0).sum()))
        updates = max(1, round(c.updates * n / c.draws))
        update = PEARLUpdate(self.sac, self.encoder, replace(c, updates=updates))
        generator = _updates_generator(key)
        return {**update({**agent, **filled}, generator, filled[replay.COUNT]), **buffers}

    def outcomes(
        self, agent: Agent, task: Task, key: Key, num_trials: int, control: Control = "none"
    ) -> Outcomes:
        """The episodes of the family's trials, [trials, episodes]."""
        batches, steps = self.run_trials(
            agent, task, draw_seeds(key, num_trials), key, self.family.spec.episodes, control
        )
        return by_trial(batches, num_trials, steps)

    def run_trials(
        self,
        agent: Agent,
        task: Task,
        seeds: Sequence[int],
        key: Key,
        episodes: int,
        control: Control = "none",
    ) -> tuple[list[Batch], int]:
        """One batch for each episode, with a row for each draw, and environment steps.

        After every episode its transitions are added to the context of its draw.
        """
        draws = self._draws([task] * len(seeds), seeds)
        batches, _ = self._played(agent, draws, key, episodes, control)
        return batches, draws.steps

    def _played(
        self,
        agent: Agent,
        draws: EpisodeBatches,
        key: Key,
        episodes: int,
        control: Control = "none",
    ) -> tuple[list[Batch], torch.Tensor]:
        """One batch for each episode, and the z of the last, [draws, latent]."""
        n, weights = draws.n, self._weights(agent)
        noise = torch.Generator().manual_seed(key.child("actions").integer())
        context = empty = self.encoder.empty_context(n, self.config.device)
        every_row = torch.ones(n, dtype=torch.bool, device=self.config.device)
        batches, z = list[Batch](), context[0]
        with torch.no_grad():
            for _ in range(episodes):
                z = sample_latent(*posterior(context), noise)
                batches.append(draws.play(self._act(weights, z, noise)))
                steps = steps_of(batches[-1])
                factors = self.encoder.factors(weights, self.update.context_inputs(steps))
                added = tuple((part * steps["alive"]).sum(1) for part in factors)
                extended = tuple(old + new for old, new in zip(context, added, strict=True))
                context = next_episode(extended, empty, CONTEXT_LIFETIMES, every_row, control)
        return batches, z

    def trial_policy(self, agent: Agent, n: int, key: Key) -> InferringTrialPolicy:
        """The agent in n draws that are simulated elsewhere (metaworld_protocol.TrialPolicy)."""
        weights = self._weights(agent)
        noise = torch.Generator().manual_seed(key.child("actions").integer())
        names = ("precision", "weighted_mean")

        def act(observations: torch.Tensor, z: torch.Tensor, greedy: bool) -> torch.Tensor:
            if greedy:
                inputs = torch.cat([observations, z], 1)
                return self.sac.actions.mode(self.sac.policy(weights, inputs))
            return self._act(weights, z, noise)(observations, 0)

        def latent_distribution(state: Weights) -> tuple[torch.Tensor, torch.Tensor]:
            return posterior(tuple(state[name] for name in names))

        def factors(transitions: torch.Tensor) -> Weights:
            return dict(zip(names, self.encoder.factors(weights, transitions), strict=True))

        empty = self.encoder.empty_context(n, self.config.device)
        context = dict(zip(names, empty, strict=True))
        return InferringTrialPolicy(
            context, latent_distribution, act, factors, noise, pending=self._pending
        )

    def _act(self, weights: Weights, z: torch.Tensor, noise: torch.Generator) -> ActFunction:
        def act(observations: torch.Tensor, t: int) -> torch.Tensor:
            uniform = torch.rand(len(z), self.sac.actions.size, generator=noise).to(z.device)
            return self.sac.act(weights, torch.cat([observations, z], 1), uniform)

        return act

    def _draws(self, tasks: Sequence[Task], seeds: Sequence[int]) -> EpisodeBatches:
        return EpisodeBatches(self.family, tasks, seeds, 1, self.config.device)

    def _stored(
        self, buffers: Weights, draws: EpisodeBatches, batches: Sequence[Batch]
    ) -> dict[str, torch.Tensor]:
        """The replay buffers with these episodes."""
        teacher = None
        if self.teacher is not None:
            teacher = EpisodeBatches(self.teacher, draws.tasks, draws.seeds, 1, self.config.device)
        return stored(buffers, batches, teacher)

    def _weights(self, agent: Agent) -> dict[str, torch.Tensor]:
        return network_weights(agent, self.config.device)

    def _fresh_agent(self, weights: dict[str, torch.Tensor]) -> Agent:
        c = self.config
        buffers = empty_buffers(self.family.spec, c.capacity, c.draws)
        state = {**adam.fresh(weights), **buffers, **training_draws.none(c.draws)}
        return {**weights, **self.sac.targets(weights), **state}


def _updates_generator(key: Key) -> torch.Generator:
    return torch.Generator().manual_seed(key.child("updates").integer())
