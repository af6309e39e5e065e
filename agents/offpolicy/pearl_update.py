"""PEARL's gradient steps, from replay buffers with a lane for each training draw.

Rakelly et al. 2019 (arXiv 1903.08254), algorithm 1. The critics' loss and beta KL(q(z | c) ||
N(0, 1)) train the encoder, on contexts sampled from the latest transitions only; the policy's loss
does not reach the encoder. By autograd, or for continuous actions on the CPU compiled; both draw
the same transitions and the same noise.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from ..kernels.sac_update import Contexts, Replay, Steps
from ..parts import replay_buffer as replay
from ..parts.actions import normal
from ..parts.gaussians import kl_to_prior
from .compiled import CompiledSAC, fits
from .context_encoder import ContextEncoder, posterior, sample_latent
from .pearl_config import PEARLConfig
from .sac import SAC, Transitions

if TYPE_CHECKING:
    from openpoet.poet.interfaces import Agent

Weights = Mapping[str, torch.Tensor]
AT_ONCE = 64  # steps whose random numbers are in memory at a time


@dataclass(frozen=True)
class PEARLUpdate:
    """The agent after `updates` gradient steps.

    Called with the agent, the generator of all random numbers, and recent [draws] int64: the
    number of transitions that contexts are sampled from, the latest ones.
    """

    sac: SAC
    encoder: ContextEncoder
    config: PEARLConfig

    def __call__(self, agent: Agent, generator: torch.Generator, recent: torch.Tensor) -> Agent:
        update = self.compiled if fits(self.sac) else self.by_autograd
        return update(agent, generator, recent)

    def by_autograd(self, agent: Agent, generator: torch.Generator, recent: torch.Tensor) -> Agent:
        c = self.config
        for _ in range(c.updates):
            context_steps = self._sampled(agent, c.context, generator, recent)
            steps, weights = self._sampled(agent, c.batch, generator), self.sac.leaves(agent)
            factors = self.encoder.factors(weights, self.context_inputs(context_steps))
            mean, log_std = posterior(tuple(part.sum(1) for part in factors))
            batch = _conditioned(steps, sample_latent(mean, log_std, generator))
            noise = torch.rand(2, *batch.actions.shape, generator=generator).to(c.device)
            divergence = kl_to_prior(mean, log_std).mean()
            loss = self.sac.loss(weights, agent, batch, noise) + c.kl * divergence
            agent = self.sac.step(agent, weights, loss)
        return agent

    def compiled(self, agent: Agent, generator: torch.Generator, recent: torch.Tensor) -> Agent:
        """The same up to rounding; see `fits`."""
        c = self.config
        flat = {
            name.removeprefix(replay.PREFIX): ring.flatten(0, 1)
            for name, ring in agent.items()
            if name.startswith(replay.PREFIX) and name != replay.COUNT
        }
        transitions = Replay(
            flat["observation"],
            flat["action"],
            flat["pay"][:, 0],
            flat["after"],
            flat["over"][:, 0] > 0,
        )
        inputs, sac = self.context_inputs(flat), CompiledSAC(self.sac, agent, self.encoder)
        for begin in range(0, c.updates, AT_ONCE):
            count = min(AT_ONCE, c.updates - begin)
            steps, rows, noise = self._drawn(agent, generator, recent, count)
            sac.steps(transitions, steps, Contexts(inputs, rows, noise), kl=c.kl)
        return sac.within(agent)

    def context_inputs(self, steps: Weights) -> torch.Tensor:
        """(s, a, r) of steps, [..., size]; with `context_next` (s, a, r, s')."""
        names = ["observation", "action", "reward"] + ["after"] * self.config.context_next
        return torch.cat([steps[name] for name in names], -1)

    def _drawn(
        self, agent: Agent, generator: torch.Generator, recent: torch.Tensor, count: int
    ) -> tuple[Steps, torch.Tensor, torch.Tensor]:
        """What `count` steps learn from, and the rows and the noise of their contexts.

        Random numbers are drawn in the order of `by_autograd`.
        """
        c, size = self.config, self.sac.actions.size
        draws, capacity = agent[f"{replay.PREFIX}action"].shape[:2]
        rows, context_rows, noise, latent_noise = [], [], [], []
        lane = torch.arange(draws)[:, None] * capacity
        for _ in range(count):
            places = replay.places(agent, c.context, generator, recent=recent)
            context_rows.append(lane + places)
            rows.append((lane + replay.places(agent, c.batch, generator)).flatten())
            latent_noise.append(torch.randn(draws, c.latent, generator=generator))
            noise.append(torch.rand(2, draws * c.batch, size, generator=generator))
        steps = Steps(torch.stack(rows), normal(torch.stack(noise)))
        return steps, torch.stack(context_rows), torch.stack(latent_noise)

    def _sampled(
        self,
        agent: Agent,
        size: int,
        generator: torch.Generator,
        recent: torch.Tensor | None = None,
    ) -> dict[str, torch.Tensor]:
        """`size` transitions of each draw, [draws, size, numbers] by name."""
        sampled = replay.sample(agent, size, generator, recent=recent)
        return {name: part.to(self.config.device) for name, part in sampled.items()}


def _conditioned(steps: Weights, z: torch.Tensor) -> Transitions:
    """Steps [draws, k, size] with their draw's z [draws, latent] appended, as [draws x k, size].

    The gradient reaches z through the inputs only, not through the targets' next inputs.
    """
    latent = z[:, None].expand(-1, steps["reward"].shape[1], -1)
    return Transitions(
        torch.cat([steps["observation"], latent], -1).flatten(0, 1),
        steps["action"].flatten(0, 1),
        steps["pay"].flatten(),
        torch.cat([steps["after"], latent.detach()], -1).flatten(0, 1),
        (steps["over"][..., 0] > 0).flatten(),
    )
