"""Kernels compiled by Numba for policies and recurrent networks, and the cache of compiled code."""
