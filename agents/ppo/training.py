"""An improvement step of PPO: rollouts that continue from one to the next, each with an update."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from .batches import Batch, batch_of
from .collecting import Collector, Rollout
from .config import PPOSettings
from .network import ActorCritic
from .normalisation import with_observations, with_returns
from .policies import RolloutPolicy
from .update import ExtraLoss, update_policy

if TYPE_CHECKING:
    from openpoet.poet.interfaces import Agent
    from openpoet.poet.streams import Key


@dataclass(frozen=True)
class Trainer:
    """Improves agents whose network is `network`.

    policy_of: the policy of an agent in rollouts. extra_loss: for each batch, a function that adds
    to PPO's loss.
    """

    network: ActorCritic
    settings: PPOSettings
    policy_of: Callable[[Agent], RolloutPolicy]
    extra_loss: Callable[[Rollout, Batch], ExtraLoss] | None = None

    def improved(self, agent: Agent, collector: Collector, key: Key) -> Agent:
        """The agent after `rollouts` rollouts, each with an update.

        Its tensors are on the CPU before and after, and on the plan's device in between.
        """
        c, plan = self.settings, collector.plan
        agent = {name: tensor.to(plan.device) for name, tensor in agent.items()}
        returns = torch.zeros(plan.rows, dtype=torch.float64, device=plan.device)
        for number in range(c.rollouts):
            rollout = collector.collect(self.policy_of(agent))
            if c.normalise_rewards:
                agent, rewards, returns = with_returns(agent, rollout, returns, c.gamma)
            else:
                rewards = (rollout.rewards * c.reward_scale).float()
            if c.normalise_observations:
                agent = with_observations(agent, rollout)
            batch = batch_of(rollout, rewards, c, plan.chunk)
            extra = None if self.extra_loss is None else self.extra_loss(rollout, batch)
            rng = key.child("minibatches", number).generator()
            agent = update_policy(self.network, c, agent, batch, rng, extra_loss=extra).agent
        return {name: tensor.cpu() for name, tensor in agent.items()}
