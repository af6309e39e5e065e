"""DIAYN: diverse skills without a reward, by maximising their mutual information with the states.

Eysenbach, Gupta, Ibarz & Levine 2018, "Diversity is All You Need" (arXiv 1802.06070). Each episode
follows a skill z drawn uniformly. A discriminator q(z | s) is trained to predict z from the state,
and the policy, by soft actor-critic, maximises the intrinsic reward log q(z | s') - log p(z). The
task's own reward is ignored. An agent's score is the mean intrinsic reward over the steps of fresh
episodes, at most log(skills). envs/discriminated.py makes tasks from a discriminator's weights.
Differs: a squashed Gaussian policy, where the authors' code has a mixture of four; the intrinsic
reward of replayed transitions is computed anew by the current discriminator.
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
from .compiled import CompiledSAC, fits
from .diayn_config import DIAYNConfig
from .sac import SAC, Transitions

if TYPE_CHECKING:
    from openpoet.poet.interfaces import Agent, Task, TaskFamily
    from openpoet.poet.streams import Key

SOLVED_SHARE = 0.8  # of log(skills): the score from which a niche counts as solved


def discriminator_of(agent: Agent) -> list[tuple[list[list[float]], list[float]]]:
    """The discriminator as plain numbers: weights [outputs, inputs] and biases [outputs] by layer.

    Between the layers is a tanh.
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
                "diayn needs observations that distinguish its skills, and this family has none: "
                "take rl2 or maesn"
            )
        if getattr(spec, "labels", 0):
            raise ValueError(
                "diayn needs actions that change the observations, and in this family they do not: "
                "take hochreiter or maml"
            )
        self.sac = SAC(
            spec.observation_size + c.skills, spec.action_size, getattr(spec, "discrete", False), c
        )
        self.discriminator = Feedforward(
            (spec.observation_size, *c.discriminator, c.skills), "discriminator_"
        )

    def init(self, key: Key) -> Agent:
        rng = key.generator()
        discriminator = self.discriminator.init
        return self._fresh_agent(self.sac.init(rng) | discriminator(rng, readout_scale=0.1))

    def adopt(self, agent: Agent) -> Agent:
        """Policy, critics and discriminator; the replay buffer is reset."""
        return self._fresh_agent(cloned_weights(agent))

    def improve_one(self, agent: Agent, task: Task, key: Key) -> tuple[Agent, int]:
        """Collects `episodes` episodes, then makes `updates` gradient steps from the replay."""
        c = self.config
        skills = key.child("skills").generator().integers(0, c.skills, c.episodes)
        batch, steps = self.play(agent, task, key, torch.from_numpy(skills))
        generator = torch.Generator().manual_seed(key.child("updates").integer())
        stored = self._stored(agent, batch, torch.from_numpy(skills))
        compiled = CompiledSAC(self.sac, stored) if fits(self.sac) else None
        return self.updated(stored, generator, compiled), steps

    def evaluate(
        self, agents: Sequence[Agent], tasks: Sequence[Task], keys: Sequence[Key]
    ) -> tuple[np.ndarray, ...]:
        """Mean intrinsic reward of a step [nats], solved, and environment steps, each [pairs].

        Solved: at least SOLVED_SHARE of the maximum. The score is not a return of the task, so
        `solved_score` and `success` do not apply.
        """
        return super().evaluate(agents, tasks, keys)[:3]

    def score_one(self, agent: Agent, task: Task, key: Key) -> Scored:
        skills = torch.arange(self.config.test_trials) % self.config.skills
        batch, steps = self.play(agent, task, key, skills)
        rewards = self.intrinsic_reward(agent, batch, skills)[batch.alive]
        score = float(rewards.double().mean())
        # the maximum is log 1 - log p(z)
        threshold = self._prior - (1 - SOLVED_SHARE) * math.log(self.config.skills)
        return Scored(score, score >= threshold, steps, score)

    def play(self, agent: Agent, task: Task, key: Key, skills: torch.Tensor) -> tuple[Batch, int]:
        """One episode for each of the skills [n], each on its own draw; environment steps."""
        c, n = self.config, len(skills)
        weights = network_weights(agent, c.device)
        episode_batches = EpisodeBatches(self.family, [task] * n, draw_seeds(key, n), 1, c.device)
        one_hot = self._one_hot(skills)
        noise = torch.Generator().manual_seed(key.child("actions").integer())

        def act(observations: torch.Tensor, t: int) -> torch.Tensor:
            uniform = torch.rand(n, self.sac.actions.size, generator=noise).to(c.device)
            return self.sac.act(weights, torch.cat([observations, one_hot], 1), uniform)

        with torch.no_grad():
            return episode_batches.play(act), episode_batches.steps

    def intrinsic_reward(self, agent: Agent, batch: Batch, skills: torch.Tensor) -> torch.Tensor:
        """log q(z | s') - log p(z) of each step of episodes that followed skills [n], [t, n]."""
        states = batch.after if self.config.scores == "next" else batch.observations
        weights = network_weights(agent, self.config.device)
        return self._log_q(weights, states, self._one_hot(skills)) + self._prior

    def _log_q(
        self, weights: Mapping[str, torch.Tensor], states: torch.Tensor, skills: torch.Tensor
    ) -> torch.Tensor:
        """log q(z | s), [...], of states [..., o] and one-hot skills [..., skills]."""
        return (torch.log_softmax(self.discriminator(weights, states), -1) * skills).sum(-1)

    def _stored(self, agent: Agent, batch: Batch, skills: torch.Tensor) -> dict[str, torch.Tensor]:
        """The agent with these episodes in its replay buffer."""
        transitions = {
            "observation": batch.observations,
            "action": batch.actions,
            "after": batch.after,
            "skill": self._one_hot(skills).expand(*batch.rewards.shape, -1),
            "over": batch.terminated[..., None],
        }
        flat = {name: part.flatten(0, 1)[None].cpu() for name, part in transitions.items()}
        return {**agent, **replay.added(agent, flat, batch.alive.flatten()[None].cpu())}

    def updated(
        self, agent: Agent, generator: torch.Generator, compiled: CompiledSAC | None
    ) -> Agent:
        """The agent after `updates` gradient steps.

        Policy and critics learn from the current intrinsic reward; the discriminator's loss is the
        cross-entropy on the same minibatches. compiled: policy and critics of the agent, which then
        learn by compiled steps; none: they learn by autograd.
        """
        c = self.config
        for _ in range(c.updates):
            sampled = replay.sample(agent, c.batch, generator)
            steps = {name: part[0].to(c.device) for name, part in sampled.items()}
            noise = torch.rand(2, *steps["action"].shape, generator=generator).to(c.device)
            weights = self.sac.leaves(agent if compiled is None else self._discriminator(agent))
            states, skills = steps["after" if c.scores == "next" else "observation"], steps["skill"]
            log_q = self._log_q(weights, states, skills)
            batch = Transitions(
                torch.cat([steps["observation"], skills], 1),
                steps["action"],
                log_q.detach() + self._prior,
                torch.cat([steps["after"], skills], 1),
                steps["over"][:, 0] > 0,
            )
            if compiled is None:
                loss = self.sac.loss(weights, agent, batch, noise) - log_q.mean()
                agent = self.sac.step(agent, weights, loss)
            else:
                compiled.step(batch, noise)
                agent = self.sac.adam_step(agent, weights, -log_q.mean())
        return agent if compiled is None else compiled.within(agent)

    def _discriminator(self, agent: Agent) -> dict[str, torch.Tensor]:
        """Its weights."""
        return {name: w for name, w in agent.items() if name.startswith(self.discriminator.name)}

    @property
    def _prior(self) -> float:
        """- log p(z) of the uniform prior, or 0 without `add_p_z`."""
        return math.log(self.config.skills) if self.config.add_p_z else 0.0

    def _one_hot(self, skills: torch.Tensor) -> torch.Tensor:
        one_hot = torch.nn.functional.one_hot(skills, self.config.skills)
        return one_hot.float().to(self.config.device)

    def _fresh_agent(self, weights: dict[str, torch.Tensor]) -> Agent:
        spec, c = self.family.spec, self.config
        sizes = {
            "observation": spec.observation_size,
            "action": spec.action_size,
            "after": spec.observation_size,
        }
        buffer = replay.empty(sizes | {"skill": c.skills, "over": 1}, c.capacity)
        return {**weights, **self.sac.targets(weights), **adam.fresh(weights), **buffer}
