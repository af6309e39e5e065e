"""A step of trust-region policy optimisation: as far down a surrogate as a bound on the KL
divergence lets one go.

Schulman, Levine, Moritz, Jordan & Abbeel 2015 (arXiv 1502.05477). The direction is the natural
gradient by conjugate gradients on products with the divergence's Hessian; a line search then asks
that the surrogate falls and the bound holds. If no length does, nothing moves.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch

Named = Mapping[str, torch.Tensor]
Objective = Callable[[Named], torch.Tensor]  # parameters -> a number
ITERATIONS, DAMPING = 10, 1e-5  # of the conjugate gradients
TRIES, SHORTER = 15, 0.8  # of the line search


def step(
    parameters: Named, surrogate: Objective, divergence: Objective, most: float
) -> dict[str, torch.Tensor]:
    """Parameters, detached, with divergence at most `most`. parameters: leaves that need a
    gradient.

    ValueError if the surrogate's gradient is NaN or infinite.
    """
    leaves = list(parameters.values())
    before = surrogate(parameters)
    slope = _flat(torch.autograd.grad(before, leaves))
    if not bool(torch.isfinite(slope).all()):
        raise ValueError("the gradient of the surrogate holds NaN or infinity")
    first = _flat(torch.autograd.grad(divergence(parameters), leaves, create_graph=True))

    def curved(v: torch.Tensor) -> torch.Tensor:
        return _flat(torch.autograd.grad(first @ v, leaves, retain_graph=True)) + DAMPING * v

    direction = conjugate_gradient(curved, slope)
    length = torch.sqrt(2 * most / (direction @ curved(direction)).clamp(min=1e-12))
    for _ in range(TRIES):
        moved = _moved(parameters, -length * direction)
        if (
            float(surrogate(moved).detach()) < float(before.detach())
            and float(divergence(moved).detach()) <= most
        ):
            return {name: value.detach() for name, value in moved.items()}
        length = SHORTER * length
    return {name: value.detach() for name, value in parameters.items()}


def conjugate_gradient(
    product: Callable[[torch.Tensor], torch.Tensor], b: torch.Tensor, iterations: int = ITERATIONS
) -> torch.Tensor:
    """x with A x = b, nearly, for a symmetric positive A known by its products with vectors."""
    x, rest, direction = torch.zeros_like(b), b.clone(), b.clone()
    size = rest @ rest
    for _ in range(iterations):
        if float(size) < 1e-20:
            break
        along = product(direction)
        rate = size / (direction @ along)
        x, rest = x + rate * direction, rest - rate * along
        size, last = rest @ rest, size
        direction = rest + size / last * direction
    return x


def _flat(tensors: tuple[torch.Tensor, ...]) -> torch.Tensor:
    return torch.cat([tensor.reshape(-1) for tensor in tensors])


def _moved(parameters: Named, change: torch.Tensor) -> dict[str, torch.Tensor]:
    """Leaves that differ by the flat vector `change`."""
    parts = change.split([value.numel() for value in parameters.values()])
    return {
        name: (value.detach() + part.reshape(value.shape)).requires_grad_()
        for (name, value), part in zip(parameters.items(), parts, strict=True)
    }
