"""Meta-gradient RL: an actor-critic that learns its own discount and lambda while it learns to act.

Xu, van Hasselt & Silver 2018 (arXiv 1805.09801). eta = (gamma, lambda) shapes the return that a
step is taken on. The next batch tells, under a reference eta' that stays, whether the step was a
good one; its gradient in the weights times how the weights would have moved with eta is the
gradient of eta (online cross-validation, their mu = 0). The actor- critic is RL^2's; eta is carried
as its agent's hyperparameters, through a sigmoid, and goes along in transfers.
Differs: a step is PPO's with Adam, and is differentiated as its first gradient, times Adam's scale
for each weight; Adam for eta too; value and policy are not told eta, which moves slowly beside
them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from ..parts import adam
from ..parts.hyperparameters import HYPER_PREFIX, Range
from ..rollouts.trials import Trials, advantages
from .advantage_gradients import Eta, advantage_tangents
from .ppo import improve_policy
from .rl2 import RL2
from .rl2_config import RL2Config

if TYPE_CHECKING:
    from openpoet.poet.interfaces import Agent, Task, TaskFamily
    from openpoet.poet.streams import Key

Named = Mapping[str, torch.Tensor]
# (log probabilities, values [t, n]) -> number
Objective = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]
META, TOWARDS = "meta/", "towards/"  # eta's optimiser; how the weights would have moved
# Eta stays within +-LIMIT [logit], 1e-6 from 0 and 1: a sigmoid of more than 37 rounds to 1.
LIMIT = 13.8
DIRECTIONS = {"gamma": Eta(1.0, 0.0), "lam": Eta(0.0, 1.0)}


@dataclass(frozen=True)
class MetaGradientConfig(RL2Config):
    """gamma and lam are where eta begins."""

    lam: float = 0.9
    reference_gamma: float = 0.99  # eta', by which a step is judged on the next batch
    reference_lam: float = 1.0  # the paper's
    meta_lr: float = 0.02  # of eta, before the sigmoid

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in DIRECTIONS:
            if not 0 < getattr(self, name) < 1:
                raise ValueError(
                    f"{name} must be above 0 and below 1 to be learned, got {getattr(self, name)}"
                )
        if not (
            0 <= self.reference_gamma <= 1 and 0 <= self.reference_lam <= 1 and self.meta_lr > 0
        ):
            raise ValueError(
                "reference_gamma and reference_lam must be from 0 to 1, meta_lr above 0"
            )


class MetaGradient(RL2):
    """Learner (poet.interfaces): RL^2 whose agents learn the return they are improved on."""

    config: MetaGradientConfig

    def __init__(self, family: TaskFamily, config: MetaGradientConfig | None = None) -> None:
        super().__init__(family, config or MetaGradientConfig())
        self.ranges = {**self.ranges, "lam": Range(0.01, 0.99, from_one=True)}  # never 0 or 1

    def _fresh_agent(self, weights: Named) -> dict[str, torch.Tensor]:
        """Eta of the settings (an agent that carries one keeps it), and no step to judge yet."""
        eta = {
            name: torch.tensor(getattr(self.config, name), dtype=torch.float64)
            for name in DIRECTIONS
        }
        return {
            **super()._fresh_agent(weights),
            **{f"{HYPER_PREFIX}{name}": value for name, value in eta.items()},
            **{f"{META}{name}": value for name, value in adam.fresh(eta).items()},
            **{
                f"{TOWARDS}{eta}/{name}": torch.zeros_like(w)
                for eta in DIRECTIONS
                for name, w in weights.items()
            },
        }

    def improve_one(self, agent: Agent, task: Task, key: Key) -> tuple[Agent, int]:
        """Trials judge the last step, which moves eta; then they are learned from under the new
        eta.
        """
        trials = self.trials(agent, task, key, self.config.trials)
        eta = self._cross_validated(agent, trials)
        learner = self.of({**agent, **eta})
        batch = learner._batch(trials)
        after = improve_policy(learner, agent, batch, key.child("minibatches").generator())
        return {**after, **eta, **learner._towards(agent, after, trials)}, trials.steps

    def _cross_validated(self, agent: Agent, trials: Trials) -> dict[str, torch.Tensor]:
        """Eta and its optimiser after the trials have told how good the last step was."""
        c, weights = self.config, self._weights(agent)
        slope = validation_gradient(self, weights, trials, Eta(c.reference_gamma, c.reference_lam))
        now = {name: agent[f"{HYPER_PREFIX}{name}"] for name in DIRECTIONS}
        gradients = {
            name: sum(
                (slope[w].cpu() * agent[f"{TOWARDS}{name}/{w}"]).double().sum()
                for w in sorted(slope)
            )
            * (now[name] * (1 - now[name]))
            for name in DIRECTIONS
        }
        state = {
            name.removeprefix(META): value for name, value in agent.items() if name.startswith(META)
        }
        moved = adam.step(
            {**state, **{name: torch.logit(now[name]) for name in DIRECTIONS}}, gradients, c.meta_lr
        )
        optimiser = {
            f"{META}{name}": value for name, value in moved.items() if name not in DIRECTIONS
        }
        learned = {name: torch.sigmoid(moved[name].clamp(-LIMIT, LIMIT)) for name in DIRECTIONS}
        return {**optimiser, **{f"{HYPER_PREFIX}{name}": value for name, value in learned.items()}}

    def _towards(self, agent: Agent, after: Agent, trials: Trials) -> dict[str, torch.Tensor]:
        """How the weights that were reached would have moved with eta."""
        c, weights = self.config, self._weights(agent)
        values = trials.outputs[..., -1]
        gained = advantages(
            trials.rewards.float() * c.reward_scale, values, trials.alive, c.gamma, c.lam
        )
        scale = float(gained[trials.alive].std()) + 1e-8 if c.normalise else 1.0
        found: dict[str, torch.Tensor] = {}
        for name, direction in DIRECTIONS.items():
            change = advantage_tangents(
                values, gained, trials.alive, Eta(c.gamma, c.lam), direction
            )
            for w, slope in step_gradient(self, weights, trials, change, scale).items():
                correct = float(1 - 0.999 ** after[f"{adam.STEPS}{w}"])
                size = (after[f"adam/square/{w}"] / correct).sqrt() + 1e-5
                found[f"{TOWARDS}{name}/{w}"] = c.lr * slope.cpu() / size
        return found


def validation_gradient(
    learner: RL2, weights: Named, trials: Trials, reference: Eta
) -> dict[str, torch.Tensor]:
    """Gradient in the weights of J', the policy gradient's loss under the reference eta', on trials
    they played.
    """
    rewards, values = (
        trials.rewards.to(trials.outputs.dtype) * learner.config.reward_scale,
        trials.outputs[..., -1],
    )
    gained = advantages(rewards, values, trials.alive, reference.gamma, reference.lam)

    def loss(log_probs: torch.Tensor, values: torch.Tensor) -> torch.Tensor:
        return -(log_probs * gained * trials.alive).sum() / trials.alive.sum()

    return _gradient(learner, weights, trials, loss)


def step_gradient(
    learner: RL2, weights: Named, trials: Trials, change: torch.Tensor, scale: float
) -> dict[str, torch.Tensor]:
    """How a step of gradient descent on these trials, of rate 1, changes when advantages do by
    `change` [t, n].

    scale: what advantages are divided by in the policy's part of the loss.
    """

    def moved(log_probs: torch.Tensor, values: torch.Tensor) -> torch.Tensor:
        each = change * (log_probs / scale + learner.config.value_weight * values)
        return (each * trials.alive).sum() / trials.alive.sum()

    return _gradient(learner, weights, trials, moved)


def _gradient(
    learner: RL2, weights: Named, trials: Trials, of: Objective
) -> dict[str, torch.Tensor]:
    wanted = {name: value.detach().clone().requires_grad_() for name, value in weights.items()}
    policy, values = learner.outputs(wanted, trials.inputs)
    total = of(learner.actions.log_prob(policy, trials.actions), values)
    return dict(zip(wanted, torch.autograd.grad(total, list(wanted.values())), strict=True))
