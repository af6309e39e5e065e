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

from ..parts.level_episodes import LevelEpisodes
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


@dataclass
class LevelCollector(Collector):
    """LevelEpisodes in levels that follow one another in their rows.

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

    def episodes(self, rollout: Rollout, advantages: torch.Tensor) -> LevelEpisodes:
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
        columns = list(zip(*rows, strict=True)) or [()] * len(LevelEpisodes._fields)
        kinds = (np.int64, np.float64, bool, np.float64, np.float64)
        return LevelEpisodes(*(np.array(c, kind) for c, kind in zip(columns, kinds, strict=True)))


class LevelRollout(NamedTuple):
    """A rollout on levels.

    before: the agent whose policy acted. agent: it with the statistics of normalisation continued.
    rollout: with the rewards that are learned from.
    """

    before: Agent
    agent: Agent
    rollout: Rollout
    batch: Batch
    episodes: LevelEpisodes
    steps: int


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

    # the agent after an update; None: that of PPO
    update: Callable[[LevelRollout, Key], Agent] | None = None

    def train_on(
        self, agent: Agent, levels: Sequence[Task], further: Iterator[Task] | None, key: Key
    ) -> tuple[Agent, LevelEpisodes, int]:
        """The agent after one update on a rollout; its episodes; environment steps."""
        found = self._collected(agent, levels, further, key)
        after = (self.update or self._ppo_update)(found, key)
        return _on_cpu(after), found.episodes, found.steps

    def try_on(
        self, agent: Agent, levels: Sequence[Task], further: Iterator[Task] | None, key: Key
    ) -> tuple[Agent, LevelEpisodes, int]:
        """The same rollout without the update: only the statistics of normalisation continue."""
        found = self._collected(agent, levels, further, key)
        return _on_cpu(found.agent), found.episodes, found.steps

    def _ppo_update(self, found: LevelRollout, key: Key) -> Agent:
        rng = key.child("minibatches").generator()
        return update_policy(self.network, self.settings, found.agent, found.batch, rng).agent

    def _collected(
        self, before: Agent, levels: Sequence[Task], further: Iterator[Task] | None, key: Key
    ) -> LevelRollout:
        """A rollout that begins with a reset, and the agent with its statistics continued."""
        plan, c = replace(self.plan, rows=len(levels), stagger=False), self.settings
        self.check()
        collector = LevelCollector(self.family, levels, plan, key, further)
        before = {name: tensor.to(plan.device) for name, tensor in before.items()}
        rollout = collector.collect(self.policy_of(before))
        agent, rewards, _ = prepared(c, before, rollout, no_returns(collector))
        batch = batch_of(rollout, rewards, c, plan.chunk)
        estimates = by_step(batch.advantages, len(rewards), plan.rows).cpu()
        episodes = collector.episodes(rollout, estimates)
        rollout = replace(rollout, rewards=rewards)
        return LevelRollout(before, agent, rollout, batch, episodes, collector.steps)

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
    ) -> tuple[Agent, LevelEpisodes, int]:
        """The agent after one update on a rollout of the levels; see Student."""
        return self.of(agent).on_levels.train_on(agent, levels, further, key)

    def try_on(
        self, agent: Agent, levels: Sequence[Task], further: Iterator[Task] | None, key: Key
    ) -> tuple[Agent, LevelEpisodes, int]:
        """The same rollout without the update; see Student."""
        return self.of(agent).on_levels.try_on(agent, levels, further, key)


def _on_cpu(agent: Agent) -> dict[str, torch.Tensor]:
    return {name: tensor.cpu() for name, tensor in agent.items()}
