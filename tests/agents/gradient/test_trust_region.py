"""A trust-region step on quadratics, where the natural gradient step is known; conjugate gradients
against a solver.
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


def test_conjugate_gradients_solve() -> None:
    torch.testing.assert_close(
        trust_region.conjugate_gradient(lambda v: H @ v, G), torch.linalg.solve(H, G)
    )


def test_a_step_is_the_natural_gradient_as_long_as_the_bound() -> None:
    moved = trust_region.step(leaves(), linear, curved, 0.01)["x"]
    natural = torch.linalg.solve(H, G)
    expected = -natural * torch.sqrt(0.02 / (natural @ H @ natural))
    # the bound is met by the full step up to damping, or the line search shortens it once
    assert any(torch.allclose(moved, share * expected, rtol=1e-3) for share in (1.0, 0.8))
    assert float(curved({"x": moved})) <= 0.01
    assert not moved.requires_grad
    steepest = -G * torch.sqrt(0.02 / (G @ H @ G))
    assert float(linear({"x": moved})) < 0.8 * float(linear({"x": steepest}))


def test_where_nothing_falls_nothing_moves() -> None:
    """A divergence that the Hessian at the start does not tell of: no length keeps the bound."""

    def wall(p: trust_region.Named) -> torch.Tensor:
        return curved(p) + (p["x"].detach().abs().sum() > 0)

    assert torch.equal(
        trust_region.step(leaves(), linear, wall, 0.01)["x"], torch.zeros(2, dtype=torch.float64)
    )


def test_a_gradient_that_is_not_a_number_is_an_error() -> None:
    with pytest.raises(ValueError, match="NaN or infinity"):
        trust_region.step(leaves(), lambda p: float("nan") * linear(p), curved, 0.01)
