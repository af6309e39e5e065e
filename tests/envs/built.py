"""A track built in the real Box2D, for the tests of the layouts."""

from __future__ import annotations

import itertools

import Box2D
import numpy as np
from Box2D.b2 import edgeShape, polygonShape

from openpoet.envs.walker.track import Track


def assert_box2d_takes(track: Track) -> None:
    """Every edge and polygon becomes a static body without an assertion in Box2D, and every polygon
    keeps its four corners.
    """
    world = Box2D.b2World()
    for corners in track.polygons.tolist():
        shape = polygonShape(vertices=[tuple(corner) for corner in corners])
        assert len(shape.vertices) == 4
        world.CreateStaticBody(shapes=shape)
    points = [tuple(point) for point in track.ground.tolist()]
    for a, b in itertools.pairwise(points):
        assert np.hypot(b[0] - a[0], b[1] - a[1]) > 1e-4
        world.CreateStaticBody(shapes=edgeShape(vertices=[a, b]))
    assert world.bodyCount == len(track.polygons) + len(points) - 1
