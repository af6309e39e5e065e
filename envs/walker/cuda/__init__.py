"""The walker on a GPU: the functions of the physics room, compiled by numba-cuda (the extra
`cuda`).
"""
