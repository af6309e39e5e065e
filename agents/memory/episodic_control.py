"""Episodic control: what MFEC and NEC have in common, a memory an action of the returns that were
had.

A trial is episodes one after another on one draw of the task, acted epsilon-greedily by what the
memories say of each action, and written into them when an episode ends. An agent holds such
memories; a trial begins with them, evaluation writes into copies. Only discrete actions: each needs
a memory of its own.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

import numpy as np
import torch

from ..parts.lifetimes import Control, Lifetime, next_episode
from ..parts.pairs import Adapting
from ..parts.scoring import Outcomes, draw_seeds
from ..rollouts.episode_batches import Batch, EpisodeBatches, by_trial
from .episodic_config import ControlConfig
from .episodic_memory import NAMES, Found, Memory, empty, nearest, touched, write

if TYPE_CHECKING:
    from openpoet.poet.interfaces import Agent, Task, TaskFamily
    from openpoet.poet.streams import Key

MEMORY_LIFETIMES: tuple[Lifetime, ...] = (
    "trial",
    "trial",
    "trial",
    "trial",
)  # of the four tensors of a memory
Config = TypeVar("Config", bound=ControlConfig)


@dataclass(frozen=True)
class EpisodeRecord:
    """What one episode of n trials was, and what the memories said in it."""

    batch: Batch
    values: torch.Tensor  # [t, n, actions] of each action before each step
    beyond: torch.Tensor  # [n, actions] the same of what was observed last, after the last step


class EpisodicControl(Adapting, Generic[Config]):
    """Learner (poet.interfaces), but for what MFEC and NEC say themselves."""

    def __init__(self, family: TaskFamily, config: Config) -> None:
        self.family, self.config, spec = family, config, family.spec
        if not getattr(spec, "discrete", False):
            raise ValueError(
                "a memory an action needs discrete actions, and this family's are numbers"
            )
        self.episodes = config.episodes or spec.episodes
        if config.test_episodes > self.episodes:
            raise ValueError(
                f"test_episodes must be at most the {self.episodes} of a trial, got "
                f"{config.test_episodes}"
            )
        self.actions = spec.action_size

    # ---- what differs ---------------------------------------------------------------------------

    @abstractmethod
    def keys(self, agent: Agent, observations: torch.Tensor) -> torch.Tensor:
        """[..., key] of observations [..., o]."""

    @abstractmethod
    def weights(self, found: Found) -> torch.Tensor:
        """How much each entry found says, [m, q, k]."""

    @abstractmethod
    def targets(self, episode: EpisodeRecord) -> torch.Tensor:
        """[t, n] what the actions taken turned out to be worth."""

    @abstractmethod
    def merge(self, old: torch.Tensor, new: torch.Tensor) -> torch.Tensor:
        """The value of an entry that is met again."""

    def learn(self, agent: Agent, episode: EpisodeRecord, key: Key) -> Agent:
        """The agent after it has learned slowly, from an episode that its memories hold already."""
        return agent

    # ---- trials ---------------------------------------------------------------------------------

    def improve_one(self, agent: Agent, task: Task, key: Key) -> tuple[Agent, int]:
        """One trial in the task, on a new draw of it; the memories are the agent's from then on."""
        after, _, steps = self.run_trial(agent, task, key)
        return after, steps

    def run_trial(
        self, agent: Agent, task: Task, key: Key
    ) -> tuple[Agent, list[EpisodeRecord], int]:
        """The agent after one trial, its episodes, environment steps."""
        episode_batches, episodes = self._episode_batches(task, key, 1), []
        agent = self._on(agent)
        for number in range(self.episodes):
            episode, memory = self._episode(
                agent, agent, episode_batches, key.child("episode", number)
            )
            agent = self.learn({**agent, **memory}, episode, key.child("learn", number))
            episodes.append(episode)
        if self.config.table == "trial":
            agent = {**agent, **self.no_memories()}
        return (
            {name: tensor.cpu() for name, tensor in agent.items()},
            episodes,
            episode_batches.steps,
        )

    def outcomes(
        self, agent: Agent, task: Task, key: Key, num_trials: int, control: Control = "none"
    ) -> Outcomes:
        """Each episode, [trials, episodes]."""
        n, played, agent, batches = (
            num_trials,
            self._episode_batches(task, key, num_trials),
            self._on(agent),
            [],
        )
        every = torch.ones(n, dtype=torch.bool, device=self.config.device)
        # [trials, actions, ...]
        memory = fresh = tuple(agent[name].expand(n, *agent[name].shape) for name in NAMES)
        for number in range(self.episodes):
            members = {name: part.flatten(0, 1) for name, part in zip(NAMES, memory, strict=True)}
            episode, after = self._episode(agent, members, played, key.child("episode", number))
            memory = tuple(after[name].unflatten(0, (n, -1)) for name in NAMES)
            memory = next_episode(memory, fresh, MEMORY_LIFETIMES, every, control)
            batches.append(episode.batch)
        return by_trial(batches, n, played.steps)

    def _episode(
        self, agent: Agent, memory: Memory, episode_batches: EpisodeBatches, key: Key
    ) -> tuple[EpisodeRecord, dict[str, torch.Tensor]]:
        """The next episode of n trials whose memories are members (trial, action), and the memories
        after it.
        """
        c, n, read = self.config, episode_batches.n, []
        noise = key.generator().random(
            (episode_batches.horizon, n, 1 + self.actions), dtype=np.float32
        )
        chance = torch.from_numpy(noise).to(c.device)

        def valued(observations: torch.Tensor) -> tuple[torch.Tensor, Found]:
            found = self.look_up(memory, self.keys(agent, observations)[None], n)
            return found.read(self.weights(found)).reshape(n, self.actions), found

        def act(observations: torch.Tensor, t: int) -> torch.Tensor:
            read.append(valued(observations))
            return greedy(read[-1][0], chance[t], c.epsilon)

        with torch.no_grad():
            batch = episode_batches.play(act)
            beyond, _ = valued(batch.after[-1])
            episode = EpisodeRecord(batch, torch.stack([values for values, _ in read]), beyond)
            return episode, self._written(agent, memory, episode, [found for _, found in read])

    def look_up(self, memory: Memory, keys: torch.Tensor, num_trials: int) -> Found:
        """The nearest to keys [q, trials, key] in the memories of every action of those trials."""
        return nearest(
            memory, keys.transpose(0, 1).repeat_interleave(self.actions, 0), self.config.neighbours
        )

    def _written(
        self, agent: Agent, memory: Memory, episode: EpisodeRecord, read: Sequence[Found]
    ) -> dict[str, torch.Tensor]:
        """The memories after an episode: what was read has been used, what was done is written, the
        last step first.
        """
        batch, n = episode.batch, episode.values.shape[1]
        alive = batch.alive.repeat_interleave(self.actions, 1)[..., None]
        there = [found.there[:, 0] & live for found, live in zip(read, alive, strict=True)]
        memory = touched(
            memory, torch.cat([found.places[:, 0] for found in read], 1), torch.cat(there, 1)
        )
        members = torch.arange(n, device=batch.alive.device) * self.actions + batch.actions.argmax(
            2
        )
        keys, values = self.keys(agent, batch.observations), self.targets(episode)[..., None]
        backwards = (part.flip(0) for part in (members, keys, values, batch.alive))
        return write(memory, *backwards, merge=self.merge, same=self.config.same)

    def _episode_batches(self, task: Task, key: Key, n: int) -> EpisodeBatches:
        return EpisodeBatches(self.family, [task] * n, draw_seeds(key, n), 1, self.config.device)

    def _on(self, agent: Agent) -> dict[str, torch.Tensor]:
        """What the agent acts by on the learner's device; the rest, an optimiser's state and a
        replay, stays.
        """
        return {
            name: tensor if "/" in name else tensor.to(self.config.device)
            for name, tensor in agent.items()
        }

    def no_memories(self) -> dict[str, torch.Tensor]:
        return empty(self.actions, self.config.capacity, self.config.key, 1)


def greedy(values: torch.Tensor, chance: torch.Tensor, epsilon: float) -> torch.Tensor:
    """One-hot actions [n, a]: the best by values [n, a], one of those that are equal, or with
    `epsilon` any.

    chance: [n, 1 + a] uniform in [0, 1).
    """
    best = values == values.max(1, keepdim=True).values
    among = best | (chance[:, :1] < epsilon)
    return torch.nn.functional.one_hot(
        torch.where(among, chance[:, 1:], -1.0).argmax(1), values.shape[1]
    ).float()
