"""VariBAD: a policy conditioned on a belief about the task, learned by variational inference.

Zintgraf et al. 2020, "VariBAD: A Very Good Method for Bayes-Adaptive Deep RL via Meta-Learning"
(arXiv 1910.08348), with details from the authors' code. A recurrent encoder maps the transitions so
far, tau_:t, to an approximate posterior over a latent task variable m,

    q(m | tau_:t) = N(mu_t, sigma_t^2)

The policy's input is the observation with (mu_t, log sigma_t), the belief itself rather than a
sample. A decoder predicts every reward of the trial, past and future, from m. Encoder and decoder
maximise the evidence lower bound (ELBO) of every time step t. The policy's gradient does not reach
the encoder: PPO trains a feed-forward actor and critic on the beliefs of the rollout, and encoder
and decoder are trained after it. The rest is RL^2 (rl2.py).
Where the next observation s' determines the reward, set `decoder_input = "action"`; otherwise the
decoder does not need m and the belief stays at the prior. Where the dynamics are hidden, as in the
paper's appendix, the decoder also predicts s' - s (`predict_changes`).
Long trials are trained in parts (rl2.py): a belief then predicts the rewards of its own part.
Differs: the decoder is the inner product of two networks, one of m and one of (s, a, s'), with a
squared error (belief_decoder.py); the authors' multi-head decoder is a special case. Beliefs are
trained on the rollout alone, the authors' on a buffer of older trajectories too.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import torch

from ..parts.network_weights import weight_names
from ..parts.recurrent import Recurrent
from ..ppo.batches import Batch, batch_of, sequences, single_steps
from ..ppo.collecting import Collector
from ..ppo.network import FeedforwardNetwork
from ..ppo.rollout import Rollout
from ..ppo.training import no_returns, prepared
from ..ppo.update import COUNT, Rates, optimised, optimiser, update_policy
from ..rollouts.trials import Trials
from .belief_decoder import BeliefDecoder
from .evidence import ElboLoss, Evidence, Predictions
from .rl2 import RL2
from .varibad_config import VariBADConfig

if TYPE_CHECKING:
    from openpoet.poet.interfaces import Agent, Task, TaskFamily
    from openpoet.poet.streams import Key

    from ..parts.lifetimes import State
    from ..ppo.levels import LevelRollout, LevelTrainer

Weights = Mapping[str, torch.Tensor]


class VariBAD(RL2):
    """Learner (poet.interfaces) that adapts through a belief about the task, within a trial.

    Args:
        family: the task family, with discrete or continuous actions.
        config: the settings, by default those of `VariBADConfig.suggested`.

    Raises:
        ValueError: if `tabular` is set, or a trial has fewer episodes than `test_episodes`.
    """

    config: VariBADConfig

    def __init__(self, family: TaskFamily, config: VariBADConfig | None = None) -> None:
        super().__init__(family, config or VariBADConfig.suggested(family.spec))
        for name in ("tabular", "by_action"):
            if getattr(self.config, name):
                raise ValueError(
                    f"{name} is not supported by varibad, whose recurrent network gives a belief: "
                    "set it to false"
                )
        spec, c = family.spec, self.config
        observations, actions = spec.observation_size, spec.action_size
        self.network = Recurrent(self.network.inputs, c.hidden, 2 * c.latent, c.cell)
        self.policy_network = FeedforwardNetwork(
            observations + 2 * c.latent, c.policy, self.actions
        )
        following = c.decoder_input == "transition"
        self.predictions = Predictions(observations, following, c.predict_changes)
        self.decoder = BeliefDecoder(
            c.latent, self.predictions.inputs(actions), c.decoder, self.predictions.outputs
        )
        self.elbo_loss = ElboLoss(self.decoder, c.kl, c.belief_steps)

    def _initial_weights(self, rng: np.random.Generator) -> dict[str, torch.Tensor]:
        """Beliefs with a standard deviation of about `initial_std`, and a nearly uniform policy."""
        weights = super()._initial_weights(rng) | self.policy_network.init(
            rng, self.config.action_std
        )
        weights["b_out"][self.config.latent :] = math.log(self.config.initial_std)
        return weights | self.decoder.init(rng)

    def outputs(self, weights: Weights, inputs: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Policy parameters [t, n, k] and values [t, n] for policy inputs [t, n, i]."""
        policy, values, _ = self.policy_network.step(weights, inputs, ())
        return policy, values

    def policy_inputs(self, inputs: torch.Tensor, belief: torch.Tensor) -> torch.Tensor:
        """The policy's inputs [..., o + 2 latent]: the observation and the belief.

        Differs: the means are divided by a constant, by default the initial standard deviation, so
        that small differences in them change the policy's output; the authors' code divides by
        their running standard deviation.

        Args:
            inputs: of a trial, [..., i].
            belief: means, then log standard deviations, [..., 2 latent].
        """
        observations = inputs[..., : self.family.spec.observation_size]
        (mean, log_std), std = belief.chunk(2, -1), self.config.initial_std
        unit = self.config.belief_unit or std
        return torch.cat([observations, mean / unit, log_std - math.log(std)], -1)

    def beliefs(
        self, weights: Weights, inputs: torch.Tensor, state: State, begins: torch.Tensor
    ) -> torch.Tensor:
        """Beliefs along inputs [t, n, i], [t, n, 2 latent]: means, then log standard deviations.

        state, begins: see `RL2.run`.
        """
        weights = self.active(weights)
        resets = begins if bool(begins[1:].any()) else None
        return self.network.run(weights, self._network_inputs(weights, inputs), state, resets)

    def _policy_and_values(
        self, weights: Weights, inputs: torch.Tensor, outputs: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        return self.outputs(weights, self.policy_inputs(inputs, outputs))

    @property
    def on_levels(self) -> LevelTrainer:
        """As RL^2's, with the update of encoder and decoder."""
        trainer = super().on_levels
        plan = replace(trainer.plan, outcomes=True)
        return replace(trainer, plan=plan, update=self._level_update)

    def _level_update(self, found: LevelRollout, key: Key) -> Agent:
        after = self._normalised_observations(found.before, found.rollout.after)
        rollout = replace(found.rollout, after=after)
        return self._updated(found.agent, rollout, key.child("update", 0))

    def improve_one(self, agent: Agent, task: Task, key: Key) -> tuple[Agent, int]:
        """For each rollout a PPO update of the policy, then one of encoder and decoder.

        Returns the agent and the environment steps.
        """
        plan = replace(self.plan, outcomes=True)
        collector = Collector(self.family, [task] * plan.rows, plan, key)
        returns = no_returns(collector)
        for number in range(self.config.rollouts):
            rollout = collector.collect(self.policy(agent))
            after = self._normalised_observations(agent, rollout.after)
            agent, rewards, returns = prepared(self.config, agent, rollout, returns)
            rollout = replace(rollout, rewards=rewards, after=after)
            agent = self._updated(agent, rollout, key.child("update", number))
        return agent, collector.steps

    def _updated(self, agent: Agent, rollout: Rollout, key: Key) -> Agent:
        """The agent after an update. rollout: with scaled rewards and normalised observations."""
        c, weights = self.config, self._weights(agent)
        rate = self._belief_rate(agent)
        batch = batch_of(rollout, rollout.rewards, c, self.plan.chunk)
        with torch.no_grad():
            beliefs = self.beliefs(weights, batch.inputs, batch.state, batch.begins)
        acted = replace(batch, inputs=self.policy_inputs(batch.inputs, beliefs), state=())
        rng = key.child("minibatches").generator()
        after = update_policy(self.policy_network, c, agent, single_steps(acted), rng).agent
        if not rate:
            return after
        return self._trained_beliefs(after, self._evidence(weights, batch, rollout), rate, key)

    def _belief_rate(self, agent: Agent) -> float:
        """The learning rate of encoder and decoder at the agent's next update."""
        c, rate = self.config, self.config.belief_lr or Rates.of(self.config, agent).lr
        done = float(agent[COUNT]) / c.belief_anneal if c.belief_anneal else 0.0
        return rate * max(1.0 - done, 0.0)

    def _evidence(self, weights: Weights, batch: Batch, rollout: Rollout) -> Evidence:
        """What the beliefs of a rollout are trained on."""
        length = len(batch.inputs)
        after, rewards = (sequences(part, length) for part in (rollout.after, rollout.rewards))
        with torch.no_grad():
            first = self._read_out(weights, batch.state)
        return Evidence(
            self.predictions.transitions(batch.inputs, batch.actions, after),
            self.predictions.outcomes(batch.inputs, rewards, after),
            batch.alive,
            batch.begins,
            first,
            batch.inputs,
            batch.state,
        )

    def _trained_beliefs(self, agent: Agent, evidence: Evidence, rate: float, key: Key) -> Agent:
        """The agent after `belief_epochs` passes of encoder and decoder over the sequences."""
        c, rng = self.config, key.child("sequences").generator()
        noise = torch.Generator().manual_seed(key.child("beliefs").integer())
        weights = {
            name: agent[name].detach().to(c.device, copy=True).requires_grad_()
            for name in weight_names(agent)
        }
        adam = optimiser(agent, weights, rate)
        for _ in range(c.belief_epochs):
            order = torch.from_numpy(rng.permutation(evidence.inputs.shape[1]))
            for rows in order.tensor_split(c.minibatches):
                adam.zero_grad()
                self._loss_of_beliefs(weights, evidence.rows(rows.sort().values), noise).backward()
                torch.nn.utils.clip_grad_norm_(weights.values(), c.max_gradient)
                adam.step()
        return optimised(agent, weights, adam)

    def _read_out(self, weights: Weights, state: State) -> torch.Tensor:
        """The beliefs [n, 2 latent] of hidden states."""
        return torch.nn.functional.linear(state[0], weights["w_out"], weights["b_out"])

    def _loss_of_beliefs(
        self, weights: Weights, evidence: Evidence, noise: torch.Generator
    ) -> torch.Tensor:
        beliefs = self.beliefs(weights, evidence.inputs, evidence.state, evidence.begins)
        return self.elbo_loss(weights, beliefs, evidence, noise)

    def predicted_rewards(self, agent: Agent, trials: Trials) -> torch.Tensor:
        """Each reward of a trial, past and future, predicted from the belief before each step.

        Returns [t of the belief, t of the reward, n].
        """
        weights, inputs = self._weights(agent), self._normaliser(agent)(trials.inputs)
        after = self._normalised_observations(agent, trials.after)
        with torch.no_grad():
            transitions = self.predictions.transitions(inputs, trials.actions, after)
            means = self.belief_means(agent, trials)
            predicted = self.decoder(weights, means, transitions)[..., 0]
            return predicted / self._reward_factor(agent)

    def belief_means(self, agent: Agent, trials: Trials) -> torch.Tensor:
        """The belief's mean before each step of trials, [t, n, latent]."""
        inputs = self._normaliser(agent)(trials.inputs)
        start = self.start(inputs.shape[1], str(inputs.device))
        none = torch.zeros(inputs.shape[:2], dtype=torch.bool, device=inputs.device)
        with torch.no_grad():
            beliefs = self.beliefs(self._weights(agent), inputs, start, none)
        return beliefs[..., : self.config.latent]
