"""Compilation of the physics: decorators for functions, a class for kernels. The disk cache is in
openpoet/kernel_cache.py.

Floating-point rules (for bit parity with Box2D 2.3.10 on x86-64): no fastmath, no contraction to
FMA, division as in C. Functions are compiled for the types of their arguments; to have one version
of each, integer arguments are int64 (never literals) and floats are float32.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from numba import njit

from openpoet.kernel_cache import compiled, shared_name, to_stderr, usable_folder

NAME, SOURCE = "physics", Path(__file__).parent  # of the cache folder
# Functions own no memory, so they are compiled without Numba's reference counting (`_nrt`): two
# atomic operations per array and call, which took a fifth of the time of some phases.
_uncounted: Any = {"_nrt": False}  # an option missing in Numba's type stubs


def inline(function: Any) -> Any:
    """Decorator of a small pure function of floats."""
    return njit(nogil=True, error_model="numpy", forceinline=True, **_uncounted)(
        shared_name(function)
    )


def routine(function: Any) -> Any:
    """Decorator of a function too large to inline in every caller."""
    return njit(nogil=True, error_model="numpy", **_uncounted)(shared_name(function))


def allocating(function: Any) -> Any:
    """Decorator of one of the few functions that allocate arrays."""
    return njit(nogil=True, error_model="numpy")(shared_name(function))


@dataclass
class Kernel:
    """One phase of the step for many rows; compiled at first use, or loaded from the cache."""

    title: str
    signature: Any
    source: Callable[..., None]
    seconds: int  # approximate compile time on one idle core [s]
    compiled: Callable[..., None] | None = None

    def __call__(self, *arguments: Any) -> None:
        assert self.compiled is not None, "compile_kernels() comes first"
        self.compiled(*arguments)

    def compile(
        self, folder: Path | None = None, on_miss: Callable[[], None] = lambda: None
    ) -> None:
        """See kernel_cache.compiled."""
        self.compiled = compiled(self.source, self.signature, folder, on_miss)


def compile_all(kernels: list[Kernel], progress: Callable[[str], None] | None) -> float:
    """Compile or load the kernels that are not ready; the seconds it took.

    If any must be compiled, one line gives the expected time and the cache folder. Without a usable
    folder every process compiles anew, and the line gives the reason.
    progress: called with that line, and with one more for each kernel that is compiled; None prints
    only the first line, on stderr.
    """
    start = time.perf_counter()
    waiting = [kernel for kernel in kernels if kernel.compiled is None]
    if not waiting:
        return 0.0
    folder, kept = usable_folder(NAME, SOURCE)
    announced = False
    for number, kernel in enumerate(waiting):

        def on_miss(number: int = number, kernel: Kernel = kernel) -> None:
            nonlocal announced
            if not announced:
                left = sum(k.seconds for k in waiting[number:])
                (progress or to_stderr)(f"compiling the walker's physics, about {left} s; {kept}")
            announced = True
            if progress:
                count = f"{number + 1} of {len(waiting)}"
                progress(f"compiling {kernel.title} ({count}), about {kernel.seconds} s")

        kernel.compile(folder, on_miss)
    return time.perf_counter() - start
