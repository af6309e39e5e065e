"""Learning to learn by gradient descent: an LSTM that sees examples and, one step late, their
labels.

Hochreiter, Younger & Conwell 2001, "Learning to learn using gradient descent". Gradient descent
through whole sequences (backpropagation through time) changes the weights; within a sequence, which
is about one function, all learning is the memory's activity, zero when it begins. At test the
weights are frozen.
Differs: one LSTM layer with forget gates and Adam, in place of the learning rules of its time.
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
    """Learner (poet.interfaces) for families with labels."""

    def __init__(self, family: TaskFamily, config: HochreiterConfig | None = None) -> None:
        self.family, self.config, spec = family, config or HochreiterConfig(), family.spec
        self.labels = getattr(spec, "labels", 0)
        if not self.labels:
            raise ValueError(
                "hochreiter learns from labels, and this family has none: take family "
                "regression, or rl2"
            )
        self.ranges = {"lr": Range(1e-4, 3e-2)}
        self.network = Recurrent(spec.observation_size, self.config.hidden, self.labels, "lstm")

    def init(self, key: Key) -> Agent:
        return self._fresh_agent(self.network.init(key.generator()))

    def adopt(self, agent: Agent) -> Agent:
        """The same weights; optimiser and schedule begin anew."""
        weights = cloned_weights(agent)
        return {**self._fresh_agent(weights), **self.checked_hyperparameters(agent)}

    def improve_one(self, agent: Agent, task: Task, key: Key) -> tuple[Agent, int]:
        """`updates` steps, each on sequences it has not met."""
        steps = 0
        for update in range(self.config.updates):
            batch, spent = self.sequences(task, key.child("update", update), self.config.trials)
            agent, steps = self._step(agent, batch), steps + spent
        return agent, steps

    def score_one(self, agent: Agent, task: Task, key: Key) -> Scored:
        """The return of a sequence, were it all like its last quarter; before adaptation, like its
        first example.
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
        """Sequences on draws of the task; environment steps. What is predicted changes nothing of
        what is seen.
        """

        def silent(observations: torch.Tensor, t: int) -> torch.Tensor:
            return torch.zeros(len(observations), self.labels, device=observations.device)

        played = EpisodeBatches(
            self.family, [task] * num_trials, draw_seeds(key, num_trials), 1, self.config.device
        )
        return played.play(silent), played.steps

    def errors(
        self, weights: adam.Named, observations: torch.Tensor, labels: torch.Tensor
    ) -> torch.Tensor:
        """Squared errors [t, n] of the predictions along whole sequences; [t, n, o] and [t, n,
        labels].
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
        done = min(float(agent["schedule/step"]) / c.anneal, 1.0)
        after = adam.step(agent, gradients, c.lr + done * (c.lr_end - c.lr), most=c.max_gradient)
        return {**after, "schedule/step": agent["schedule/step"] + 1}

    def _act(self, agent: Agent) -> ActFunction:
        """Predictions step by step; the memory begins at nothing with each sequence."""
        weights, memory = self.weights(agent), self.network.start(0)

        def act(observations: torch.Tensor, t: int) -> torch.Tensor:
            nonlocal memory
            if t == 0:
                memory = self.network.start(len(observations), self.config.device)
            said, memory = self.network.step(weights, observations, memory)
            return said

        return act

    def _fresh_agent(self, weights: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        return {**weights, **adam.fresh(weights), "schedule/step": torch.zeros(())}
