"""An improvement step of PPO: rollouts that continue from one to the next, each with an update."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from .batches import batch_of
from .collecting import Collector
from .config import PPOSettings
from .network import ActorCritic
from .normalisation import with_observations, with_returns
from .policies import RolloutPolicy
from .rollout import Rollout
from .update import update_policy

if TYPE_CHECKING:
    from openpoet.poet.interfaces import Agent
    from openpoet.poet.streams import Key


@dataclass(frozen=True)
class Trainer:
    """Improves agents whose network is `network`.

    policy_of: the policy of an agent in rollouts.
    """

    network: ActorCritic
    settings: PPOSettings
    policy_of: Callable[[Agent], RolloutPolicy]

    def improved(self, agent: Agent, collector: Collector, key: Key) -> Agent:
        """The agent after `rollouts` rollouts, each with an update.

        Its tensors are on the CPU before and after, and on the plan's device in between.
        """
        c, plan, returns = self.settings, collector.plan, no_returns(collector)
        agent = {name: tensor.to(plan.device) for name, tensor in agent.items()}
        for number in range(c.rollouts):
            rollout = collector.collect(self.policy_of(agent))
            agent, rewards, returns = prepared(c, agent, rollout, returns)
            batch = batch_of(rollout, rewards, c, plan.chunk)
            rng = key.child("minibatches", number).generator()
            agent = update_policy(self.network, c, agent, batch, rng).agent
        return {name: tensor.cpu() for name, tensor in agent.items()}


def no_returns(collector: Collector) -> torch.Tensor:
    """The running returns before the first rollout of an improvement step, [n] float64."""
    plan = collector.plan
    return torch.zeros(plan.rows, dtype=torch.float64, device=plan.device)


def prepared(
    settings: PPOSettings, agent: Agent, rollout: Rollout, returns: torch.Tensor
) -> tuple[Agent, torch.Tensor, torch.Tensor]:
    """The agent with the statistics of normalisation continued; scaled rewards [t, n] float32;
    running returns for the next rollout [n].

    returns: running returns from the rollout before, [n] float64.
    """
    if settings.normalise_rewards:
        agent, rewards, returns = with_returns(agent, rollout, returns, settings.gamma)
    else:
        rewards = (rollout.rewards * settings.reward_scale).float()
    if settings.normalise_observations:
        agent = with_observations(agent, rollout)
    return agent, rewards, returns
