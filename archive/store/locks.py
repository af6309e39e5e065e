"""Locks of a run folder. The kernel holds them for a process and drops them with it, however it
ends.

A process that is forked shares its parent's locks, and would keep them for as long as it lives: it
lets go at once.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .files import open_own

LOCK = "lock"  # the file in a run folder that its writer holds
_held: set[int] = set()  # descriptors of this process


def release(descriptor: int) -> None:
    """Gives back what `writer` or `folder_shared` gave."""
    _held.discard(descriptor)
    os.close(descriptor)


def _let_go() -> None:
    for descriptor in tuple(_held):
        release(descriptor)


os.register_at_fork(after_in_child=_let_go)


def writer(folder: Path) -> int:
    """The writer's lock, as a descriptor to release. ValueError with the process that has it."""
    path = folder / LOCK
    descriptor = open_own(path, os.O_RDWR | os.O_CREAT)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        holder = os.pread(descriptor, 20, 0).decode("ascii", "replace").strip()
        os.close(descriptor)
        who = f"process {holder}" if holder.isdecimal() else "another process"
        raise ValueError(
            f"{folder} is being written to by {who}: wait for it, or stop it"
        ) from None
    try:
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
    except BaseException:
        os.close(descriptor)
        raise
    _held.add(descriptor)
    return descriptor


def folder_shared(folder: Path) -> int:
    """A reader's lock on a folder of files, as a descriptor to release: nothing in it is deleted
    meanwhile.
    """
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    _held.add(descriptor)
    fcntl.flock(descriptor, fcntl.LOCK_SH)  # waits at most for one deletion
    return descriptor


@contextmanager
def unread(folder: Path) -> Iterator[bool]:
    """Whether nobody reads in the folder now; if so, readers that come wait until the block
    ends.
    """
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
