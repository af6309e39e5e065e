"""Torque and cost of actions that are not float32, in the actions' own dtype, as in Gymnasium.

The kernels take float32 actions. For any other dtype they run with zeros, and two functions replace
the results that depend on actions: `set_motors` between finding and solving contacts,
`subtract_cost` after the reward.
"""

from __future__ import annotations

import numpy as np

from .physics import state as at
from .physics.body import JOINTS
from .physics.observe import FALLEN

# of one motor at full torque, per step; in Gymnasium 80 is the largest torque of a motor [N m], but
# the cost does not depend on the body
COST = 0.00035 * 80
_MOTORS = int(at.JOINT) + int(at.JOINT_SIZE) * np.arange(JOINTS)


def set_motors(
    f: np.ndarray, rows: np.ndarray, actions: np.ndarray, motors: tuple[np.ndarray, np.ndarray]
) -> None:
    """Write target speeds [rad/s] and largest torques [N m] of rows [k] to f [n, FLOATS]; actions
    [n, 4].

    motors: speeds for a positive action and torques of the rows' bodies, [k, 4] float64. They are
    rounded to the actions' dtype before the product, as a Python number is.
    """
    given, place = actions[rows], rows[:, None]
    speeds, torques = (numbers.astype(actions.dtype) for numbers in motors)
    f[place, _MOTORS + int(at.SPEED)] = speeds * np.sign(given)
    f[place, _MOTORS + int(at.TORQUE)] = torques * np.clip(np.abs(given), 0, 1)


def subtract_cost(
    state: tuple[np.ndarray, np.ndarray],
    rows: np.ndarray,
    before_cost: np.ndarray,
    actions: np.ndarray,
    reward: np.ndarray,
) -> None:
    """Write reward[rows] after a step. state: f [n, FLOATS] and k [n, INTEGERS]; actions [n, 4].

    before_cost: [k] float64, the reward before the cost of the actions. As in Gymnasium, a reward
    has the dtype of the actions from the first subtracted cost on.
    """
    f, k = state
    share = np.clip(np.abs(actions[rows]), 0, 1)
    rewards = before_cost.astype(share.dtype)
    for motor in range(JOINTS):
        rewards -= COST * share[:, motor]
    fallen = (k[rows, at.GAME_OVER] == at.YES) | (f[rows, at.PX] < 0)
    reward[rows] = np.where(fallen, FALLEN, rewards)
