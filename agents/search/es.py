"""The ES learner: an agent is a flat policy and the state of its search; evolution strategies
improve it in its task.

Original POET's inner loop (arXiv 1901.01753, section 3; ES after arXiv 1703.03864). All pairs x
members x episodes of a step are simulated side by side. The two members of an antithetic pair meet
the same realisations of the task, so their difference is due to the perturbation alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from ..parts.scoring import SEEDS, solved
from ..rollouts.networks import Policy
from ..rollouts.rollout import Episodes, InProcess, Machine, Rollouts, Weights
from .asked import Asked, agent_of, told
from .es_config import ESConfig
from .searchers import searcher

if TYPE_CHECKING:
    from openpoet.poet.interfaces import Agent, Task, TaskFamily
    from openpoet.poet.streams import Key

CPU_ROWS, GPU_ROWS = 4_096, 65_536  # episodes side by side: enough to fill either


class ES:
    """Learner (poet.interfaces) of policies with one flat vector of weights for a task family."""

    def __init__(
        self, family: TaskFamily, config: ESConfig | None = None, rollouts: Rollouts | None = None
    ) -> None:
        if family.spec.observation_size == 0:
            raise ValueError(
                "a policy without memory has nothing to go by where nothing is observed: take rl2 "
                "or maesn"
            )
        self.family = family
        self.rollouts = rollouts or InProcess()
        self.config = config = config or ESConfig()
        if config.device != "cpu" and not torch.cuda.is_available():
            raise ValueError(
                f'device {config.device!r} is not there (no CUDA device was found): take "cpu"'
            )
        spec = family.spec
        sizes = (spec.observation_size, *config.hidden, spec.action_size)
        self.policy = Policy(sizes, config.activation, config.memory)
        self.searcher = searcher(config, self.policy.parameters)
        rows = config.max_rows or (CPU_ROWS if config.device == "cpu" else GPU_ROWS)
        self.machine = Machine(config.device, rows, config.threads or 1)
        # A deterministic task gives the same episode every time: repeats would tell nothing (POET
        # ran five).
        self.episodes = 1 if spec.deterministic else config.episodes
        self.evaluation_episodes = 1 if spec.deterministic else config.evaluation_episodes

    def init(self, key: Key) -> Agent:
        """A new agent: theta ~ N(0, init_std^2)."""
        theta = key.generator().standard_normal(self.policy.parameters, dtype=np.float32)
        return self.searcher.init(torch.from_numpy(theta * np.float32(self.config.init_std)))

    def improve(
        self, agents: Sequence[Agent], tasks: Sequence[Task], keys: Sequence[Key]
    ) -> tuple[list[Agent], np.ndarray]:
        """One ES step of each agent in its task: new agents, environment steps [pairs] int64."""
        population = self.config.population
        improved: list[Agent] = []
        steps = np.zeros(len(agents), np.int64)
        for pairs in self._groups(agents, tasks, keys, population * self.episodes):
            asked = [
                Asked(self.searcher, agent, key.child("noise"), population)
                for agent, key in zip(agents[pairs], keys[pairs], strict=True)
            ]
            # Antithetic twins, 2i and 2i + 1, share their seeds.
            seeds = [
                np.repeat(_seeds(key, (population // 2, self.episodes)), 2, axis=0)
                for key in keys[pairs]
            ]
            episodes = self._run(asked, tasks[pairs], np.stack(seeds))
            returns = episodes.returns.reshape(-1, population, self.episodes).mean(axis=2)
            steps[pairs] = episodes.steps.reshape(len(asked), -1).sum(axis=1)
            for arrays in self.rollouts.each(told, list(zip(asked, returns, strict=True))):
                improved.append(agent_of(arrays))
                _check_finite(improved[-1], f"after a step of {self.config.searcher} the agent's")
        return improved, steps

    def evaluate(
        self, agents: Sequence[Agent], tasks: Sequence[Task], keys: Sequence[Key]
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Mean returns [pairs] float64, solved [pairs] bool, environment steps [pairs] int64.

        Solved: see poet.interfaces.Spec.
        """
        scores, reached = np.zeros(len(agents)), np.zeros(len(agents), bool)
        steps = np.zeros(len(agents), np.int64)
        for pairs in self._groups(agents, tasks, keys, self.evaluation_episodes):
            seeds = np.array([self.evaluation_seeds(key) for key in keys[pairs]])[:, None]
            weights = torch.stack([agent["theta"] for agent in agents[pairs]])
            episodes = self._run(weights, tasks[pairs], seeds)
            shape = (-1, self.evaluation_episodes)
            scores[pairs] = episodes.returns.reshape(shape).mean(axis=1)
            success = episodes.success.reshape(shape).mean(axis=1)
            reached[pairs] = solved(scores[pairs], success, self.family.spec.solved_score)
            steps[pairs] = episodes.steps.reshape(shape).sum(axis=1)
        return scores, reached, steps

    def adopt(self, agent: Agent) -> Agent:
        """The same theta at the start of a search: fresh optimiser, initial sigma and lr."""
        return self.searcher.init(agent["theta"].clone())

    def act(
        self, agent: Agent, observations: torch.Tensor, memory: np.ndarray | None = None
    ) -> torch.Tensor:
        """The agent's actions [n, a] for observations [n, o] on the CPU, the very ones it takes in
        `evaluate`.

        memory: of a policy that has one, `policy.start(n)` at first; what it is afterwards is for
        the next step.
        """
        n = len(observations)
        actions = torch.zeros(n, self.policy.sizes[-1])
        weights, same = agent["theta"].contiguous().numpy()[None], np.zeros(n, np.int64)
        self.policy.act(
            weights, same, np.arange(n), observations.contiguous().numpy(), actions.numpy(), memory
        )
        return actions

    def evaluation_seeds(self, key: Key) -> list[int]:
        """Seeds of the episodes that `evaluate` runs under this key, for replaying them."""
        return [int(seed) for seed in _seeds(key, (self.evaluation_episodes,))]

    def foreign(self, theta: Any) -> Agent:
        """An agent from a plain parameter vector, such as original POET's files hold."""
        values = np.asarray(theta)
        if values.shape != (self.policy.parameters,) or values.dtype.kind not in "fiu":
            sizes = "-".join(map(str, self.policy.sizes))
            raise ValueError(
                f"theta must be {self.policy.parameters} numbers ({sizes}), got {values.dtype} "
                f"{list(values.shape)}"
            )
        with np.errstate(over="ignore"):  # too large becomes infinite, and is refused as such
            theta = values.astype(np.float32)
        if not np.isfinite(theta).all():
            raise ValueError("theta holds NaN, infinity or a number too large for float32")
        return self.searcher.init(torch.from_numpy(theta))

    def inherit(self, agent: Mapping[str, torch.Tensor]) -> Agent:
        """An agent from another run, whatever its searcher was: its theta, at the start of a search
        here.
        """
        if "theta" not in agent:
            raise ValueError(f"an agent for es needs a theta, got {sorted(agent)!s:.200}")
        if agent["theta"].dtype != torch.float32:  # NumPy lacks some dtypes that a file can hold
            raise ValueError(f"an agent's theta must be float32, got {agent['theta'].dtype}")
        return self.foreign(agent["theta"].numpy())

    def check(self, agent: Mapping[str, torch.Tensor]) -> None:
        """ValueError, one line, unless these tensors (read from an untrusted file) are an agent of
        this learner.
        """
        wanted = self.searcher.init(torch.zeros(self.policy.parameters))
        if set(agent) != set(wanted):
            raise ValueError(
                f"an agent of {self.config.searcher} holds {sorted(wanted)}, got "
                f"{sorted(agent)!s:.200}"
            )
        for name, like in wanted.items():
            value = agent[name]
            if value.shape != like.shape or value.dtype != like.dtype:
                got = f"{value.dtype} {list(value.shape)}"
                raise ValueError(
                    f"the agent's {name} must be {like.dtype} {list(like.shape)}, got {got}"
                )
            _check_finite({name: value}, "the agent's")
            if name in self.searcher.positive and not bool((value > 0).all()):
                raise ValueError(f"the agent's {name} must be above 0")
            if name in self.searcher.not_negative and not bool((value >= 0).all()):
                raise ValueError(f"the agent's {name} must not be below 0")

    def _groups(
        self, agents: Sequence[Agent], tasks: Sequence[Task], keys: Sequence[Key], rows: int
    ) -> Iterator[slice]:
        """Slices of the pairs, `rows` rows each, that fill one batch: bounds memory, changes no
        result.
        """
        if not len(agents) == len(tasks) == len(keys):
            raise ValueError(
                f"a pair needs an agent, a task and a key, got {len(agents)}, "
                f"{len(tasks)}, {len(keys)}"
            )
        size = max(1, self.rollouts.workers * self.machine.max_rows // rows)
        for first in range(0, len(agents), size):
            yield slice(first, first + size)

    def _run(self, weights: Weights, tasks: Sequence[Task], seeds: np.ndarray) -> Episodes:
        """Episodes of every member in its pair's task; seeds: [pairs, members, episodes], weights
        in the same order.
        """
        pairs, members, episodes = seeds.shape
        return self.rollouts.rollout(
            self.policy,
            self.family,
            weights,
            np.repeat(np.arange(pairs * members), episodes),
            [task for task in tasks for _ in range(members * episodes)],
            seeds.ravel().tolist(),
            machine=self.machine,
        )


def _check_finite(agent: Agent, whose: str) -> None:
    for name, value in agent.items():
        if not bool(torch.isfinite(value).all()):
            raise ValueError(f"{whose} {name} holds NaN or infinity")


def _seeds(key: Key, shape: tuple[int, ...]) -> np.ndarray:
    """Seeds of realisations, int64, the same for equal keys."""
    return key.child("seeds").generator().integers(0, SEEDS, shape)
