"""The losses of soft actor-critic on a block of transitions and their gradients, compiled by Numba.

Haarnoja et al. 2018 (arXiv 1801.01290, 1812.05905), continuous actions; as offpolicy.sac.

networks: weights, target critics, sizes of the policy and of a critic. weights holds the policy,
then both critics, the targets both critics. work: arrays as made by `scratch`. batch: transitions
as in sac_kernel. block: indices of some of them, of which the first is number `begin` of the step,
and each draw of z [draws, latent] has `each`.
"""

from __future__ import annotations

import numpy as np

from .arithmetic import ZERO
from .flat_numbers import fill
from .layers import BLOCK, backward, forward, hidden_gradients, length, to_inputs, width_of
from .products import LANES, ROWS, START, callee, wide
from .squashed import draw, draw_gradient


@callee
def scratch(policy, critic, p):
    """Transposed weights [p], zeros, activations and gradients of a block, for the policy and for
    both critics, gradients of the critics' inputs, and the gradient of the weights [p].
    """
    widest = 0
    for sizes in (policy, critic):
        for layer in range(len(sizes)):
            widest = max(widest, wide(sizes[layer]))
    one = BLOCK * (wide(policy[0]) + width_of(policy))
    two = BLOCK * (wide(critic[0]) + 2 * width_of(critic))
    units = np.zeros(one, np.float32), np.zeros(one, np.float32)
    values = np.zeros(two, np.float32), np.zeros(two, np.float32)
    change = np.zeros((2, BLOCK * wide(critic[0])), np.float32)
    return np.zeros(p, np.float32), np.zeros(widest, np.float32), units, values, change


@callee
def _gather(observations, block, begin, each, z, x, width):
    """Write observations and their draws' z to the rows of x."""
    o, latent = observations.shape[1], z.shape[1]
    for i in range(len(block)):
        observation, at = observations[block[i]], i * width
        for j in range(o):
            x[at + j] = observation[j]
        for j in range(latent):
            x[at + o + j] = z[(begin + i) // each, j]


@callee
def _act(networks, units, values, observations, place, z, noise, entropies):
    """Sample actions of the policy into the critics' inputs; entropies [rows] are written.

    place: block, begin, each. The offset of the policy's outputs.
    """
    weights, _, policy, critic = networks
    block, begin, each = place
    inputs, n = policy[0], policy[len(policy) - 1]
    width, row, m = wide(critic[0]), wide(inputs), (len(block) + ROWS - 1) // ROWS * ROWS
    _gather(observations, block, begin, each, z, units, row)
    _gather(observations, block, begin, each, z, values, width)
    out = forward(weights, START, policy, units, BLOCK * row, m)
    for i in range(len(block)):
        outputs, at = units[out + i * wide(n) : out + i * wide(n) + n], i * width + inputs
        entropies[i] = draw(outputs, noise[begin + i], values[at : at + n // 2])
    return out


@callee
def _values(weights, at, critic, values, m):
    """The offsets of both critics' values of the inputs in `values`. at: of the weights."""
    base, own = BLOCK * wide(critic[0]), BLOCK * width_of(critic)
    one = forward(weights, at, critic, values, base, m)
    return one, forward(weights, at + length(critic), critic, values, base + own, m)


@callee
def critic_gradient(networks, work, gradient, batch, place, z, noise, settings, of_z):
    """Add the gradient of the critics' loss to `gradient`, and that of z to of_z [draws, latent].

    noise [n, a]: standard normal, for the actions at the next observations. settings: gamma,
    temperature, share of a transition in the mean.
    """
    weights, targets, policy, critic = networks
    turned, zeros, units, (values, wanted), change = work
    observations, actions, rewards, after, terminated = batch
    block, begin, each = place
    gamma, temperature, share = settings
    m, width = (len(block) + ROWS - 1) // ROWS * ROWS, wide(critic[0])
    goals, entropies = np.empty(BLOCK, np.float32), np.empty(BLOCK, np.float32)
    _act(networks, units[0], values, after, place, z, noise, entropies)
    one, two = _values(targets, START, critic, values, m)
    for i in range(len(block)):
        goals[i] = rewards[block[i]]
        if not terminated[block[i]]:
            lower = min(values[one + i * LANES], values[two + i * LANES])
            goals[i] += gamma * (lower + temperature * entropies[i])
    _gather(observations, block, begin, each, z, values, width)
    for i in range(len(block)):
        action, at = actions[block[i]], i * width + policy[0]
        for j in range(len(action)):
            values[at + j] = action[j]
    critic_at, o = length(policy), observations.shape[1]
    first, (one, two) = o // LANES * LANES, _values(weights, critic_at, critic, values, m)
    for c, out in enumerate((one, two)):
        at, base = critic_at + c * length(critic), BLOCK * (width + c * width_of(critic))
        for i in range(len(block)):
            wanted[out + i * LANES] = share * (values[out + i * LANES] - goals[i])
        fill(wanted, out + len(block) * LANES, out + m * LANES)
        backward(turned, zeros, at, critic, values, base, m, wanted, gradient)
        if of_z.shape[1] > 0:
            to_inputs(turned, zeros, at, critic, wanted, base, m, first, change[c])
            for i in range(len(block)):
                row, column = (begin + i) // each, i * (width - first) + o - first
                for j in range(of_z.shape[1]):
                    of_z[row, j] += change[c, column + j]


@callee
def policy_gradient(networks, work, gradient, batch, place, z, noise, settings):
    """Add the gradient of the policy's loss to `gradient`; the sum of the entropies.

    noise [n, a]: standard normal, for the actions. settings: as in `critic_gradient`.
    """
    weights, _, policy, critic = networks
    turned, zeros, (units, change_of_units), (values, wanted), change = work
    _, temperature, share = settings
    block, begin, _ = place
    m, width = (len(block) + ROWS - 1) // ROWS * ROWS, wide(critic[0])
    inputs, n, entropies = policy[0], policy[len(policy) - 1], np.empty(BLOCK, np.float32)
    policy_out = _act(networks, units, values, batch[0], place, z, noise, entropies)
    one, two = _values(weights, length(policy), critic, values, m)
    for i in range(len(block)):  # only the lower value counts
        a, b = values[one + i * LANES], values[two + i * LANES]
        wanted[one + i * LANES] = ZERO if b < a else -share
        wanted[two + i * LANES] = -share if b < a else ZERO
    first = inputs // LANES * LANES
    for c, out in enumerate((one, two)):
        at, base = length(policy) + c * length(critic), BLOCK * (width + c * width_of(critic))
        fill(wanted, out + len(block) * LANES, out + m * LANES)
        hidden_gradients(turned, zeros, at, critic, values, base, m, wanted)
        to_inputs(turned, zeros, at, critic, wanted, base, m, first, change[c])
    total, of_action, half = 0.0, np.empty(n // 2, np.float32), n // 2
    for i in range(len(block)):
        total += entropies[i]
        column, at = i * (width - first) + inputs - first, policy_out + i * wide(n)
        for j in range(half):
            of_action[j] = change[0, column + j] + change[1, column + j]
        action = values[i * width + inputs : i * width + inputs + half]
        outputs, change_of_outputs = units[at : at + n], change_of_units[at : at + n]
        of_entropy = -share * temperature
        draw_gradient(outputs, noise[begin + i], action, of_action, of_entropy, change_of_outputs)
    fill(change_of_units, policy_out + len(block) * wide(n), policy_out + m * wide(n))
    backward(
        turned, zeros, START, policy, units, BLOCK * wide(inputs), m, change_of_units, gradient
    )
    return total
