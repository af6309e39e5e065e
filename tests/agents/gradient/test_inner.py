"""MAML, first-order MAML and Reptile on quadratics against closed forms; properties of
inner steps.
"""

from __future__ import annotations

import pytest
import torch

from openpoet.agents.gradient import inner
from tests.agents.quadratics import (
    CENTRES,
    RATE,
    TASKS,
    A,
    D,
    Quadratics,
    X,
    closed_form,
    outer_gradient,
    reptile_closed_form,
    reptile_move,
)


@pytest.mark.parametrize("order", [1, 2])
@pytest.mark.parametrize("k", [0, 1, 2, 5])
def test_the_outer_gradient_equals_the_closed_form(order: inner.Order, k: int) -> None:
    torch.testing.assert_close(outer_gradient(order, k), closed_form(order, k), rtol=0, atol=1e-6)


def test_first_and_second_order_gradients_differ() -> None:
    """Negative control: the closed form of the other order differs clearly."""
    assert float((outer_gradient(2, 1) - closed_form(1, 1)).abs().max()) > 0.1
    assert torch.equal(
        outer_gradient(1, 0), outer_gradient(2, 0)
    )  # joint training does not depend on the order


@pytest.mark.parametrize("k", [1, 3])
def test_reptile_moves_to_the_parameters_after_k_steps(k: int) -> None:
    torch.testing.assert_close(reptile_move(k), reptile_closed_form(k), rtol=0, atol=1e-6)
    assert float((reptile_move(k) - reptile_closed_form(k + 1)).abs().max()) > 1e-3


def test_trials_are_independent() -> None:
    starts = {"x": X.expand(TASKS, D)}
    together = inner.step(lambda p: Quadratics().losses(p, None), starts, RATE)["x"]
    for i, centre in enumerate(CENTRES):
        torch.testing.assert_close(together[i], X - RATE * A @ (X - centre))


def test_parameters_without_gradient_do_not_change() -> None:
    starts = {"x": X.expand(TASKS, D), "idle": torch.ones(TASKS, 2)}
    for order in (0, 1, 2):
        leaves = {name: value.clone().requires_grad_() for name, value in starts.items()}
        moved = inner.step(lambda p: Quadratics().losses(p, None), leaves, RATE, order)
        assert torch.equal(moved["idle"], starts["idle"])
        assert moved["x"].requires_grad == (order > 0)


def test_the_gradient_of_a_step_size_equals_the_finite_difference() -> None:
    def after(rate: torch.Tensor, order: inner.Order = 2) -> torch.Tensor:
        leaves = {"x": X.expand(TASKS, D).clone().requires_grad_()}
        moved = inner.step(lambda p: Quadratics().losses(p, None), leaves, {"x": rate}, order)
        return Quadratics().losses(moved, None).sum()

    rate = torch.tensor(RATE, dtype=torch.float64, requires_grad=True)
    one, two = (after(rate.detach() + change).detach() for change in (1e-6, -1e-6))
    expected = float(one - two) / 2e-6
    for order in (1, 2):
        (slope,) = torch.autograd.grad(after(rate, order), rate)
        assert float(slope) == pytest.approx(expected, rel=1e-6)
