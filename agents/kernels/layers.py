"""Forward and backward pass of a feed-forward tanh network on a block of rows, compiled by Numba.

A network of sizes [inputs, hidden units, ..., outputs] is flat float32 numbers: for each layer its
weights [inputs, outputs], then its bias. Here every size is padded to a multiple of LANES; the
added numbers are zero, and so are their gradients. Activations of a block are matrices with BLOCK
rows in one flat array, layer after layer. Sums have one fixed order (products.py).
"""

from __future__ import annotations

import numpy as np

from .arithmetic import ONE, tanh
from .products import ADJACENT, ROWS, SAME, START, callee, multiply, wide

BLOCK = 64  # rows; so few that the activations of a network stay in the processor's cache
# where `turn` begins: np.int64 as products.START
FIRST_LAYER, SECOND_LAYER = np.int64(0), np.int64(1)


@callee
def length(sizes):
    """Numbers of a network's weights."""
    total = 0
    for layer in range(len(sizes) - 1):
        total += (wide(sizes[layer]) + 1) * wide(sizes[layer + 1])
    return total


@callee
def width_of(sizes):
    """Numbers of a row's activations, without the inputs."""
    total = 0
    for layer in range(1, len(sizes)):
        total += wide(sizes[layer])
    return total


@callee
def forward(w, at, sizes, x, base, m):
    """Activations of m rows (a multiple of ROWS) in x: inputs at 0, each layer's from `base` on.

    w: the weights, from `at` on. The last layer is linear. Returns the offset of the outputs.
    """
    last, before, after = len(sizes) - 2, START, base
    for layer in range(last + 1):
        inputs, outputs = wide(sizes[layer]), wide(sizes[layer + 1])
        bias = at + inputs * outputs
        multiply(
            x, before, inputs, ADJACENT, w, at, outputs, w, bias, SAME, x, after, outputs, m,
            outputs, sizes[layer],
        )  # fmt: skip
        if layer < last:
            units = x[after : after + m * outputs]
            for i in range(m * outputs):
                units[i] = tanh(units[i])
        before, after = after, after + BLOCK * outputs
        at = bias + outputs
    return before


@callee
def backward(turned, zeros, at, sizes, x, base, m, wanted, gradient):
    """Add the gradient of the loss in m rows, a multiple of ROWS, to `gradient`, from `at` on.

    turned: the weights as `turn` writes them; zeros: as many as the widest layer. wanted: as x; its
    last layer holds the gradient with respect to the outputs, the layers before it are overwritten.
    """
    layers = len(sizes) - 1
    for layer in range(layers):
        at += wide(sizes[layer + 1]) * (wide(sizes[layer]) + 1)
        base += BLOCK * wide(sizes[layer + 1])
    for layer in range(layers - 1, -1, -1):
        inputs, outputs = wide(sizes[layer]), wide(sizes[layer + 1])
        base -= BLOCK * outputs
        at -= outputs * (inputs + 1)
        before = base - BLOCK * inputs if layer > 0 else START
        multiply(
            x, before, ADJACENT, inputs, wanted, base, outputs, gradient, at, outputs, gradient,
            at, outputs, (sizes[layer] + ROWS - 1) // ROWS * ROWS, outputs, m,
        )  # fmt: skip
        bias = gradient[at + inputs * outputs : at + (inputs + 1) * outputs]
        for row in range(m):
            given = wanted[base + row * outputs : base + (row + 1) * outputs]
            for o in range(outputs):
                bias[o] += given[o]
        if layer > 0:
            to_units(turned, zeros, at, sizes, layer, x, base, m, wanted)


@callee
def to_units(turned, zeros, at, sizes, layer, x, base, m, wanted):
    """Write the gradient of a layer's inputs, which are the units of the layer before.

    at, base: of this layer's weights and outputs. The gradient is that before the tanh.
    """
    inputs, outputs = wide(sizes[layer]), wide(sizes[layer + 1])
    before = base - BLOCK * inputs
    multiply(
        wanted, base, outputs, ADJACENT, turned, at, inputs, zeros, START, SAME, wanted, before,
        inputs, m, inputs, sizes[layer + 1],
    )  # fmt: skip
    change, units = wanted[before : before + m * inputs], x[before : before + m * inputs]
    for i in range(m * inputs):
        change[i] *= ONE - units[i] * units[i]


@callee
def hidden_gradients(turned, zeros, at, sizes, x, base, m, wanted):
    """The gradients that `backward` writes to `wanted`, without those of the weights."""
    layers = len(sizes) - 1
    for layer in range(layers):
        at += wide(sizes[layer + 1]) * (wide(sizes[layer]) + 1)
        base += BLOCK * wide(sizes[layer + 1])
    for layer in range(layers - 1, 0, -1):
        base -= BLOCK * wide(sizes[layer + 1])
        at -= wide(sizes[layer + 1]) * (wide(sizes[layer]) + 1)
        to_units(turned, zeros, at, sizes, layer, x, base, m, wanted)


@callee
def to_inputs(turned, zeros, at, sizes, wanted, base, m, first, change):
    """Write the gradient of the network's inputs from column `first` on to change [m, n].

    n: their number, padded. first: a multiple of LANES. After `backward` or `hidden_gradients`;
    turned: as `turn` writes it, with the first layer. The columns before `first` are not computed.
    """
    inputs, units = wide(sizes[0]), wide(sizes[1])
    multiply(
        wanted, base, units, ADJACENT, turned, at + first, inputs, zeros, START, SAME, change,
        START, inputs - first, m, inputs - first, sizes[1],
    )  # fmt: skip


@callee
def turn(w, at, sizes, turned, first):
    """Write the transposed weights of layers `first`, ... to `turned`, at the same places."""
    for layer in range(len(sizes) - 1):
        inputs, outputs = wide(sizes[layer]), wide(sizes[layer + 1])
        if layer >= first:
            for i in range(inputs):
                for o in range(outputs):
                    turned[at + o * inputs + i] = w[at + i * outputs + o]
        at += outputs * (inputs + 1)
