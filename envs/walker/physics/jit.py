"""How the physics is compiled: decorators for the parts, one for the kernels, and a cache that is never stale.

Numba notices an edit in the file of a cached function, but not in a module which that function calls. So the cache
folder is named by a hash of this whole room: any edit makes a new folder, and old code cannot be found.

Float rules (bit parity with Box2D 2.3.10 on x86-64): no fastmath, no contraction to FMA, division as C does it.
Parts are compiled for the types they are called with; to keep one version of each, integers passed on are int64
(never a literal) and every float is float32.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numba
from numba import njit

config: Any = numba.config  # its attributes are made at run time
# Parts own no memory, so they are compiled without Numba's run-time counts of who uses an array (`_nrt`): at every call
# of a part those were two atomic operations an array, a fifth of the time of some phases.
_uncounted: Any = {"_nrt": False}  # an option that Numba's type stubs leave out
inline = njit(nogil=True, error_model="numpy", forceinline=True, **_uncounted)  # small pure functions of floats
routine = njit(nogil=True, error_model="numpy", **_uncounted)  # parts too large to repeat in every caller
allocating = njit(nogil=True, error_model="numpy")  # the few parts that make arrays


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

    def compile(self, cached: bool = True) -> None:
        self.compiled = njit(self.signature, nogil=True, error_model="numpy", cache=cached)(self.source)


def source_hash(room: Path = Path(__file__).parent) -> str:
    """Hash of every module of a room (this one) and of the compiler's version: the identity of the compiled code."""
    digest = hashlib.sha256(f"{numba.__version__} {sys.version_info[:2]}".encode())
    for path in sorted(room.glob("*.py")):
        digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:16]


def cache_folder() -> Path:
    """Where compiled kernels are kept: under NUMBA_CACHE_DIR if that is set, else in the user's cache folder."""
    if config.CACHE_DIR:
        return Path(config.CACHE_DIR) / f"openpoet-{source_hash()}"
    if sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA", Path.home() / "AppData" / "Local"))
    elif sys.platform == "darwin":
        base = Path.home() / "Library" / "Caches"
    else:
        base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return base / "openpoet" / f"kernels-{source_hash()}"


@contextlib.contextmanager
def caching_in(folder: Path) -> Iterator[None]:
    """Numba's cache folder is a global of Numba's; it is ours only while our kernels are compiled."""
    before = config.CACHE_DIR
    config.CACHE_DIR = str(folder)
    try:
        yield
    finally:
        config.CACHE_DIR = before


def compile_all(kernels: list[Kernel], progress: Callable[[str], None] | None) -> float:
    """Compile or load the kernels that are not ready; seconds it took. `progress` hears of each that must be compiled.

    Without a writable cache folder everything still works, but every process compiles anew; `progress` is told.
    """
    start = time.perf_counter()
    waiting = [kernel for kernel in kernels if kernel.compiled is None]
    if not waiting:
        return 0.0
    say = progress or (lambda line: None)
    folder = cache_folder()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        cached = os.access(folder, os.W_OK)
    except OSError:
        cached = False
    if not cached:
        say(f"{folder} cannot be written, so compiled kernels are not kept; set NUMBA_CACHE_DIR to a folder that can")
    with caching_in(folder) if cached else contextlib.nullcontext():
        for number, kernel in enumerate(waiting, 1):
            what = f"{kernel.title} ({number} of {len(waiting)})"
            known = cached and any(folder.rglob(f"*.{kernel.source.__name__}-*.nbc"))
            if not known:
                say(f"compiling {what}, once, about {kernel.seconds} s")
            kernel.compile(cached)
    return time.perf_counter() - start
