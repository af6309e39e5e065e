"""Agents that adapt, driven from outside by Meta-World's evaluation protocol: a harness of others
can score ours.

Yu et al. 2019, "Meta-World" (arXiv 1910.10897), the protocol `MetaLearningAgent` of its package
`metaworld.evaluation`: `init` begins a trial in each of n environments, then `adapt_action` and
`step` through the adaptation episodes and `adapt` after them, then `reset` of the environments
whose episode begins, and `eval_action`. What was learned in adaptation is kept, and every episode
of the evaluation begins from it. Arrays are numpy's, a row an environment. Environments must reset
in the same step (Gymnasium's AutoresetMode.SAME_STEP), as Meta-World's do.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import torch

if TYPE_CHECKING:
    from openpoet.poet.interfaces import Agent, Spec
    from openpoet.poet.streams import Key


class TrialPolicy(Protocol):
    """An agent in n draws of a task, which somebody else simulates: what a learner's `trial_policy`
    returns.
    """

    # [n, ...] each: what it has learned and where it is; may be put back by rows
    state: Mapping[str, torch.Tensor]
    observes_rewards: bool  # whether it acts by the rewards that it was told since its last `adapt`

    def begin(self, rows: torch.Tensor) -> None:
        """An episode begins in the rows of the mask [n] bool."""
        ...

    def act(self, observations: torch.Tensor, greedy: bool = False) -> torch.Tensor:
        """Actions [n, a], from observations [n, o] float32; greedy: the likeliest ones."""
        ...

    def observe(self, rewards: torch.Tensor, ended: torch.Tensor) -> None:
        """What the last actions gave, [n], and whose episode ended with them, [n] bool."""
        ...

    def adapt(self) -> None:
        """Learn from the episodes that ended since the last time."""
        ...


class TrialPolicyLearner(Protocol):
    family: Any  # its spec says the sizes

    def trial_policy(self, agent: Agent, n: int, key: Key) -> TrialPolicy: ...


class MetaWorldAgent:
    """metaworld.evaluation.MetaLearningAgent of one of our agents, in n environments.

    greedy: the likeliest action in evaluation, as Meta-World asks; adaptation explores.
    Observations are the family's, or those with the last action, reward and end behind them
    (`recurrent_info_in_obs=True`, and with it `normalize_reward_in_recurrent_info=False`): agents
    that remember need these, since no rewards are told in evaluation otherwise.
    """

    def __init__(
        self, learner: TrialPolicyLearner, agent: Agent, n: int, key: Key, *, greedy: bool = True
    ) -> None:
        self.learner, self.agent, self.n, self.key, self.greedy = learner, agent, n, key, greedy
        self.spec: Spec = learner.family.spec
        self.trials = 0
        self.init()

    def init(self) -> None:
        """A new trial in every environment, with nothing learned."""
        self.policy = self.learner.trial_policy(
            self.agent, self.n, self.key.child("life", self.trials)
        )
        self.trials += 1
        self.learned, self.beginning = self.policy.state, self._all

    def adapt_action(self, observations: np.ndarray) -> tuple[np.ndarray, dict[str, np.ndarray]]:
        """Actions that explore, [n, a], and nothing more to tell about them."""
        seen = self._seen(observations)
        self._begin()
        return self.policy.act(seen).double().cpu().numpy(), {}

    def step(self, timestep: Any) -> None:
        """What came of the last actions: reward, terminated and truncated of
        metaworld.evaluation.Timestep.
        """
        ended = torch.from_numpy(np.logical_or(timestep.terminated, timestep.truncated))
        self.policy.observe(torch.as_tensor(timestep.reward), ended)
        self.beginning = ended

    def adapt(self) -> None:
        """The adaptation episodes are over; the environments are reset."""
        self.policy.adapt()
        self.learned, self.beginning = self.policy.state, self._all

    def reset(self, env_mask: np.ndarray) -> None:
        """An episode of the evaluation begins in these environments, from what was learned in
        adaptation.
        """
        self.beginning = self.beginning | torch.from_numpy(np.asarray(env_mask, bool))

    def eval_action(self, observations: np.ndarray) -> np.ndarray:
        """Actions in the evaluation, [n, a]."""
        seen, rows = self._seen(observations), self.beginning
        self.policy.observe(self._told(observations), torch.zeros_like(rows))
        state = self.policy.state
        self.policy.state = {
            name: torch.where(rows.reshape(-1, *[1] * (part.dim() - 1)), self.learned[name], part)
            for name, part in state.items()
        }
        self._begin()
        return self.policy.act(seen, greedy=self.greedy).double().cpu().numpy()

    def _begin(self) -> None:
        self.policy.begin(self.beginning)
        self.beginning = torch.zeros_like(self.beginning)

    @property
    def _all(self) -> torch.Tensor:
        return torch.ones(self.n, dtype=torch.bool)

    def _seen(self, observations: np.ndarray) -> torch.Tensor:
        """The family's part of the observations. ValueError if they are of another size, NaN or
        infinite.
        """
        o, width = self.spec.observation_size, np.shape(observations)
        if width not in ((self.n, o), (self.n, o + self.spec.action_size + 2)):
            told = o + self.spec.action_size + 2
            raise ValueError(
                f"observations must be [{self.n}, {o}], or {told} with the last step, "
                f"got {list(width)}"
            )
        if not np.isfinite(observations).all():
            raise ValueError("an observation is NaN or infinite")
        return torch.as_tensor(observations[:, :o], dtype=torch.float32)

    def _told(self, observations: np.ndarray) -> torch.Tensor:
        """Rewards of the last step, [n], as the observations tell them."""
        if observations.shape[1] > self.spec.observation_size:
            return torch.as_tensor(observations[:, -2])
        if self.policy.observes_rewards:
            raise ValueError(
                "this agent acts by rewards in evaluation too: its observations must end with the "
                "last action, reward"
                " and end (recurrent_info_in_obs=True)"
            )
        return torch.zeros(self.n)
