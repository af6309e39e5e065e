"""Reptile: moves an initialisation towards the parameters that a few gradient steps lead to.

Nichol, Achiam & Schulman 2018, "On First-Order Meta-Learning Algorithms" (arXiv 1803.02999). With
one inner step this is joint training; with more, the update also increases the inner product of
gradients of different steps. Its authors report no success in reinforcement learning, and neither
do our measurements (docs/agents.md): it is here for comparison, and for families with labels.
Differs: the inner optimiser is plain gradient descent, the authors' is Adam without momentum; in
families with labels all steps of a trial use the same examples, the authors' use minibatches of a
slightly larger set.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from ..parts import adam
from ..parts.hyperparameters import Range
from .initialisation import RANGES, Initialisation
from .inner import AdaptedTrials
from .maml_config import ReptileConfig

if TYPE_CHECKING:
    from openpoet.poet.interfaces import Agent, TaskFamily


class Reptile(Initialisation):
    """Learner (poet.interfaces) whose outer loop needs no gradient."""

    config: ReptileConfig
    learns_after = False

    def __init__(self, family: TaskFamily, config: ReptileConfig | None = None) -> None:
        super().__init__(family, config or ReptileConfig.suggested(family.spec))
        self.ranges = {**RANGES, "share": Range(1e-4, 1.0)}

    def fresh_agent(self, weights: dict[str, torch.Tensor]) -> Agent:
        state = adam.fresh(weights) if self.config.outer == "adam" else {}
        return {**weights, **state, "schedule/step": torch.zeros(())}

    def outer_step(self, agent: Agent, trials: AdaptedTrials) -> Agent:
        c, weights, adapted = self.config, self.weights(agent), trials.parameters
        changes = {name: (value.mean(0) - weights[name]).cpu() for name, value in adapted.items()}
        done = min(float(agent["schedule/step"]) / c.anneal, 1.0)
        step_size = c.share + done * (c.share_end - c.share)
        if c.outer == "adam":
            after = adam.step(agent, {name: -change for name, change in changes.items()}, step_size)
        else:
            after = {name: agent[name] + step_size * change for name, change in changes.items()}
        if bad := next(
            (name for name, value in after.items() if not bool(torch.isfinite(value).all())), None
        ):
            raise ValueError(
                f"after an outer step the agent's {bad} holds NaN or infinity: "
                "inner_lr may be too large"
            )
        return {**after, "schedule/step": agent["schedule/step"] + 1}
