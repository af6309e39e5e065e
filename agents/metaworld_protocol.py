"""Meta-World's evaluation protocol for agents that adapt, so that other harnesses can score them.

Yu et al. 2019, "Meta-World" (arXiv 1910.10897), the protocol `MetaLearningAgent` of its package
`metaworld.evaluation`: `init` begins a trial in each of n environments; `adapt_action` and `step`
run the adaptation episodes, and `adapt` ends them; `reset` marks the environments whose evaluation
episode begins, and `eval_action` runs it. Every evaluation episode starts from the adapted state.
Arrays are numpy's, one row for each environment. Environments must reset in the same step
(Gymnasium's AutoresetMode.SAME_STEP), as Meta-World's do.
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
    """An agent in n draws of a task that are simulated elsewhere; `trial_policy` returns one."""

    # [n, ...] each: everything that later actions depend on; rows may be restored
    state: Mapping[str, torch.Tensor]
    observes_rewards: bool  # whether actions depend on rewards observed since the last `adapt`

    def begin(self, rows: torch.Tensor) -> None:
        """Begin an episode in the rows of the mask [n] bool."""
        ...

    def act(self, observations: torch.Tensor, greedy: bool = False) -> torch.Tensor:
        """Actions [n, a] at observations [n, o] float32. greedy: the most likely ones."""
        ...

    def observe(self, rewards: torch.Tensor, ended: torch.Tensor) -> None:
        """Rewards [n] of the last actions, and which episodes ended with them, [n] bool."""
        ...

    def adapt(self) -> None:
        """Adapt to the episodes that ended since the last call."""
        ...


class TrialPolicyLearner(Protocol):
    family: Any  # its spec holds the sizes

    def trial_policy(self, agent: Agent, n: int, key: Key) -> TrialPolicy: ...


class MetaWorldAgent:
    """metaworld.evaluation.MetaLearningAgent for an agent in n environments.

    greedy: take the most likely action in evaluation, as Meta-World requires; adaptation samples.
    Observations are the family's, optionally followed by the last action, reward and done flag
    (`recurrent_info_in_obs=True` with `normalize_reward_in_recurrent_info=False`). Recurrent agents
    need these, since the protocol provides no rewards in evaluation otherwise.
    """

    def __init__(
        self, learner: TrialPolicyLearner, agent: Agent, n: int, key: Key, *, greedy: bool = True
    ) -> None:
        self.learner, self.agent, self.n, self.key, self.greedy = learner, agent, n, key, greedy
        self.spec: Spec = learner.family.spec
        self.trials = 0
        self.init()

    def init(self) -> None:
        """Begin a new trial in every environment."""
        self.policy = self.learner.trial_policy(
            self.agent, self.n, self.key.child("life", self.trials)
        )
        self.trials += 1
        self.adapted, self.beginning = self.policy.state, self._all

    def adapt_action(self, observations: np.ndarray) -> tuple[np.ndarray, dict[str, np.ndarray]]:
        """Sampled actions [n, a], and an empty dictionary of further information."""
        own = self._own(observations)
        self._begin()
        return self.policy.act(own).double().cpu().numpy(), {}

    def step(self, timestep: Any) -> None:
        """Observe reward, terminated and truncated of a metaworld.evaluation.Timestep."""
        ended = torch.from_numpy(np.logical_or(timestep.terminated, timestep.truncated))
        self.policy.observe(torch.as_tensor(timestep.reward), ended)
        self.beginning = ended

    def adapt(self) -> None:
        """End the adaptation episodes; the environments are reset."""
        self.policy.adapt()
        self.adapted, self.beginning = self.policy.state, self._all

    def reset(self, env_mask: np.ndarray) -> None:
        """Begin an evaluation episode in these environments, from the adapted state."""
        self.beginning = self.beginning | torch.from_numpy(np.asarray(env_mask, bool))

    def eval_action(self, observations: np.ndarray) -> np.ndarray:
        """Actions in evaluation, [n, a]."""
        own, rows = self._own(observations), self.beginning
        self.policy.observe(self._last_rewards(observations), torch.zeros_like(rows))
        state = self.policy.state
        self.policy.state = {
            name: torch.where(rows.reshape(-1, *[1] * (part.dim() - 1)), self.adapted[name], part)
            for name, part in state.items()
        }
        self._begin()
        return self.policy.act(own, greedy=self.greedy).double().cpu().numpy()

    def _begin(self) -> None:
        self.policy.begin(self.beginning)
        self.beginning = torch.zeros_like(self.beginning)

    @property
    def _all(self) -> torch.Tensor:
        return torch.ones(self.n, dtype=torch.bool)

    def _own(self, observations: np.ndarray) -> torch.Tensor:
        """The family's part of the observations, [n, o].

        ValueError if they have another size, or are NaN or infinite.
        """
        o, width = self.spec.observation_size, np.shape(observations)
        if width not in ((self.n, o), (self.n, o + self.spec.action_size + 2)):
            extended = o + self.spec.action_size + 2
            raise ValueError(
                f"observations must be [{self.n}, {o}], or [{self.n}, {extended}] with the last "
                f"action, reward and done flag, got {list(width)}"
            )
        if not np.isfinite(observations).all():
            raise ValueError("an observation is NaN or infinite")
        return torch.as_tensor(observations[:, :o], dtype=torch.float32)

    def _last_rewards(self, observations: np.ndarray) -> torch.Tensor:
        """Rewards of the last step, [n], if the observations contain them, else zeros."""
        if observations.shape[1] > self.spec.observation_size:
            return torch.as_tensor(observations[:, -2])
        if self.policy.observes_rewards:
            raise ValueError(
                "this agent's actions depend on rewards in evaluation too: its observations must "
                "end with the last action, reward and done flag (recurrent_info_in_obs=True)"
            )
        return torch.zeros(self.n)
