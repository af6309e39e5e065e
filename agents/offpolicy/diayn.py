"""DIAYN: skills that can be told apart by where they go, learned without a reward.

Eysenbach, Gupta, Ibarz & Levine 2018, "Diversity is All You Need" (arXiv 1802.06070). An episode
follows a skill z, drawn uniformly; a discriminator q(z|s) learns to name it from the state, and the
policy, by soft actor-critic, is paid log q(z|s') - log p(z): together they maximise the information
between skills and states. Whatever reward the task has is ignored. An agent's score is the mean of
this pay over the steps of fresh episodes, at most log(skills). The discriminator as plain numbers
makes a task of envs/discriminated.py.
Differs: a squashed Gaussian where the authors' code has a mixture of four; the pay of an old
transition is what today's discriminator says.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import torch

from ..parts import adam
from ..parts import replay_buffer as replay
from ..parts.feedforward import Feedforward
from ..parts.network_weights import cloned_weights, network_weights
from ..parts.pairs import PairByPair
from ..parts.scoring import Scored, draw_seeds
from ..rollouts.episode_batches import Batch, EpisodeBatches
from .diayn_config import DIAYNConfig
from .sac import SAC, Transitions

if TYPE_CHECKING:
    from openpoet.poet.interfaces import Agent, Task, TaskFamily
    from openpoet.poet.streams import Key

ENOUGH = 0.8  # a niche is solved when so much of log(skills) is earned


def discriminator_of(agent: Agent) -> list[tuple[list[list[float]], list[float]]]:
    """As plain numbers: weights [outputs, inputs] and biases [outputs] of each layer, tanh between
    them.
    """
    layers = range(sum(name.startswith("discriminator_w") for name in agent))
    return [
        (agent[f"discriminator_w{i}"].tolist(), agent[f"discriminator_b{i}"].tolist())
        for i in layers
    ]


class DIAYN(PairByPair):
    """Learner (poet.interfaces) that ignores the reward and does not adapt."""

    def __init__(self, family: TaskFamily, config: DIAYNConfig | None = None) -> None:
        self.family, self.config = family, config or DIAYNConfig()
        spec, c = family.spec, self.config
        if spec.observation_size == 0:
            raise ValueError(
                "where nothing is observed, nothing tells skills apart: take rl2 or maesn"
            )
        if getattr(spec, "labels", 0):
            raise ValueError(
                "where no action changes what is observed, skills cannot part: take "
                "hochreiter or maml"
            )
        self.sac = SAC(
            spec.observation_size + c.skills, spec.action_size, getattr(spec, "discrete", False), c
        )
        self.discriminator = Feedforward(
            (spec.observation_size, *c.discriminator, c.skills), "discriminator_"
        )

    def init(self, key: Key) -> Agent:
        rng = key.generator()
        return self._fresh_agent(
            self.sac.init(rng) | self.discriminator.init(rng, readout_scale=0.1)
        )

    def adopt(self, agent: Agent) -> Agent:
        """Policy, critics and discriminator; what was met elsewhere is forgotten."""
        return self._fresh_agent(cloned_weights(agent))

    def improve_one(self, agent: Agent, task: Task, key: Key) -> tuple[Agent, int]:
        """`episodes` episodes, then `updates` of all networks from what is remembered."""
        drawn = (
            key.child("skills").generator().integers(0, self.config.skills, self.config.episodes)
        )
        skills = torch.from_numpy(drawn)
        batch, steps = self.play(agent, task, key, skills)
        generator = torch.Generator().manual_seed(key.child("updates").integer())
        return self._learned(self._remembering(agent, batch, skills), generator), steps

    def evaluate(
        self, agents: Sequence[Agent], tasks: Sequence[Task], keys: Sequence[Key]
    ) -> tuple[np.ndarray, ...]:
        """Mean pay of a step [nats], whether it is 80 % of its maximum, environment steps, [pairs].

        The score is not a return of the task, so `solved_score` and `success` do not apply.
        """
        return super().evaluate(agents, tasks, keys)[:3]

    def score_one(self, agent: Agent, task: Task, key: Key) -> Scored:
        skills = torch.arange(self.config.test_trials) % self.config.skills
        batch, steps = self.play(agent, task, key, skills)
        pay = float(self.pay(agent, batch, skills)[batch.alive].double().mean())
        # the most is log 1 - log p(z)
        enough = self._prior - (1 - ENOUGH) * math.log(self.config.skills)
        return Scored(pay, pay >= enough, steps, pay)

    def play(self, agent: Agent, task: Task, key: Key, skills: torch.Tensor) -> tuple[Batch, int]:
        """An episode of each of these skills [n] on a draw of its own; environment steps."""
        c, weights = (
            self.config,
            network_weights(agent, self.config.device),
        )
        episode_batches = EpisodeBatches(
            self.family, [task] * len(skills), draw_seeds(key, len(skills)), 1, c.device
        )
        hot, noise = (
            self._hot(skills),
            torch.Generator().manual_seed(key.child("actions").integer()),
        )

        def act(observations: torch.Tensor, t: int) -> torch.Tensor:
            drawn = torch.rand(len(hot), self.sac.actions.size, generator=noise).to(c.device)
            return self.sac.act(weights, torch.cat([observations, hot], 1), drawn)

        with torch.no_grad():
            return episode_batches.play(act), episode_batches.steps

    def pay(self, agent: Agent, batch: Batch, skills: torch.Tensor) -> torch.Tensor:
        """What each step of these skills' episodes pays, [t, n]."""
        seen = batch.after if self.config.scores == "next" else batch.observations
        weights = network_weights(agent, self.config.device)
        return self._known(weights, seen, self._hot(skills)) + self._prior

    def _known(
        self, weights: Mapping[str, torch.Tensor], seen: torch.Tensor, hot: torch.Tensor
    ) -> torch.Tensor:
        """log q(skill | state), [...] of states [..., o] and skills [..., skills]."""
        return (torch.log_softmax(self.discriminator(weights, seen), -1) * hot).sum(-1)

    def _remembering(
        self, agent: Agent, batch: Batch, skills: torch.Tensor
    ) -> dict[str, torch.Tensor]:
        """The agent with these episodes in its replay."""
        hot = self._hot(skills).expand(*batch.rewards.shape, -1)
        met = {
            "observation": batch.observations,
            "action": batch.actions,
            "after": batch.after,
            "skill": hot,
        }
        met["over"] = batch.terminated[..., None]
        flat = {name: part.flatten(0, 1)[None].cpu() for name, part in met.items()}
        return {**agent, **replay.added(agent, flat, batch.alive.flatten()[None].cpu())}

    def _learned(self, agent: Agent, generator: torch.Generator) -> Agent:
        """After updates of policy and critics on today's pay, and of the discriminator on the same
        batches.
        """
        c = self.config
        for _ in range(c.updates):
            met = {
                name: part[0].to(c.device)
                for name, part in replay.sample(agent, c.batch, generator).items()
            }
            noise = torch.rand(2, *met["action"].shape, generator=generator).to(c.device)
            weights, hot = self.sac.leaves(agent), met["skill"]
            known = self._known(weights, met["after" if c.scores == "next" else "observation"], hot)
            before, after = (torch.cat([met[name], hot], 1) for name in ("observation", "after"))
            pay = known.detach() + self._prior
            batch = Transitions(before, met["action"], pay, after, met["over"][:, 0] > 0)
            agent = self.sac.step(
                agent, weights, self.sac.loss(weights, agent, batch, noise) - known.mean()
            )
        return agent

    @property
    def _prior(self) -> float:
        """- log p(z), or nothing."""
        return math.log(self.config.skills) if self.config.add_p_z else 0.0

    def _hot(self, skills: torch.Tensor) -> torch.Tensor:
        return (
            torch.nn.functional.one_hot(skills, self.config.skills).float().to(self.config.device)
        )

    def _fresh_agent(self, weights: dict[str, torch.Tensor]) -> Agent:
        spec, c = self.family.spec, self.config
        sizes = {
            "observation": spec.observation_size,
            "action": spec.action_size,
            "after": spec.observation_size,
        }
        memory = replay.empty(sizes | {"skill": c.skills, "over": 1}, c.capacity)
        return {**weights, **self.sac.targets(weights), **adam.fresh(weights), **memory}
