"""Episodic control: the parts shared by MFEC and NEC, with one memory of returns per action.

A trial is a sequence of episodes on one draw of the task. The policy is epsilon-greedy in the
values that the memories estimate for each action. At the end of an episode its transitions are
written to the memories. An agent holds the memories, and a trial starts with them; an evaluation
writes to copies. Actions must be discrete, since each has its own memory.
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
from .episodic_memory import NAMES, Found, Memory, empty, mark_read, nearest, write

if TYPE_CHECKING:
    from openpoet.poet.interfaces import Agent, Task, TaskFamily
    from openpoet.poet.streams import Key

# of the tensors of a memory, in the order of NAMES
MEMORY_LIFETIMES: tuple[Lifetime, ...] = ("trial", "trial", "trial", "trial")
Config = TypeVar("Config", bound=ControlConfig)


@dataclass(frozen=True)
class EpisodeRecord:
    """One episode of each of n trials, with the values estimated from the memories."""

    batch: Batch
    values: torch.Tensor  # [t, n, actions] of the observation before each step
    beyond: torch.Tensor  # [n, actions] of the last observation, after the last step


class EpisodicControl(Adapting, Generic[Config]):
    """Base class of the learners (poet.interfaces) MFEC and NEC.

    Args:
        family: the task family; its actions must be discrete.
        config: the settings.

    Raises:
        ValueError: if actions are continuous, or a trial has fewer episodes than `test_episodes`.
    """

    def __init__(self, family: TaskFamily, config: Config) -> None:
        self.family, self.config, spec = family, config, family.spec
        if not getattr(spec, "discrete", False):
            raise ValueError(
                "episodic control needs discrete actions (one memory per action), and this "
                "family's are continuous"
            )
        self.episodes = config.episodes or spec.episodes
        if config.test_episodes > self.episodes:
            raise ValueError(
                f"test_episodes must be at most the {self.episodes} episodes of a trial, got "
                f"{config.test_episodes}"
            )
        self.actions = spec.action_size

    # ---- defined by MFEC and NEC ----------------------------------------------------------------

    @abstractmethod
    def keys(self, agent: Agent, observations: torch.Tensor) -> torch.Tensor:
        """Keys [..., key] of observations [..., o]."""

    @abstractmethod
    def weights(self, found: Found) -> torch.Tensor:
        """Weights [m, q, k] of the values of the entries found."""

    @abstractmethod
    def targets(self, episode: EpisodeRecord) -> torch.Tensor:
        """Values [t, n] to store for the actions taken."""

    @abstractmethod
    def merge(self, old: torch.Tensor, new: torch.Tensor) -> torch.Tensor:
        """The value to store for a key that is stored already, from values [w, v]."""

    def learn(self, agent: Agent, episode: EpisodeRecord, key: Key) -> Agent:
        """The agent after gradient steps; called at the end of an episode, after it is written."""
        return agent

    # ---- trials ---------------------------------------------------------------------------------

    def improve_one(self, agent: Agent, task: Task, key: Key) -> tuple[Agent, int]:
        """One trial on a new draw of the task; the agent with its memories, environment steps."""
        after, _, steps = self.run_trial(agent, task, key)
        return after, steps

    def run_trial(
        self, agent: Agent, task: Task, key: Key
    ) -> tuple[Agent, list[EpisodeRecord], int]:
        """Run one trial: the agent after it, its episodes, environment steps."""
        batches, episodes = self._episode_batches(task, key, 1), []
        agent = self._on_device(agent)
        for number in range(self.episodes):
            episode, memory = self._episode(agent, agent, batches, key.child("episode", number))
            agent = self.learn({**agent, **memory}, episode, key.child("learn", number))
            episodes.append(episode)
        if self.config.table == "trial":
            agent = {**agent, **self.empty_memories()}
        return {name: tensor.cpu() for name, tensor in agent.items()}, episodes, batches.steps

    def outcomes(
        self, agent: Agent, task: Task, key: Key, num_trials: int, control: Control = "none"
    ) -> Outcomes:
        """Returns and success of each episode, [trials, episodes] (pairs.Adapting)."""
        n, agent, episodes = num_trials, self._on_device(agent), []
        batches = self._episode_batches(task, key, n)
        every = torch.ones(n, dtype=torch.bool, device=self.config.device)
        # [trials, actions, ...]
        memory = fresh = tuple(agent[name].expand(n, *agent[name].shape) for name in NAMES)
        for number in range(self.episodes):
            members = {name: part.flatten(0, 1) for name, part in zip(NAMES, memory, strict=True)}
            episode, after = self._episode(agent, members, batches, key.child("episode", number))
            memory = tuple(after[name].unflatten(0, (n, -1)) for name in NAMES)
            memory = next_episode(memory, fresh, MEMORY_LIFETIMES, every, control)
            episodes.append(episode.batch)
        return by_trial(episodes, n, batches.steps)

    def _episode(
        self, agent: Agent, memory: Memory, batches: EpisodeBatches, key: Key
    ) -> tuple[EpisodeRecord, dict[str, torch.Tensor]]:
        """Run the next episode of n trials; the episode, and the memories after it.

        Args:
            memory: the trials' memories; member i x actions + j is that of trial i and action j.
        """
        c, n, lookups = self.config, batches.n, []
        noise = key.generator().random((batches.horizon, n, 1 + self.actions), dtype=np.float32)
        uniform = torch.from_numpy(noise).to(c.device)

        def estimated(observations: torch.Tensor) -> tuple[torch.Tensor, Found]:
            found = self.look_up(memory, self.keys(agent, observations)[None], n)
            return found.read(self.weights(found)).reshape(n, self.actions), found

        def act(observations: torch.Tensor, t: int) -> torch.Tensor:
            lookups.append(estimated(observations))
            return epsilon_greedy(lookups[-1][0], uniform[t], c.epsilon)

        with torch.no_grad():
            batch = batches.play(act)
            beyond, _ = estimated(batch.after[-1])
            episode = EpisodeRecord(batch, torch.stack([values for values, _ in lookups]), beyond)
            return episode, self._written(agent, memory, episode, [found for _, found in lookups])

    def look_up(self, memory: Memory, keys: torch.Tensor, num_trials: int) -> Found:
        """The nearest entries of keys [q, trials, key] in the memories of all actions of a trial.

        Returns entries of members [trials x actions].
        """
        return nearest(
            memory, keys.transpose(0, 1).repeat_interleave(self.actions, 0), self.config.neighbours
        )

    def _written(
        self, agent: Agent, memory: Memory, episode: EpisodeRecord, lookups: Sequence[Found]
    ) -> dict[str, torch.Tensor]:
        """The memories after an episode: entries read are marked, then transitions are written.

        The last step is written first.
        """
        batch, n = episode.batch, episode.values.shape[1]
        alive = batch.alive.repeat_interleave(self.actions, 1)[..., None]
        valid = [found.valid[:, 0] & live for found, live in zip(lookups, alive, strict=True)]
        places = [found.places[:, 0] for found in lookups]
        memory = mark_read(memory, torch.cat(places, 1), torch.cat(valid, 1))
        trials = torch.arange(n, device=batch.alive.device)
        members = trials * self.actions + batch.actions.argmax(2)
        keys, values = self.keys(agent, batch.observations), self.targets(episode)[..., None]
        backwards = (part.flip(0) for part in (members, keys, values, batch.alive))
        return write(memory, *backwards, merge=self.merge, same=self.config.same)

    def _episode_batches(self, task: Task, key: Key, n: int) -> EpisodeBatches:
        return EpisodeBatches(self.family, [task] * n, draw_seeds(key, n), 1, self.config.device)

    def _on_device(self, agent: Agent) -> dict[str, torch.Tensor]:
        """The agent with weights and memories on the learner's device.

        The optimiser's state and the replay buffer stay on the CPU.
        """
        return {
            name: tensor if "/" in name else tensor.to(self.config.device)
            for name, tensor in agent.items()
        }

    def empty_memories(self) -> dict[str, torch.Tensor]:
        """Memories without entries, one member per action."""
        return empty(self.actions, self.config.capacity, self.config.key, 1)


def epsilon_greedy(values: torch.Tensor, uniform: torch.Tensor, epsilon: float) -> torch.Tensor:
    """One-hot epsilon-greedy actions [n, a]; ties between the best are broken at random.

    Args:
        values: [n, a].
        uniform: random numbers in [0, 1), [n, 1 + a].
        epsilon: the probability of a random action.
    """
    best = values == values.max(1, keepdim=True).values
    candidates = best | (uniform[:, :1] < epsilon)
    chosen = torch.where(candidates, uniform[:, 1:], -1.0).argmax(1)
    return torch.nn.functional.one_hot(chosen, values.shape[1]).float()
