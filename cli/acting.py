"""Agents of any learner as policies in episodes that are simulated by the caller."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import torch

if TYPE_CHECKING:
    from openpoet.agents.metaworld_protocol import TrialPolicy
    from openpoet.poet.interfaces import Agent
    from openpoet.poet.streams import Key


class Reactive:
    """The agent of a learner that does not adapt: its `act`, and the hidden state of each row."""

    observes_rewards = False

    def __init__(self, learner: Any, agent: Agent, n: int) -> None:
        self._learner, self._agent = learner, agent
        memory = torch.from_numpy(learner.policy.start(n))
        self.state: Mapping[str, torch.Tensor] = {"memory": memory}

    def begin(self, rows: torch.Tensor) -> None:
        fresh = torch.from_numpy(self._learner.policy.start(int(rows.sum())))
        self.state["memory"][rows] = fresh

    def act(self, observations: torch.Tensor, greedy: bool = False) -> torch.Tensor:
        actions: torch.Tensor = self._learner.act(
            self._agent, observations.cpu(), self.state["memory"].numpy()
        )
        return actions

    def observe(self, rewards: torch.Tensor, ended: torch.Tensor) -> None:
        """Does nothing, since the agent does not use rewards."""

    def adapt(self) -> None:
        """Does nothing, since the agent does not adapt."""


def adapts(learner: Any) -> bool:
    """Whether agents of this learner are evaluated by whole trials (agents.assessment.Adapts)."""
    return hasattr(learner, "by_episode")


def check_acts(learner: Any, name: str) -> None:
    """ValueError unless agents of this learner, of that name, can act step by step."""
    if not hasattr(learner, "trial_policy") and not hasattr(learner, "act"):
        raise ValueError(
            f"the learner {name} cannot act step by step: it has neither a method `trial_policy` "
            "nor `act`; replay() shows its agents"
        )


def acting(learner: Any, agent: Agent, n: int, key: Key) -> TrialPolicy:
    """The agent in n rows, as it acts in an evaluation. key: the stream of its random numbers.

    For learners that pass `check_acts`.
    """
    if hasattr(learner, "trial_policy"):
        found: TrialPolicy = learner.trial_policy(agent, n, key)
        return found
    return Reactive(learner, agent, n)


def samples(learner: Any) -> bool:
    """Whether agents of this learner have sampled actions besides their most likely ones."""
    return hasattr(learner, "trial_policy")


def sampling(learner: Any, agent: Agent, n: int, key: Key) -> TrialPolicy:
    """The same with sampled actions: those of training, where an evaluation takes other ones."""
    if hasattr(learner, "sampled_policy"):
        found: TrialPolicy = learner.sampled_policy(agent, n, key)
        return found
    return acting(learner, agent, n, key)
