"""Contact manifolds (b2CollideEdge, b2CollidePolygon): where a body of the walker touches a terrain shape.

The terrain is shape A and never moves; the walker's body is shape B. Edges are isolated (no ghost vertices), so the
normal ranges of b2EPCollider never bite and are left out. A feature id is one int32: index A, index B, type A, type B,
a byte each. A port of Box2D 2.3's algorithms (Erin Catto, zlib licence), written anew: an altered version.
"""

from __future__ import annotations

import numpy as np

from . import state as at
from .body import CENTROID, COUNT, NORMAL, VERTEX
from .jit import inline, routine
from .math import HALF, LARGEST, ZERO, minimum, normalize, place, rotate, unplace, unrotate
from .settings import ABSOLUTE_TOLERANCE, RELATIVE_TOLERANCE, TOTAL_RADIUS

B_SHIFT, TYPE_A_SHIFT, TYPE_B_SHIFT = np.int64(8), np.int64(16), np.int64(24)
CLIPPED = np.int64(1) << TYPE_B_SHIFT  # type A vertex, type B face
FACE_OF_A = np.int64(1) << TYPE_A_SHIFT  # type A face, type B vertex
BYTE = np.int64(255)
NONE, ONE_POINT = np.int64(0), np.int64(1)


@inline
def swapped(key):
    """The feature id with the roles of A and B exchanged."""
    a, b = key & BYTE, (key >> B_SHIFT) & BYTE
    ta, tb = (key >> TYPE_A_SHIFT) & BYTE, (key >> TYPE_B_SHIFT) & BYTE
    return b | (a << B_SHIFT) | (tb << TYPE_A_SHIFT) | (ta << TYPE_B_SHIFT)


@routine
def clip(ax, ay, ka, bx, by, kb, nx, ny, offset, vertex):
    """b2ClipSegmentToLine: (both points left?, point, id, point, id)."""
    da = (nx * ax + ny * ay) - offset
    db = (nx * bx + ny * by) - offset
    if (da <= ZERO) & (db <= ZERO):
        return True, ax, ay, ka, bx, by, kb
    if not (da * db < ZERO):
        return False, ax, ay, ka, bx, by, kb
    share = da / (da - db)
    x, y = ax + share * (bx - ax), ay + share * (by - ay)
    key = vertex | (((ka >> B_SHIFT) & BYTE) << B_SHIFT) | CLIPPED
    if da <= ZERO:
        return True, ax, ay, ka, x, y, key
    return True, bx, by, kb, x, y, key


@inline
def store_point(f, k, c, i, n, x, y, key):
    f[c + at.P0X + 2 * n], f[c + at.P0Y + 2 * n] = x, y
    k[i + at.KEY0 + n] = key


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


@routine
def edge_manifold(f, k, b, body, shapes, e, c, i):
    """b2EPCollider::Collide of the edge shapes[e:] and a body; writes the manifold of contact c, i; points left."""
    x1, y1, x2, y2 = shapes[e], shapes[e + 1], shapes[e + 2], shapes[e + 3]
    ex, ey = shapes[e + at.SHAPE_NORMAL], shapes[e + at.SHAPE_NORMAL + 1]
    s, q, px, py = f[b + at.QS], f[b + at.QC], f[b + at.PX], f[b + at.PY]
    mx, my = place(s, q, px, py, CENTROID[body, 0], CENTROID[body, 1])
    front = ex * (mx - x1) + ey * (my - y1) >= ZERO
    nx, ny = (ex, ey) if front else (-ex, -ey)
    edge, best, face = edge_axes(f, b, body, x1, y1, x2, y2, nx, ny)
    if (edge > TOTAL_RADIUS) | (best > TOTAL_RADIUS):
        return NONE
    corner, normal = b + at.CORNER, b + at.WORLD_NORMAL
    count = COUNT[body]
    if best > RELATIVE_TOLERANCE * edge + ABSOLUTE_TOLERANCE:
        # The reference face is the walker's.
        j = face + ONE_POINT if face + ONE_POINT < count else NONE
        rx, ry = f[corner + 2 * face], f[corner + 2 * face + 1]
        tx, ty = f[corner + 2 * j], f[corner + 2 * j + 1]
        fx, fy = f[normal + 2 * face], f[normal + 2 * face + 1]
        key = (face << B_SHIFT) | CLIPPED
        ax, ay, ka, bx, by, kb = x1, y1, key, x2, y2, key
        v1, v2 = face, j
        k[i + at.KIND] = at.FACE_B
        f[c + at.LNX], f[c + at.LNY] = NORMAL[body, face, 0], NORMAL[body, face, 1]
        f[c + at.LPX], f[c + at.LPY] = VERTEX[body, face, 0], VERTEX[body, face, 1]
    else:
        low, face = nx * f[normal] + ny * f[normal + 1], NONE
        for m in range(ONE_POINT, count):
            value = nx * f[normal + 2 * m] + ny * f[normal + 2 * m + 1]
            if value < low:
                low, face = value, m
        j = face + ONE_POINT if face + ONE_POINT < count else NONE
        ax, ay, ka = f[corner + 2 * face], f[corner + 2 * face + 1], (face << B_SHIFT) | FACE_OF_A
        bx, by, kb = f[corner + 2 * j], f[corner + 2 * j + 1], (j << B_SHIFT) | FACE_OF_A
        fx, fy = nx, ny
        rx, ry, tx, ty = (x1, y1, x2, y2) if front else (x2, y2, x1, y1)
        v1, v2 = (NONE, ONE_POINT) if front else (ONE_POINT, NONE)
        k[i + at.KIND] = at.FACE_A
        f[c + at.LNX], f[c + at.LNY], f[c + at.LPX], f[c + at.LPY] = fx, fy, rx, ry
    both, ax, ay, ka, bx, by, kb = clip(ax, ay, ka, bx, by, kb, fy, -fx, fy * rx + -fx * ry, v1)
    if not both:
        return NONE
    both, ax, ay, ka, bx, by, kb = clip(ax, ay, ka, bx, by, kb, -fy, fx, -fy * tx + fx * ty, v2)
    if not both:
        return NONE
    return keep_points(f, k, c, i, ax, ay, ka, bx, by, kb, fx, fy, rx, ry, s, q, px, py)


@routine
def keep_points(f, k, c, i, ax, ay, ka, bx, by, kb, fx, fy, rx, ry, s, q, px, py):
    """Store the clipped points that lie close enough to the reference face; how many."""
    n = NONE
    on_body = k[i + at.KIND] == at.FACE_A
    if fx * (ax - rx) + fy * (ay - ry) <= TOTAL_RADIUS:
        x, y = unplace(s, q, px, py, ax, ay) if on_body else (ax, ay)
        store_point(f, k, c, i, n, x, y, ka if on_body else swapped(ka))
        n += ONE_POINT
    if fx * (bx - rx) + fy * (by - ry) <= TOTAL_RADIUS:
        x, y = unplace(s, q, px, py, bx, by) if on_body else (bx, by)
        store_point(f, k, c, i, n, x, y, kb if on_body else swapped(kb))
        n += ONE_POINT
    return n


@routine
def terrain_separation(f, b, body, shapes, e, face, s, q):
    """b2EdgeSeparation of a face of the terrain polygon and the body."""
    normal = e + at.SHAPE_NORMAL + 2 * face
    nx, ny = shapes[normal], shapes[normal + 1]
    lx, ly = unrotate(s, q, nx, ny)
    low, index = LARGEST, NONE
    for i in range(COUNT[body]):
        dot = VERTEX[body, i, 0] * lx + VERTEX[body, i, 1] * ly
        if dot < low:
            low, index = dot, i
    x, y = f[b + at.CORNER + 2 * index], f[b + at.CORNER + 2 * index + 1]
    return (x - shapes[e + 2 * face]) * nx + (y - shapes[e + 2 * face + 1]) * ny


@routine
def body_separation(f, b, shapes, e, count, face):
    """b2EdgeSeparation of a face of the body and the terrain polygon."""
    nx, ny = f[b + at.WORLD_NORMAL + 2 * face], f[b + at.WORLD_NORMAL + 2 * face + 1]
    low, index = LARGEST, NONE
    for i in range(count):
        dot = shapes[e + 2 * i] * nx + shapes[e + 2 * i + 1] * ny
        if dot < low:
            low, index = dot, i
    x, y = f[b + at.CORNER + 2 * face], f[b + at.CORNER + 2 * face + 1]
    return (shapes[e + 2 * index] - x) * nx + (shapes[e + 2 * index + 1] - y) * ny


@inline
def separation(terrain, f, b, body, shapes, e, count, face, s, q):
    if terrain:
        return terrain_separation(f, b, body, shapes, e, face, s, q)
    return body_separation(f, b, shapes, e, count, face)


@routine
def greatest_separation(terrain, f, b, body, shapes, e, corners, s, q, dx, dy):
    """b2FindMaxSeparation over the faces of the terrain polygon (or else the body's): (separation, face).

    A hill climb from the face that looks most along (dx, dy), given in the polygon's frame.
    """
    count = corners if terrain else COUNT[body]
    face, most = NONE, -LARGEST
    for i in range(count):
        if terrain:
            dot = shapes[e + at.SHAPE_NORMAL + 2 * i] * dx + shapes[e + at.SHAPE_NORMAL + 2 * i + 1] * dy
        else:
            dot = NORMAL[body, i, 0] * dx + NORMAL[body, i, 1] * dy
        if dot > most:
            most, face = dot, i
    here = separation(terrain, f, b, body, shapes, e, corners, face, s, q)
    last = face - ONE_POINT if face - ONE_POINT >= NONE else count - ONE_POINT
    before = separation(terrain, f, b, body, shapes, e, corners, last, s, q)
    following = face + ONE_POINT if face + ONE_POINT < count else NONE
    after = separation(terrain, f, b, body, shapes, e, corners, following, s, q)
    if (before > here) & (before > after):
        best, face, stride = before, last, count - ONE_POINT
    elif after > here:
        best, face, stride = after, following, ONE_POINT
    else:
        return here, face
    while True:
        other = face + stride
        other = other if other < count else other - count
        value = separation(terrain, f, b, body, shapes, e, corners, other, s, q)
        if value > best:
            best, face = value, other
        else:
            return best, face


@routine
def polygon_manifold(f, k, b, body, shapes, e, corners, c, i):
    """b2CollidePolygons of the terrain polygon shapes[e:] and a body; writes the manifold; points left."""
    s, q, px, py = f[b + at.QS], f[b + at.QC], f[b + at.PX], f[b + at.PY]
    mx, my = place(s, q, px, py, CENTROID[body, 0], CENTROID[body, 1])
    dx, dy = mx - shapes[e + at.SHAPE_CENTROID], my - shapes[e + at.SHAPE_CENTROID + 1]
    ours, face_a = greatest_separation(True, f, b, body, shapes, e, corners, s, q, dx, dy)
    if ours > TOTAL_RADIUS:
        return NONE
    lx, ly = unrotate(s, q, -dx, -dy)
    theirs, face_b = greatest_separation(False, f, b, body, shapes, e, corners, s, q, lx, ly)
    if theirs > TOTAL_RADIUS:
        return NONE
    if theirs > RELATIVE_TOLERANCE * ours + ABSOLUTE_TOLERANCE:
        k[i + at.KIND] = at.FACE_B
        return clip_on_body(f, k, b, body, shapes, e, corners, c, i, face_b)
    k[i + at.KIND] = at.FACE_A
    return clip_on_terrain(f, k, b, body, shapes, e, corners, c, i, face_a)


@routine
def clip_on_terrain(f, k, b, body, shapes, e, corners, c, i, face):
    """The manifold whose reference face is the terrain polygon's."""
    s, q, px, py = f[b + at.QS], f[b + at.QC], f[b + at.PX], f[b + at.PY]
    normal = e + at.SHAPE_NORMAL + 2 * face
    lx, ly = unrotate(s, q, shapes[normal], shapes[normal + 1])
    low, index, count = LARGEST, NONE, COUNT[body]
    for m in range(count):
        dot = lx * NORMAL[body, m, 0] + ly * NORMAL[body, m, 1]
        if dot < low:
            low, index = dot, m
    j = index + ONE_POINT if index + ONE_POINT < count else NONE
    corner = b + at.CORNER
    ka, kb = face | (index << B_SHIFT) | FACE_OF_A, face | (j << B_SHIFT) | FACE_OF_A
    ax, ay, bx, by = f[corner + 2 * index], f[corner + 2 * index + 1], f[corner + 2 * j], f[corner + 2 * j + 1]
    following = face + ONE_POINT if face + ONE_POINT < corners else NONE
    x1, y1 = shapes[e + 2 * face], shapes[e + 2 * face + 1]
    x2, y2 = shapes[e + 2 * following], shapes[e + 2 * following + 1]
    tx, ty, _ = normalize(x2 - x1, y2 - y1)
    f[c + at.LNX], f[c + at.LNY] = ty, -tx
    f[c + at.LPX], f[c + at.LPY] = HALF * (x1 + x2), HALF * (y1 + y2)
    return clip_sides(f, k, c, i, ax, ay, ka, bx, by, kb, tx, ty, x1, y1, x2, y2, face, following, s, q, px, py)


@routine
def clip_on_body(f, k, b, body, shapes, e, corners, c, i, face):
    """The manifold whose reference face is the walker's."""
    s, q, px, py = f[b + at.QS], f[b + at.QC], f[b + at.PX], f[b + at.PY]
    nx, ny = f[b + at.WORLD_NORMAL + 2 * face], f[b + at.WORLD_NORMAL + 2 * face + 1]
    low, index, count = LARGEST, NONE, COUNT[body]
    for m in range(corners):
        dot = nx * shapes[e + at.SHAPE_NORMAL + 2 * m] + ny * shapes[e + at.SHAPE_NORMAL + 2 * m + 1]
        if dot < low:
            low, index = dot, m
    j = index + ONE_POINT if index + ONE_POINT < corners else NONE
    ka, kb = face | (index << B_SHIFT) | FACE_OF_A, face | (j << B_SHIFT) | FACE_OF_A
    ax, ay, bx, by = shapes[e + 2 * index], shapes[e + 2 * index + 1], shapes[e + 2 * j], shapes[e + 2 * j + 1]
    following = face + ONE_POINT if face + ONE_POINT < count else NONE
    x1, y1 = VERTEX[body, face, 0], VERTEX[body, face, 1]
    x2, y2 = VERTEX[body, following, 0], VERTEX[body, following, 1]
    tx, ty, _ = normalize(x2 - x1, y2 - y1)
    f[c + at.LNX], f[c + at.LNY] = ty, -tx
    f[c + at.LPX], f[c + at.LPY] = HALF * (x1 + x2), HALF * (y1 + y2)
    tx, ty = rotate(s, q, tx, ty)
    corner = b + at.CORNER
    x1, y1 = f[corner + 2 * face], f[corner + 2 * face + 1]
    x2, y2 = f[corner + 2 * following], f[corner + 2 * following + 1]
    return clip_sides(f, k, c, i, ax, ay, ka, bx, by, kb, tx, ty, x1, y1, x2, y2, face, following, s, q, px, py)


@routine
def clip_sides(f, k, c, i, ax, ay, ka, bx, by, kb, tx, ty, x1, y1, x2, y2, v1, v2, s, q, px, py):
    """Clip the incident edge to the sides of the reference face (x1, y1)-(x2, y2); keep the near points."""
    nx, ny = ty, -tx
    offset = nx * x1 + ny * y1
    side1, side2 = -(tx * x1 + ty * y1) + TOTAL_RADIUS, (tx * x2 + ty * y2) + TOTAL_RADIUS
    both, ax, ay, ka, bx, by, kb = clip(ax, ay, ka, bx, by, kb, -tx, -ty, side1, v1)
    if not both:
        return NONE
    both, ax, ay, ka, bx, by, kb = clip(ax, ay, ka, bx, by, kb, tx, ty, side2, v2)
    if not both:
        return NONE
    n = NONE
    on_body = k[i + at.KIND] == at.FACE_A
    if (nx * ax + ny * ay) - offset <= TOTAL_RADIUS:
        x, y = unplace(s, q, px, py, ax, ay) if on_body else (ax, ay)
        store_point(f, k, c, i, n, x, y, ka if on_body else swapped(ka))
        n += ONE_POINT
    if (nx * bx + ny * by) - offset <= TOTAL_RADIUS:
        x, y = unplace(s, q, px, py, bx, by) if on_body else (bx, by)
        store_point(f, k, c, i, n, x, y, kb if on_body else swapped(kb))
        n += ONE_POINT
    return n
