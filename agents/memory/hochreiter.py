"""Learning to learn by gradient descent: an LSTM that learns a function from labelled examples.

Hochreiter, Younger & Conwell 2001, "Learning to Learn Using Gradient Descent" (ICANN). Each
sequence consists of examples of one function, and the label of an example is part of the next
input. The weights are trained by backpropagation through whole sequences. Within a sequence the
LSTM adapts through its state, which is zero at the start. In an evaluation the weights are frozen.
Differs: one LSTM layer with forget gates, trained with Adam.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from ..parts import adam
from ..parts.hyperparameters import Range, Tunable
from ..parts.network_weights import cloned_weights, network_weights
from ..parts.pairs import PairByPair
from ..parts.recurrent import Recurrent
from ..parts.scoring import Scored, draw_seeds, solved
from ..rollouts.episode_batches import ActFunction, Batch, EpisodeBatches
from .hochreiter_config import HochreiterConfig

if TYPE_CHECKING:
    from openpoet.poet.interfaces import Agent, Task, TaskFamily
    from openpoet.poet.streams import Key


class Hochreiter(Tunable, PairByPair):
    """Learner (poet.interfaces) for task families with labels (Spec.labels).

    Raises:
        ValueError: if the family has no labels.
    """

    def __init__(self, family: TaskFamily, config: HochreiterConfig | None = None) -> None:
        self.family, self.config, spec = family, config or HochreiterConfig(), family.spec
        self.labels = getattr(spec, "labels", 0)
        if not self.labels:
            raise ValueError(
                "hochreiter learns from labels, and this family has none: use the family "
                "regression, or the learner rl2"
            )
        self.ranges = {"lr": Range(1e-4, 3e-2)}
        self.network = Recurrent(spec.observation_size, self.config.hidden, self.labels, "lstm")

    def init(self, key: Key) -> Agent:
        return self._fresh_agent(self.network.init(key.generator()))

    def adopt(self, agent: Agent) -> Agent:
        """The same weights and hyperparameters; the optimiser and the schedule are reset."""
        weights = cloned_weights(agent)
        return {**self._fresh_agent(weights), **self.checked_hyperparameters(agent)}

    def improve_one(self, agent: Agent, task: Task, key: Key) -> tuple[Agent, int]:
        """`config.updates` updates, each on new sequences; the agent, environment steps."""
        steps = 0
        for update in range(self.config.updates):
            batch, spent = self.sequences(task, key.child("update", update), self.config.trials)
            agent, steps = self._step(agent, batch), steps + spent
        return agent, steps

    def score_one(self, agent: Agent, task: Task, key: Key) -> Scored:
        """The sequence length times the mean reward of the last quarter of a sequence.

        The score before adaptation is the sequence length times the mean reward of the first
        example.
        """
        c = self.config
        episode_batches = EpisodeBatches(
            self.family, [task] * c.test_trials, draw_seeds(key, c.test_trials), 1, c.device
        )
        with torch.no_grad():
            batch = episode_batches.play(self._act(agent))
        rewards = batch.rewards.double().mean(1) * len(batch.rewards)
        score, before = float(rewards[-max(len(rewards) // 4, 1) :].mean()), float(rewards[0])
        reached = solved(score, float(batch.success.double().mean()), self.family.spec.solved_score)
        return Scored(score, bool(reached), episode_batches.steps, before)

    def sequences(self, task: Task, key: Key, num_trials: int) -> tuple[Batch, int]:
        """Sequences on fresh draws of the task, one per trial; environment steps.

        The examples do not depend on the predictions, so the actions are zeros.
        """

        def zeros(observations: torch.Tensor, t: int) -> torch.Tensor:
            return torch.zeros(len(observations), self.labels, device=observations.device)

        played = EpisodeBatches(
            self.family, [task] * num_trials, draw_seeds(key, num_trials), 1, self.config.device
        )
        return played.play(zeros), played.steps

    def errors(
        self, weights: adam.Named, observations: torch.Tensor, labels: torch.Tensor
    ) -> torch.Tensor:
        """Squared errors [t, n] of the predictions along whole sequences.

        Args:
            observations: [t, n, o].
            labels: [t, n, labels].
        """
        start = self.network.start(observations.shape[1], self.config.device)
        return ((self.network.run(weights, observations, start) - labels) ** 2).sum(2)

    def weights(self, agent: Agent) -> dict[str, torch.Tensor]:
        return network_weights(agent, self.config.device)

    def _step(self, agent: Agent, batch: Batch) -> Agent:
        c, weights = self.config, self.weights(agent)
        leaves = {name: value.detach().clone().requires_grad_() for name, value in weights.items()}
        errors = self.errors(leaves, batch.observations, batch.labels(self.labels))
        loss = (errors * batch.alive).sum() / batch.alive.sum()
        gradients = dict(zip(leaves, torch.autograd.grad(loss, list(leaves.values())), strict=True))
        progress = min(float(agent["schedule/step"]) / c.anneal, 1.0)
        lr = c.lr + progress * (c.lr_end - c.lr)
        after = adam.step(agent, gradients, lr, most=c.max_gradient)
        return {**after, "schedule/step": agent["schedule/step"] + 1}

    def _act(self, agent: Agent) -> ActFunction:
        """Predictions step by step; the LSTM's state is reset at the start of each sequence."""
        weights, state = self.weights(agent), self.network.start(0)

        def act(observations: torch.Tensor, t: int) -> torch.Tensor:
            nonlocal state
            if t == 0:
                state = self.network.start(len(observations), self.config.device)
            predictions, state = self.network.step(weights, observations, state)
            return predictions

        return act

    def _fresh_agent(self, weights: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        return {**weights, **adam.fresh(weights), "schedule/step": torch.zeros(())}
