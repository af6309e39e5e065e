"""Adam on named tensors against torch's."""

from __future__ import annotations

import pytest
import torch

from openpoet.agents.parts import adam
from openpoet.agents.parts.network_weights import weight_names


def test_it_equals_torchs_adam_with_clipped_gradients() -> None:
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
    assert weight_names(agent) == ["a", "b"]


def test_a_nan_gradient_is_an_error_with_its_name() -> None:
    start = {"a": torch.zeros(1), "b": torch.zeros(1)}
    with pytest.raises(ValueError, match="gradient of the agent's b holds NaN"):
        adam.step(
            {**start, **adam.fresh(start)},
            {"a": torch.zeros(1), "b": torch.tensor([float("nan")])},
            0.1,
        )


def test_each_weight_has_its_own_bias_correction() -> None:
    """b is first updated at the 3rd step, by rate x sign(gradient), as in any first step of Adam.

    With the count of a its correction would be sqrt(1 - .999^3) / (1 - .9^3) = .202 instead of
    .316.
    a, by hand: the moments of gradients 1, 1, 1 are .271 and .002997, corrected 1 and 1.
    """
    start = {"a": torch.zeros(1), "b": torch.zeros(1)}
    agent = {**start, **adam.fresh(start)}
    for _ in range(2):
        agent |= adam.step(agent, {"a": torch.ones(1)}, 0.1)
    agent |= adam.step(agent, {"a": torch.ones(1), "b": torch.full((1,), -5.0)}, 0.1)
    assert float(agent["a"]) == pytest.approx(-0.3, rel=1e-4)
    assert float(agent["b"]) == pytest.approx(0.1, rel=1e-4)
    assert (float(agent["adam/steps/a"]), float(agent["adam/steps/b"])) == (3, 1)
