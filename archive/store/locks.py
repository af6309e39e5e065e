"""Locks of a run folder: file locks (flock), which the kernel releases when the process ends.

A forked process shares its parent's locks and would hold them until it ends, so it closes them
immediately.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .files import open_own

LOCK = "lock"  # the file in a run folder that its writer locks
LOOKING = 0.05  # seconds for which `written_now` of another process may hold a lock, at most
_held: set[int] = set()  # descriptors of this process


def release(descriptor: int) -> None:
    """Release a lock of `writer` or `folder_shared`."""
    _held.discard(descriptor)
    os.close(descriptor)


def _let_go() -> None:
    for descriptor in tuple(_held):
        release(descriptor)


os.register_at_fork(after_in_child=_let_go)


def writer(folder: Path) -> int:
    """Acquire the writer's lock; a descriptor for `release`. ValueError, with the id of the process
    that holds it.
    """
    path = folder / LOCK
    descriptor = open_own(path, os.O_RDWR | os.O_CREAT)
    try:
        _lock(descriptor)
    except BlockingIOError:
        holder = os.pread(descriptor, 20, 0).decode("ascii", "replace").strip()
        os.close(descriptor)
        holder = f"process {holder}" if holder.isdecimal() else "another process"
        raise ValueError(
            f"{folder} is being written to by {holder}: wait for it, or stop it"
        ) from None
    try:
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
    except BaseException:
        os.close(descriptor)
        raise
    _held.add(descriptor)
    return descriptor


def _lock(descriptor: int) -> None:
    """BlockingIOError if another process holds the lock for longer than a look takes."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        time.sleep(LOOKING)
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


def written_now(folder: Path) -> bool:
    """Whether a process holds the writer's lock. Nothing is created or changed."""
    try:
        descriptor = os.open(folder / LOCK, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    else:
        return False
    finally:
        os.close(descriptor)


def folder_shared(folder: Path) -> int:
    """Acquire a reader's lock on a folder of files, which prevents deletion of the files; a
    descriptor for `release`.
    """
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    _held.add(descriptor)
    fcntl.flock(descriptor, fcntl.LOCK_SH)  # waits at most for one deletion
    return descriptor


@contextmanager
def unread(folder: Path) -> Iterator[bool]:
    """Context: True if the folder has no readers; then new readers wait until the block ends."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True
    finally:
        os.close(descriptor)
