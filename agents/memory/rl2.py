"""RL^2 and deep meta-RL: a recurrent actor-critic whose memory lasts a trial, so that it
learns to learn.

RL^2 (Duan et al. 2016, arXiv 1611.02779) and Wang et al. 2016 (arXiv 1611.05763) are settings of
this one learner. A trial is several episodes on one draw of the task; the return of the whole trial
is maximised, so exploring early pays. At test the weights are frozen and adaptation is the memory's
activity; an agent is scored on the trial's end.
Differs: PPO (arXiv 1707.06347) for the outer loop, as in RL^2's last launchers and all
reproductions, not TRPO.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import torch

from ..parts import adam
from ..parts.actions import Gaussian, actions_of
from ..parts.feedforward import Feedforward
from ..parts.hyperparameters import Range, Tunable
from ..parts.lifetimes import Control, Lifetime, State
from ..parts.network_weights import cloned_weights, network_weights
from ..parts.pairs import Adapting
from ..parts.recurrent import Recurrent
from ..parts.scoring import Outcomes, draw_seeds
from ..rollouts.trials import RecurrentActFunction, Trials, advantages, input_size, run_trials
from . import bilinear
from .ppo import PPOBatch, improve_policy
from .recurrent_trial import RecurrentTrialPolicy
from .rl2_config import RL2Config, WangConfig

if TYPE_CHECKING:
    from openpoet.poet.interfaces import Agent, Task, TaskFamily
    from openpoet.poet.streams import Key

RANGES = {
    "lr": Range(1e-4, 1e-2),
    "entropy": Range(1e-4, 0.1),
    "gamma": Range(0.003, 0.5, from_one=True),
    "lam": Range(0.01, 1.0, from_one=True),
}


class RL2(Tunable, Adapting):
    """Learner (poet.interfaces) that adapts within a trial."""

    def __init__(self, family: TaskFamily, config: RL2Config | None = None) -> None:
        self.family, self.config = family, config or RL2Config()
        spec, c = family.spec, self.config
        self.episodes = c.episodes or spec.episodes
        self.ranges = RANGES | (
            {"units": Range(min(4, c.hidden), c.hidden, whole=True)} if c.units else {}
        )
        if c.test_episodes > self.episodes:
            raise ValueError(
                f"test_episodes must be at most the {self.episodes} of a trial, got "
                f"{c.test_episodes}"
            )
        self.actions = actions_of(spec.action_size, getattr(spec, "discrete", False))
        inputs, outputs, seen = (
            input_size(spec, c.last_observation),
            spec.action_size + 1,
            spec.observation_size,
        )
        if c.tabular:
            inputs, outputs = bilinear.input_size(seen, spec.action_size), outputs * (1 + seen)
        self.embedding = Feedforward((inputs, c.embed)) if c.embed else None
        self.network = Recurrent(c.embed or inputs, c.hidden, outputs, c.cell)
        # as long as hidden states may have to last
        self.memory_steps = self.episodes * spec.horizon

    def init(self, key: Key) -> Agent:
        """Random weights with a read-out near zero, so that a newborn tries everything."""
        return self._fresh_agent(self._newborn(key.generator()))

    def adopt(self, agent: Agent) -> Agent:
        """The same weights, learned under the same hyperparameters; the optimiser's state and all
        schedules begin anew.

        Memories are never carried over.
        """
        weights = cloned_weights(agent)
        return {**self._fresh_agent(weights), **self.checked_hyperparameters(agent)}

    def explore(self, agent: Agent, key: Key) -> Agent:
        """The agent with hyperparameters near its own. Units that come into use begin silent, those
        that leave end so.

        The first changes nothing that the network does; the second may.
        """
        weights = self.of(agent).in_use(network_weights(agent))
        return super().explore({**agent, **weights}, key)

    def improve_one(self, agent: Agent, task: Task, key: Key) -> tuple[Agent, int]:
        """One PPO step on `trials` trials of the task."""
        trials = self.trials(agent, task, key, self.config.trials)
        return improve_policy(
            self, agent, self._batch(trials), key.child("minibatches").generator()
        ), trials.steps

    def outcomes(
        self, agent: Agent, task: Task, key: Key, num_trials: int, control: Control = "none"
    ) -> Outcomes:
        """Each episode of the trials, [trials, episodes]."""
        trials = self.trials(agent, task, key, num_trials, control=control)
        returns, success = trials.returns.cpu().numpy(), trials.success.double().cpu().numpy()
        return Outcomes(returns, success, trials.steps)

    def trials(
        self,
        agent: Agent,
        task: Task,
        key: Key,
        num_trials: int,
        *,
        memory: Lifetime = "trial",
        control: Control = "none",
        greedy: bool = False,
    ) -> Trials:
        """Trials on `num_trials` draws of the task.

        memory: lifetime of the hidden state; control: what an episode hands on.
        """
        simulator = self.family.simulator(
            [task] * num_trials, draw_seeds(key, num_trials), self.config.device
        )
        longest = self.episodes * self.family.spec.horizon
        noise = (
            key.child("actions")
            .generator()
            .random((longest, num_trials, self.actions.size), dtype=np.float32)
        )
        act = self._act(
            self._weights(agent), None if greedy else torch.from_numpy(noise).to(self.config.device)
        )
        start = self.network.start(num_trials, self.config.device)
        with torch.no_grad():
            return run_trials(
                simulator,
                self.family.spec,
                self.episodes,
                act,
                start,
                lifetimes=[memory] * len(start),
                control=control,
                twice=self.config.last_observation,
            )

    def trial_policy(self, agent: Agent, n: int, key: Key) -> RecurrentTrialPolicy:
        """The agent in n trials that are driven from outside (metaworld_protocol.TrialPolicy)."""
        own, noise = self.of(agent), key.child("actions").generator()
        weights = own._weights(agent)

        def act(inputs: torch.Tensor, state: State, greedy: bool) -> tuple[torch.Tensor, State]:
            drawn = torch.from_numpy(noise.random((1, n, self.actions.size), dtype=np.float32)).to(
                self.config.device
            )
            with torch.no_grad():
                action, _, state = own._act(weights, None if greedy else drawn)(inputs, state, 0)
            return action, state

        spec, start = self.family.spec, self.network.start(n, self.config.device)
        return RecurrentTrialPolicy(
            spec, self.episodes * spec.horizon, start, act, twice=self.config.last_observation
        )

    def outputs(
        self, weights: Mapping[str, torch.Tensor], inputs: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """What the network says along whole trials: (of the policy [t, n, k], values [t, n])."""
        weights = self.in_use(weights)
        start = self.network.start(inputs.shape[1], str(inputs.device))
        return self._said(
            weights, inputs, self.network.run(weights, self._entering(weights, inputs), start)
        )

    def _act(
        self, weights: Mapping[str, torch.Tensor], noise: torch.Tensor | None
    ) -> RecurrentActFunction:
        def act(
            inputs: torch.Tensor, state: State, t: int
        ) -> tuple[torch.Tensor, torch.Tensor, State]:
            entering = self._entering(weights, inputs)
            remembered, state = self.network.advance(weights, entering, state)
            policy, value = self._said(weights, inputs, remembered)
            action = (
                self.actions.mode(policy)
                if noise is None
                else self.actions.sample(policy, noise[t])
            )
            return action, torch.cat([policy, value[..., None]], -1), state

        return act

    def _said(
        self, weights: Mapping[str, torch.Tensor], inputs: torch.Tensor, remembered: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Of the policy and the value, from the inputs and what the memory said to them: unless
        tabular, the latter.
        """
        if self.config.tabular:
            remembered = bilinear.bilinear_readout(
                remembered, inputs[..., : self.family.spec.observation_size]
            )
        policy = remembered[..., :-1]
        if isinstance(self.actions, Gaussian):
            policy = torch.cat([policy, weights["log_std"].expand_as(policy)], -1)
        return policy, remembered[..., -1]

    def _entering(self, weights: Mapping[str, torch.Tensor], inputs: torch.Tensor) -> torch.Tensor:
        """What the memory is given: the inputs with the last reward, third from the end, scaled; or
        their embedding.
        """
        if self.config.tabular:
            inputs = bilinear.outer_product_inputs(inputs, self.family.spec.observation_size)
        elif self.config.reward_scale != 1.0:
            scale = torch.ones(inputs.shape[-1], device=inputs.device)
            scale[-3] = self.config.reward_scale
            inputs = inputs * scale
        return inputs if self.embedding is None else torch.tanh(self.embedding(weights, inputs))

    def _batch(self, trials: Trials) -> PPOBatch:
        """What a PPO step needs of the trials."""
        c, policy, values = self.config, trials.outputs[..., :-1], trials.outputs[..., -1]
        gained = advantages(
            trials.rewards.float() * c.reward_scale, values, trials.alive, c.gamma, c.lam
        )
        log_probs = self.actions.log_prob(policy, trials.actions)
        return PPOBatch(
            trials.inputs, trials.actions, log_probs, gained, gained + values, trials.alive
        )

    def _newborn(self, rng: np.random.Generator) -> dict[str, torch.Tensor]:
        weights = self.network.init(
            rng, readout_scale=0.1, lasting=self.memory_steps if self.config.lasting else 0
        )
        weights["w_in"] *= self.config.input_gain
        if self.embedding is not None:
            weights |= self.embedding.init(rng, readout_scale=self.config.input_gain)
        if isinstance(self.actions, Gaussian):
            weights["log_std"] = torch.full((self.actions.size,), math.log(self.config.action_std))
        return weights

    def _weights(self, agent: Agent) -> Mapping[str, torch.Tensor]:
        return self.of(agent).in_use(network_weights(agent, self.config.device))

    def in_use(self, weights: Mapping[str, torch.Tensor]) -> Mapping[str, torch.Tensor]:
        """The weights with hidden units that are not in use cut off."""
        units = self.config.units
        return self.network.pruned(weights, units) if 0 < units < self.config.hidden else weights

    def _fresh_agent(self, weights: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        return {**weights, **adam.fresh(weights), "schedule/step": torch.zeros(())}


class Wang(RL2):
    """Deep meta-RL (arXiv 1611.05763): the same learner with other settings."""

    def __init__(self, family: TaskFamily, config: WangConfig | None = None) -> None:
        super().__init__(family, config or WangConfig())
