"""NEC: neural episodic control, values looked up in memories by a key that is learned.

Pritzel, Uria, Srinivasan, Puigdomenech, Vinyals, Hassabis, Wierstra & Blundell 2017 (arXiv
1703.01988). Of each action a differentiable neural dictionary holds keys and values; an action is
worth the mean of its nearest, weighed by nearness. What is met again moves its value quickly (in a
trial); the encoder follows slowly, by the squared error of N-step returns on replayed steps, whose
gradient also reaches the keys and values that were retrieved.
Differs: writing and learning wait for an episode's end; Adam for the encoder and plain steps for
the dictionaries,
where the authors take RMSprop for both: an entry is sooner replaced than moments of its gradient
mean anything.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import torch

from ..parts import adam
from ..parts import replay_buffer as replay
from ..parts.feedforward import Feedforward
from ..parts.network_weights import cloned_weights
from .episodic_config import NECConfig
from .episodic_control import EpisodeRecord, EpisodicControl
from .episodic_memory import Found, inverse_distance

if TYPE_CHECKING:
    from openpoet.poet.interfaces import Agent, TaskFamily
    from openpoet.poet.streams import Key

RETRIEVED = ("keys", "values")


class NEC(EpisodicControl[NECConfig]):
    def __init__(self, family: TaskFamily, config: NECConfig | None = None) -> None:
        super().__init__(family, config or NECConfig())
        if not family.spec.observation_size:
            raise ValueError("a key is learned from observations, and this family shows nothing")
        self.encoder = Feedforward(
            (family.spec.observation_size, *self.config.hidden, self.config.key)
        )
        self.encoder_names = [
            f"{kind}{layer}" for layer in range(len(self.config.hidden) + 1) for kind in "wb"
        ]

    def init(self, key: Key) -> Agent:
        """A random encoder whose keys are about 1 apart, and memories of nothing."""
        weights = self.encoder.init(key.generator(), readout_scale=self.config.key_scale)
        return self._fresh_agent({**weights, **self.no_memories()})

    def adopt(self, agent: Agent) -> Agent:
        """Encoder and memories; what was to be replayed is of another task."""
        return self._fresh_agent(cloned_weights(agent))

    def keys(self, agent: Agent, observations: torch.Tensor) -> torch.Tensor:
        return self.encoder(agent, observations)

    def weights(self, found: Found) -> torch.Tensor:
        return inverse_distance(found, self.config.delta)

    def targets(self, episode: EpisodeRecord) -> torch.Tensor:
        """Returns of so many steps, and of what the memories said then.

        An episode that the task ended has no value beyond its end. One cut by the time limit is
        bootstrapped with the memories' value of its last observation.
        """
        c, batch = self.config, episode.batch
        togo = batch.discounted(c.gamma, episode.beyond.max(1).values).double()
        later = (episode.values.max(2).values - togo) * batch.alive
        return (togo + _shifted(later, c.steps) * c.gamma**c.steps).float()

    def merge(self, old: torch.Tensor, new: torch.Tensor) -> torch.Tensor:
        return old + self.config.fast * (new - old)

    def learn(self, agent: Agent, episode: EpisodeRecord, key: Key) -> Agent:
        """Gradient steps on replayed steps, one for every few of the episode."""
        batch, targets = episode.batch, self.targets(episode)
        met = {
            "observation": batch.observations,
            "action": batch.actions,
            "target": targets[..., None],
        }
        met = {name: part.transpose(0, 1).cpu() for name, part in met.items()}
        agent = {**agent, **replay.added(agent, met, batch.alive.T.cpu())}
        generator = torch.Generator().manual_seed(key.integer())
        for _ in range(-(-int(batch.alive.sum()) // self.config.every)):
            drawn = replay.sample(agent, self.config.batch, generator)
            agent = self.step(
                agent, {name: part[0].to(self.config.device) for name, part in drawn.items()}
            )
        return agent

    def step(self, agent: Agent, met: Mapping[str, torch.Tensor]) -> Agent:
        """A gradient step on these steps, parts [batch, ...]."""
        c, names = self.config, [*self.encoder_names, *RETRIEVED]
        leaves = {**agent, **{name: agent[name].detach().requires_grad_() for name in names}}
        said = (self.values(leaves, met["observation"]) * met["action"]).sum(1)
        loss = (said - met["target"][:, 0]).square().mean()
        slopes = dict(
            zip(names, torch.autograd.grad(loss, [leaves[name] for name in names]), strict=True)
        )
        moved = {name: agent[name] - c.memory_lr * slopes.pop(name) for name in RETRIEVED}
        return {**agent, **moved, **adam.step(agent, slopes, c.lr)}

    def values(self, agent: Agent, observations: torch.Tensor) -> torch.Tensor:
        """[q, actions] of observations [q, o] by the agent's own memories."""
        found = self.look_up(agent, self.keys(agent, observations)[:, None], 1)
        return found.read(self.weights(found))[..., 0].mT

    def _fresh_agent(self, kept: dict[str, torch.Tensor]) -> Agent:
        """With nothing to replay and a fresh optimiser."""
        sizes = {
            "observation": self.family.spec.observation_size,
            "action": self.actions,
            "target": 1,
        }
        encoder = {name: kept[name] for name in self.encoder_names}
        return {**kept, **adam.fresh(encoder), **replay.empty(sizes, self.config.replay)}


def _shifted(values: torch.Tensor, steps: int) -> torch.Tensor:
    """[t, n] of so many steps later; 0 beyond the end."""
    return torch.cat([values[steps:], torch.zeros_like(values[:steps])])
