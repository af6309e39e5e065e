"""Compiled gradient steps of soft actor-critic for continuous actions on the CPU.

The same function as SAC.loss and SAC.step (Haarnoja et al. 2018, arXiv 1801.01290), up to rounding
(kernels.sac_update). Agents hold the same tensors.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import torch

from ..kernels.sac_network import SACArchitecture
from ..kernels.sac_update import Adam, Contexts, Replay, SACLoss, SACState, Steps
from ..parts.actions import Squashed, normal
from ..parts.adam import STEPS
from .context_encoder import ContextEncoder
from .sac import SAC, TARGET, Transitions

Named = Mapping[str, torch.Tensor]
MEAN, SQUARE = "adam/mean/", "adam/square/"


def fits(sac: SAC) -> bool:
    """Whether CompiledSAC takes it."""
    return isinstance(sac.actions, Squashed) and sac.config.device == "cpu"


class CompiledSAC:
    """The networks of an agent, which gradient steps change; `within` gives the agent.

    encoder: of the latent, whose weights learn too.
    """

    def __init__(self, sac: SAC, agent: Named, encoder: ContextEncoder | None = None) -> None:
        c = sac.config
        learned = c.target_entropy is not None
        layers = encoder.network.sizes if encoder else ()
        latent = encoder.latent if encoder else 0
        architecture = SACArchitecture(
            sac.policy.sizes[0] - latent, sac.actions.size, c.hidden, layers, learned
        )
        entropy = 0.0 if c.target_entropy is None else c.target_entropy
        self._loss = SACLoss(c.gamma, c.tau, c.lr, c.temperature, entropy)
        self._state = SACState(
            architecture,
            agent,
            _within(agent, TARGET),
            Adam(_within(agent, MEAN), _within(agent, SQUARE), int(agent[f"{STEPS}policy_w0"])),
        )

    def steps(self, transitions: Replay, steps: Steps, contexts: Contexts, kl: float) -> None:
        """Many steps, with latents inferred from contexts; kl: weight of their KL divergence.

        ValueError if a gradient is NaN or infinite.
        """
        self._state.step(transitions, steps, replace(self._loss, kl=kl), contexts)

    def step(self, batch: Transitions, noise: torch.Tensor) -> None:
        """One step without an encoder; noise: [2, n, a] uniform in [0, 1), as for SAC.loss.

        ValueError if a gradient is NaN or infinite.
        """
        transitions = Replay(
            batch.inputs, batch.actions, batch.rewards, batch.next_inputs, batch.terminated
        )
        rows = torch.arange(len(batch.rewards))[None]
        self._state.step(transitions, Steps(rows, normal(noise)[None]), self._loss)

    def within(self, agent: Named) -> dict[str, torch.Tensor]:
        """The agent with the tensors that the steps so far have changed."""
        state = self._state
        weights = state.architecture.unpack(state.flat)
        mean, square = (state.architecture.unpack(moment) for moment in state.moments)
        targets = state.architecture.unpack_critics(state.targets)
        steps = {name: torch.tensor(float(state.steps)) for name in weights}
        made = {"": weights, MEAN: mean, SQUARE: square, TARGET: targets, STEPS: steps}
        named = {f"{at}{name}": value for at, part in made.items() for name, value in part.items()}
        return {**agent, **named}


def _within(agent: Named, prefix: str) -> dict[str, torch.Tensor]:
    """The tensors whose names begin with the prefix, without it."""
    return {
        name.removeprefix(prefix): value for name, value in agent.items() if name.startswith(prefix)
    }
