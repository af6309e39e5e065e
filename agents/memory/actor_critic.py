"""The recurrent actor-critic of RL^2 and the learners built on it: networks, inputs and outputs.

A policy and a value function share one recurrent network, whose input at each step is the
observation, the last action, the last reward and an episode flag (rollouts/trials.py). With
`heads` each has hidden layers of its own after it, whose inputs are its outputs and its inputs, so
that fast control need not pass through the recurrent layer.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import torch

from ..parts.actions import Categorical, Gaussian, actions_of
from ..parts.feedforward import Feedforward
from ..parts.hyperparameters import Tunable
from ..parts.lifetimes import State
from ..parts.network_weights import network_weights
from ..parts.recurrent import Recurrent
from ..ppo.network import FeedforwardNetwork, Weights
from ..ppo.normalisation import LIMIT, OBSERVATIONS, RETURNS, Moments, Normaliser
from ..rollouts.trials import input_size
from . import bilinear
from .by_action import RecurrentByAction

if TYPE_CHECKING:
    from openpoet.poet.interfaces import Agent, TaskFamily

    from .rl2_config import RL2Config


REWARD = -3  # place of the last reward among a trial's inputs (trials.policy_inputs)


class RecurrentActorCritic(Tunable):
    """The network of a recurrent actor-critic, as functions of its named weights.

    Args:
        family: the task family, with discrete or continuous actions.
        config: the settings.
    """

    config: RL2Config

    def __init__(self, family: TaskFamily, config: RL2Config) -> None:
        self.family, self.config, spec, c = family, config, family.spec, config
        self.episodes = c.episodes or spec.episodes
        self.actions = actions_of(spec.action_size, getattr(spec, "discrete", False))
        inputs, outputs = input_size(spec, c.last_observation), spec.action_size + 1
        if c.tabular:
            inputs = bilinear.input_size(spec.observation_size, spec.action_size)
            outputs *= 1 + spec.observation_size
        self.embedding = Feedforward((inputs, c.embed)) if c.embed else None
        self.heads = FeedforwardNetwork(inputs + c.hidden, c.heads, self.actions)
        outputs = 0 if c.heads else outputs
        self.network = Recurrent(c.embed or inputs, c.hidden, outputs, c.cell)
        if c.by_action:
            if spec.observation_size or not isinstance(self.actions, Categorical):
                raise ValueError(
                    "by_action needs discrete actions and no observations: set by_action = false"
                )
            self.network = RecurrentByAction(inputs, c.hidden, outputs, c.cell)
        self.longest = self.episodes * spec.horizon  # steps of a trial
        # the longest time that the hidden state may have to remember for
        self.memory_steps = self.longest

    def start(self, n: int, device: str) -> State:
        """The hidden state in which n trials begin (ppo.network.ActorCritic)."""
        return self.network.start(n, device)

    def step(
        self, weights: Weights, inputs: torch.Tensor, state: State
    ) -> tuple[torch.Tensor, torch.Tensor, State]:
        """Policy parameters [n, k], values [n] and the next state, from inputs [n, i]."""
        weights = self.active(weights)
        given = self._network_inputs(weights, inputs)
        outputs, state = self.network.advance(weights, given, state)
        if self.config.heads:
            outputs = torch.cat([self._with_scaled_rewards(inputs), state[0]], -1)
        return *self._policy_and_values(weights, inputs, outputs), state

    def run(
        self, weights: Weights, inputs: torch.Tensor, state: State, begins: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Policy parameters [t, n, k] and values [t, n] along inputs [t, n, i]; differentiable.

        state: before the first step. begins: [t, n] bool, steps before which the state is reset.
        """
        weights = self.active(weights)
        # a state before the first step is already that of a trial's beginning, where one begins
        resets = begins if bool(begins[1:].any()) else None
        given = self._network_inputs(weights, inputs)
        if self.config.heads:
            _, states = self.network.hidden_states(weights, given, state, resets)
            outputs = torch.cat([self._with_scaled_rewards(inputs), states[0]], -1)
        else:
            outputs = self.network.run(weights, given, state, resets)
        return self._policy_and_values(weights, inputs, outputs)

    def outputs(self, weights: Weights, inputs: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """As `run`, along whole trials."""
        start = self.start(inputs.shape[1], str(inputs.device))
        none = torch.zeros(inputs.shape[:2], dtype=torch.bool, device=inputs.device)
        return self.run(weights, inputs, start, none)

    def _normaliser(self, agent: Agent) -> Callable[[torch.Tensor], torch.Tensor]:
        """The function that normalises a trial's inputs [..., i]: observations and rewards.

        Other inputs, and those that the settings do not normalise, are neither scaled nor clipped.
        """
        if not self.config.reward_gain:
            return self._scaled(agent)
        scaled, gain = self._scaled(agent), self.config.reward_gain

        def normalised(inputs: torch.Tensor) -> torch.Tensor:
            found, rewards = scaled(inputs).clone(), inputs[..., REWARD]
            found[..., REWARD] = rewards.sign() * (gain * rewards.abs()).log1p()
            return found

        return normalised

    def _scaled(self, agent: Agent) -> Callable[[torch.Tensor], torch.Tensor]:
        """The same with the last reward as in training."""
        c, size = self.config, self.family.spec.observation_size
        if not (c.normalise_observations or c.normalise_rewards):
            return lambda inputs: inputs
        mean = torch.zeros(input_size(self.family.spec, c.last_observation))
        scale, limit = torch.ones_like(mean), torch.full_like(mean, math.inf)
        if c.normalise_observations:
            own = Normaliser.of(Moments.of(agent, OBSERVATIONS))
            for place in range(1 + c.last_observation):
                columns = slice(place * size, (place + 1) * size)
                mean[columns], scale[columns], limit[columns] = own.mean, own.scale, LIMIT
        if c.normalise_rewards:
            scale[REWARD], limit[REWARD] = self._reward_factor(agent), LIMIT
        mean, scale, limit = (part.to(c.device) for part in (mean, scale, limit))
        return lambda inputs: ((inputs - mean) * scale).clamp(-limit, limit)

    def _normalised_observations(self, agent: Agent, observations: torch.Tensor) -> torch.Tensor:
        """Observations [..., o] as the network receives them."""
        if not self.config.normalise_observations:
            return observations
        own = Normaliser.of(Moments.of(agent, OBSERVATIONS), str(observations.device))
        return own(observations)

    def _reward_factor(self, agent: Agent) -> float:
        """The factor of rewards in training."""
        if not self.config.normalise_rewards:
            return self.config.reward_scale
        return float(Normaliser.of(Moments.of(agent, RETURNS)).scale[0])

    def _policy_and_values(
        self, weights: Weights, inputs: torch.Tensor, outputs: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Policy parameters [..., n, k] and values [..., n] from the network's inputs and outputs.

        k: one logit per discrete action, or means and log standard deviations of continuous ones.
        """
        if self.config.tabular:
            observations = inputs[..., : self.family.spec.observation_size]
            outputs = bilinear.bilinear_readout(outputs, observations)
        if self.config.heads:
            policy, values, _ = self.heads.step(weights, outputs, ())
            return policy, values
        policy = outputs[..., :-1]
        if isinstance(self.actions, Gaussian):
            policy = torch.cat([policy, weights["log_std"].expand_as(policy)], -1)
        return policy, outputs[..., -1]

    def _network_inputs(self, weights: Weights, inputs: torch.Tensor) -> torch.Tensor:
        """The recurrent network's inputs: those of a trial with scaled rewards, or an embedding."""
        if self.config.tabular:
            inputs = bilinear.outer_product_inputs(inputs, self.family.spec.observation_size)
        elif self.config.by_action:
            return inputs
        else:
            inputs = self._with_scaled_rewards(inputs)
        return inputs if self.embedding is None else torch.tanh(self.embedding(weights, inputs))

    def _with_scaled_rewards(self, inputs: torch.Tensor) -> torch.Tensor:
        """Inputs with the last reward times `reward_scale`; a normalised one is not scaled again,
        one that is compressed (`reward_gain`) not at all.
        """
        c = self.config
        if c.reward_scale == 1.0 or c.normalise_rewards or c.reward_gain:
            return inputs
        scale = torch.ones(inputs.shape[-1], device=inputs.device)
        scale[REWARD] = c.reward_scale
        return inputs * scale

    def _initial_weights(self, rng: np.random.Generator) -> dict[str, torch.Tensor]:
        c = self.config
        lasting = min(c.remember or self.memory_steps, self.memory_steps) if c.chrono_init else 0
        weights = self.network.init(rng, readout_scale=0.1, lasting=lasting)
        weights["w_in"] *= self.config.input_gain
        if self.embedding is not None:
            weights |= self.embedding.init(rng, readout_scale=self.config.input_gain)
        if self.config.heads:
            weights |= self.heads.init(rng, self.config.action_std)
        elif isinstance(self.actions, Gaussian):
            weights["log_std"] = torch.full((self.actions.size,), math.log(self.config.action_std))
        return weights

    def _weights(self, agent: Agent) -> Weights:
        return self.of(agent).active(network_weights(agent, self.config.device))

    def active(self, weights: Weights) -> Weights:
        """The weights with the outgoing weights of hidden units beyond `config.units` set to 0."""
        units, c = self.config.units, self.config
        if not 0 < units < c.hidden:
            return weights
        pruned = self.network.pruned(weights, units)
        for name in ("actor_w0", "critic_w0") if c.heads else ():
            used = torch.ones_like(pruned[name])
            used[:, units - c.hidden :] = 0.0
            pruned[name] = pruned[name] * used
        return pruned
