"""NEC: neural episodic control, with values looked up in memories under learned keys.

Pritzel et al. 2017, "Neural Episodic Control" (arXiv 1703.01988). For each action a differentiable
neural dictionary (DND) holds keys and values. The value of an action is the mean of the nearest
values, weighted by an inverse-distance kernel. The value of a stored key is moved towards new
returns with a large tabular learning rate. The encoder of the keys is trained slowly, on the
squared error of N-step returns of replayed transitions; the gradient also reaches the retrieved
keys and values.
Differs: transitions are written, and the encoder is trained, at the end of an episode. The encoder
uses Adam and the dictionaries plain gradient steps, instead of RMSprop for both, since an entry is
often replaced before moments of its gradient become meaningful.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import torch

from ..parts import adam, replay_buffer
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
    """Learner (poet.interfaces); see `EpisodicControl` for its arguments.

    Raises:
        ValueError: as `EpisodicControl`, and if the family has no observations.
    """

    def __init__(self, family: TaskFamily, config: NECConfig | None = None) -> None:
        super().__init__(family, config or NECConfig())
        if not family.spec.observation_size:
            raise ValueError("nec learns keys of observations, and this family has none: use mfec")
        self.encoder = Feedforward(
            (family.spec.observation_size, *self.config.hidden, self.config.key)
        )
        self.encoder_names = [
            f"{kind}{layer}" for layer in range(len(self.config.hidden) + 1) for kind in "wb"
        ]

    def init(self, key: Key) -> Agent:
        """A random encoder, with keys at distances of about 1, and empty memories."""
        weights = self.encoder.init(key.generator(), readout_scale=self.config.key_scale)
        return self._fresh_agent({**weights, **self.empty_memories()})

    def adopt(self, agent: Agent) -> Agent:
        """The same encoder and memories; the replay buffer, of another task, is emptied."""
        return self._fresh_agent(cloned_weights(agent))

    def keys(self, agent: Agent, observations: torch.Tensor) -> torch.Tensor:
        return self.encoder(agent, observations)

    def weights(self, found: Found) -> torch.Tensor:
        return inverse_distance(found, self.config.delta)

    def targets(self, episode: EpisodeRecord) -> torch.Tensor:
        """N-step returns [t, n], bootstrapped with the values that the memories estimated.

        The value after a terminal state is 0. An episode cut by the time limit is bootstrapped with
        the value of its last observation.
        """
        c, batch = self.config, episode.batch
        returns = batch.discounted(c.gamma, episode.beyond.max(1).values).double()
        correction = (episode.values.max(2).values - returns) * batch.alive
        return (returns + _shifted(correction, c.steps) * c.gamma**c.steps).float()

    def merge(self, old: torch.Tensor, new: torch.Tensor) -> torch.Tensor:
        return old + self.config.fast * (new - old)

    def learn(self, agent: Agent, episode: EpisodeRecord, key: Key) -> Agent:
        """One gradient step on replayed transitions for every `config.every` environment steps."""
        batch, targets = episode.batch, self.targets(episode)
        transitions = {
            "observation": batch.observations,
            "action": batch.actions,
            "target": targets[..., None],
        }
        transitions = {name: part.transpose(0, 1).cpu() for name, part in transitions.items()}
        agent = {**agent, **replay_buffer.added(agent, transitions, batch.alive.T.cpu())}
        generator = torch.Generator().manual_seed(key.integer())
        for _ in range(-(-int(batch.alive.sum()) // self.config.every)):
            sample = replay_buffer.sample(agent, self.config.batch, generator)
            sample = {name: part[0].to(self.config.device) for name, part in sample.items()}
            agent = self.step(agent, sample)
        return agent

    def step(self, agent: Agent, transitions: Mapping[str, torch.Tensor]) -> Agent:
        """One gradient step on transitions: observation, action and target, each [batch, ...]."""
        c, names = self.config, [*self.encoder_names, *RETRIEVED]
        leaves = {**agent, **{name: agent[name].detach().requires_grad_() for name in names}}
        values = self.values(leaves, transitions["observation"])
        predicted = (values * transitions["action"]).sum(1)
        loss = (predicted - transitions["target"][:, 0]).square().mean()
        gradients = dict(
            zip(names, torch.autograd.grad(loss, [leaves[name] for name in names]), strict=True)
        )
        memories = {name: agent[name] - c.memory_lr * gradients.pop(name) for name in RETRIEVED}
        return {**agent, **memories, **adam.step(agent, gradients, c.lr)}

    def values(self, agent: Agent, observations: torch.Tensor) -> torch.Tensor:
        """Values [q, actions] of observations [q, o], estimated from the agent's memories."""
        found = self.look_up(agent, self.keys(agent, observations)[:, None], 1)
        return found.read(self.weights(found))[..., 0].mT

    def _fresh_agent(self, kept: dict[str, torch.Tensor]) -> Agent:
        """The agent with these weights and memories, an empty replay buffer and a new optimiser."""
        sizes = {
            "observation": self.family.spec.observation_size,
            "action": self.actions,
            "target": 1,
        }
        encoder = {name: kept[name] for name in self.encoder_names}
        return {**kept, **adam.fresh(encoder), **replay_buffer.empty(sizes, self.config.replay)}


def _shifted(values: torch.Tensor, steps: int) -> torch.Tensor:
    """Values [t, n] of `steps` steps later; 0 after the end."""
    return torch.cat([values[steps:], torch.zeros_like(values[:steps])])
