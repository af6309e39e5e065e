"""The database of a run, `archive.db`: its tables, and how one is made, opened and checked.

A run folder may come from a stranger. A SQLite file can hold views and triggers, which are code, so
a database is only used if its schema is this one, letter by letter.
"""

from __future__ import annotations

import os
import sqlite3
import stat
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from .files import check_own
from .files import create as create_file
from .limits import MOST_CELL, MOST_DATABASE, readable
from .refusals import in_use, locked, words, wrong

APPLICATION_ID = 0x504F4554  # "POET"
SCHEMA = 3  # user_version; raise it with any change below
LONGEST_WAIT = 10.0  # seconds for another program's transaction to end

# Columns named clock_* hold times. Tasks, scores, parts, settings, commands and versions are JSON.
TABLES = {
    # The iteration from which a setting holds: 0 for the settings of the launch; above 0 for those
    # changed when the run was resumed.
    "settings": """CREATE TABLE settings (
        iteration INTEGER NOT NULL, section TEXT NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL,
        PRIMARY KEY (iteration, section, key)
    ) STRICT, WITHOUT ROWID""",
    # A process that wrote iterations from this one on.
    "sessions": """CREATE TABLE sessions (
        id INTEGER PRIMARY KEY, iteration INTEGER NOT NULL, command TEXT NOT NULL,
        versions TEXT NOT NULL,
        clock_began REAL NOT NULL
    ) STRICT""",
    "niches": """CREATE TABLE niches (
        id INTEGER PRIMARY KEY, parent INTEGER, born INTEGER NOT NULL, died INTEGER, solved INTEGER,
        score REAL, before REAL, best REAL, novelty REAL,
        viable_to_all INTEGER NOT NULL CHECK (viable_to_all IN (0, 1)),
        viable_to_retired INTEGER NOT NULL CHECK (viable_to_retired IN (0, 1)),
        source TEXT, task TEXT NOT NULL, birth_agent TEXT NOT NULL, agent TEXT NOT NULL,
        scores TEXT NOT NULL,
        score_key TEXT NOT NULL
    ) STRICT""",
    "scores": """CREATE TABLE scores (
        iteration INTEGER NOT NULL, niche INTEGER NOT NULL, score REAL NOT NULL, before REAL,
        PRIMARY KEY (iteration, niche)
    ) STRICT, WITHOUT ROWID""",
    "children": """CREATE TABLE children (
        id INTEGER PRIMARY KEY, iteration INTEGER NOT NULL, parent INTEGER NOT NULL,
        task TEXT NOT NULL,
        outcome TEXT NOT NULL, score REAL, novelty REAL, niche INTEGER
    ) STRICT""",
    "transfers": """CREATE TABLE transfers (
        id INTEGER PRIMARY KEY, iteration INTEGER NOT NULL, kind TEXT NOT NULL,
        source INTEGER NOT NULL, target INTEGER NOT NULL,
        at_birth INTEGER NOT NULL CHECK (at_birth IN (0, 1)),
        score REAL NOT NULL, bar REAL, accepted INTEGER NOT NULL CHECK (accepted IN (0, 1)),
        steps INTEGER NOT NULL
    ) STRICT""",
    # PATA-EC scores of the agents of retired niches (source) in niches, which never change;
    # iteration: when kept.
    "retired_scores": """CREATE TABLE retired_scores (
        iteration INTEGER NOT NULL, source INTEGER NOT NULL, niche INTEGER NOT NULL,
        score REAL NOT NULL,
        PRIMARY KEY (source, niche)
    ) STRICT, WITHOUT ROWID""",
    "ledger": """CREATE TABLE ledger (
        iteration INTEGER NOT NULL, purpose TEXT NOT NULL, steps INTEGER NOT NULL,
        PRIMARY KEY (iteration, purpose)
    ) STRICT, WITHOUT ROWID""",
    # children, transfers and steps: so many so far. state, chain: archive/chain.py.
    "iterations": """CREATE TABLE iterations (
        iteration INTEGER PRIMARY KEY, active INTEGER NOT NULL, retired INTEGER NOT NULL,
        best REAL, median REAL,
        annecs INTEGER NOT NULL, annecs_reference INTEGER NOT NULL, children INTEGER NOT NULL,
        transfers INTEGER NOT NULL, steps INTEGER NOT NULL, clock_seconds REAL NOT NULL,
        state TEXT NOT NULL, chain TEXT NOT NULL
    ) STRICT""",
    # The population but for its niches and the scores of retired agents: those are in tables of
    # their own.
    "checkpoint": """CREATE TABLE checkpoint (
        part TEXT PRIMARY KEY, value TEXT NOT NULL
    ) STRICT, WITHOUT ROWID""",
}


def _described() -> dict[str, list[tuple[str, str, int]]]:
    """The columns of each table in their order: name, type, and place in the key, from 1; 0: not
    part of it.
    """
    database = sqlite3.connect(":memory:")
    try:
        for statement in TABLES.values():
            database.execute(statement)
        info = {
            table: database.execute(f"PRAGMA table_info({table})").fetchall() for table in TABLES
        }
    finally:
        database.close()
    return {table: [(row[1], row[2], row[5]) for row in found] for table, found in info.items()}


COLUMNS = {table: {name: kind for name, kind, _ in found} for table, found in _described().items()}
KEYS = {
    table: [name for _, name in sorted((place, name) for name, _, place in found if place)]
    for table, found in _described().items()
}
# The order in which a run adds the rows of a table: by iteration, if they have one, then by key.
ORDER = {
    table: list(dict.fromkeys(["iteration"] * ("iteration" in COLUMNS[table]) + KEYS[table]))
    for table in TABLES
}


def create(path: Path, rows: Iterable[tuple[str, Sequence[Any]]] = ()) -> None:
    """A database at `path` with its first rows, all of it or nothing: it gets its name when it is
    complete.

    rows: (table, cells in the order of its columns).
    """
    temporary = path.with_name(f"{path.name}.new")
    for left in (
        temporary,
        path.with_name(f"{temporary.name}-wal"),
        path.with_name(f"{temporary.name}-shm"),
    ):
        left.unlink(missing_ok=True)  # of a creation that was killed
    create_file(temporary).close()
    database = sqlite3.connect(temporary, isolation_level=None)
    try:
        # Memory: the journal of this file would be left behind under its temporary name by a kill.
        database.execute("PRAGMA journal_mode=MEMORY")
        database.execute("BEGIN")
        for statement in TABLES.values():
            database.execute(statement)
        for table, cells in rows:
            database.execute(f"INSERT INTO {table} VALUES ({', '.join('?' * len(cells))})", cells)
        database.execute(f"PRAGMA application_id={APPLICATION_ID}")
        database.execute(f"PRAGMA user_version={SCHEMA}")
        database.execute("COMMIT")
        database.execute("PRAGMA journal_mode=WAL")
    finally:
        database.close()
    temporary.rename(path)


def connect(path: Path, write: bool) -> sqlite3.Connection:
    """The database of a run, checked. ValueError, one line, if it is damaged or not ours."""
    check_files(path)
    try:
        database = _open(path, write)
    except sqlite3.Error as error:
        do = in_use(path) if locked(error) else "a copy in a folder you may write to can be"
        raise ValueError(f"{path} cannot be opened: {words(error)}; {do}") from error
    try:
        _check(database, path)
        if write:
            # readers never wait for the writer, nor it for them
            database.execute("PRAGMA journal_mode=WAL")
    except sqlite3.Error as error:
        database.close()
        raise ValueError(wrong(error, path, "is damaged or no run's archive")) from error
    except BaseException:
        database.close()
        raise
    return database


def check_files(path: Path) -> None:
    """Before anything is read: plain files, of a size that a run can have."""
    for suffix in ("", "-wal", "-shm"):
        part = path.with_name(path.name + suffix)
        if part.is_symlink() or (part.exists() and not stat.S_ISREG(part.lstat().st_mode)):
            raise ValueError(f"{part} must be a plain file of this run folder")
        if suffix:  # SQLite writes these, for a reader too
            check_own(part)
        if part.exists() and part.stat().st_size > MOST_DATABASE:
            raise ValueError(
                f"{part} has {readable(part.stat().st_size)}; a run's archive has at most "
                f"{readable(MOST_DATABASE)}"
            )
    if os.path.lexists(journal := path.with_name(f"{path.name}-journal")):
        # A run never leaves one. SQLite would play it back, and a journal can name files elsewhere
        # to be deleted.
        raise ValueError(f"{journal} is no file of a run: the run is damaged or hostile")
    with path.open("rb") as file:
        head = file.read(16)
    if head != b"SQLite format 3\0":
        raise ValueError(f"{path} is not a SQLite database: the run is damaged or not openpoet's")


def _open(path: Path, write: bool) -> sqlite3.Connection:
    address = path.absolute().as_uri()
    if write:
        return _settled(f"{address}?mode=rw", write)
    try:
        return _settled(f"{address}?mode=ro", write)
    except sqlite3.OperationalError as error:
        if locked(error):
            raise
        # A reader shares memory with the writer through a file beside the database, which a
        # read-only folder does not let it make. With no log there is no writer, and the file can be
        # read as it is.
        log = path.with_name(f"{path.name}-wal")
        if log.exists() and log.stat().st_size > 0:
            raise
        return _settled(f"{address}?mode=ro&immutable=1", write)


def _settled(address: str, write: bool) -> sqlite3.Connection:
    database = sqlite3.connect(address, uri=True, isolation_level=None, timeout=LONGEST_WAIT)
    try:
        database.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, MOST_CELL)
        database.setlimit(sqlite3.SQLITE_LIMIT_ATTACHED, 0)
        database.execute("PRAGMA trusted_schema=OFF")
        database.execute("PRAGMA cell_size_check=ON")
        if write:
            # Agents' files that a commit no longer names are deleted after it. Were the commit then
            # lost with the power, as NORMAL allows, the one before it would name files that are
            # gone.
            database.execute("PRAGMA synchronous=FULL")
        database.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except BaseException:
        database.close()
        raise
    return database


def _check(database: sqlite3.Connection, path: Path) -> None:
    if (found := _number(database, "application_id")) != APPLICATION_ID:
        raise ValueError(f"{path} is not an archive of openpoet (application id {found:#x})")
    if (found := _number(database, "user_version")) != SCHEMA:
        older = (
            "it was written by an earlier openpoet: go on with it there"
            if found > 0
            else "it is damaged"
        )
        do = "upgrade openpoet" if found > SCHEMA else older
        raise ValueError(f"{path} has schema {found}, this openpoet knows {SCHEMA}: {do}")
    if _number(database, "page_count") * _number(database, "page_size") > MOST_DATABASE:
        raise ValueError(
            f"{path} claims more than {readable(MOST_DATABASE)}: it is damaged or hostile"
        )
    # SQLite makes the indices of primary keys by itself; they have no statement.
    written = database.execute(
        "SELECT type, name, tbl_name, sql FROM sqlite_master WHERE sql IS NOT NULL"
    ).fetchmany(99)
    if sorted(written) != sorted(
        ("table", name, name, statement) for name, statement in TABLES.items()
    ):
        strange = [
            ascii(f"{row[0]} {row[1]}")[1:-1][:60]
            for row in written
            if row[:2] not in {("table", name) for name in TABLES}
        ]
        raise ValueError(
            f"{path} has another schema than a run's archive "
            f"({', '.join(strange[:3]) or 'tables differ'})"
        )
    if (health := database.execute("PRAGMA quick_check(1)").fetchone()[0]) != "ok":
        raise ValueError(f"{path} is damaged: {' '.join(health.split())[:120]}")


def _number(database: sqlite3.Connection, pragma: str) -> int:
    return int(database.execute(f"PRAGMA {pragma}").fetchone()[0])
