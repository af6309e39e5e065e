"""Contact manifold of a walker's body and a terrain polygon (b2CollidePolygon).

A port of Box2D 2.3's algorithms (Erin Catto, zlib licence), written anew: an altered version.
"""

from __future__ import annotations

from . import state as at
from .body import CENTROID, COUNT, NORMAL
from .clip import B_SHIFT, FACE_OF_A, NONE, ONE_POINT, clip, store_point
from .jit import inline, routine
from .math import HALF, LARGEST, ZERO, normalize, place, rotate, unrotate
from .settings import ABSOLUTE_TOLERANCE, RELATIVE_TOLERANCE, TOTAL_RADIUS
from .traits import vertex

TWO = ONE_POINT + ONE_POINT


@routine
def terrain_separation(traits, f, b, body, shapes, e, face, s, q):
    """b2EdgeSeparation of a face of the terrain polygon and the body."""
    normal = e + at.SHAPE_NORMAL + 2 * face
    nx, ny = shapes[normal], shapes[normal + 1]
    lx, ly = unrotate(s, q, nx, ny)
    low, index = LARGEST, NONE
    for i in range(COUNT[body]):
        vx, vy = vertex(traits, body, i)
        dot = vx * lx + vy * ly
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
def separation(terrain, traits, f, b, body, shapes, e, count, face, s, q):
    if terrain:
        return terrain_separation(traits, f, b, body, shapes, e, face, s, q)
    return body_separation(f, b, shapes, e, count, face)


@routine
def greatest_separation(terrain, traits, f, b, body, shapes, e, corners, s, q, dx, dy):
    """b2FindMaxSeparation over the faces of the terrain polygon (or else the body's): (separation,
    face).

    Hill climbing from the face whose normal is closest to (dx, dy), in the polygon's frame.
    """
    count = corners if terrain else COUNT[body]
    face, most = NONE, -LARGEST
    for i in range(count):
        if terrain:
            dot = (
                shapes[e + at.SHAPE_NORMAL + 2 * i] * dx
                + shapes[e + at.SHAPE_NORMAL + 2 * i + 1] * dy
            )
        else:
            dot = NORMAL[body, i, 0] * dx + NORMAL[body, i, 1] * dy
        if dot > most:
            most, face = dot, i
    last = face - ONE_POINT if face - ONE_POINT >= NONE else count - ONE_POINT
    following = face + ONE_POINT if face + ONE_POINT < count else NONE
    other, stride, before, best, turn = face, ONE_POINT, ZERO, ZERO, NONE
    # one call for all iterations: inlined four times it exceeds a GPU's instruction cache
    while True:
        value = separation(terrain, traits, f, b, body, shapes, e, corners, other, s, q)
        if turn == NONE:
            best, other = value, last
        elif turn == ONE_POINT:
            before, other = value, following
        else:
            if (turn == TWO) & (before > best) & (before > value):
                best, face, stride = before, last, count - ONE_POINT
            elif value > best:
                best, face = value, other
            else:
                return best, face
            other = face + stride
            other = other if other < count else other - count
        turn += ONE_POINT


@routine
def polygon_manifold(traits, f, k, b, body, shapes, e, corners, c, i):
    """b2CollidePolygons of the terrain polygon shapes[e:] and a body; writes the manifold and
    returns its number of points.
    """
    s, q, px, py = f[b + at.QS], f[b + at.QC], f[b + at.PX], f[b + at.PY]
    mx, my = place(s, q, px, py, CENTROID[body, 0], CENTROID[body, 1])
    dx, dy = mx - shapes[e + at.SHAPE_CENTROID], my - shapes[e + at.SHAPE_CENTROID + 1]
    ours, face_a = greatest_separation(True, traits, f, b, body, shapes, e, corners, s, q, dx, dy)
    if ours > TOTAL_RADIUS:
        return NONE
    lx, ly = unrotate(s, q, -dx, -dy)
    theirs, face_b = greatest_separation(
        False, traits, f, b, body, shapes, e, corners, s, q, lx, ly
    )
    if theirs > TOTAL_RADIUS:
        return NONE
    if theirs > RELATIVE_TOLERANCE * ours + ABSOLUTE_TOLERANCE:
        k[i + at.KIND] = at.FACE_B
        return clip_on_body(traits, f, k, b, body, shapes, e, corners, c, i, face_b)
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
    ax, ay, bx, by = (
        f[corner + 2 * index],
        f[corner + 2 * index + 1],
        f[corner + 2 * j],
        f[corner + 2 * j + 1],
    )
    following = face + ONE_POINT if face + ONE_POINT < corners else NONE
    x1, y1 = shapes[e + 2 * face], shapes[e + 2 * face + 1]
    x2, y2 = shapes[e + 2 * following], shapes[e + 2 * following + 1]
    tx, ty, _ = normalize(x2 - x1, y2 - y1)
    f[c + at.LNX], f[c + at.LNY] = ty, -tx
    f[c + at.LPX], f[c + at.LPY] = HALF * (x1 + x2), HALF * (y1 + y2)
    return clip_sides(
        f, k, c, i, ax, ay, ka, bx, by, kb, tx, ty, x1, y1, x2, y2, face, following, (s, q, px, py)
    )


@routine
def clip_on_body(traits, f, k, b, body, shapes, e, corners, c, i, face):
    """The manifold whose reference face is the walker's."""
    s, q, px, py = f[b + at.QS], f[b + at.QC], f[b + at.PX], f[b + at.PY]
    nx, ny = f[b + at.WORLD_NORMAL + 2 * face], f[b + at.WORLD_NORMAL + 2 * face + 1]
    low, index, count = LARGEST, NONE, COUNT[body]
    for m in range(corners):
        dot = (
            nx * shapes[e + at.SHAPE_NORMAL + 2 * m] + ny * shapes[e + at.SHAPE_NORMAL + 2 * m + 1]
        )
        if dot < low:
            low, index = dot, m
    j = index + ONE_POINT if index + ONE_POINT < corners else NONE
    ka, kb = face | (index << B_SHIFT) | FACE_OF_A, face | (j << B_SHIFT) | FACE_OF_A
    ax, ay, bx, by = (
        shapes[e + 2 * index],
        shapes[e + 2 * index + 1],
        shapes[e + 2 * j],
        shapes[e + 2 * j + 1],
    )
    following = face + ONE_POINT if face + ONE_POINT < count else NONE
    (x1, y1), (x2, y2) = vertex(traits, body, face), vertex(traits, body, following)
    tx, ty, _ = normalize(x2 - x1, y2 - y1)
    f[c + at.LNX], f[c + at.LNY] = ty, -tx
    f[c + at.LPX], f[c + at.LPY] = HALF * (x1 + x2), HALF * (y1 + y2)
    tx, ty = rotate(s, q, tx, ty)
    corner = b + at.CORNER
    x1, y1 = f[corner + 2 * face], f[corner + 2 * face + 1]
    x2, y2 = f[corner + 2 * following], f[corner + 2 * following + 1]
    return clip_sides(
        f, k, c, i, ax, ay, ka, bx, by, kb, tx, ty, x1, y1, x2, y2, face, following, (s, q, px, py)
    )


@routine
def clip_sides(f, k, c, i, ax, ay, ka, bx, by, kb, tx, ty, x1, y1, x2, y2, v1, v2, pose):
    """Clip the incident edge to the sides of the reference face (x1, y1)-(x2, y2); store the points
    near it.
    """
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
    if (nx * ax + ny * ay) - offset <= TOTAL_RADIUS:
        store_point(f, k, c, i, n, ax, ay, ka, pose)
        n += ONE_POINT
    if (nx * bx + ny * by) - offset <= TOTAL_RADIUS:
        store_point(f, k, c, i, n, bx, by, kb, pose)
        n += ONE_POINT
    return n
