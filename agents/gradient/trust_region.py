"""Trust-region policy optimisation (TRPO): one step on a surrogate loss under a KL constraint.

Schulman, Levine, Moritz, Jordan & Abbeel 2015 (arXiv 1502.05477). The direction is the natural
gradient, from conjugate gradients on products with the divergence's Hessian. A backtracking line
search then takes the first step that lowers the surrogate and satisfies the constraint. If there is
none, the parameters stay as they are.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch

Named = Mapping[str, torch.Tensor]
Objective = Callable[[Named], torch.Tensor]  # parameters -> a number
ITERATIONS, DAMPING = 10, 1e-5  # of the conjugate gradients
TRIES, SHRINK = 15, 0.8  # of the line search


def step(
    parameters: Named, surrogate: Objective, divergence: Objective, max_divergence: float
) -> dict[str, torch.Tensor]:
    """Updated parameters, detached, whose divergence is at most `max_divergence`.

    parameters: leaves that require a gradient. surrogate, divergence: parameters -> scalar.
    ValueError if the surrogate's gradient is NaN or infinite.
    """
    leaves = list(parameters.values())
    before = surrogate(parameters)
    gradient = _flat(torch.autograd.grad(before, leaves))
    if not bool(torch.isfinite(gradient).all()):
        raise ValueError("the gradient of the surrogate holds NaN or infinity")
    divergence_gradient = _flat(
        torch.autograd.grad(divergence(parameters), leaves, create_graph=True)
    )

    def hessian_product(v: torch.Tensor) -> torch.Tensor:
        product = torch.autograd.grad(divergence_gradient @ v, leaves, retain_graph=True)
        return _flat(product) + DAMPING * v

    direction = conjugate_gradient(hessian_product, gradient)
    length = torch.sqrt(
        2 * max_divergence / (direction @ hessian_product(direction)).clamp(min=1e-12)
    )
    for _ in range(TRIES):
        candidate = _updated(parameters, -length * direction)
        if (
            float(surrogate(candidate).detach()) < float(before.detach())
            and float(divergence(candidate).detach()) <= max_divergence
        ):
            return {name: value.detach() for name, value in candidate.items()}
        length = SHRINK * length
    return {name: value.detach() for name, value in parameters.items()}


def conjugate_gradient(
    product: Callable[[torch.Tensor], torch.Tensor], b: torch.Tensor, iterations: int = ITERATIONS
) -> torch.Tensor:
    """Approximate solution x of A x = b, for a positive definite A given by v -> A v."""
    x, residual, direction = torch.zeros_like(b), b.clone(), b.clone()
    size = residual @ residual
    for _ in range(iterations):
        if float(size) < 1e-20:
            break
        image = product(direction)
        rate = size / (direction @ image)
        x, residual = x + rate * direction, residual - rate * image
        size, last = residual @ residual, size
        direction = residual + size / last * direction
    return x


def _flat(tensors: tuple[torch.Tensor, ...]) -> torch.Tensor:
    return torch.cat([tensor.reshape(-1) for tensor in tensors])


def _updated(parameters: Named, change: torch.Tensor) -> dict[str, torch.Tensor]:
    """New leaves: the parameters plus the flat vector `change`."""
    parts = change.split([value.numel() for value in parameters.values()])
    return {
        name: (value.detach() + part.reshape(value.shape)).requires_grad_()
        for (name, value), part in zip(parameters.items(), parts, strict=True)
    }
