"""Torque and cost of actions that are not float32, in the actions' own dtype, as in Gymnasium.

The kernels take float32 actions. For any other dtype they run with zeros, and two functions replace
the results that depend on actions: `set_motors` between finding and solving contacts,
`subtract_cost` after the reward.
"""

from __future__ import annotations

import numpy as np

from .physics import state as at
from .physics.body import JOINTS, MOTOR_SPEED
from .physics.observe import FALLEN

TORQUE = 80  # largest torque of a motor [Nm]
COST = 0.00035 * TORQUE  # of one motor at full torque, per step
_MOTORS = int(at.JOINT) + int(at.JOINT_SIZE) * np.arange(JOINTS)


def set_motors(f: np.ndarray, rows: np.ndarray, actions: np.ndarray) -> None:
    """Write target speeds [rad/s] and largest torques [Nm] of rows [k] to f [n, FLOATS]; actions
    [n, 4].
    """
    given, place = actions[rows], rows[:, None]
    f[place, _MOTORS + int(at.SPEED)] = MOTOR_SPEED * np.sign(given)
    f[place, _MOTORS + int(at.TORQUE)] = TORQUE * np.clip(np.abs(given), 0, 1)


def subtract_cost(
    state: tuple[np.ndarray, np.ndarray],
    rows: np.ndarray,
    gained: np.ndarray,
    actions: np.ndarray,
    reward: np.ndarray,
) -> None:
    """Write reward[rows] after a step. state: f [n, FLOATS] and k [n, INTEGERS]; actions [n, 4].

    gained: [k] float64, the reward before the cost of the actions. As in Gymnasium, a reward has
    the dtype of the actions from the first subtracted cost on.
    """
    f, k = state
    share = np.clip(np.abs(actions[rows]), 0, 1)
    paid = gained.astype(share.dtype)
    for motor in range(JOINTS):
        paid -= COST * share[:, motor]
    fallen = (k[rows, at.GAME_OVER] == at.YES) | (f[rows, at.PX] < 0)
    reward[rows] = np.where(fallen, FALLEN, paid)
