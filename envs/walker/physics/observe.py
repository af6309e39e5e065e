"""Observations [24], reward and termination of Gymnasium's BipedalWalker after a step.

Python computes these in float64, with two exceptions that are reproduced: joint angles and speeds
are float32 differences, and the reward becomes float32 at the first subtracted action cost, because
the action is a float32.
"""

from __future__ import annotations

import numpy as np

from . import state as at
from .body import REFERENCE, SCALE
from .jit import inline
from .lane_lidar import scan_together
from .lidar import RAYS
from .math import ONE, minimum

OBSERVATIONS = np.int64(24)
COST = np.float32(0.00035 * 80)  # of one motor at full torque, a step
FALLEN = -100.0
FOUR = np.int64(4)


@inline
def joint_angle(f, fo, a, b, reference):
    return f[fo + b * at.BODY_SIZE + at.A] - f[fo + a * at.BODY_SIZE + at.A] - reference


@inline
def joint_speed(f, fo, a, b):
    return f[fo + b * at.BODY_SIZE + at.W] - f[fo + a * at.BODY_SIZE + at.W]


@inline
def write_leg(f, fo, obs, o, leg, ground):
    """Hip angle and speed, knee angle and speed, ground contact."""
    upper, lower = 1 + 2 * leg, 2 + 2 * leg
    obs[o] = joint_angle(f, fo, np.int64(0), upper, REFERENCE[2 * leg])
    obs[o + 1] = np.float64(joint_speed(f, fo, np.int64(0), upper)) / 4
    obs[o + 2] = np.float64(joint_angle(f, fo, upper, lower, REFERENCE[2 * leg + 1])) + 1.0
    obs[o + 3] = np.float64(joint_speed(f, fo, upper, lower)) / 6
    obs[o + 4] = 1.0 if ground == at.YES else 0.0


@inline
def observe_row(f, k, fo, ko, ends, actions, obs, reward, terminated, finished, shaping, row):
    """Observation, reward and termination of one walker after its lidar; index `row` in all arrays
    but f and k.
    """
    o, number = row * OBSERVATIONS, np.int64(k[ko + at.TRACK])
    angle = np.float64(f[fo + at.A])
    obs[o] = f[fo + at.A]
    obs[o + 1] = 2.0 * np.float64(f[fo + at.W]) / 50
    obs[o + 2] = 0.3 * np.float64(f[fo + at.VX]) * 20.0 / 50
    obs[o + 3] = 0.3 * np.float64(f[fo + at.VY]) * (400 / SCALE) / 50
    write_leg(f, fo, obs, o + 4, np.int64(0), k[ko + at.GROUND_0])
    write_leg(f, fo, obs, o + 9, np.int64(1), k[ko + at.GROUND_1])
    for ray in range(RAYS):
        obs[o + 14 + ray] = f[fo + at.LIDAR + ray]
    x = np.float64(f[fo + at.PX])
    potential = 130 * x / SCALE - 5.0 * abs(angle)
    paid = np.float32(potential - shaping[row])
    shaping[row] = potential
    for motor in range(4):
        paid -= COST * minimum(abs(actions[row * FOUR + motor]), ONE)
    fallen = (k[ko + at.GAME_OVER] == at.YES) | (x < 0)
    reward[row] = FALLEN if fallen else np.float64(paid)
    finished[row] = x > ends[number]
    terminated[row] = fallen | finished[row]


def observe_rows(
    rows,
    f,
    k,
    shapes,
    corners,
    tracks,
    ends,
    actions,
    obs,
    reward,
    terminated,
    finished,
    shaping,
    rays,
):
    """Kernel: lidar, observation, reward and termination of each row.

    ends: [tracks] positions of the far ends [m]. shaping: [n] the reward's potential, kept between
    steps.
    rays: scratch of the lidar.
    """
    for row in rows:
        fo, ko = row * at.FLOATS, row * at.INTEGERS
        if k[ko + at.FAULT] != at.HEALTHY:
            continue
        track = np.int64(k[ko + at.TRACK]) * 3
        scan_together(
            f, fo, shapes, corners, tracks[track], tracks[track + 1], tracks[track + 2], rays
        )
        observe_row(f, k, fo, ko, ends, actions, obs, reward, terminated, finished, shaping, row)
