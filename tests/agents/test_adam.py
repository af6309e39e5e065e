"""Adam on named tensors against torch's."""

from __future__ import annotations

import pytest
import torch

from agents import adam


def test_it_is_torchs_adam_with_its_gradients_cut() -> None:
    torch.manual_seed(0)
    start = {"a": torch.randn(3, 2), "b": torch.randn(4)}
    agent = {**start, **adam.fresh(start)}
    theirs = [value.clone().requires_grad_() for value in start.values()]
    optimiser = torch.optim.Adam(theirs, lr=0.1)
    for _ in range(20):
        gradients = {name: torch.randn_like(value) for name, value in start.items()}
        for leaf, gradient in zip(theirs, gradients.values(), strict=True):
            leaf.grad = gradient.clone()
        torch.nn.utils.clip_grad_norm_(theirs, 1.0)
        optimiser.step()
        agent = adam.step(agent, gradients, 0.1, most=1.0)
    for name, leaf in zip(start, theirs, strict=True):
        torch.testing.assert_close(agent[name], leaf.detach(), rtol=1e-4, atol=1e-5)
    assert adam.acting(agent) == ["a", "b"]


def test_a_gradient_that_is_not_a_number_is_named() -> None:
    start = {"a": torch.zeros(1), "b": torch.zeros(1)}
    with pytest.raises(ValueError, match="gradient of the agent's b holds NaN"):
        adam.step({**start, **adam.fresh(start)}, {"a": torch.zeros(1), "b": torch.tensor([float("nan")])}, 0.1)
