"""The compiled GRU and its gradients equal torch's; the result of a row does not depend on other
rows.
"""

import numpy as np
import pytest
import torch

from openpoet.agents.kernels import gru_kernel
from openpoet.agents.kernels.gru_kernel import gru
from openpoet.agents.parts.recurrent import Recurrent


def arguments(t=7, n=5, h=6, seed=0):
    """inputs, weights, bias, start."""
    generator = torch.Generator().manual_seed(seed)
    shapes = (t, n, 3 * h), (3 * h, h), (3 * h,), (n, h)
    made = [torch.randn(shape, generator=generator) for shape in shapes]
    made[1] /= h**0.5
    return [value.requires_grad_() for value in made]


def by_torch(given, weights, bias, start):
    """The same with torch.nn.GRU, whose input weights are the identity."""
    width = given.shape[2]
    same = [torch.eye(width), weights, torch.zeros(width), bias]
    return torch.gru(given, start[None], same, True, 1, 0.0, True, False, False)[0]


@pytest.mark.parametrize("sizes", [(1, 1, 1), (7, 5, 6), (12, 3, 48), (3, 0, 4)])
def test_outputs_and_gradients_equal_torchs(sizes):
    values = arguments(*sizes)
    wanted = torch.randn(sizes, generator=torch.Generator().manual_seed(9))
    results = []
    for function in (gru, by_torch):
        if sizes[1] == 0 and function is by_torch:  # torch does not accept zero rows
            continue
        hidden = function(*values)
        results.append([hidden, *torch.autograd.grad(hidden, values, wanted)])
    for ours, theirs in zip(results[0], results[-1], strict=True):
        torch.testing.assert_close(ours, theirs, rtol=2e-5, atol=2e-6)


def test_gradients_equal_finite_differences():
    given, weights, bias, start = (value.detach() for value in arguments(t=4, n=2, h=3))
    weights.requires_grad_()
    (found,) = torch.autograd.grad(gru(given, weights, bias, start).pow(2).sum(), weights)
    step = 1e-2
    for place in ((0, 0), (4, 1), (8, 2)):
        moved = [weights.detach().clone(), weights.detach().clone()]
        moved[0][place] += step
        moved[1][place] -= step
        high, low = (float(gru(given, w, bias, start).double().pow(2).sum()) for w in moved)
        assert float(found[place]) == pytest.approx((high - low) / (2 * step), rel=2e-2, abs=2e-3)


def test_a_row_does_not_depend_on_the_other_rows():
    given, weights, bias, start = (value.detach() for value in arguments(n=9, h=16))
    whole = gru(given, weights, bias, start)
    for row in range(9):
        alone = gru(given[:, row : row + 1], weights, bias, start[row : row + 1])
        assert torch.equal(alone[:, 0], whole[:, row])


def test_a_sequence_equals_step_by_step():
    network = Recurrent(3, 8, 2)
    p = network.init(np.random.default_rng(0))
    x, state = torch.randn(6, 4, 3, generator=torch.Generator().manual_seed(1)), network.start(4)
    whole = network.run(p, x, state)
    for t in range(6):
        plain, _ = network.step(p, x[t], state)
        out, state = network.advance(p, x[t], state)
        torch.testing.assert_close(out, whole[t], rtol=1e-5, atol=1e-6)
        torch.testing.assert_close(out, plain, rtol=1e-5, atol=1e-6)


def test_large_inputs_saturate_as_torchs_do():
    given, weights, bias, start = arguments()
    hidden = gru(given * 1e6, weights, bias, start)
    torch.testing.assert_close(hidden, by_torch(given * 1e6, weights, bias, start))


@pytest.mark.parametrize("wrong", range(5))
def test_wrong_shapes_raise_value_error(wrong):
    values = [*arguments(), torch.zeros(7, 5, dtype=torch.bool)]
    values[wrong] = values[wrong][..., :-1]
    with pytest.raises(ValueError, match=r"^a GRU of \d units in 5 rows needs"):
        gru(*values)


def test_other_dtypes_and_devices_are_not_supported():
    x = torch.zeros(2)
    assert gru_kernel.fits(x, x)
    assert not gru_kernel.fits(x, x.double())
    assert not gru_kernel.fits(x.to("meta"))


def test_resets_equal_separate_sequences():
    given, weights, bias, start = arguments(t=9, n=2, h=6)
    resets = torch.zeros(9, 2, dtype=torch.bool)
    resets[0, 1] = resets[4, 0] = resets[7, 0] = True
    hidden = gru(given, weights, bias, start, resets)
    zero = torch.zeros(1, 6)
    pieces = [(0, 0, 4), (0, 4, 7), (0, 7, 9), (1, 0, 9)]
    apart = []
    for row, begin, end in pieces:
        first = start[row : row + 1] if (row, begin) == (0, 0) else zero
        apart.append(gru(given[begin:end, row : row + 1], weights, bias, first))
        assert torch.equal(hidden[begin:end, row : row + 1], apart[-1])
    wanted = torch.randn(9, 2, 6, generator=torch.Generator().manual_seed(2))
    values = (given, weights, bias, start)
    whole = torch.autograd.grad(hidden, values, wanted)
    parts = [wanted[begin:end, row : row + 1] for row, begin, end in pieces]
    for ours, theirs in zip(whole, torch.autograd.grad(apart, values, parts), strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-5, atol=1e-6)
    assert not whole[3][1].any()  # row 1 is reset before its first step


@pytest.mark.parametrize("cell", ["gru", "lstm", "eplstm"])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_run_with_resets_equals_step_by_step(cell, dtype):
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
        out, state = network.step(p, x[t], state)
        torch.testing.assert_close(out, whole[t], rtol=1e-5, atol=1e-6)
        for after, part in zip(states, state, strict=True):
            torch.testing.assert_close(after[t], part, rtol=1e-5, atol=1e-6)
