"""One step of many walkers: the kernels in Box2D's order (b2World::Step), and the initial state.

A step is collide, solve, find pairs, TOI, observe; each is a kernel over rows. `start` makes a new
world. Every kernel takes a list of rows and rows are independent, so they can be split between
threads. A port of Box2D 2.3's algorithms (Erin Catto, zlib licence), written anew:
an altered version.
"""

from __future__ import annotations

import numpy as np
from numba import boolean, float32, float64, int32, int64, void

from . import state as at
from .body import START_ANGLE
from .broadphase import find_new_contacts, place_corners, pose_box
from .contact import collide
from .jit import Kernel, inline
from .lane_solver import solve_rows
from .math import ONE, ZERO, minimum, place, rotate
from .observe import observe_rows
from .settings import AABB_EXTENSION
from .sincos import sincos
from .toi import toi_rows
from .traits import center

FIVE, FOUR = np.int64(5), np.int64(4)


@inline
def start_body(traits, f, b, body):
    """A body as initialised by b2Body and b2Fixture: at rest, with its fat box."""
    angle = START_ANGLE[body]
    s, c = sincos(angle)
    start = at.START_POSITION + 2 * body
    px, py = traits[start], traits[start + 1]
    f[b + at.A], f[b + at.QS], f[b + at.QC], f[b + at.PX], f[b + at.PY] = angle, s, c, px, py
    f[b + at.CX], f[b + at.CY] = place(s, c, px, py, *center(traits, body))
    place_corners(traits, f, b, body)
    lx, ly, ux, uy = pose_box(traits, body, s, c, px, py)
    f[b + at.FAT], f[b + at.FAT + 1] = lx - AABB_EXTENSION, ly - AABB_EXTENSION
    f[b + at.FAT + 2], f[b + at.FAT + 3] = ux + AABB_EXTENSION, uy + AABB_EXTENSION
    # The first sweep starts from the centre of mass, whose origin may differ from the position by a
    # rounding.
    rx, ry = rotate(s, c, *center(traits, body))
    box = b + at.TIGHT
    f[box], f[box + 1], f[box + 2], f[box + 3] = pose_box(
        traits, body, s, c, f[b + at.CX] - rx, f[b + at.CY] - ry
    )


@inline
def start_row(f, k, fo, ko, shapes, tracks, bodies, pushes):
    """One walker as in a new world, before its first step. TRACK and TRAITS are set beforehand."""
    number, build = np.int64(k[ko + at.TRACK]), k[ko + at.TRAITS]
    traits = bodies[k[ko + at.TRAITS]]
    for n in range(at.CONTACT):
        f[fo + n] = ZERO
    for n in range(at.INTEGERS):
        k[ko + n] = at.NO
    k[ko + at.TRACK], k[ko + at.TRAITS] = number, build
    for n in range(at.SLOTS):
        k[ko + at.ORDER + n] = n
    f[fo + at.PUSH] = pushes[number]
    for body in range(FIVE):
        start_body(traits, f, fo + body * at.BODY_SIZE, body)
        k[ko + at.MOVED + body] = at.YES
    first = tracks[number * 3]
    find_new_contacts(f, k, fo, ko, shapes, first, tracks[number * 3 + 1], tracks[number * 3 + 2])


def start_rows(rows, f, k, shapes, tracks, bodies, pushes):
    """Kernel: initialise each row. pushes: [tracks] the first step's force on the hull [N]."""
    for row in rows:
        start_row(f, k, row * at.FLOATS, row * at.INTEGERS, shapes, tracks, bodies, pushes)


@inline
def collide_row(f, k, fo, ko, shapes, corners, tracks, bodies, actions, ao, events, eo):
    """Set the motors of one walker, which wakes its bodies, and update its contacts."""
    traits = bodies[k[ko + at.TRAITS]]
    for body in range(FIVE):
        k[ko + at.AWAKE + body] = at.YES
    for motor in range(FOUR):
        action, w = actions[ao + motor], fo + at.JOINT + motor * at.JOINT_SIZE
        sign = ONE if action > ZERO else (-ONE if action < ZERO else ZERO)
        f[w + at.SPEED] = traits[at.MOTOR_SPEED + motor] * sign
        f[w + at.TORQUE] = traits[at.MOTOR_TORQUE + motor] * minimum(abs(action), ONE)
    track = np.int64(k[ko + at.TRACK]) * 3
    collide(traits, f, k, fo, ko, shapes, corners, tracks[track], tracks[track + 1], events, eo)


def collide_rows(rows, f, k, shapes, corners, tracks, bodies, actions, events):
    """Kernel: motors and contacts of each row."""
    for row in rows:
        fo, ko, eo = row * at.FLOATS, row * at.INTEGERS, row * at.EVENT_COUNT
        collide_row(f, k, fo, ko, shapes, corners, tracks, bodies, actions, row * FOUR, events, eo)


@inline
def pair_row(f, k, fo, ko, shapes, tracks):
    """New contacts of one walker's bodies whose fat boxes have changed."""
    if k[ko + at.FAULT] == at.HEALTHY:
        track = np.int64(k[ko + at.TRACK]) * 3
        find_new_contacts(f, k, fo, ko, shapes, tracks[track], tracks[track + 1], tracks[track + 2])


def pair_rows(rows, f, k, shapes, tracks):
    """Kernel: new contacts of each row."""
    for row in rows:
        pair_row(f, k, row * at.FLOATS, row * at.INTEGERS, shapes, tracks)


ROWS, F, K, SHAPES, CORNERS, TRACKS = (
    int64[::1],
    float32[::1],
    int32[::1],
    float32[::1],
    int32[::1],
    int64[::1],
)
EVENTS, SCRATCH, INDICES, VALUES, FLAGS = (
    int64[::1],
    float32[::1],
    int32[::1],
    float64[::1],
    boolean[::1],
)
BLOCK, PLACES, BODIES = float32[:, ::1], int32[:, ::1], float32[:, ::1]

START = Kernel("start", void(ROWS, F, K, SHAPES, TRACKS, BODIES, VALUES), start_rows, 3)
COLLIDE = Kernel(
    "collide", void(ROWS, F, K, SHAPES, CORNERS, TRACKS, BODIES, F, EVENTS), collide_rows, 8
)
SOLVE = Kernel(
    "solve",
    void(ROWS, F, K, BODIES, EVENTS, BLOCK, PLACES, SCRATCH, SCRATCH, INDICES, int64, int64, int64),
    solve_rows,
    30,
)
PAIRS = Kernel("find pairs", void(ROWS, F, K, SHAPES, TRACKS), pair_rows, 2)
TOI = Kernel(
    "time of impact",
    void(ROWS, F, K, SHAPES, CORNERS, TRACKS, BODIES, EVENTS, SCRATCH, INDICES, int64, int64),
    toi_rows,
    15,
)
OBSERVE = Kernel(
    "lidar, observation, reward",
    void(ROWS, F, K, SHAPES, CORNERS, TRACKS, VALUES, F, F, VALUES, FLAGS, FLAGS, VALUES, SCRATCH),
    observe_rows,
    4,
)
KERNELS = [START, COLLIDE, SOLVE, PAIRS, TOI, OBSERVE]
PHASES = [COLLIDE, SOLVE, PAIRS, TOI, OBSERVE]
