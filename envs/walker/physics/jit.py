"""How the physics is compiled: decorators for its parts, a class for kernels (kept:
kernel_cache.py).

Float rules (bit parity with Box2D 2.3.10 on x86-64): no fastmath, no contraction to FMA, division
as C does it. Parts are compiled for the types they are called with; to keep one version of each,
integers passed on are int64 (never a literal) and every float is float32.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from numba import njit

from . import kernel_cache
from .kernel_cache import shared_name, to_stderr

NAME, SOURCE = "physics", Path(__file__).parent  # of the cache folder
# Parts own no memory, so they are compiled without Numba's run-time counts of who uses an array
# (`_nrt`): at every call of a part those were two atomic operations an array, a fifth of the time
# of some phases.
_uncounted: Any = {"_nrt": False}  # an option that Numba's type stubs leave out


def inline(function: Any) -> Any:
    """Decorator of a small pure function of floats."""
    return njit(nogil=True, error_model="numpy", forceinline=True, **_uncounted)(
        shared_name(function)
    )


def routine(function: Any) -> Any:
    """Decorator of a part too large to repeat in every caller."""
    return njit(nogil=True, error_model="numpy", **_uncounted)(shared_name(function))


def allocating(function: Any) -> Any:
    """Decorator of one of the few parts that make arrays."""
    return njit(nogil=True, error_model="numpy")(shared_name(function))


@dataclass
class Kernel:
    """One phase of the step for many rows; compiled at its first use, or loaded from the cache."""

    title: str
    signature: Any
    source: Callable[..., None]
    seconds: int  # about how long compiling takes on one quiet core [s]
    compiled: Callable[..., None] | None = None

    def __call__(self, *arguments: Any) -> None:
        assert self.compiled is not None, "compile_kernels() comes first"
        self.compiled(*arguments)

    def compile(
        self, folder: Path | None = None, on_miss: Callable[[], None] = lambda: None
    ) -> None:
        """See kernel_cache.compiled."""
        self.compiled = kernel_cache.compiled(self.source, self.signature, folder, on_miss)


def compile_all(kernels: list[Kernel], progress: Callable[[str], None] | None) -> float:
    """Compile or load the kernels that are not ready; seconds it took.

    If any must be compiled, one line says so, for how long, and where it is kept; without a folder
    that can be used everything still works, but every process compiles anew, and the line says why.
    progress: takes that line, and one more for each kernel that must be compiled; None prints the
    first line alone on stderr.
    """
    start = time.perf_counter()
    waiting = [kernel for kernel in kernels if kernel.compiled is None]
    if not waiting:
        return 0.0
    folder, kept = kernel_cache.usable_folder(NAME, SOURCE)
    said = False
    for number, kernel in enumerate(waiting):

        def on_miss(number: int = number, kernel: Kernel = kernel) -> None:
            nonlocal said
            if not said:
                left = sum(k.seconds for k in waiting[number:])
                (progress or to_stderr)(f"compiling the walker's physics, about {left} s; {kept}")
            said = True
            if progress:
                count = f"{number + 1} of {len(waiting)}"
                progress(f"compiling {kernel.title} ({count}), about {kernel.seconds} s")

        kernel.compile(folder, on_miss)
    return time.perf_counter() - start
