"""The walker on a GPU: the functions of physics/, compiled by numba-cuda (the extra `cuda`)."""
