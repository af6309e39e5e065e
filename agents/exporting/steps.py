"""One step of an agent as a torch module: actions and next state from observations and state.

The function of `trial_policy` and `act` with the most likely actions, as plain torch operations
without kernels, so that it can be traced. A state is a mapping of named tensors [n, ...] that begin
as zeros.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import torch

from ..memory.episodic_lstm import EpisodicLSTM
from ..memory.rl2 import RL2
from ..ppo.network import RecurrentNetwork
from ..ppo.policies import LastStep, NetworkPolicy
from ..ppo.ppo import PPO
from ..search.es import ES

if TYPE_CHECKING:
    from openpoet.poet.interfaces import Agent, Spec

    from ..memory.rl2_config import RL2Config
    from ..rollouts.networks import Policy

    State = dict[str, torch.Tensor]


class Step(torch.nn.Module):
    """forward(observations [n, o], begins [n] bool, rewards [n], state) -> (actions [n, a], state)

    begins: rows in which an episode begins. rewards: of the last actions, 0 in a trial's first
    step. Without memory only the observations have an effect.
    """

    def start(self, n: int) -> State:
        """The state in which n trials begin; empty without memory."""
        return {}

    @property
    def uses_rewards(self) -> bool:
        return bool(self.start(1))


def step_of(learner: Any, agent: Agent) -> Step:
    """ValueError, one line, if agents of this learner have no such form."""
    if isinstance(learner, ES):
        return SearchStep(learner.policy, agent["theta"])
    if isinstance(learner, PPO):
        policy = learner.policy(agent)
        plain = NetworkPolicy(policy.network, policy.weights, policy.make_inputs)
        return NetworkStep(plain, learner.family.spec)
    if isinstance(learner, RL2) and not isinstance(learner, EpisodicLSTM):
        own = learner.of(agent)
        return NetworkStep(own.policy(agent), learner.family.spec, own.config)
    raise ValueError(
        f"agents of {type(learner).__name__} cannot be exported: only those of es, ppo, rl2, wang, "
        "varibad and meta-gradient are one network"
    )


class SearchStep(Step):
    """Of an agent of `es`: rollouts.networks.Policy with one weight vector for all rows."""

    def __init__(self, policy: Policy, theta: torch.Tensor) -> None:
        super().__init__()
        self.policy, at = policy, 0
        o, h = policy.sizes[0], policy.memory
        shapes = [(o, 3 * h), (h, 3 * h), (3 * h,)] if h else []
        sizes = [h or o, *policy.sizes[1:]]
        shapes += [shape for n, m in pairwise(sizes) for shape in ((n, m), (m,))]
        self.parts = []
        for shape in shapes:
            size = torch.Size(shape).numel()
            self.parts.append(theta[at : at + size].reshape(shape))
            at += size

    def start(self, n: int) -> State:
        return {"memory": torch.from_numpy(self.policy.start(n))} if self.policy.memory else {}

    @property
    def uses_rewards(self) -> bool:
        return False

    def forward(
        self, observations: torch.Tensor, begins: torch.Tensor, rewards: torch.Tensor, state: State
    ) -> tuple[torch.Tensor, State]:
        x, layers = observations, self.parts
        if self.policy.memory:
            x = self._remember(x, _zero_where(begins, state["memory"]))
            state, layers = {"memory": x}, layers[3:]
        for layer in range(0, len(layers), 2):
            x = x @ layers[layer] + layers[layer + 1]
            relu = self.policy.activation == "relu" and layer + 2 < len(layers)
            x = torch.relu(x) if relu else torch.tanh(x)
        return x, state

    def _remember(self, x: torch.Tensor, memory: torch.Tensor) -> torch.Tensor:
        """The GRU's next hidden state."""
        given = (x @ self.parts[0] + self.parts[2]).chunk(3, -1)
        kept = (memory @ self.parts[1]).chunk(3, -1)
        reset, update = torch.sigmoid(given[0] + kept[0]), torch.sigmoid(given[1] + kept[1])
        return (1 - update) * torch.tanh(given[2] + reset * kept[2]) + update * memory


class NetworkStep(Step):
    """Of a NetworkPolicy.

    config: of a policy whose state lasts for a trial; None: it lasts for an episode.
    """

    def __init__(self, policy: NetworkPolicy, spec: Spec, config: RL2Config | None = None) -> None:
        super().__init__()
        self.policy, self.spec, self.trial = policy, spec, config is not None
        self.twice = config is not None and config.last_observation
        self.sums = config is not None and config.reward_input == "episode"
        memory = policy.start(1)
        # that of a separate critic has no effect on actions
        separate = isinstance(policy.network, RecurrentNetwork)
        self.kept = len(memory) // 2 if separate else len(memory)

    def start(self, n: int) -> State:
        memory = self.policy.start(n)[: self.kept]
        if not memory:
            return {}
        state = {f"memory{i}": part for i, part in enumerate(memory)}
        if self.twice:
            state["last_observations"] = torch.zeros(n, self.spec.observation_size)
        if self.sums:
            # of the episode so far, and of the one before it
            state |= {name: torch.zeros(n) for name in ("total", "returns")}
        # age: steps of the trial so far
        return {
            **state,
            "last_actions": torch.zeros(n, self.spec.action_size),
            "age": torch.zeros(n),
        }

    def forward(
        self, observations: torch.Tensor, begins: torch.Tensor, rewards: torch.Tensor, state: State
    ) -> tuple[torch.Tensor, State]:
        if not self.kept:
            nothing = LastStep(observations, observations, rewards, begins, rewards, rewards)
            return self.policy.mode(self.policy.inputs(observations, nothing), ())[0], {}
        if not self.trial:
            rewards = torch.where(begins, 0.0, rewards)
            state = {name: _zero_where(begins, part) for name, part in state.items()}
        before = state.get("last_observations", observations)
        total = state["total"] + rewards if self.sums else rewards
        returns = torch.where(begins, total, state["returns"] if self.sums else total)
        last = LastStep(
            before, state["last_actions"], rewards.double(), begins, state["age"], returns.double()
        )
        memory = tuple(part for name, part in state.items() if name.startswith("memory"))
        critic = tuple(torch.zeros_like(part) for part in self.policy.start(1)[self.kept :])
        actions, memory = self.policy.mode(
            self.policy.inputs(observations, last), (*memory, *critic)
        )
        after = {"last_observations": observations, "last_actions": actions, "age": last.ages + 1}
        after |= {"total": torch.where(begins, 0.0, total), "returns": returns}
        after |= {f"memory{i}": part for i, part in enumerate(memory)}
        return actions, {name: after[name] for name in state}


def _zero_where(rows: torch.Tensor, part: torch.Tensor) -> torch.Tensor:
    """The tensor [n, ...] with zeros in the rows of the mask [n]."""
    return torch.where(rows.reshape(-1, *[1] * (part.dim() - 1)), 0.0, part)
