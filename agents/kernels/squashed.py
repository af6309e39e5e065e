"""A squashed Gaussian's actions and entropy, and their gradients, compiled by Numba.

The same function as parts.actions.Squashed, by reparametrisation as in Haarnoja et al. 2018
(arXiv 1801.01290).
"""

from __future__ import annotations

import math

import numpy as np

from .arithmetic import HALF, ONE, ZERO
from .ppo_loss import HALF_LOG_2_PI
from .products import callee

LEAST, MOST = np.float32(-5), np.float32(2)  # log standard deviations
TWO, LOG_2 = np.float32(2), np.float32(math.log(2))


@callee
def softplus(x):
    return max(x, ZERO) + math.log1p(math.exp(-abs(x)))


@callee
def draw(outputs, normal, action):
    """Write an action [n]; an estimate of the entropy: minus its log density.

    outputs [2n]: mean, then log standard deviation. normal [n]: standard normal numbers.
    """
    n, entropy = len(action), ZERO
    for j in range(n):
        log_std = min(max(outputs[n + j], LEAST), MOST)
        before = outputs[j] + math.exp(log_std) * normal[j]
        action[j] = math.tanh(before)
        # the log of the tanh's slope, which stays finite where the tanh rounds to 1
        slope = TWO * (LOG_2 - before - softplus(-TWO * before))
        entropy += HALF * normal[j] * normal[j] + log_std + HALF_LOG_2_PI + slope
    return entropy


@callee
def draw_gradient(outputs, normal, action, of_action, of_entropy, change):
    """Write the gradient of the outputs to change [2n].

    of_action [n], of_entropy: the gradients of what `draw` gave.
    """
    n = len(action)
    for j in range(n):
        log_std = outputs[n + j]
        a = action[j]
        # the derivative of the entropy by what the tanh is taken of is -2 tanh
        before = of_action[j] * (ONE - a * a) - TWO * of_entropy * a
        std = math.exp(min(max(log_std, LEAST), MOST))
        change[j] = before
        change[n + j] = before * std * normal[j] + of_entropy
        if log_std < LEAST or log_std > MOST:
            change[n + j] = ZERO
