"""A latent inferred from transitions, and the gradient of the inference, compiled by Numba.

The same function as offpolicy.context_encoder: Rakelly et al. 2019, PEARL (arXiv 1903.08254),
section 4. A network gives a Gaussian factor for each transition of a context; the posterior is the
product of the prior N(0, 1) and all factors. Sums over a context are in float64 and in order.
"""

from __future__ import annotations

import math

import numpy as np

from .arithmetic import ONE, ZERO
from .layers import BLOCK, backward, forward, width_of
from .products import ROWS, callee, wide
from .squashed import softplus

LEAST = np.float32(1e-6)  # variance of a factor


@callee
def numbers(sizes):
    """Numbers of the activations of a block of the network, with the inputs; 0 if it is empty."""
    return BLOCK * (wide(sizes[0]) + width_of(sizes)) if len(sizes) > 0 else 0


@callee
def infer(weights, at, sizes, table, rows, normal, kept, sums, z):
    """Write z [draws, latent] given a context for each draw.

    weights: of the network, of layers `sizes`, from `at` on. table [N, t]: transitions; rows: the
    indices of those of draw 0, then of draw 1, ..., equally many. normal [draws, latent]: standard
    normal numbers. Written for `infer_gradient`: kept [blocks, numbers], activations of all
    transitions, the outputs being means and variances, and sums [2, draws, latent], of precisions
    and of mean x precision.
    """
    draws, latent = z.shape
    each, width, outputs = len(rows) // draws, wide(sizes[0]), wide(2 * latent)
    sums[0, :, :] = 1.0  # the prior
    sums[1, :, :] = 0.0
    for begin in range(0, len(rows), BLOCK):
        block, x = rows[begin : begin + BLOCK], kept[begin // BLOCK]
        for i in range(len(block)):
            transition = table[block[i]]
            for j in range(len(transition)):
                x[i * width + j] = transition[j]
        m = (len(block) + ROWS - 1) // ROWS * ROWS
        out = forward(weights, at, sizes, x, BLOCK * width, m)
        for i in range(len(block)):
            row, own = (begin + i) // each, x[out + i * outputs : out + i * outputs + 2 * latent]
            for j in range(latent):
                own[latent + j] = softplus(own[latent + j])
                precision = ONE / max(own[latent + j], LEAST)
                sums[0, row, j] += precision
                sums[1, row, j] += own[j] * precision
    for row in range(draws):
        for j in range(latent):
            total = sums[0, row, j]
            z[row, j] = sums[1, row, j] / total + normal[row, j] / math.sqrt(total)


@callee
def of_sums(normal, sums, of_z, weight):
    """Overwrite of_z and sums with the gradients of the sums, each [draws, latent].

    Of weight x the mean over draws of KL(posterior || N(0, 1)) and of the loss whose gradient is
    of_z. Precisions: in of_z; mean x precision: in sums[0].
    """
    draws, latent = of_z.shape
    for row in range(draws):
        for j in range(latent):
            total = sums[0, row, j]
            mean, std = sums[1, row, j] / total, 1.0 / math.sqrt(total)
            of_mean = of_z[row, j] + weight / draws * mean
            of_log_std = of_z[row, j] * std * normal[row, j] + weight / draws * (std * std - 1.0)
            of_z[row, j] = -(of_mean * mean + 0.5 * of_log_std) / total
            sums[0, row, j] = of_mean / total


@callee
def infer_gradient(turned, zeros, at, sizes, count, normal, kept, sums, of_z, weight, gradient, x):
    """Add the gradient of the network's weights to `gradient`, from `at` on; see `of_sums`.

    count: of the contexts' transitions. turned, zeros: see layers.backward. x: as a row of kept,
    overwritten, and so are sums and of_z.
    """
    of_sums(normal, sums, of_z, weight)
    draws, latent = of_z.shape
    each, outputs = count // draws, wide(2 * latent)
    base = BLOCK * wide(sizes[0])
    out = base + BLOCK * (width_of(sizes) - outputs)
    for begin in range(0, count, BLOCK):
        size = min(BLOCK, count - begin)
        m = (size + ROWS - 1) // ROWS * ROWS
        factors = kept[begin // BLOCK]
        for i in range(m * outputs):
            x[out + i] = ZERO
        for i in range(size):
            row, start = (begin + i) // each, out + i * outputs
            for j in range(latent):
                mean, variance = factors[start + j], factors[start + latent + j]
                precision = ONE / max(variance, LEAST)
                x[start + j] = sums[0, row, j] * precision
                of_precision = of_z[row, j] + sums[0, row, j] * mean
                if not variance < LEAST:  # NaN must reach the gradient
                    # the slope of v = softplus(x) is 1 - exp(-v)
                    slope = math.expm1(-variance)
                    x[start + latent + j] = of_precision * precision * precision * slope
        backward(turned, zeros, at, sizes, factors, base, m, x, gradient)
