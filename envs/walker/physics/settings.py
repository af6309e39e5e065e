"""Box2D 2.3's tuning constants (b2Settings.h, metres, kilograms, seconds) and Gymnasium's step, all
float32.

They are evaluated in float32, as the C++ macros are. maxPolygonVertices is 16 in the pybox2d build,
not 8.
"""

from __future__ import annotations

import numpy as np

F = np.float32

PI = F(3.14159265359)
LINEAR_SLOP = F(0.005)  # [m]
ANGULAR_SLOP = F(2.0) / F(180.0) * PI  # [rad]
POLYGON_RADIUS = F(2.0) * LINEAR_SLOP  # skin of every shape [m]
TOTAL_RADIUS = POLYGON_RADIUS + POLYGON_RADIUS
AABB_EXTENSION = F(0.1)  # [m]
AABB_MULTIPLIER = F(2.0)
MAX_POLYGON_VERTICES = np.int64(16)
MAX_SUB_STEPS = np.int32(8)  # TOI events of one contact in one step
MAX_TOI_CONTACTS = np.int64(32)  # contacts in one TOI island
MAX_LINEAR_CORRECTION = F(0.2)  # [m]
MAX_ANGULAR_CORRECTION = F(8.0) / F(180.0) * PI  # [rad]
MAX_TRANSLATION = F(2.0)  # a step [m]
MAX_TRANSLATION_SQUARED = MAX_TRANSLATION * MAX_TRANSLATION
MAX_ROTATION = F(0.5) * PI  # a step [rad]
MAX_ROTATION_SQUARED = MAX_ROTATION * MAX_ROTATION
BAUMGARTE = F(0.2)
TOI_BAUMGARTE = F(0.75)
TIME_TO_SLEEP = F(0.5)  # [s]
LINEAR_SLEEP_SQUARED = F(0.01) * F(0.01)  # [m2/s2]
ANGULAR_SLEEP_SQUARED = ANGULAR_SLOP * ANGULAR_SLOP  # [rad2/s2]; the tolerance has the slop's value
CONDITION_LIMIT = F(1000.0)  # of the two-point block solver
RELATIVE_TOLERANCE = F(0.98)  # hysteresis between reference faces
ABSOLUTE_TOLERANCE = F(0.001)  # [m]

STEP = F(1.0 / 50)  # [s]
# Impulses are scaled by STEP * (1 / STEP) between steps. In float32 that is exactly 1, so the
# scaling is left out.
assert F(1.0) / STEP * STEP == F(1.0)
