"""Memory layout of a walker's state: a block of float32 and a block of int32, rows of two arrays.

One block per walker keeps the data of a step adjacent in memory. Kernels address it as f[base +
field] with the int64 offsets defined here; lanes.py copies the same fields to another stride.
"""

from __future__ import annotations

import numpy as np

from .body import BODIES, CORNERS, JOINTS

# contacts of a walker with overlapping fat boxes; the largest number observed is 28
SLOTS = np.int64(64)


def fields(number: int, start: int = 0) -> list[np.int64]:
    """Offsets of `number` fields in a row."""
    return [np.int64(i) for i in range(start, start + number)]


# A body. C, A: centre of mass and angle at the step's end; C0, A0: at the sweep's start; V, W:
# velocities; Q: sine and cosine of A; P: origin; ALPHA: the sweep's start as a fraction of the
# step; FAT, TIGHT: boxes in the broad phase and of the shape with its skin (lower x, lower y, upper
# x, upper y); CORNER, NORMAL: in the world.
CX, CY, A, VX, VY, W, C0X, C0Y, A0, QS, QC, PX, PY, ALPHA, SLEEP, STARTS, STARTC, STARTX, STARTY = (
    fields(19)
)
FAT, TIGHT, SWEPT = (np.int64(i) for i in (19, 23, 27))
CORNER = np.int64(31)
WORLD_NORMAL = np.int64(CORNER + 2 * CORNERS)
BODY_SIZE = np.int64(WORLD_NORMAL + 2 * CORNERS)

# A joint: accumulated impulses (point x, y, limit, motor), and the motor's target speed and
# greatest torque.
IX, IY, IZ, IM, SPEED, TORQUE = fields(6)
JOINT = np.int64(BODIES * BODY_SIZE)
JOINT_SIZE = np.int64(6)

PUSH = np.int64(JOINT + JOINTS * JOINT_SIZE)  # horizontal force on the hull in the coming step [N]
LIDAR = np.int64(PUSH + 1)  # ten fractions
CONTACT = np.int64(PUSH + 16)

# A contact: accumulated impulses of two points, the manifold (local points, normal, reference
# point), time of impact.
NI0, NI1, TI0, TI1, P0X, P0Y, P1X, P1Y, LNX, LNY, LPX, LPY, TOI = fields(13)
CONTACT_SIZE = np.int64(16)
FLOATS = np.int64(CONTACT + SLOTS * CONTACT_SIZE)

# The int32 block. ORDER is a permutation of the slots: the first CONTACTS of them are in use,
# oldest first.
# TRACK: index in the table of tracks; TRAITS: in the table of bodies
CONTACTS, FAULT, GAME_OVER, GROUND_0, GROUND_1, TRACK, TRAITS = fields(7)
LIMIT = np.int64(8)  # state of each joint's limit
AWAKE = np.int64(12)  # a body
MOVED = np.int64(17)  # a body: its fat box has changed
ORDER = np.int64(24)
SLOT = np.int64(ORDER + SLOTS)
SHAPE, OWNER, TOUCHING, ENABLED, TIMED, EVENTS, KIND, POINTS, KEY0, KEY1 = fields(10)
SLOT_SIZE = np.int64(12)
INTEGERS = np.int64(SLOT + SLOTS * SLOT_SIZE)

# KIND: the reference face belongs to the terrain, or to the walker
FACE_A, FACE_B = np.int32(1), np.int32(2)
INACTIVE, AT_LOWER, AT_UPPER = np.int32(0), np.int32(1), np.int32(2)  # LIMIT
YES, NO = np.int32(1), np.int32(0)

# FAULT: why a walker cannot be stepped.
HEALTHY, OVERFLOW = np.int32(0), np.int32(1)
# FAULT - FIRST_NAN: position, then velocity
QUANTITIES = ("hull", "leg 0", "lower leg 0", "leg 1", "lower leg 1")
FIRST_NAN = np.int32(2)

# Events counted for each row since the batch was made.
EVENT_NAMES = ("toi", "polygon", "two_point", "sleeping")
COUNT_TOI, COUNT_POLYGON, COUNT_TWO_POINT, COUNT_SLEEPING = fields(4)
EVENT_COUNT = np.int64(4)

# Scratch of one thread, float32: the solver's velocities (or poses) and constraints.
BODY_V = np.int64(0)  # 3 a body
CONSTRAINT_J = np.int64(16)
(
    RAX,
    RAY,
    RBX,
    RBY,
    K11,
    K12,
    K13,
    K22,
    K23,
    K33,
    INVERSE_33,
    INVERSE_22,
    MOTOR_MASS,
    TARGET,
    MOST,
) = fields(15)
SX, SY, SZ, SM, CROSS_X, CROSS_Y, CROSS_Z = fields(7, 15)
CONSTRAINT_J_SIZE = np.int64(24)
CONSTRAINT_C = np.int64(CONSTRAINT_J + JOINTS * CONSTRAINT_J_SIZE)
NX, NY, R0X, R0Y, R1X, R1Y, N0, N1, T0, T1, S0, S1, U0, U1 = fields(14)
M11, M12, M22, V11, V12, V21, V22, MU, MASS, INERTIA = fields(10, 14)  # inverses, of the body
CONSTRAINT_C_SIZE = np.int64(24)
SIMPLEX = np.int64(CONSTRAINT_C + SLOTS * CONSTRAINT_C_SIZE)
SWEEP = np.int64(SIMPLEX + 24)  # centre and angle at both ends
AXIS, LOCAL = np.int64(SWEEP + 6), np.int64(SWEEP + 8)  # of a separation function
STATIC_ALPHA = np.int64(SWEEP + 10)  # how far the sweeps of STATIC were advanced
# a body's velocity and its contacts' impulses after an earlier sweep
KEPT = np.int64(STATIC_ALPHA + SLOTS)
SCRATCH_FLOATS = int(KEPT + 3 + 4 * SLOTS)
# Scratch, int32: a constraint's body, points in the velocity solver, slot, and the number of the
# constraint at this place in the order of bodies; then a joint's limit.
C_BODY, C_POINTS, C_SLOT, C_ORDER = fields(4)
C_SIZE = np.int64(4)
J_LIMIT = np.int64(SLOTS * C_SIZE)
# terrain shapes whose sweep was advanced in this step, one a slot at most
STATIC = np.int64(J_LIMIT + 4)
# the simplex's corners, three pairs; then the kind of a separation function
INDEX = np.int64(STATIC + SLOTS)
FUNCTION = np.int64(INDEX + 8)
SCRATCH_INTEGERS = int(INDEX + 16)

# A terrain shape, float32: corners, normals, centroid, fat box, box with the skin, square of an
# edge's length, and the running bounds of the fat boxes in x that make a range search exact (see
# terrain.py).
SHAPE_NORMAL, SHAPE_CENTROID, SHAPE_FAT, SHAPE_TIGHT, SQUARE, REACH_RIGHT, REACH_LEFT = (
    np.int64(i) for i in (8, 16, 18, 22, 26, 27, 28)
)
SHAPE_SIZE = np.int64(30)

# The traits of a walker's body (bodies.py), float32, a row of the table of bodies. Of each of the
# five bodies: inverses of mass [1/kg] and inertia [1/(kg m2)], centre of mass [m]; of each joint:
# anchors from the centres of mass of both bodies [m], inverse of the sum of their inverse inertias.
# The lanes have copies of the traits up to here (lanes.py).
INVERSE_MASS, INVERSE_INERTIA, CENTER = (np.int64(i) for i in (0, BODIES, 2 * BODIES))
ANCHOR_A = np.int64(CENTER + 2 * BODIES)
ANCHOR_B = np.int64(ANCHOR_A + 2 * JOINTS)
JOINT_INERTIA = np.int64(ANCHOR_B + 2 * JOINTS)
LANE_TRAITS = np.int64(JOINT_INERTIA + JOINTS)
# Of each body: mixed coefficient of friction, position at the start [m], distance of the farthest
# corner from the centre of mass [m], corners [m]; of each joint: target speed of the motor for a
# positive action [rad/s], greatest torque [N m]; gravity, negative [m/s2].
FRICTION = LANE_TRAITS
START_POSITION = np.int64(FRICTION + BODIES)
REACH = np.int64(START_POSITION + 2 * BODIES)
VERTEX = np.int64(REACH + BODIES)
MOTOR_SPEED = np.int64(VERTEX + 2 * CORNERS * BODIES)
MOTOR_TORQUE = np.int64(MOTOR_SPEED + JOINTS)
GRAVITY = np.int64(MOTOR_TORQUE + JOINTS)
TRAITS_SIZE = np.int64(128)
