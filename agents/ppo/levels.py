"""PPO on a list of levels, for curricula: rollouts in which each row has a level of its own, with
the outcome of every whole episode.

The positive value loss is that of Jiang et al. 2021, "Replay-Guided Adversarial Environment Design"
(arXiv 2110.02439): it estimates the regret of a level.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, NamedTuple, Self

import numpy as np
import torch

from .batches import Batch, batch_of, by_step
from .collecting import Collector
from .policies import RolloutPolicy
from .rollout import Rollout
from .training import no_returns, prepared
from .update import update_policy

if TYPE_CHECKING:
    from openpoet.poet.interfaces import Agent, Task, TaskFamily
    from openpoet.poet.streams import Key

    from .config import PPOSettings
    from .network import ActorCritic
    from .rollout import Plan


class Episodes(NamedTuple):
    """The k whole episodes of a rollout: by row, and in a row by time. Of a policy with memory over
    several episodes they are its whole trials, with the success of the last episode.
    """

    levels: np.ndarray  # [k] int64, place among the levels in the order in which rows took them
    returns: np.ndarray  # [k] float64, sums of the simulator's rewards, means over a trial
    success: np.ndarray  # [k] bool
    # [k] float64: means over the steps of max(A, 0) and of |A|, with A the generalised advantage
    # estimates on scaled rewards
    positive_value_losses: np.ndarray
    value_losses: np.ndarray


@dataclass
class LevelCollector(Collector):
    """Episodes in levels that follow one another in their rows.

    further: a row whose episode has ended takes the next of these levels; None: the rows keep their
    levels. In families whose simulators cannot `assign` tasks the rows wait until all have ended,
    and then take the next levels together.
    """

    further: Iterator[Task] | None = None
    _over: list[list[tuple[int, bool]]] = field(init=False)  # by row: level, success

    def __post_init__(self) -> None:
        super().__post_init__()
        self._own, n = list(self.tasks), self.plan.rows
        self.tasks = self._own
        self._levels, self._taken = list(range(n)), n
        self._over = [[] for _ in range(n)]

    def _next_trials(self, policy: RolloutPolicy, over: torch.Tensor) -> None:
        simulator = self._simulator
        assert simulator is not None, "made at the first rollout"
        rows, success = torch.nonzero(over)[:, 0].tolist(), simulator.success
        for row in rows:
            self._over[row].append((self._levels[row], bool(success[row])))
        if self.further is not None and not self.plan.whole:
            for row in rows:
                self._own[row] = next(self.further)
                self._levels[row], self._taken = self._taken, self._taken + 1
        super()._next_trials(policy, over)

    def _started(self, over: torch.Tensor) -> torch.Tensor | None:
        if self.further is None:
            return super()._started(over)
        assign = getattr(self._simulator, "assign", None)
        if assign is None:
            return None
        tasks = [self._own[row] for row in torch.nonzero(over)[:, 0].tolist()]
        return assign(over, tasks, self._new_seeds(len(tasks))) if tasks else self._rows.seen

    def episodes(self, rollout: Rollout, advantages: torch.Tensor) -> Episodes:
        """The whole episodes of the rollout collected. advantages: [t, n]."""
        rows = []
        for row, ended in enumerate(self._over):
            begins = torch.nonzero(rollout.begins[:, row])[:, 0].tolist()
            ends = torch.nonzero(rollout.cuts[:, row])[:, 0].tolist()
            for (level, success), first, last in zip(ended, begins, ends, strict=False):
                steps = slice(first, last + 1)
                own = advantages[steps, row].double()
                value_losses = float(own.clamp(min=0).mean()), float(own.abs().mean())
                mean = float(rollout.rewards[steps, row].sum()) / self.plan.episodes
                rows.append((level, mean, success, *value_losses))
        columns = list(zip(*rows, strict=True)) or [()] * len(Episodes._fields)
        kinds = (np.int64, np.float64, bool, np.float64, np.float64)
        return Episodes(*(np.array(c, kind) for c, kind in zip(columns, kinds, strict=True)))


@dataclass(frozen=True)
class LevelTrainer:
    """One rollout on levels, with an update or without one (poet.curricula.interfaces.Student).

    plan: the shape of a rollout; it has as many rows as levels are given. policy_of: the policy of
    an agent in rollouts.
    """

    family: TaskFamily
    network: ActorCritic
    settings: PPOSettings
    plan: Plan
    policy_of: Callable[[Agent], RolloutPolicy]

    def train_on(
        self, agent: Agent, levels: Sequence[Task], further: Iterator[Task] | None, key: Key
    ) -> tuple[Agent, Episodes, int]:
        """The agent after one PPO update on a rollout; its episodes; environment steps."""
        agent, rollout = self._rolled_out(agent, levels, further, key)
        rng = key.child("minibatches").generator()
        after = update_policy(self.network, self.settings, agent, rollout.batch, rng).agent
        return _on_cpu(after), rollout.episodes, rollout.steps

    def try_on(
        self, agent: Agent, levels: Sequence[Task], further: Iterator[Task] | None, key: Key
    ) -> tuple[Agent, Episodes, int]:
        """The same rollout without the update: only the statistics of normalisation continue."""
        agent, rollout = self._rolled_out(agent, levels, further, key)
        return _on_cpu(agent), rollout.episodes, rollout.steps

    def _rolled_out(
        self, agent: Agent, levels: Sequence[Task], further: Iterator[Task] | None, key: Key
    ) -> tuple[Agent, _RolledOut]:
        """A rollout that begins with a reset, and the agent with its statistics continued."""
        plan, c = replace(self.plan, rows=len(levels), stagger=False), self.settings
        self.check()
        collector = LevelCollector(self.family, levels, plan, key, further)
        agent = {name: tensor.to(plan.device) for name, tensor in agent.items()}
        rollout = collector.collect(self.policy_of(agent))
        agent, rewards, _ = prepared(c, agent, rollout, no_returns(collector))
        batch = batch_of(rollout, rewards, c, plan.chunk)
        estimates = by_step(batch.advantages, len(rewards), plan.rows).cpu()
        episodes = collector.episodes(rollout, estimates)
        return agent, _RolledOut(batch, episodes, collector.steps)

    def check(self) -> None:
        """ValueError unless a rollout holds at least one whole episode of each row."""
        horizon, steps = self.family.spec.horizon * self.plan.episodes, self.plan.steps
        if steps < horizon:
            raise ValueError(
                f"a curriculum scores whole episodes, of at most {horizon} steps, but a rollout "
                f"has {steps}: set num_steps to at least {horizon}"
            )


class LevelStudent(ABC):
    """The methods of a student for learners that use `Trainer`."""

    @property
    @abstractmethod
    def on_levels(self) -> LevelTrainer: ...

    @abstractmethod
    def of(self, agent: Agent) -> Self: ...

    @property
    def rows(self) -> int:
        """Levels side by side in a rollout of a curriculum. ValueError if a rollout is shorter than
        an episode, or than a trial of several.
        """
        self.on_levels.check()
        return self.on_levels.plan.rows

    def train_on(
        self, agent: Agent, levels: Sequence[Task], further: Iterator[Task] | None, key: Key
    ) -> tuple[Agent, Episodes, int]:
        """The agent after one PPO update on a rollout of the levels; see Student."""
        return self.of(agent).on_levels.train_on(agent, levels, further, key)

    def try_on(
        self, agent: Agent, levels: Sequence[Task], further: Iterator[Task] | None, key: Key
    ) -> tuple[Agent, Episodes, int]:
        """The same rollout without the update; see Student."""
        return self.of(agent).on_levels.try_on(agent, levels, further, key)


class _RolledOut(NamedTuple):
    batch: Batch
    episodes: Episodes
    steps: int


def _on_cpu(agent: Agent) -> dict[str, torch.Tensor]:
    return {name: tensor.cpu() for name, tensor in agent.items()}
