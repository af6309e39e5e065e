"""Trust-region steps on quadratics against the natural gradient step; conjugate gradients against a
linear solver.
"""

from __future__ import annotations

import pytest
import torch

from openpoet.agents.gradient import trust_region

H = torch.tensor([[3.0, 1.0], [1.0, 2.0]], dtype=torch.float64)
G = torch.tensor([1.0, -2.0], dtype=torch.float64)


def leaves() -> dict[str, torch.Tensor]:
    return {"x": torch.zeros(2, dtype=torch.float64, requires_grad=True)}


def linear(p: trust_region.Named) -> torch.Tensor:
    return G @ p["x"]


def curved(p: trust_region.Named) -> torch.Tensor:
    return 0.5 * p["x"] @ H @ p["x"]


def test_conjugate_gradients_solve_linear_systems() -> None:
    torch.testing.assert_close(
        trust_region.conjugate_gradient(lambda v: H @ v, G), torch.linalg.solve(H, G)
    )


def test_a_step_is_the_natural_gradient_scaled_to_the_bound() -> None:
    moved = trust_region.step(leaves(), linear, curved, 0.01)["x"]
    natural = torch.linalg.solve(H, G)
    expected = -natural * torch.sqrt(0.02 / (natural @ H @ natural))
    # the full step satisfies the bound up to damping, or the line search shortens it once
    assert any(torch.allclose(moved, fraction * expected, rtol=1e-3) for fraction in (1.0, 0.8))
    assert float(curved({"x": moved})) <= 0.01
    assert not moved.requires_grad
    steepest = -G * torch.sqrt(0.02 / (G @ H @ G))
    assert float(linear({"x": moved})) < 0.8 * float(linear({"x": steepest}))


def test_without_a_step_within_the_bound_parameters_do_not_change() -> None:
    """The divergence jumps, unlike its Hessian at the start: no step length satisfies the bound."""

    def wall(p: trust_region.Named) -> torch.Tensor:
        return curved(p) + (p["x"].detach().abs().sum() > 0)

    assert torch.equal(
        trust_region.step(leaves(), linear, wall, 0.01)["x"], torch.zeros(2, dtype=torch.float64)
    )


def test_a_nan_gradient_is_an_error() -> None:
    with pytest.raises(ValueError, match="NaN or infinity"):
        trust_region.step(leaves(), lambda p: float("nan") * linear(p), curved, 0.01)
