"""The walker's physics: Box2D 2.3's algorithms for five bodies on fixed terrain, in modules named
after Box2D's files.

A port of Box2D 2.3 (Erin Catto, zlib licence, https://box2d.org), written anew: an altered version,
and not the original software. `world` has the kernels, `state` the memory layout.
"""
