"""Messages for errors of SQLite and of the file system: their meaning for a run, and remedies."""

from __future__ import annotations

import errno
import sqlite3
from collections.abc import Iterator
from pathlib import Path

FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)
FORBIDDEN = (errno.EACCES, errno.EPERM, errno.EROFS)


def locked(error: sqlite3.Error) -> bool:
    """Whether the error is a lock on the database held by another program."""
    return _code(error) in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)


def damaged(error: sqlite3.Error) -> bool:
    """Whether the error is in the content of the file: it is cut off, or no database."""
    return _code(error) in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


def _code(error: sqlite3.Error) -> int:
    """SQLite's primary result code; 0 if the error is not SQLite's own."""
    return int(getattr(error, "sqlite_errorcode", 0)) & 0xFF  # the higher bits are extended codes


def in_use(path: Path) -> str:
    """The remedy for a locked database."""
    return f"another program has locked {path}; close it there"


def wrong(error: sqlite3.Error, path: Path, otherwise: str = "is damaged") -> str:
    """A one-line message for an error while reading a database: it is locked, or `otherwise`."""
    message = words(error)
    if locked(error):
        return f"{path} cannot be read: {message}; {in_use(path)}"
    return f"{path} {otherwise}: {message}"


def words(error: sqlite3.Error) -> str:
    """SQLite's message in one line, shortened: for a malformed schema it has the whole
    statement.
    """
    return ascii(" ".join(str(error).split()))[1:-1][:200]


def reason(error: OSError | sqlite3.Error) -> str:
    """The message of the operating system or of SQLite, in one line."""
    if isinstance(error, OSError):
        return error.strerror or str(error)
    return words(error)


def to_open(error: sqlite3.Error, database: Path) -> str:
    """The remedy for a database that cannot be opened, with files that SQLite makes beside it."""
    if locked(error):
        return in_use(database)
    if _code(error) in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR):
        return "is the disk full? Free space, or copy the run to another folder"
    return "a copy in a folder you may write to can be"


def remedies(error: OSError | sqlite3.OperationalError, database: Path) -> Iterator[str]:
    """Remedies for an error of a commit, if its code identifies the cause."""
    if isinstance(error, OSError):
        full, forbidden = error.errno in FULL, error.errno in FORBIDDEN
    else:
        code = _code(error)
        full = code in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR)
        forbidden = code in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM)
        if locked(error):
            yield in_use(database)
    if full:
        yield "is the disk full?"
    if forbidden:
        yield "has the folder become read-only?"
