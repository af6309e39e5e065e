"""MAML: learns an initialisation from which a gradient step adapts to a draw of the task.

Finn, Abbeel & Levine 2017, "Model-Agnostic Meta-Learning for Fast Adaptation of Deep Networks"
(arXiv 1703.03400). The outer gradient of the loss after the inner steps is differentiated through
these steps; first-order MAML treats the inner gradients as constants. With no inner steps this is
joint training. With several outer steps on the same episodes (`epochs`) their loss is that of PPO
(arXiv 1707.06347), on the ratio of the adapted policies' probabilities to those that played, as in
ProMP (Rothfuss et al. 2019, arXiv 1810.06784).
Differs: the outer optimiser is Adam by default (`outer = "trpo"`: as in the paper); the baseline is
the mean over a draw's episodes at each step, not a linear function of observation features, and
advantages are divided by their standard deviation at each step, not over all steps.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING

import torch

from ..parts import adam
from ..parts.hyperparameters import Range
from ..rollouts.episode_batches import Batch
from . import inner, trust_region
from .initialisation import RANGES, RATE, Initialisation
from .maml_config import FOMAMLConfig, MAMLConfig
from .regressor import Regressor

if TYPE_CHECKING:
    from openpoet.poet.interfaces import Agent, TaskFamily

OuterLosses = Callable[[inner.Parameters], torch.Tensor]


class MAML(Initialisation):
    """Learner (poet.interfaces) whose outer gradient is differentiated through adaptation."""

    config: MAMLConfig

    def __init__(self, family: TaskFamily, config: MAMLConfig | None = None) -> None:
        super().__init__(family, config or MAMLConfig.suggested(family.spec))
        outer = (
            {"kl": Range(1e-3, 0.1)} if self.config.outer == "trpo" else {"lr": Range(1e-4, 3e-2)}
        )
        # with learned step sizes inner_lr is only where they start
        self.ranges = {**({} if self.config.learn_rates else RANGES), **outer}
        if self.config.outer == "trpo" and isinstance(self.model, Regressor):
            raise ValueError(
                "outer = 'trpo' needs a policy, and this family is learned from labels: use 'adam'"
            )

    def carried(self) -> Mapping[str, Range]:
        """With inner_lr, which agents of a run that explored it have."""
        return {**RANGES, **self.ranges}

    def fresh_agent(self, weights: dict[str, torch.Tensor]) -> Agent:
        if self.config.learn_rates:
            rate = torch.tensor(self.config.inner_lr)
            weights = {
                **weights,
                **{
                    RATE + name: weights.get(RATE + name, rate)
                    for name in self.adapted_names(weights)
                },
            }
        return {**weights, **(adam.fresh(weights) if self.config.outer == "adam" else {})}

    def outer_step(self, agent: Agent, trials: inner.AdaptedTrials) -> Agent:
        c = self.config
        if c.outer == "trpo":
            return self._trust_region_step(agent, trials)
        losses = self._outer_losses(trials.parameters, trials.adapted)
        for _ in range(c.epochs):
            leaves = _leaves(self.weights(agent))
            loss = losses(self.adapted(leaves, trials.before, trials.number)).mean()
            slopes = torch.autograd.grad(loss, list(leaves.values()))
            gradients = dict(zip(leaves, slopes, strict=True))
            agent = adam.step(agent, gradients, c.lr, most=c.max_gradient)
        return agent

    def _outer_losses(self, adapted: inner.Parameters, after: Batch) -> OuterLosses:
        """The losses [trials] of adapted parameters on episodes of the parameters `adapted`."""
        model, c = self.model, self.config
        if c.epochs == 1 or isinstance(model, Regressor):
            return partial(model.losses, batch=after)
        with torch.no_grad():
            old = model.batch_outputs(adapted, after)
        return partial(model.ratio_losses, batch=after, old=old, clip=c.clip)

    def adapted(
        self, weights: Mapping[str, torch.Tensor], batches: Sequence[Batch], num_trials: int
    ) -> dict[str, torch.Tensor]:
        """Parameters [trials, ...] after inner steps on these batches; differentiable."""
        parameters = self.repeated(weights, num_trials)
        for update in range(self.config.inner_steps):
            batch = batches[0 if self.model.keeps_examples else update]
            losses = partial(self.model.losses, batch=batch)
            parameters = inner.step(losses, parameters, self.rates(weights), self.config.order)
        return parameters

    def _trust_region_step(self, agent: Agent, trials: inner.AdaptedTrials) -> Agent:
        """A TRPO step that constrains the KL divergence of the adapted policies."""
        policy, weights, after = self.model, self.weights(agent), trials.adapted
        assert not isinstance(policy, Regressor)  # checked in __init__

        def adapted(candidate: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
            return self.adapted(candidate, trials.before, trials.number)

        old = policy.batch_outputs(adapted(_leaves(weights)), after).detach()

        def surrogate(candidate: Mapping[str, torch.Tensor]) -> torch.Tensor:
            return policy.ratio_losses(adapted(candidate), after, old).mean()

        def divergence(candidate: Mapping[str, torch.Tensor]) -> torch.Tensor:
            return policy.divergences(adapted(candidate), after, old).mean()

        updated = trust_region.step(_leaves(weights), surrogate, divergence, self.config.kl)
        return {**agent, **{name: value.cpu() for name, value in updated.items()}}


class FOMAML(MAML):
    """First-order MAML: the same learner with another setting."""

    def __init__(self, family: TaskFamily, config: FOMAMLConfig | None = None) -> None:
        super().__init__(family, config or FOMAMLConfig.suggested(family.spec))


def _leaves(weights: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    return {name: value.detach().clone().requires_grad_() for name, value in weights.items()}
