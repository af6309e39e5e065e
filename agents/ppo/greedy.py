"""A trained policy in episodes: its most likely or its sampled actions, and the hidden state of
each row.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

import torch

from .policies import EvaluationPolicy, LastStep

if TYPE_CHECKING:
    from openpoet.poet.interfaces import Simulator, Spec
    from openpoet.poet.streams import Key

    from ..parts.lifetimes import State

BLOCK = 64  # steps whose noise is drawn together


def action_uniforms(key: Key, shape: tuple[int, ...]) -> torch.Tensor:
    """Uniform numbers [steps, n, a] for the noise of sampled actions, those of `SampledPolicy`."""
    return torch.from_numpy(key.child("actions").generator().random(shape, dtype="float32"))


class GreedyPolicy:
    """TrialPolicy (metaworld_protocol) of n rows, in which an episode is a trial."""

    def __init__(self, policy: EvaluationPolicy, spec: Spec, n: int) -> None:
        self._policy, zeros = policy, torch.zeros(n, device=policy.device)
        last = LastStep(
            zeros[:, None].expand(-1, spec.observation_size),
            zeros[:, None].expand(-1, spec.action_size),
            zeros.double(),
            zeros.bool(),
            zeros.long(),
            zeros.double(),
        )
        hidden = {f"memory{i}": part for i, part in enumerate(policy.start(n))}
        self.observes_rewards = bool(hidden)  # a policy without memory has no such input
        self._fresh: Mapping[str, torch.Tensor] = {**last._asdict(), **hidden}
        self.state: Mapping[str, torch.Tensor] = dict(self._fresh)

    def begin(self, rows: torch.Tensor) -> None:
        """Begin an episode in the rows of the mask [n] bool."""
        self.state = {
            name: torch.where(rows.reshape(-1, *[1] * (part.dim() - 1)), self._fresh[name], part)
            for name, part in self.state.items()
        }
        self.state = {**self.state, "first": self.state["first"] | rows}

    def act(self, observations: torch.Tensor, greedy: bool = False) -> torch.Tensor:
        """The most likely actions [n, a] at observations [n, o], with `greedy` and without: an
        agent is scored with them.
        """
        last = LastStep(*(self.state[name] for name in LastStep._fields))
        memory = tuple(part for name, part in self.state.items() if name.startswith("memory"))
        inputs = self._policy.inputs(observations.to(self._policy.device), last)
        actions, memory = self._chosen(inputs, memory, greedy)
        last = last._replace(
            observations=observations,
            actions=actions,
            first=torch.zeros_like(last.first),
            ages=last.ages + 1,
        )
        hidden = {f"memory{i}": part for i, part in enumerate(memory)}
        self.state = {**last._asdict(), **hidden}
        return actions

    def _chosen(
        self, inputs: torch.Tensor, memory: State, greedy: bool
    ) -> tuple[torch.Tensor, State]:
        return self._policy.mode(inputs, memory)

    def observe(self, rewards: torch.Tensor, ended: torch.Tensor) -> None:
        """Rewards [n] of the last actions."""
        self.state = {**self.state, "rewards": rewards.double()}

    def adapt(self) -> None:
        """Does nothing: the hidden state has been updated at each step."""


class SampledPolicy(GreedyPolicy):
    """The same with sampled actions, as in training; with `greedy` the most likely ones.

    key: the stream of the actions' noise.
    """

    def __init__(self, policy: EvaluationPolicy, spec: Spec, n: int, key: Key) -> None:
        super().__init__(policy, spec, n)
        self._noise, self._shape = key.child("actions").generator(), (BLOCK, n, spec.action_size)
        self._block: Iterator[torch.Tensor] = iter(())

    def _chosen(
        self, inputs: torch.Tensor, memory: State, greedy: bool
    ) -> tuple[torch.Tensor, State]:
        if greedy:
            return super()._chosen(inputs, memory, greedy)
        acted = self._policy.act(inputs, memory, self._next_noise())
        return acted.actions, acted.state

    def _next_noise(self) -> torch.Tensor:
        """Noise of one step [n, a]."""
        if (noise := next(self._block, None)) is None:
            uniform = torch.from_numpy(self._noise.random(self._shape, dtype="float32"))
            self._block = iter(self._policy.noise(uniform.to(self._policy.device)))
            noise = next(self._block)
        return noise


def play(simulator: Simulator, policy: GreedyPolicy, n: int) -> torch.Tensor:
    """Returns [n] float64 of one episode of every row."""
    with torch.no_grad():
        seen = simulator.reset()
        policy.begin(torch.ones(n, dtype=torch.bool, device=seen.device))
        returns = torch.zeros(n, dtype=torch.float64, device=seen.device)
        while True:
            seen, rewards, terminated, truncated = simulator.step(policy.act(seen))
            ended = terminated | truncated
            policy.observe(rewards, ended)
            returns = returns + rewards
            if bool(ended.all()):
                return returns
