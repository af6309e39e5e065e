"""PPO's loss of a block of transitions and its gradient with respect to the networks' outputs.

Schulman et al. 2017, "Proximal Policy Optimization Algorithms" (arXiv 1707.06347), equation 9.
Compiled by Numba.
"""

from __future__ import annotations

import math

import numpy as np

from .arithmetic import HALF, ONE, ZERO, part
from .products import LANES, callee, wide

HALF_LOG_2_PI = np.float32(0.5 * math.log(2 * math.pi))
# Columns of the sums over transitions: surrogate loss, the loss of the values,
# entropy, approximate KL divergence, and transitions whose ratio is outside the clip range.
SURROGATE, VALUE, ENTROPY, KL, CLIPPED = range(5)


@part
def gaussian(mean, log_std, inverse, action, n):
    """Log probability of an action [n] and entropy; mean, log_std, inverse std [n]."""
    log_prob, entropy = ZERO, ZERO
    for j in range(n):
        z = (action[j] - mean[j]) * inverse[j]
        log_prob -= HALF * z * z + log_std[j] + HALF_LOG_2_PI
        entropy += log_std[j] + HALF + HALF_LOG_2_PI
    return log_prob, entropy


@part
def categorical(logits, log_probs, action, n):
    """Log probability of a one-hot action [n] and entropy; writes log_probs [n]."""
    most, total = logits[0], ZERO
    for j in range(1, n):
        most = max(most, logits[j])
    for j in range(n):
        total += math.exp(logits[j] - most)
    normaliser, log_prob, entropy = most + math.log(total), ZERO, ZERO
    for j in range(n):
        log_probs[j] = logits[j] - normaliser
        log_prob += action[j] * log_probs[j]
        entropy -= math.exp(log_probs[j]) * log_probs[j]
    return log_prob, entropy


@part
def surrogate(ratio, advantage, clip):
    """The clipped surrogate loss of a transition and its derivative by the log probability."""
    clipped = min(max(ratio, ONE - clip), ONE + clip)
    if ratio * advantage > clipped * advantage:  # false for NaN, which must reach the gradient
        return -clipped * advantage, ZERO
    return -ratio * advantage, -ratio * advantage


@part
def huber(error, limit):
    """The loss of a value's error and its derivative: half the square, linear beyond the limit."""
    if error > limit:
        return limit * (error - HALF * limit), limit
    if error < -limit:
        return limit * (-error - HALF * limit), -limit
    return HALF * error * error, error  # for NaN too, which must reach the gradient


@callee
def losses(batch, rows, x, actor, critic, log_std, settings, share, wanted, of_log_std, sums):
    """Gradients of the loss of some transitions; its parts are added to `sums` [5].

    batch: actions [N, a], log probabilities, advantages and targets, each [N]; rows: indices of the
    block's transitions. x: outputs from `actor` and `critic` on, one row of LANES or more numbers a
    transition. settings: clip, value weight, entropy weight, value limit. share: of a transition in
    the mean. log_std: [a], empty for discrete actions. wanted: as x, the gradients, written.
    of_log_std [a]: its gradient is added.
    """
    actions, old, advantages, targets = batch
    clip, value_weight, entropy_weight, limit = settings
    n, discrete = actions.shape[1], len(log_std) == 0
    width, log_probs = wide(n), np.empty(n, np.float32)
    inverse = np.empty(n, np.float32)
    for j in range(len(log_std)):
        inverse[j] = math.exp(-log_std[j])
    for i in range(len(rows)):
        row, at = rows[i], actor + i * width
        action, outputs, change = actions[row], x[at : at + n], wanted[at : at + n]
        if discrete:
            log_prob, entropy = categorical(outputs, log_probs, action, n)
        else:
            log_prob, entropy = gaussian(outputs, log_std, inverse, action, n)
        difference = log_prob - old[row]
        ratio = math.exp(difference)
        loss, slope = surrogate(ratio, advantages[row], clip)
        slope *= share
        if discrete:
            for j in range(n):
                p = math.exp(log_probs[j])
                change[j] = slope * (action[j] - p) + share * entropy_weight * p * (
                    log_probs[j] + entropy
                )
        else:
            for j in range(n):
                z = (action[j] - outputs[j]) * inverse[j]
                change[j] = slope * z * inverse[j]
                of_log_std[j] += slope * (z * z - ONE) - share * entropy_weight
        error = x[critic + i * LANES] - targets[row]
        value_loss, value_slope = huber(error, limit)
        wanted[critic + i * LANES] = share * value_weight * value_slope
        sums[SURROGATE] += loss
        sums[VALUE] += value_loss
        sums[ENTROPY] += entropy
        sums[KL] += ratio - ONE - difference
        sums[CLIPPED] += abs(ratio - ONE) > clip
