"""The compiled GRU and LSTM and their gradients equal torch's; a row does not depend on others."""

import numpy as np
import pytest
import torch

from openpoet.agents.kernels.gru_kernel import gru
from openpoet.agents.kernels.lstm_kernel import lstm
from openpoet.agents.kernels.sequences import fits
from openpoet.agents.parts.recurrent import Recurrent

GATES = {"gru": 3, "lstm": 4}
CELLS = pytest.mark.parametrize("cell", ["gru", "lstm"])


def arguments(cell, t=7, n=5, h=6, i=3, seed=0):
    """w_in, w_hidden, b_in, b_hidden, x, start [1 or 2, n, h]."""
    generator, gates = torch.Generator().manual_seed(seed), GATES[cell] * h
    shapes = (gates, i), (gates, h), (gates,), (gates,), (t, n, i), (len(start_names(cell)), n, h)
    made = [torch.randn(shape, generator=generator) for shape in shapes]
    made[1] /= h**0.5
    return [value.requires_grad_() for value in made]


def start_names(cell):
    return ("hidden",) if cell == "gru" else ("hidden", "cell")


def by_kernel(cell, values, resets=None):
    """Hidden states [t, n, h], and cells of an LSTM."""
    *weights, x, start = values
    names = dict(zip(("w_in", "w_hidden", "b_in", "b_hidden"), weights, strict=True))
    if cell == "gru":
        return (gru(names, x, start[0], resets),)
    return lstm(names, x, start, resets)


def by_torch(cell, values):
    """Hidden states [t, n, h]."""
    *weights, x, start = values
    flags = True, 1, 0.0, True, False, False
    if cell == "gru":
        return torch.gru(x, start, weights, *flags)[0]
    return torch.lstm(x, (start[:1], start[1:]), weights, *flags)[0]


def step_by_step(cell, values, resets):
    """Hidden states, and cells of an LSTM, by plain arithmetic."""
    *weights, x, start = values
    h = start.shape[2]
    names = dict(zip(("w_in", "w_hidden", "b_in", "b_hidden"), weights, strict=True))
    network = Recurrent(x.shape[2], h, 0, cell)
    p = {**names, "w_out": torch.zeros(0, h), "b_out": torch.zeros(0)}
    state, states = tuple(start), []
    for given, reset in zip(x, resets, strict=True):
        state = network.step(p, given, tuple(part * ~reset[:, None] for part in state))[1]
        states.append(state)
    return tuple(torch.stack(part) for part in zip(*states, strict=True))


@CELLS
@pytest.mark.parametrize("sizes", [(1, 1, 1, 1), (7, 5, 6, 3), (12, 70, 48, 11), (3, 0, 4, 2)])
def test_outputs_and_gradients_equal_torchs(cell, sizes):
    values = arguments(cell, *sizes)
    hidden = by_kernel(cell, values)[0]
    wanted = torch.randn(hidden.shape, generator=torch.Generator().manual_seed(9))
    ours = [hidden, *torch.autograd.grad(hidden, values, wanted)]
    assert all(bool(torch.isfinite(part).all()) for part in ours)
    if sizes[1]:  # torch does not accept zero rows
        hidden = by_torch(cell, values)
        theirs = [hidden, *torch.autograd.grad(hidden, values, wanted)]
        for one, other in zip(ours, theirs, strict=True):
            torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-5)


@CELLS
def test_with_resets_outputs_states_and_gradients_equal_single_steps(cell):
    values = arguments(cell, t=9, n=35)
    resets = torch.rand(9, 35, generator=torch.Generator().manual_seed(3)) < 0.3
    ours, theirs = by_kernel(cell, values, resets), step_by_step(cell, values, resets)
    wanted = [torch.randn(9, 35, 6, generator=torch.Generator().manual_seed(s)) for s in (1, 2)]
    gradients = [
        torch.autograd.grad(states, values, wanted[: len(states)]) for states in (ours, theirs)
    ]
    for one, other in zip(ours + gradients[0], theirs + gradients[1], strict=True):
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-5)
    rows = resets[0]
    assert rows.any()
    assert not gradients[0][-1][:, rows].any()  # of the first state, where it is not used
    assert gradients[0][-1][:, ~rows].any()


@CELLS
def test_inputs_without_gradient_leave_the_others_as_they_are(cell):
    values = arguments(cell)
    states = by_kernel(cell, values)
    wanted = torch.autograd.grad(states[0].sum(), values)
    values[4] = values[4].detach()
    others = [values[i] for i in (0, 1, 2, 3, 5)]
    found = torch.autograd.grad(by_kernel(cell, values)[0].sum(), others)
    for one, other in zip(found, [wanted[i] for i in (0, 1, 2, 3, 5)], strict=True):
        assert torch.equal(one, other)


@CELLS
def test_a_row_does_not_depend_on_the_other_rows(cell):
    *weights, x, start = (value.detach() for value in arguments(cell, n=41, h=16))
    whole = by_kernel(cell, [*weights, x, start])
    for row in (0, 1, 8, 31, 32, 40):
        own = slice(row, row + 1)
        alone = by_kernel(cell, [*weights, x[:, own], start[:, own]])
        for one, every in zip(alone, whole, strict=True):
            assert torch.equal(one[:, 0], every[:, row])


@CELLS
def test_large_inputs_saturate_as_torchs_do(cell):
    values = arguments(cell)
    values[4] = values[4] * 1e6
    torch.testing.assert_close(by_kernel(cell, values)[0], by_torch(cell, values))


@CELLS
@pytest.mark.parametrize("wrong", range(6))
def test_wrong_shapes_raise_value_error(cell, wrong):
    values = arguments(cell)
    values[wrong] = values[wrong][..., :-1]
    with pytest.raises(ValueError, match=r"^the (GRU|LSTM) of \d units in 5 rows needs"):
        by_kernel(cell, values)


@CELLS
@pytest.mark.parametrize("resets", [torch.zeros(7, 4).bool(), torch.zeros(7, 5)])
def test_wrong_resets_raise_value_error(cell, resets):
    with pytest.raises(ValueError, match=r"^resets must be \[7, 5\] of torch.bool"):
        by_kernel(cell, arguments(cell), resets)


def test_other_dtypes_and_devices_are_not_supported():
    x = torch.zeros(2)
    assert fits(x, x)
    assert not fits(x, x.double())
    assert not fits(x.to("meta"))


@pytest.mark.parametrize("cell", ["gru", "lstm", "eplstm"])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_a_sequence_with_resets_equals_step_by_step(cell, dtype):
    network, random = Recurrent(3, 8, 2, cell), torch.Generator().manual_seed(1)
    p = {k: v.to(dtype) for k, v in network.init(np.random.default_rng(0)).items()}
    x, resets = torch.randn(6, 4, 3, generator=random).to(dtype), torch.zeros(6, 4).bool()
    resets[0, 1] = resets[3, 1] = resets[4, 2] = True
    start = tuple(torch.randn(4, 8, generator=random).to(dtype) for _ in network.start(4))
    whole, states = network.hidden_states(p, x, start, resets)
    assert torch.equal(network.run(p, x, start, resets), whole)
    state = start
    for t in range(6):
        state = tuple(part * ~resets[t, :, None] for part in state)
        advanced, _ = network.advance(p, x[t], state)
        out, state = network.step(p, x[t], state)
        torch.testing.assert_close(out, whole[t], rtol=1e-5, atol=1e-6)
        torch.testing.assert_close(advanced, whole[t], rtol=1e-5, atol=1e-6)
        for after, part in zip(states, state, strict=True):
            torch.testing.assert_close(after[t], part, rtol=1e-5, atol=1e-6)


@CELLS
def test_run_without_a_kernel_equals_the_kernels(cell):
    network, random = Recurrent(3, 8, 2, cell), torch.Generator().manual_seed(1)
    p, x = network.init(np.random.default_rng(0)), torch.randn(6, 4, 3, generator=random)
    start = tuple(torch.randn(4, 8, generator=random) for _ in network.start(4))
    doubles = {name: value.double() for name, value in p.items()}
    by_torchs = network.run(doubles, x.double(), tuple(part.double() for part in start))
    torch.testing.assert_close(network.run(p, x, start), by_torchs.float(), rtol=1e-5, atol=1e-6)
