"""PEARL: an off-policy agent that acts on a guess of its task, drawn from what its transitions say
together.

Rakelly, Zhou, Quillen, Finn & Levine 2019, "Efficient Off-Policy Meta-Reinforcement Learning via
Probabilistic Context Variables" (arXiv 1903.08254), details from its authors' code. Each transition
(s, a, r) says a Gaussian factor, and the posterior q(z | context) is their product, whatever their
order. A z is drawn once an episode and held: from the prior at first, then from the posterior, so
that an agent explores as if its guess were true. Soft actor-critic learns given z, from a replay of
each training draw; the critics' loss and beta KL(q || N(0, 1)) train the encoder, from transitions
of the last step alone; the policy's loss does not reach it.
Differs: the prior is one of the factors, so that no context is a context like any other.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import torch

from ..parts import adam, training_draws
from ..parts import replay_buffer as replay
from ..parts.feedforward import Feedforward
from ..parts.gaussians import kl_to_prior
from ..parts.lifetimes import Control, Lifetime, next_episode
from ..parts.network_weights import cloned_weights, network_weights
from ..parts.pairs import Adapting
from ..parts.scoring import Outcomes, draw_seeds
from ..rollouts.episode_batches import ActFunction, Batch, EpisodeBatches, by_trial
from .pearl_config import PEARLConfig
from .pearl_trial import InferringTrialPolicy
from .sac import SAC, Transitions

if TYPE_CHECKING:
    from openpoet.poet.interfaces import Agent, Task, TaskFamily
    from openpoet.poet.streams import Key

Weights = Mapping[str, torch.Tensor]
# summed precisions, and means times precisions, of the factors so far [draws, d]
Context = tuple[torch.Tensor, ...]
# of the parts of a context; z is redrawn each episode
CONTEXT_LIFETIMES: tuple[Lifetime, ...] = ("trial", "trial")


class PEARL(Adapting):
    """Learner (poet.interfaces) that adapts by inference, between episodes.

    teacher: the family whose rewards the critics learn from, such as one that pays everywhere; the
    agent itself is told those of `family`, as it will be when it is on its own. Both must move
    alike.
    """

    def __init__(
        self,
        family: TaskFamily,
        config: PEARLConfig | None = None,
        teacher: TaskFamily | None = None,
    ) -> None:
        self.family, self.config, self.teacher = family, config or PEARLConfig(), teacher
        spec, c = family.spec, self.config
        self.sac = SAC(
            spec.observation_size + c.latent, spec.action_size, getattr(spec, "discrete", False), c
        )
        self.encoder = Feedforward(
            (spec.observation_size + spec.action_size + 1, *c.encoder, 2 * c.latent), "encoder_"
        )

    def init(self, key: Key) -> Agent:
        rng = key.generator()
        return self._fresh_agent(self.sac.init(rng) | self.encoder.init(rng))

    def adopt(self, agent: Agent) -> Agent:
        """Policy, critics and encoder; what was met elsewhere is forgotten."""
        return self._fresh_agent(cloned_weights(agent))

    def improve_one(self, agent: Agent, task: Task, key: Key) -> tuple[Agent, int]:
        """Episodes on every training draw, then `updates` of all networks from their replays."""
        if training_draws.missing(agent):
            agent = {**agent, **training_draws.drawn(self.config.draws, key)}
        batches, steps = self.run_trials(
            agent, task, training_draws.seeds(agent), key, self.config.episodes
        )
        generator = torch.Generator().manual_seed(key.child("updates").integer())
        remembering = self._remembering(agent, task, batches)
        recent = remembering[replay.COUNT] - agent[replay.COUNT]
        return self._learned(remembering, generator, recent), steps

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
        """Episodes of an agent, all draws side by side, one after another; environment steps."""
        weights, noise = (
            self._weights(agent),
            torch.Generator().manual_seed(key.child("actions").integer()),
        )
        episode_batches, first = (
            EpisodeBatches(self.family, [task] * len(seeds), seeds, 1, self.config.device),
            self.nothing(len(seeds)),
        )
        every, context = torch.ones(len(seeds), dtype=torch.bool, device=self.config.device), first
        batches: list[Batch] = []
        with torch.no_grad():
            for _ in range(episodes):
                mean, log_std = posterior(context)
                z = mean + log_std.exp() * torch.randn(mean.shape, generator=noise).to(mean.device)
                batches.append(episode_batches.play(self._act(weights, z, noise)))
                met = self._met(batches[-1])
                said = self.factors(
                    weights, torch.cat([met["observation"], met["action"], met["reward"]], -1)
                )
                added = (part * met["alive"] for part in said)
                more = tuple(old + part.sum(1) for old, part in zip(context, added, strict=True))
                context = next_episode(more, first, CONTEXT_LIFETIMES, every, control)
        return batches, episode_batches.steps

    def trial_policy(self, agent: Agent, n: int, key: Key) -> InferringTrialPolicy:
        """The agent in n draws that are driven from outside (metaworld_protocol.TrialPolicy)."""
        weights, noise = (
            self._weights(agent),
            torch.Generator().manual_seed(key.child("actions").integer()),
        )

        def act(observations: torch.Tensor, z: torch.Tensor, greedy: bool) -> torch.Tensor:
            if greedy:
                return self.sac.actions.mode(
                    self.sac.policy(weights, torch.cat([observations, z], 1))
                )
            return self._act(weights, z, noise)(observations, 0)

        def believed(state: Weights) -> tuple[torch.Tensor, torch.Tensor]:
            return posterior((state["precision"], state["weighted"]))

        def factors(met: torch.Tensor) -> Weights:
            return dict(zip(("precision", "weighted"), self.factors(weights, met), strict=True))

        belief = dict(zip(("precision", "weighted"), self.nothing(n), strict=True))
        return InferringTrialPolicy(belief, believed, act, factors, noise)

    def nothing(self, n: int) -> Context:
        """The contexts of n draws of which nothing is known."""
        zero = torch.zeros(n, self.config.latent, device=self.config.device)
        return zero, zero

    def factors(self, weights: Weights, met: torch.Tensor) -> Context:
        """Precisions and means times precisions that transitions [..., k, (s, a, r)] say, each
        [..., k, latent].
        """
        mean, variance = self.encoder(weights, met).chunk(2, -1)
        precision = 1 / torch.nn.functional.softplus(variance).clamp(min=1e-6)
        return precision, mean * precision

    def _act(self, weights: Weights, z: torch.Tensor, noise: torch.Generator) -> ActFunction:
        def act(observations: torch.Tensor, t: int) -> torch.Tensor:
            drawn = torch.rand(len(z), self.sac.actions.size, generator=noise).to(z.device)
            return self.sac.act(weights, torch.cat([observations, z], 1), drawn)

        return act

    def _met(self, batch: Batch) -> dict[str, torch.Tensor]:
        """The steps of an episode of each draw, [draws, t, size] by name."""
        parts = {"observation": batch.observations, "action": batch.actions, "after": batch.after}
        parts |= {"reward": batch.rewards[..., None], "over": batch.terminated[..., None]}
        parts |= {"alive": batch.alive[..., None]}
        return {name: part.transpose(0, 1) for name, part in parts.items()}

    def _remembering(
        self, agent: Agent, task: Task, batches: Sequence[Batch]
    ) -> dict[str, torch.Tensor]:
        """The agent with these episodes in its replays, and what the teacher pays for them."""
        seeds = training_draws.seeds(agent)
        teacher = (
            None
            if self.teacher is None
            else EpisodeBatches(self.teacher, [task] * len(seeds), seeds, 1, self.config.device)
        )
        remembering = dict(agent)
        for batch in batches:
            met = {name: part.cpu() for name, part in self._met(batch).items()}
            met["pay"] = met["reward"]
            if teacher is not None:
                met["pay"] = self._met(_again(teacher, batch.actions))["reward"].cpu()
            alive = met.pop("alive")[..., 0]
            remembering |= replay.added(remembering, met, alive)
        return remembering

    def _learned(self, agent: Agent, generator: torch.Generator, recent: torch.Tensor) -> Agent:
        """The agent after `updates`.

        recent: [draws] int64, how many transitions this step added; contexts are made of these.
        """
        c = self.config
        for _ in range(c.updates):
            told = self._sampled(agent, c.context, generator, recent)
            met, weights = self._sampled(agent, c.batch, generator), self.sac.leaves(agent)
            said = self.factors(
                weights, torch.cat([told["observation"], told["action"], told["reward"]], -1)
            )
            mean, log_std = posterior(tuple(part.sum(1) for part in said))
            z = mean + log_std.exp() * torch.randn(mean.shape, generator=generator).to(c.device)
            held = z[:, None].expand(-1, c.batch, -1)
            inputs, after = (
                torch.cat([met["observation"], held], -1),
                torch.cat([met["after"], held.detach()], -1),
            )
            over, flat = met["over"][..., 0] > 0, met["action"].flatten(0, 1)
            batch = Transitions(
                inputs.flatten(0, 1),
                flat,
                met["pay"].flatten(),
                after.flatten(0, 1),
                over.flatten(),
            )
            noise = torch.rand(2, *flat.shape, generator=generator).to(c.device)
            loss = (
                self.sac.loss(weights, agent, batch, noise)
                + c.kl * kl_to_prior(mean, log_std).mean()
            )
            agent = self.sac.step(agent, weights, loss)
        return agent

    def _sampled(
        self,
        agent: Agent,
        size: int,
        generator: torch.Generator,
        recent: torch.Tensor | None = None,
    ) -> dict[str, torch.Tensor]:
        drawn = replay.sample(agent, size, generator, recent=recent)
        return {name: part.to(self.config.device) for name, part in drawn.items()}

    def _weights(self, agent: Agent) -> dict[str, torch.Tensor]:
        return network_weights(agent, self.config.device)

    def _fresh_agent(self, weights: dict[str, torch.Tensor]) -> Agent:
        o, a, c = self.family.spec.observation_size, self.family.spec.action_size, self.config
        sizes = {"observation": o, "action": a, "reward": 1, "pay": 1, "after": o, "over": 1}
        memory = replay.empty(sizes, c.capacity, c.draws)
        state = {**adam.fresh(weights), **memory, **training_draws.none(c.draws)}
        return {**weights, **self.sac.targets(weights), **state}


def _again(episode_batches: EpisodeBatches, actions: torch.Tensor) -> Batch:
    """The next episodes, with actions that are given."""
    return episode_batches.play(lambda _, t: actions[t])


def posterior(context: Context) -> tuple[torch.Tensor, torch.Tensor]:
    """Mean and log standard deviation of the product of the prior N(0, 1) and all factors so
    far.
    """
    precision = 1 + context[0]
    return context[1] / precision, -0.5 * precision.log()
