"""Compiled kernels on disk, shared by all copies of the same source and by both package names.

Numba's own cache files lie under the path of the source file and hold the name of its module, so
neither another clone nor another import name (`envs` in the clone, `openpoet.envs` once installed)
can use them. Here the folder is named by a hash of the source and the compiler, and functions are
compiled under a module name of their own (`shared_name`).

agents/search and envs/walker/physics hold the same file, since rooms do not import each other; a
test compares them.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import stat
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any

import llvmlite
import numba
from numba.core.caching import FunctionCache

config: Any = numba.config  # its attributes are made at run time


def source_hash(source: Path) -> str:
    """Hash of every module in a folder and of the compiler's versions: what compiled code is of."""
    compiler = f"{numba.__version__} {llvmlite.__version__} {sys.version_info[:2]}"
    digest = hashlib.sha256(compiler.encode())
    for path in sorted(source.glob("*.py")):
        digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:16]


def cache_folder(name: str, source: Path) -> Path:
    """Where kernels of this source are kept: in NUMBA_CACHE_DIR, or else in the user's cache
    folder.

    RuntimeError if the user has no home folder.
    """
    if config.CACHE_DIR:
        return Path(config.CACHE_DIR) / f"openpoet-{name}-{source_hash(source)}"
    if sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    elif sys.platform == "darwin":
        base = Path.home() / "Library" / "Caches"
    else:
        base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return base / "openpoet" / f"{name}-{source_hash(source)}"


def usable_folder(name: str, source: Path, within: str = "") -> tuple[Path | None, str]:
    """The cache folder (or a folder within it), made if need be, and a text: where kernels are
    kept.

    None, and the reason in the text, if it cannot be used. Cache files are pickles, which run any
    code when they are read: a folder of another user, or one that others can write to, is not used.
    """
    advice = "set NUMBA_CACHE_DIR to a folder of your own"
    try:
        folder = cache_folder(name, source)
        for part in (folder, folder / within):
            part.mkdir(mode=0o700, parents=True, exist_ok=True)
            if fault := _unsafe(part):
                return None, f"not kept, since {part} {fault}: {advice}"
    except RuntimeError:  # from Path.home()
        return None, f"not kept, since this user has no home folder: {advice}"
    except OSError as error:
        return None, f"not kept, since {error.filename} cannot be made ({error.strerror}): {advice}"
    return folder / within, f"kept in {folder / within}"


def _unsafe(folder: Path) -> str:
    """Why cache files are neither written to nor read from this folder; empty if they are."""
    state = os.lstat(folder)
    if hasattr(os, "getuid"):
        if state.st_uid != os.getuid():
            return "belongs to another user"
        if stat.S_ISLNK(state.st_mode) or state.st_mode & 0o022:
            return "is a link or can be written to by other users"
    return "" if os.access(folder, os.W_OK) else "cannot be written to"


def shared_name(function: Any) -> Any:
    """The function, its module named as in the cache, where an empty module of that name is enough.

    Numba imports a function's module when it loads the function; compiled code uses nothing of it.
    """
    name = f"openpoet-compiled.{function.__module__.rpartition('.')[2]}"
    sys.modules.setdefault(name, ModuleType(name))
    function.__module__ = name
    return function


def compiled(source: Any, signature: Any, folder: Path | None, on_miss: Callable[[], None]) -> Any:
    """The kernel from the folder. If it is not there: `on_miss` is called, it is compiled and kept.

    folder: None keeps it nowhere. source: a function whose parts went through shared_name.
    """
    if config.DISABLE_JIT:
        return source
    dispatcher: Any = numba.njit(nogil=True, error_model="numpy")(shared_name(source))
    if folder is None:
        on_miss()
    else:
        dispatcher._cache = kernel_cache(FunctionCache, folder, on_miss)(source)
    dispatcher.compile(signature)
    dispatcher.disable_compile()
    return dispatcher


@dataclass(frozen=True)
class _Locator:
    """Numba's cache locator: where the files of one function are, and of which version they are."""

    folder: Path
    _py_file: str  # Numba reads it for its warnings

    def ensure_cache_path(self) -> None:
        """Nothing: usable_folder has made it."""

    def get_cache_path(self) -> str:
        return str(self.folder)

    def get_source_stamp(self) -> str:
        return ""  # the folder's name says it


def kernel_cache(numba_cache: Any, folder: Path, on_miss: Callable[[], None]) -> Any:
    """A class like Numba's FunctionCache or numba-cuda's CUDACache that keeps files in this folder.

    on_miss: called before a function is compiled because it is not in the cache. OSError, one line,
    if a file cannot be read. If one cannot be written, a line says so and the kernel works.
    """

    class Files(numba_cache._impl_class):
        def __init__(self, function: FunctionType) -> None:  # Numba's own searches for a locator
            self._lineno = function.__code__.co_firstlineno
            self._locator = _Locator(folder, function.__code__.co_filename)
            module = function.__module__.rpartition(".")[2]
            self._filename_base = f"{module}.{function.__qualname__}"

    class Cache(numba_cache):
        _impl_class = Files

        def load_overload(self, signature: Any, target_context: Any) -> Any:
            try:
                found = super().load_overload(signature, target_context)
            except Exception as error:  # a damaged pickle can raise anything
                what = f"{type(error).__name__}: {error}"
                raise OSError(f"kernels in {folder} are damaged, delete it ({what})") from error
            if found is None:
                on_miss()
            return found

        def save_overload(self, signature: Any, data: Any) -> None:
            try:
                super().save_overload(signature, data)
            except OSError as error:
                to_stderr(f"a compiled kernel is not kept in {folder}: {error.strerror}")

    return Cache


def to_stderr(line: str) -> None:
    """Print a line for the user. A process without stderr does without the line."""
    if sys.stderr is not None:
        with contextlib.suppress(OSError, ValueError):  # closed, or a pipe that nothing reads
            print(f"openpoet: {line}", file=sys.stderr, flush=True)
