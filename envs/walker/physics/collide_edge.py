"""Contact manifold of a walker's body and an edge (b2CollideEdge).

Edges are isolated (no ghost vertices), so the normal ranges of b2EPCollider have no effect and are
left out. A port of Box2D 2.3's algorithms (Erin Catto, zlib licence), written anew: an altered
version.
"""

from __future__ import annotations

import numpy as np

from . import state as at
from .body import CENTROID, COUNT, NORMAL
from .clip import B_SHIFT, CLIPPED, FACE_OF_A, NONE, ONE_POINT, clip, store_point
from .jit import inline, routine
from .math import LARGEST, ZERO, minimum, place
from .settings import ABSOLUTE_TOLERANCE, RELATIVE_TOLERANCE, TOTAL_RADIUS
from .traits import vertex


@routine
def edge_axes(f, b, body, x1, y1, x2, y2, nx, ny):
    """(separation along the edge's normal, best separation along the body's normals, its face)."""
    corner, normal = b + at.CORNER, b + at.WORLD_NORMAL
    edge, best, face = LARGEST, -LARGEST, np.int64(0)
    for i in range(COUNT[body]):
        x, y = f[corner + 2 * i], f[corner + 2 * i + 1]
        s = nx * (x - x1) + ny * (y - y1)
        if s < edge:
            edge = s
        mx, my = -f[normal + 2 * i], -f[normal + 2 * i + 1]
        s = minimum(mx * (x - x1) + my * (y - y1), mx * (x - x2) + my * (y - y2))
        if s > best:
            best, face = s, i
    return edge, best, face


@inline
def face_of_body(traits, f, k, b, body, c, i, face, x1, y1, x2, y2):
    """The reference face is the body's, the edge is clipped: its ends, the face's sides, normal and
    corners.
    """
    k[i + at.KIND] = at.FACE_B
    f[c + at.LNX], f[c + at.LNY] = NORMAL[body, face, 0], NORMAL[body, face, 1]
    f[c + at.LPX], f[c + at.LPY] = vertex(traits, body, face)
    j = face + ONE_POINT if face + ONE_POINT < COUNT[body] else NONE
    corner, normal = b + at.CORNER, b + at.WORLD_NORMAL
    key = (face << B_SHIFT) | CLIPPED
    rx, ry, tx, ty = (
        f[corner + 2 * face],
        f[corner + 2 * face + 1],
        f[corner + 2 * j],
        f[corner + 2 * j + 1],
    )
    return (
        x1,
        y1,
        key,
        x2,
        y2,
        key,
        face,
        j,
        f[normal + 2 * face],
        f[normal + 2 * face + 1],
        rx,
        ry,
        tx,
        ty,
    )


@inline
def face_of_edge(f, k, b, body, c, i, front, nx, ny, x1, y1, x2, y2):
    """The reference face is the edge's, the body's most opposed face is clipped; returns the same
    values as face_of_body.
    """
    rx, ry, tx, ty = (x1, y1, x2, y2) if front else (x2, y2, x1, y1)
    k[i + at.KIND] = at.FACE_A
    f[c + at.LNX], f[c + at.LNY], f[c + at.LPX], f[c + at.LPY] = nx, ny, rx, ry
    corner, normal = b + at.CORNER, b + at.WORLD_NORMAL
    low, face = nx * f[normal] + ny * f[normal + 1], NONE
    for m in range(ONE_POINT, COUNT[body]):
        value = nx * f[normal + 2 * m] + ny * f[normal + 2 * m + 1]
        if value < low:
            low, face = value, m
    j = face + ONE_POINT if face + ONE_POINT < COUNT[body] else NONE
    ka, kb = (face << B_SHIFT) | FACE_OF_A, (j << B_SHIFT) | FACE_OF_A
    ax, ay, bx, by = (
        f[corner + 2 * face],
        f[corner + 2 * face + 1],
        f[corner + 2 * j],
        f[corner + 2 * j + 1],
    )
    v1, v2 = (NONE, ONE_POINT) if front else (ONE_POINT, NONE)
    return ax, ay, ka, bx, by, kb, v1, v2, nx, ny, rx, ry, tx, ty


@routine
def edge_manifold(traits, f, k, b, body, shapes, e, c, i):
    """b2EPCollider::Collide of the edge shapes[e:] and a body; writes the manifold of contact c, i
    and returns its number of points.
    """
    x1, y1, x2, y2 = shapes[e], shapes[e + 1], shapes[e + 2], shapes[e + 3]
    ex, ey = shapes[e + at.SHAPE_NORMAL], shapes[e + at.SHAPE_NORMAL + 1]
    pose = (f[b + at.QS], f[b + at.QC], f[b + at.PX], f[b + at.PY])
    mx, my = place(pose[0], pose[1], pose[2], pose[3], CENTROID[body, 0], CENTROID[body, 1])
    front = ex * (mx - x1) + ey * (my - y1) >= ZERO
    nx, ny = (ex, ey) if front else (-ex, -ey)
    edge, best, face = edge_axes(f, b, body, x1, y1, x2, y2, nx, ny)
    if (edge > TOTAL_RADIUS) | (best > TOTAL_RADIUS):
        return NONE
    if best > RELATIVE_TOLERANCE * edge + ABSOLUTE_TOLERANCE:
        values = face_of_body(traits, f, k, b, body, c, i, face, x1, y1, x2, y2)
    else:
        values = face_of_edge(f, k, b, body, c, i, front, nx, ny, x1, y1, x2, y2)
    ax, ay, ka, bx, by, kb, v1, v2, fx, fy, rx, ry, tx, ty = values
    both, ax, ay, ka, bx, by, kb = clip(ax, ay, ka, bx, by, kb, fy, -fx, fy * rx + -fx * ry, v1)
    if not both:
        return NONE
    both, ax, ay, ka, bx, by, kb = clip(ax, ay, ka, bx, by, kb, -fy, fx, -fy * tx + fx * ty, v2)
    if not both:
        return NONE
    n = NONE
    if fx * (ax - rx) + fy * (ay - ry) <= TOTAL_RADIUS:
        store_point(f, k, c, i, n, ax, ay, ka, pose)
        n += ONE_POINT
    if fx * (bx - rx) + fy * (by - ry) <= TOTAL_RADIUS:
        store_point(f, k, c, i, n, bx, by, kb, pose)
        n += ONE_POINT
    return n
