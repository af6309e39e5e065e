"""The ES learner: evolution strategies optimise the flat parameter vector of a policy.

The inner loop of the original POET (Wang et al. 2019, arXiv 1901.01753, section 3; ES as in
Salimans et al. 2017, arXiv 1703.03864). An agent holds the policy's parameters and the state of the
search. The episodes of all pairs and members of a step are simulated as one batch. Both members of
an antithetic pair are evaluated on the same seeds, so that their difference in return is caused by
the perturbation alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from ..parts.scoring import SEEDS, solved
from ..rollouts.networks import Policy
from ..rollouts.places import InProcess, Rollouts, Weights
from ..rollouts.rollout import Episodes, Machine
from .es_config import ESConfig
from .searchers import searcher
from .step_members import StepMembers, agent_of, updated_arrays

if TYPE_CHECKING:
    from openpoet.poet.interfaces import Agent, Task, TaskFamily
    from openpoet.poet.streams import Key

CPU_ROWS, GPU_ROWS = 4_096, 65_536  # episodes in one batch, enough to occupy the device


class ES:
    """Learner (poet.interfaces) that optimises a policy's flat parameter vector by ES.

    Args:
        family: the task family; it must have observations.
        config: the settings, by default `ESConfig()`.
        rollouts: where episodes run, by default in this process.

    Raises:
        ValueError: if the family has no observations, or the device does not exist.
    """

    def __init__(
        self, family: TaskFamily, config: ESConfig | None = None, rollouts: Rollouts | None = None
    ) -> None:
        if family.spec.observation_size == 0:
            raise ValueError(
                "es needs observations: a policy without memory cannot act on none; use rl2 or "
                "maesn for this family"
            )
        self.family = family
        self.rollouts = rollouts or InProcess()
        self.config = config = config or ESConfig()
        if config.device != "cpu" and not torch.cuda.is_available():
            raise ValueError(f'device {config.device!r} was not found (no CUDA device): use "cpu"')
        spec = family.spec
        sizes = (spec.observation_size, *config.hidden, spec.action_size)
        self.policy = Policy(sizes, config.activation, config.memory)
        self.searcher = searcher(config, self.policy.parameters)
        rows = config.max_rows or (CPU_ROWS if config.device == "cpu" else GPU_ROWS)
        self.machine = Machine(config.device, rows, config.threads or 1)
        # A deterministic task gives the same episode each time, so one is enough (POET ran five).
        self.episodes = 1 if spec.deterministic else config.episodes
        self.evaluation_episodes = 1 if spec.deterministic else config.evaluation_episodes

    def init(self, key: Key) -> Agent:
        """A new agent: theta ~ N(0, init_std^2)."""
        theta = key.generator().standard_normal(self.policy.parameters, dtype=np.float32)
        return self.searcher.init(torch.from_numpy(theta * np.float32(self.config.init_std)))

    def improve(
        self, agents: Sequence[Agent], tasks: Sequence[Task], keys: Sequence[Key]
    ) -> tuple[list[Agent], np.ndarray]:
        """One ES step of each agent in its task.

        Returns the new agents, and the environment steps [pairs] int64.
        """
        population = self.config.population
        improved: list[Agent] = []
        steps = np.zeros(len(agents), np.int64)
        for pairs in self._groups(agents, tasks, keys, population * self.episodes):
            members = [
                StepMembers(self.searcher, agent, key.child("noise"), population)
                for agent, key in zip(agents[pairs], keys[pairs], strict=True)
            ]
            # The members 2i and 2i + 1 of an antithetic pair share their seeds.
            seeds = [
                np.repeat(_seeds(key, (population // 2, self.episodes)), 2, axis=0)
                for key in keys[pairs]
            ]
            episodes = self._run(members, tasks[pairs], np.stack(seeds))
            returns = episodes.returns.reshape(-1, population, self.episodes).mean(axis=2)
            steps[pairs] = episodes.steps.reshape(len(members), -1).sum(axis=1)
            for arrays in self.rollouts.each(
                updated_arrays, list(zip(members, returns, strict=True))
            ):
                improved.append(agent_of(arrays))
                _check_finite(improved[-1], f"after a step of {self.config.searcher} the agent's")
        return improved, steps

    def evaluate(
        self, agents: Sequence[Agent], tasks: Sequence[Task], keys: Sequence[Key]
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """The mean return of each agent in its task over `evaluation_episodes` episodes.

        Returns scores [pairs] float64, solved [pairs] bool (see poet.interfaces.Spec), and
        environment steps [pairs] int64.
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
        """A new search centred on the agent's theta: the optimiser, sigma and lr are reset."""
        return self.searcher.init(agent["theta"].clone())

    def act(
        self, agent: Agent, observations: torch.Tensor, memory: np.ndarray | None = None
    ) -> torch.Tensor:
        """Actions [n, a] for observations [n, o] on the CPU, identical to those in `evaluate`.

        Args:
            memory: the hidden state of a recurrent policy, `policy.start(n)` at the first step. It
                is updated in place, for the next step.
        """
        n = len(observations)
        actions = torch.zeros(n, self.policy.sizes[-1])
        weights, same = agent["theta"].contiguous().numpy()[None], np.zeros(n, np.int64)
        self.policy.act(
            weights, same, np.arange(n), observations.contiguous().numpy(), actions.numpy(), memory
        )
        return actions

    def evaluation_seeds(self, key: Key) -> list[int]:
        """Seeds of the episodes that `evaluate` runs with this key, for replaying them."""
        return [int(seed) for seed in _seeds(key, (self.evaluation_episodes,))]

    def foreign(self, theta: Any) -> Agent:
        """An agent from a plain parameter vector, such as those in the original POET's files.

        Raises:
            ValueError: if theta is not a finite vector [parameters] of numbers.
        """
        values = np.asarray(theta)
        if values.shape != (self.policy.parameters,) or values.dtype.kind not in "fiu":
            sizes = "-".join(map(str, self.policy.sizes))
            raise ValueError(
                f"theta must be {self.policy.parameters} numbers ({sizes}), got {values.dtype} "
                f"{list(values.shape)}"
            )
        with np.errstate(over="ignore"):  # an overflow becomes infinite and is reported below
            theta = values.astype(np.float32)
        if not np.isfinite(theta).all():
            raise ValueError("theta holds NaN, infinity or a number too large for float32")
        return self.searcher.init(torch.from_numpy(theta))

    def inherit(self, agent: Mapping[str, torch.Tensor]) -> Agent:
        """A new search centred on the theta of an agent from another run, of any searcher.

        Raises:
            ValueError: if the agent has no theta, or its theta does not fit this policy.
        """
        if "theta" not in agent:
            raise ValueError(f"an agent for es needs a theta, got {sorted(agent)!s:.200}")
        if agent["theta"].dtype != torch.float32:  # NumPy lacks some dtypes that a file can hold
            raise ValueError(f"an agent's theta must be float32, got {agent['theta'].dtype}")
        return self.foreign(agent["theta"].numpy())

    def check(self, agent: Mapping[str, torch.Tensor]) -> None:
        """Check that tensors read from an untrusted file are an agent of this learner.

        Raises:
            ValueError: one line that names the first wrong tensor and what was expected.
        """
        expected = self.searcher.init(torch.zeros(self.policy.parameters))
        if set(agent) != set(expected):
            raise ValueError(
                f"an agent of {self.config.searcher} holds {sorted(expected)}, got "
                f"{sorted(agent)!s:.200}"
            )
        for name, like in expected.items():
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
        """Slices of the pairs, with `rows` episodes per pair, that fit one batch.

        The batch size bounds memory use and does not change any result.
        """
        if not len(agents) == len(tasks) == len(keys):
            raise ValueError(
                f"agents, tasks and keys must have the same length, got {len(agents)}, "
                f"{len(tasks)} and {len(keys)}"
            )
        size = max(1, self.rollouts.workers * self.machine.max_rows // rows)
        for first in range(0, len(agents), size):
            yield slice(first, first + size)

    def _run(self, weights: Weights, tasks: Sequence[Task], seeds: np.ndarray) -> Episodes:
        """Run every member in the task of its pair, once for each of its seeds.

        Args:
            weights: parameter vectors, [pairs x members, parameters], or what they are made from.
            seeds: [pairs, members, episodes].
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


def _check_finite(agent: Agent, prefix: str) -> None:
    for name, value in agent.items():
        if not bool(torch.isfinite(value).all()):
            raise ValueError(f"{prefix} {name} holds NaN or infinity")


def _seeds(key: Key, shape: tuple[int, ...]) -> np.ndarray:
    """Seeds of task realisations, int64 of the given shape; equal keys give equal seeds."""
    return key.child("seeds").generator().integers(0, SEEDS, shape)
