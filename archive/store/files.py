"""Creation and opening of files in a run folder without following links out of it.

A folder can come from an untrusted source, with symbolic or hard links to any of the user's files.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import BinaryIO


def create(path: Path) -> BinaryIO:
    """A new, empty file at `path`, open for writing. An existing file or link is removed, without
    following it.
    """
    path.unlink(missing_ok=True)
    descriptor = os.open(
        path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o666
    )
    return os.fdopen(descriptor, "wb")


def open_own(path: Path, flags: int) -> int:
    """A descriptor of a plain file without other hard links; else OSError or ValueError, one
    line.
    """
    descriptor = os.open(path, flags | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, 0o666)
    try:
        check(path, os.fstat(descriptor))
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def make_folder(path: Path) -> None:
    """Create the folder at `path` if it is missing. OSError or ValueError if it is a link or a
    file.
    """
    path.mkdir(exist_ok=True)
    if path.is_symlink():
        raise ValueError(f"{path} must be a folder of this run, not a link")


def check_own(path: Path) -> None:
    """ValueError, one line, if `path` exists and is not a plain file, or has other hard links."""
    try:
        found = path.lstat()
    except FileNotFoundError:
        return
    check(path, found)


def check(path: Path, found: os.stat_result) -> None:
    if not stat.S_ISREG(found.st_mode):
        raise ValueError(f"{path} must be a plain file of this run folder")
    if found.st_nlink > 1:
        raise ValueError(
            f"{path} is also a file outside this folder (a hard link), which would change with it: "
            "copy the run"
        )
