"""Torque and cost of actions that are not float32, in the actions' own dtype, as in Gymnasium.

The kernels take float32 actions. For any other dtype they are given zeros, and two functions put
right what depends on the actions: `set_motors` after contacts are found and before they are solved,
`pay` after the reward.
"""

from __future__ import annotations

import numpy as np

from .physics import state as at
from .physics.body import JOINTS, MOTOR_SPEED
from .physics.observe import FALLEN

TORQUE = 80  # the most a motor has [Nm]
COST = 0.00035 * TORQUE  # of one motor at full torque, a step
_MOTORS = int(at.JOINT) + int(at.JOINT_SIZE) * np.arange(JOINTS)


def set_motors(f: np.ndarray, rows: np.ndarray, actions: np.ndarray) -> None:
    """Target speeds [rad/s] and greatest torques [Nm] of rows [k] in f [n, FLOATS]; actions [n,
    4].
    """
    given, place = actions[rows], rows[:, None]
    f[place, _MOTORS + int(at.SPEED)] = MOTOR_SPEED * np.sign(given)
    f[place, _MOTORS + int(at.TORQUE)] = TORQUE * np.clip(np.abs(given), 0, 1)


def pay(
    state: tuple[np.ndarray, np.ndarray],
    rows: np.ndarray,
    gained: np.ndarray,
    actions: np.ndarray,
    reward: np.ndarray,
) -> None:
    """Write reward[rows] after a step. state: f [n, FLOATS] and k [n, INTEGERS]; actions [n, 4].

    gained: [k] float64, the reward before the cost of the actions. As in Gymnasium, a reward takes
    the dtype of the actions at the first cost that is subtracted.
    """
    f, k = state
    share = np.clip(np.abs(actions[rows]), 0, 1)
    paid = gained.astype(share.dtype)
    for motor in range(JOINTS):
        paid -= COST * share[:, motor]
    fallen = (k[rows, at.GAME_OVER] == at.YES) | (f[rows, at.PX] < 0)
    reward[rows] = np.where(fallen, FALLEN, paid)
