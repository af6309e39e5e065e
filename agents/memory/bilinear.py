"""Bilinear inputs and outputs of a recurrent network, for one-hot observations and actions.

The input holds the outer product of the last observation and the last action, alone and times the
last reward. The output is multiplied with the observation. In this way every pair of state and
action has its own input weights and every state its own read-out, so that rewards can be assigned
to states and actions from the first update on. With concatenated inputs the network has to learn
these products first (multiplicative interactions: Jayakumar et al. 2020, "Multiplicative
Interactions and Where to Find Them"). Without observations, as in bandits, the products are those
of the last action and the last reward.
"""

from __future__ import annotations

import torch


def input_size(observations: int, actions: int) -> int:
    """Length of `outer_product_inputs`, from the sizes of an observation and an action."""
    return observations + 2 * max(observations, 1) * actions + 2


def outer_product_inputs(inputs: torch.Tensor, observations: int) -> torch.Tensor:
    """The network's inputs [..., input_size] from a trial's inputs [..., i].

    Args:
        inputs: the inputs of `trials.run_trials` with twice=True.
        observations: the size of an observation.
    """
    actions = inputs.shape[-1] - 2 * observations - 3
    observation, last_observation, action, reward, rest = inputs.split(
        [observations, observations, actions, 1, 2], -1
    )
    if not observations:
        last_observation = torch.ones_like(reward)
    pair = (last_observation[..., :, None] * action[..., None, :]).flatten(-2)
    return torch.cat([observation, pair, pair * reward, rest], -1)


def bilinear_readout(outputs: torch.Tensor, observations: torch.Tensor) -> torch.Tensor:
    """Outputs [..., k], bilinear in the network's outputs and the observation.

    Args:
        outputs: of the network, [..., (1 + o) k].
        observations: [..., o].
    """
    size = observations.shape[-1]
    shared, by_state = outputs.unflatten(-1, (1 + size, -1)).split([1, size], -2)
    return shared.squeeze(-2) + (by_state * observations[..., None]).sum(-2)
