"""Meta-gradient RL: an actor-critic that learns its discount and lambda while it learns to act.

Xu, van Hasselt & Silver 2018, "Meta-Gradient Reinforcement Learning" (arXiv 1805.09801). The return
of an update depends on eta = (gamma, lambda). The next batch evaluates that update under a fixed
reference eta'. With the objective J' of the next batch, the gradient of eta is

    dJ'/deta = dJ'/dtheta' dtheta'/deta        (online cross-validation; the paper's mu = 0)

The actor-critic is that of RL^2. Eta is stored as hyperparameters of the agent, is parametrised by
a sigmoid, and is kept in a transfer.
Differs: an update is one of PPO with Adam; dtheta'/deta is that of its first gradient times Adam's
step size of each weight. Adam also updates eta. Policy and value do not take eta as an input, since
it changes slowly.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated

import numpy as np
import torch
from annotated_types import Interval

from openpoet.settings import Fraction, PositiveFloat

from ..parts import adam
from ..parts.hyperparameters import HYPER_PREFIX, Range
from ..ppo.batches import Batch, batch_of, sequences
from ..ppo.collecting import Collector
from ..ppo.config import PPOSettings
from ..ppo.rollout import Rollout
from ..ppo.training import no_returns, prepared
from ..ppo.update import EPSILON, Rates, update_policy
from .advantage_gradients import Eta, advantage_tangents
from .rl2 import RL2
from .rl2_config import CONTROL, STATES, WITHOUT_OBSERVATIONS, RL2Config

if TYPE_CHECKING:
    from openpoet.poet.interfaces import Agent, Task, TaskFamily
    from openpoet.poet.streams import Key

    from ..ppo.levels import LevelRollout, LevelTrainer

Named = Mapping[str, torch.Tensor]
# (log probabilities [t, n], values [t, n]) -> a scalar
Objective = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]
META, TOWARDS = "meta/", "towards/"  # names of eta's optimiser state, and of dtheta'/deta
# Logits of eta are clamped to +-LIMIT, 1e-6 from 0 and 1: the sigmoid of 37 rounds to 1.
LIMIT = 13.8
DIRECTIONS = {"gamma": Eta(1.0, 0.0), "lam": Eta(0.0, 1.0)}


Open = Annotated[float, Interval(gt=0, lt=1)]
# rewards are noisy: with long returns neither the policy nor eta learns within minutes
_STATES = replace(STATES, values={**STATES.values, "lam": 0.3, "reference_gamma": 0.9})


@dataclass(frozen=True)
class MetaGradientConfig(RL2Config):
    """Settings; `gamma` and `lam` are the initial values of eta."""

    suggestions = (WITHOUT_OBSERVATIONS, _STATES, CONTROL)
    gamma: Annotated[Open, "Initial discount factor; it is learned."] = 0.9
    lam: Annotated[Open, "Initial lambda; it is learned."] = 0.9
    reference_gamma: Annotated[
        Fraction, "Discount factor under which the next batch evaluates an update."
    ] = 0.99
    reference_lam: Annotated[Fraction, "Lambda under which it does; 1 in the paper."] = 1.0
    meta_lr: Annotated[PositiveFloat, "Learning rate of the logits of gamma and lambda (Adam)."] = (
        0.02
    )


class MetaGradient(RL2):
    """Learner (poet.interfaces): RL^2 with a learned discount and lambda."""

    config: MetaGradientConfig

    def __init__(self, family: TaskFamily, config: MetaGradientConfig | None = None) -> None:
        super().__init__(family, config or MetaGradientConfig.suggested(family.spec))
        self.ranges = {**self.ranges, "lam": Range(0.01, 0.99, from_one=True)}  # within (0, 1)

    def carried(self) -> Mapping[str, Range]:
        """Eta may take any value between 0 and 1."""
        return {**super().carried(), **dict.fromkeys(DIRECTIONS, Range(0.0, 1.0))}

    def _fresh_agent(self, weights: Named) -> dict[str, torch.Tensor]:
        """An agent with the initial eta, and dtheta'/deta = 0 before the first update."""
        eta = {
            name: torch.tensor(getattr(self.config, name), dtype=torch.float64)
            for name in DIRECTIONS
        }
        return {
            **super()._fresh_agent(weights),
            **{f"{HYPER_PREFIX}{name}": value for name, value in eta.items()},
            **{f"{META}{name}": value for name, value in adam.fresh(eta).items()},
            **{
                f"{TOWARDS}{eta}/{name}": torch.zeros_like(w)
                for eta in DIRECTIONS
                for name, w in weights.items()
            },
        }

    @property
    def on_levels(self) -> LevelTrainer:
        """As RL^2's, with the update of eta."""
        return replace(super().on_levels, update=self._level_update)

    def _level_update(self, found: LevelRollout, key: Key) -> Agent:
        rng = key.child("minibatches", 0).generator()
        return self._after_rollout(found.agent, found.rollout, found.rollout.rewards, rng)

    def improve_one(self, agent: Agent, task: Task, key: Key) -> tuple[Agent, int]:
        """For each rollout an update of eta, from the last PPO update, and a PPO update under the
        new eta.

        Returns the agent and the environment steps.
        """
        collector = Collector(self.family, [task] * self.plan.rows, self.plan, key)
        returns = no_returns(collector)
        for number in range(self.config.rollouts):
            rollout = collector.collect(self.policy(agent))
            agent, rewards, returns = prepared(self.config, agent, rollout, returns)
            rng = key.child("minibatches", number).generator()
            agent = self._after_rollout(agent, rollout, rewards, rng)
        return agent, collector.steps

    def _after_rollout(
        self, agent: Agent, rollout: Rollout, rewards: torch.Tensor, rng: np.random.Generator
    ) -> Agent:
        """The agent after an update of eta and a PPO update under the new eta."""
        agent = {**agent, **self._updated_eta(agent, rollout, rewards)}
        return self.of(agent)._updated(agent, rollout, rewards, rng)

    def _updated(
        self, agent: Agent, rollout: Rollout, rewards: torch.Tensor, rng: np.random.Generator
    ) -> Agent:
        """The agent after a PPO update under its own eta, with dtheta'/deta."""
        batch = batch_of(rollout, rewards, self.config, self.plan.chunk)
        after = update_policy(self, self.config, agent, batch, rng).agent
        return {**after, **self._derivatives(agent, after, rollout, batch)}

    def _updated_eta(
        self, agent: Agent, rollout: Rollout, rewards: torch.Tensor
    ) -> dict[str, torch.Tensor]:
        """Eta and its optimiser after one step along the meta-gradient."""
        c, weights = self.config, self._weights(agent)
        reference = PPOSettings(gamma=c.reference_gamma, lam=c.reference_lam)
        batch = batch_of(rollout, rewards, reference, self.plan.chunk)
        validation = validation_gradient(self, weights, batch)
        now = {name: agent[f"{HYPER_PREFIX}{name}"] for name in DIRECTIONS}
        gradients = {
            name: sum(
                (validation[w].cpu() * agent[f"{TOWARDS}{name}/{w}"]).double().sum()
                for w in sorted(validation)
            )
            * (now[name] * (1 - now[name]))
            for name in DIRECTIONS
        }
        state = {
            name.removeprefix(META): value for name, value in agent.items() if name.startswith(META)
        }
        moved = adam.step(
            {**state, **{name: torch.logit(now[name]) for name in DIRECTIONS}}, gradients, c.meta_lr
        )
        optimiser = {
            f"{META}{name}": value for name, value in moved.items() if name not in DIRECTIONS
        }
        learned = {name: torch.sigmoid(moved[name].clamp(-LIMIT, LIMIT)) for name in DIRECTIONS}
        return {**optimiser, **{f"{HYPER_PREFIX}{name}": value for name, value in learned.items()}}

    def _derivatives(
        self, agent: Agent, after: Agent, rollout: Rollout, batch: Batch
    ) -> dict[str, torch.Tensor]:
        """dtheta'/deta of the weights `after` the update, a tensor per direction and weight.

        batch: the rollout with its advantages under the agent's eta.
        """
        c, weights = self.config, self._weights(agent)
        scale = float(batch.advantages[batch.alive].std()) + 1e-8 if c.normalise_advantages else 1.0
        lr, length = Rates.of(c, agent).lr, len(batch.inputs)
        gae = unsequenced(batch.advantages, rollout)
        found: dict[str, torch.Tensor] = {}
        for name, direction in DIRECTIONS.items():
            eta = Eta(c.gamma, c.lam)
            change = advantage_tangents(rollout.following, gae, rollout.cuts, eta, direction)
            change = sequences(change, length)
            for w, gradient in step_gradient(self, weights, batch, change, scale).items():
                correction = float(1 - 0.999 ** after[f"{adam.STEPS}{w}"])
                divisor = (after[f"adam/square/{w}"] / correction).sqrt() + EPSILON
                found[f"{TOWARDS}{name}/{w}"] = lr * gradient.cpu() / divisor
        return found


def unsequenced(values: torch.Tensor, rollout: Rollout) -> torch.Tensor:
    """Values [t, n] of a rollout from those of its sequences (ppo.batches.sequences)."""
    steps, rows = rollout.values.shape
    return values.unflatten(1, (-1, rows)).transpose(0, 1).flatten(0, 1)[:steps]


def validation_gradient(learner: RL2, weights: Named, batch: Batch) -> dict[str, torch.Tensor]:
    """Gradient in the weights of J', the policy gradient loss.

    Args:
        batch: of a rollout with these weights; its advantages are those under the reference eta'.
    """

    def loss(log_probs: torch.Tensor, values: torch.Tensor) -> torch.Tensor:
        return -(log_probs * batch.advantages * batch.alive).sum() / batch.alive.sum()

    return _gradient(learner, weights, batch, loss)


def step_gradient(
    learner: RL2, weights: Named, batch: Batch, change: torch.Tensor, scale: float
) -> dict[str, torch.Tensor]:
    """The change of one step of gradient descent on these trials, with a learning rate of 1.

    Args:
        change: derivative of the advantages in the direction considered, [t, m].
        scale: the divisor of the advantages in the policy's part of the loss.
    """

    def objective(log_probs: torch.Tensor, values: torch.Tensor) -> torch.Tensor:
        terms = change * (log_probs / scale + learner.config.value_weight * values)
        return (terms * batch.alive).sum() / batch.alive.sum()

    return _gradient(learner, weights, batch, objective)


def _gradient(
    learner: RL2, weights: Named, batch: Batch, objective: Objective
) -> dict[str, torch.Tensor]:
    leaves = {name: value.detach().clone().requires_grad_() for name, value in weights.items()}
    policy, values = learner.run(leaves, batch.inputs, batch.state, batch.begins)
    total = objective(learner.actions.log_prob(policy, batch.actions), values)
    # with `heads` the policy's loss does not depend on the critic: its gradient there is 0
    found = torch.autograd.grad(total, list(leaves.values()), materialize_grads=True)
    return dict(zip(leaves, found, strict=True))
