"""Adam (Kingma & Ba 2014, arXiv 1412.6980) on named tensors, its state part of the agent.

The moments' names hold a `/`, so that they are no network weights (network_weights.py).
"""

from __future__ import annotations

from collections.abc import Mapping

import torch

Named = Mapping[str, torch.Tensor]
STEPS = "adam/steps/"  # before a parameter's name: the steps its moments have seen


def fresh(parameters: Named) -> dict[str, torch.Tensor]:
    """Initial state of the optimiser: zero moments and step counts."""
    moments = {
        f"adam/{part}/{name}": torch.zeros_like(value)
        for part in ("mean", "square")
        for name, value in parameters.items()
    }
    return {**moments, **{f"{STEPS}{name}": torch.zeros(()) for name in parameters}}


def step(
    agent: Named, gradients: Named, rate: float, *, most: float = float("inf")
) -> dict[str, torch.Tensor]:
    """Parameters and optimiser state after one step.

    gradients: of some of the parameters; the others, their moments and step counts do not change.
    most: the norm to which the gradients are clipped. ValueError if a gradient is NaN or infinite.
    """
    norm = torch.sqrt(sum((g.double() ** 2).sum() for g in gradients.values()))  # type: ignore[arg-type]  # not empty
    if not bool(torch.isfinite(norm)):
        name = next(name for name, g in gradients.items() if not bool(torch.isfinite(g).all()))
        raise ValueError(f"the gradient of the agent's {name} holds NaN or infinity")
    scale = float(min(1.0, most / (float(norm) + 1e-12)))
    after: dict[str, torch.Tensor] = {}
    for name, gradient in gradients.items():
        after[f"{STEPS}{name}"] = steps = agent[f"{STEPS}{name}"] + 1
        correct = float(torch.sqrt(1 - 0.999**steps) / (1 - 0.9**steps))
        g = gradient.detach().cpu() * scale
        mean = 0.9 * agent[f"adam/mean/{name}"] + 0.1 * g
        square = 0.999 * agent[f"adam/square/{name}"] + 0.001 * g**2
        after[f"adam/mean/{name}"], after[f"adam/square/{name}"] = mean, square
        move = rate * correct * mean / (square.sqrt() + 1e-8)
        after[name] = agent[name] - move.to(agent[name].device)
    return after
