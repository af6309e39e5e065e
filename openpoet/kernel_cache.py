"""Disk cache of compiled kernels, shared by all copies of the same source.

Numba's own cache files are stored by the path of the source file and contain the name of its
module, so that another clone or installation cannot use them. Here the folder is named by a hash of
the source and the compiler, and functions are compiled under a separate module name
(`shared_name`).

Like openpoet.settings, a module that every room may import. It imports none of them.
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
    """Hash of every module in a folder and of the compiler's versions."""
    compiler = f"{numba.__version__} {llvmlite.__version__} {sys.version_info[:2]}"
    digest = hashlib.sha256(compiler.encode())
    for path in sorted(source.glob("*.py")):
        digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:16]


def cache_folder(name: str, source: Path) -> Path:
    """The folder for kernels of this source: in NUMBA_CACHE_DIR, or else in the user's cache
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
    """The cache folder, or a folder within it, created if missing; and a text that describes where
    kernels are kept.

    None, and the reason in the text, if it cannot be used. Cache files are pickles, which can run
    any code when they are read, so a folder that belongs to or is writable by other users is not
    used.
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
    """Why this folder cannot be used for cache files; empty if it can."""
    state = os.lstat(folder)
    if hasattr(os, "getuid"):
        if state.st_uid != os.getuid():
            return "belongs to another user"
        if stat.S_ISLNK(state.st_mode) or state.st_mode & 0o022:
            return "is a link or can be written to by other users"
    return "" if os.access(folder, os.W_OK) else "cannot be written to"


def shared_name(function: Any) -> Any:
    """The function with its module renamed to that in the cache.

    Numba imports a function's module when it loads the function, but compiled code does not use it;
    an empty module of that name is sufficient.
    """
    name = f"openpoet-compiled.{function.__module__.rpartition('.')[2]}"
    sys.modules.setdefault(name, ModuleType(name))
    function.__module__ = name
    return function


def compiled(source: Any, signature: Any, folder: Path | None, on_miss: Callable[[], None]) -> Any:
    """The kernel from the folder. If it is missing, `on_miss` is called and the kernel is compiled
    and stored.

    folder: None: not stored. source: a function whose callees were passed to shared_name.
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
    """Numba's cache locator: the location and version of one function's files."""

    folder: Path
    _py_file: str  # Numba reads it for its warnings

    def ensure_cache_path(self) -> None:
        """No effect: usable_folder has created the folder."""

    def get_cache_path(self) -> str:
        return str(self.folder)

    def get_source_stamp(self) -> str:
        return ""  # the folder's name contains the version


def kernel_cache(numba_cache: Any, folder: Path, on_miss: Callable[[], None]) -> Any:
    """A class like Numba's FunctionCache or numba-cuda's CUDACache that keeps files in this folder.

    on_miss: called before a function is compiled because it is not in the cache. OSError, one line,
    if a file cannot be read. If one cannot be written, a line on stderr reports it and the kernel
    works.
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
    """Print a line on stderr, if the process has one."""
    if sys.stderr is not None:
        with contextlib.suppress(OSError, ValueError):  # closed, or a pipe that nothing reads
            print(f"openpoet: {line}", file=sys.stderr, flush=True)
