"""Result files that are written completely or not at all."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Context with a new, empty file beside `path`; it gets its name on success, else is removed.

    No link is followed. OSError, one line with `path`, if it cannot be written; one about another
    file, which the caller reads, is left as it is.
    """
    partial = path.with_name(f".{path.name}.partial")
    try:
        _create(partial)
        yield partial
        partial.replace(path)
    except OSError as error:
        if error.filename not in (None, path, partial, str(path), str(partial)):
            raise
        raise OSError(f"cannot write {path}: {error.strerror or error}") from error
    finally:
        with suppress(OSError):
            partial.unlink(missing_ok=True)


def check_writable(path: Path) -> None:
    """OSError, as of `whole_file`, if no file can be made at `path`: call it before long work."""
    if path.is_dir():
        raise IsADirectoryError(f"cannot write {path}: it is a folder")
    partial = path.with_name(f".{path.name}.check")
    try:
        _create(partial)
    except OSError as error:
        raise OSError(f"cannot write {path}: {error.strerror or error}") from error
    finally:
        with suppress(OSError):
            partial.unlink(missing_ok=True)


def _create(path: Path) -> None:
    path.unlink(missing_ok=True)
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    os.close(os.open(path, flags, 0o666))


def write_whole(path: Path, text: str) -> None:
    """Write a file of text. OSError, one line with `path`, if it cannot be written."""
    with whole_file(path) as partial:
        partial.write_text(text, encoding="utf-8")
