"""One bipedal walker in the real Box2D (package `box2d`, import `Box2D`): the tests' oracle, and a
slow alternative physics engine.

The world is constructed in the order of Gymnasium's BipedalWalker in a fresh environment (polygons,
edges from left to right, hull, leg 0, lower leg 0, leg 1, lower leg 1) and stepped in the same way,
in Python floats and NumPy scalars.
"""

from __future__ import annotations

import math
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Literal

import Box2D
import numpy as np
from Box2D.b2 import (
    contactListener,
    edgeShape,
    fixtureDef,
    polygonShape,
    rayCastCallback,
    revoluteJointDef,
)

from .body import STANDARD, Body
from .physics.body import HULL_CORNERS, LEG_DOWN, SCALE, START_GROUND, START_X
from .physics.lidar import RANGE, RAYS
from .physics.terrain import far_end
from .pose import Pose

if TYPE_CHECKING:
    from .track import Track

FPS = 50
MOTORS_TORQUE, SPEED_HIP, SPEED_KNEE = 80, 4, 6  # of observations and rewards, for every body
WALKER = {"restitution": 0.0, "categoryBits": 0x0020, "maskBits": 0x001}


class _Detector(contactListener):
    """Contact listener: the episode ends when the hull touches; one contact flag per lower leg."""

    def __init__(self, walker: Box2DWalker) -> None:
        contactListener.__init__(self)
        self.walker = walker

    def BeginContact(self, contact: Any) -> None:
        touching = (contact.fixtureA.body, contact.fixtureB.body)
        if self.walker.bodies[0] in touching:
            self.walker.game_over = True
        self._set(touching, True)

    def EndContact(self, contact: Any) -> None:
        self._set((contact.fixtureA.body, contact.fixtureB.body), False)

    def _set(self, touching: tuple[Any, Any], value: bool) -> None:
        for leg in (0, 1):
            if self.walker.bodies[2 + 2 * leg] in touching:
                self.walker.ground[leg] = value


class _Nearest(rayCastCallback):
    fraction, end = 1.0, None

    def ReportFixture(self, fixture: Any, point: Any, normal: Any, fraction: float) -> float:
        if (fixture.filterData.categoryBits & 1) == 0:
            return -1
        self.fraction, self.end = fraction, (point[0], point[1])
        return fraction


class _First(_Nearest):
    """The ray callback of the original POET's walker, which stops at the first reported hit."""

    def ReportFixture(self, fixture: Any, point: Any, normal: Any, fraction: float) -> float:
        return min(0.0, super().ReportFixture(fixture, point, normal, fraction))


class Box2DWalker:
    """One walker on one track. lidar: "nearest" hit, or the "first" reported one, as in the
    original POET. body: see bodies.py for the construction of legs of other sizes.
    """

    def __init__(
        self,
        track: Track,
        lidar: Literal["nearest", "first"] = "nearest",
        body: Body = STANDARD,
    ) -> None:
        if lidar not in ("nearest", "first"):
            raise ValueError(f'lidar must be "nearest" or "first", got {lidar!r}')
        self.track, self.body = track, body
        self.ray = _Nearest if lidar == "nearest" else _First
        self.finished = self.game_over = False
        self.bodies: list[Any] = []
        self.joints: list[Any] = []
        self.rays: list[Any] = []
        self.ground = [False, False]
        self.shaping: float | None = None

    def reset(self) -> np.ndarray:
        """Make a new world and take one step with zero actions; the observation [24] float32."""
        self.world = Box2D.b2World(gravity=(0, -self.body.gravity))
        self.detector = _Detector(self)
        self.world.contactListener = self.detector
        self.finished = self.game_over = False
        self.ground, self.shaping = [False, False], None
        self._build_terrain()
        self._build_walker()
        return self.step(np.zeros(4, np.float32))[0]

    def step(self, action: np.ndarray) -> tuple[np.ndarray, float, bool]:
        """One step under an action [4] of any dtype: observation [24] float32, reward,
        terminated.
        """
        given = np.asarray(action)
        if given.shape != (4,) or not np.isfinite(given).all():
            raise ValueError(
                f"an action must be 4 finite numbers, got {np.asarray(action).tolist()}"
            )
        b = self.body
        motors = zip(self.joints, b.speed, b.direction, b.torque, given, strict=True)
        for joint, speed, direction, torque, a in motors:
            joint.motorSpeed = float(speed * direction * np.sign(a))
            joint.maxMotorTorque = float(torque * np.clip(np.abs(a), 0, 1))
        self.world.Step(1.0 / FPS, 6 * 30, 2 * 30)
        self._scan()
        return self._outcome(given)

    def pose(self) -> Pose:
        """The walker's current pose."""
        bodies = []
        for body in self.bodies:
            corners = [body.GetWorldPoint(v) for v in body.fixtures[0].shape.vertices]
            bodies.append(np.array([(c[0], c[1]) for c in [*corners, corners[0]]], np.float32))
        x, y = self.bodies[0].position
        rays = np.array([((x, y), ray.end) for ray in self.rays], np.float32)
        return Pose(bodies, rays, (x, y))

    def _build_terrain(self) -> None:
        friction = self.body.friction
        for corners in self.track.polygons.tolist():
            shape = polygonShape(vertices=[tuple(corner) for corner in corners])
            self.world.CreateStaticBody(fixtures=fixtureDef(shape=shape, friction=friction))
        ground = [tuple(point) for point in self.track.ground.tolist()]
        for ends in pairwise(ground):
            shape = edgeShape(vertices=list(ends))
            self.world.CreateStaticBody(
                fixtures=fixtureDef(shape=shape, friction=friction, categoryBits=0x0001)
            )

    def _build_walker(self) -> None:
        lengths, density = self.body.leg_length, self.body.density
        both = max(lengths[0] + lengths[1], lengths[2] + lengths[3])
        x, y = START_X, START_GROUND + both
        corners = [(float(cx), float(cy)) for cx, cy in HULL_CORNERS]
        hull = self.world.CreateDynamicBody(
            position=(x, y),
            fixtures=fixtureDef(
                shape=polygonShape(vertices=corners), density=density[0], friction=0.1, **WALKER
            ),
        )
        hull.ApplyForceToCenter((self.track.push, 0), True)
        self.bodies, self.joints = [hull], []
        for upper in (0, 2):
            length, below = lengths[upper], lengths[upper + 1]
            leg = self._limb(hull, upper, y - length / 2 - LEG_DOWN, LEG_DOWN, (-0.8, 1.1))
            foot = y - (length + below / 2) - LEG_DOWN
            self._limb(leg, upper + 1, foot, -length / 2, (-1.6, -0.1))

    def _limb(
        self, parent: Any, leg: int, y: float, anchor: float, limits: tuple[float, float]
    ) -> Any:
        """Leg `leg`, 0 to 3, and its joint. y: of its centre [m]; anchor: on the parent [m]."""
        body, width, length = self.body, self.body.leg_width[leg], self.body.leg_length[leg]
        shape = polygonShape(box=(width / 2, length / 2))
        fixture = fixtureDef(shape=shape, density=body.density[1 + leg], **WALKER)
        angle = -0.05 if leg < 2 else 0.05
        limb = self.world.CreateDynamicBody(position=(START_X, y), angle=angle, fixtures=fixture)
        joint = revoluteJointDef(
            bodyA=parent,
            bodyB=limb,
            localAnchorA=(0, anchor),
            localAnchorB=(0, length / 2),
            enableMotor=True,
            enableLimit=True,
            maxMotorTorque=body.torque[leg],
            motorSpeed=1,
            lowerAngle=limits[0],
            upperAngle=limits[1],
        )
        self.bodies.append(limb)
        self.joints.append(self.world.CreateJoint(joint))
        return limb

    def _scan(self) -> None:
        start = self.bodies[0].position
        self.rays = [self.ray() for _ in range(RAYS)]
        for i, ray in enumerate(self.rays):
            angle = 1.5 * i / 10.0
            ray.end = (start[0] + math.sin(angle) * RANGE, start[1] - math.cos(angle) * RANGE)
            self.world.RayCast(ray, start, ray.end)

    def _outcome(self, action: np.ndarray) -> tuple[np.ndarray, float, bool]:
        hull, j = self.bodies[0], self.joints
        x, velocity = hull.position[0], hull.linearVelocity
        state = [
            *(hull.angle, 2.0 * hull.angularVelocity / FPS),
            *(0.3 * velocity.x * (600 / SCALE) / FPS, 0.3 * velocity.y * (400 / SCALE) / FPS),
            *(j[0].angle, j[0].speed / SPEED_HIP, j[1].angle + 1.0, j[1].speed / SPEED_KNEE),
            1.0 if self.ground[0] else 0.0,
            *(j[2].angle, j[2].speed / SPEED_HIP, j[3].angle + 1.0, j[3].speed / SPEED_KNEE),
            1.0 if self.ground[1] else 0.0,
            *(ray.fraction for ray in self.rays),
        ]
        shaping = 130 * x / SCALE - 5.0 * abs(state[0])
        reward: Any = 0 if self.shaping is None else shaping - self.shaping
        self.shaping = shaping
        for a in action:
            reward -= 0.00035 * MOTORS_TORQUE * np.clip(np.abs(a), 0, 1)
        fallen = self.game_over or x < 0
        self.finished = x > far_end(self.track)
        return (
            np.array(state, np.float32),
            -100.0 if fallen else float(reward),
            fallen or self.finished,
        )
