"""The databases of runs (`archive.db`) and packs: creation, opening, validation.

Their tables are in tables.py; a pack has one more, with the files of its agents.

A database can come from an untrusted source, and a SQLite file can contain views and triggers,
which are code. A database is therefore used only if its schema has exactly the statements of its
form, apart from white space.
"""

from __future__ import annotations

import os
import re
import sqlite3
import stat
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .files import check_own
from .files import create as create_file
from .limits import MOST_CELL, MOST_DATABASE, readable
from .refusals import damaged, locked, to_open, words, wrong
from .tables import TABLES

SCHEMA = 4  # user_version; raise it with any change of tables.py
LONGEST_WAIT = 10.0  # seconds for another program's transaction to end

STATEMENTS = {name: table.sql for name, table in TABLES.items()}
COLUMNS = {name: {c.name: c.type for c in table.columns} for name, table in TABLES.items()}
# The order in which a run adds the rows of a table: by iteration, if they have one, then by key.
ORDER = {
    name: list(dict.fromkeys(["iteration"] * ("iteration" in COLUMNS[name]) + [*table.key]))
    for name, table in TABLES.items()
}


@dataclass(frozen=True)
class Form:
    """A kind of database.

    name: in messages. mark: SQLite's application id. statements: SQL of its tables, by name.
    """

    name: str
    mark: int
    statements: Mapping[str, str]


RUN = Form("a run's archive", 0x504F4554, STATEMENTS)  # "POET"
AGENTS = """CREATE TABLE agents (
    hash TEXT PRIMARY KEY,
    file BLOB NOT NULL
) STRICT"""
PACK = Form("a pack", 0x504F4550, STATEMENTS | {"agents": AGENTS})  # "POEP"


def create(path: Path, rows: Iterable[tuple[str, Sequence[Any]]] = (), form: Form = RUN) -> None:
    """Create a database at `path` with its first rows; it gets its name when it is complete.

    rows: (table, cells in the order of its columns). If they raise an error, no file is left.
    """
    temporary = path.with_name(f"{path.name}.new")
    for left in (
        temporary,
        path.with_name(f"{temporary.name}-wal"),
        path.with_name(f"{temporary.name}-shm"),
    ):
        left.unlink(missing_ok=True)  # of a creation that was killed
    create_file(temporary).close()
    try:
        _fill(temporary, rows, form)
        temporary.rename(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def _fill(path: Path, rows: Iterable[tuple[str, Sequence[Any]]], form: Form) -> None:
    database = sqlite3.connect(path, isolation_level=None)
    try:
        # in memory, since a kill would leave a journal file under the temporary name
        database.execute("PRAGMA journal_mode=MEMORY")
        database.execute("BEGIN")
        for statement in form.statements.values():
            database.execute(statement)
        for table, cells in rows:
            database.execute(f"INSERT INTO {table} VALUES ({', '.join('?' * len(cells))})", cells)
        database.execute(f"PRAGMA application_id={form.mark}")
        database.execute(f"PRAGMA user_version={SCHEMA}")
        database.execute("COMMIT")
        if form is RUN:
            database.execute("PRAGMA journal_mode=WAL")
    finally:
        database.close()


def connect(path: Path, write: bool) -> sqlite3.Connection:
    """The validated database of a run. ValueError, one line, if it is damaged or not a run's."""
    check_files(path)
    try:
        database = _open(path, write)
    except sqlite3.Error as error:
        if damaged(error):
            raise ValueError(wrong(error, path, "is damaged or no run's archive")) from error
        raise ValueError(
            f"{path} cannot be opened: {words(error)}; {to_open(error, path)}"
        ) from error
    try:
        check(database, path, RUN)
        if write:
            # readers and the writer do not block each other
            database.execute("PRAGMA journal_mode=WAL")
    except sqlite3.Error as error:
        database.close()
        raise ValueError(wrong(error, path, "is damaged or no run's archive")) from error
    except BaseException:
        database.close()
        raise
    return database


def check_files(path: Path) -> None:
    """ValueError unless the database and its log are plain files within the size limits."""
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
        # A run leaves no journal. SQLite would replay it, and a journal can name other files to be
        # deleted.
        raise ValueError(f"{journal} is no file of a run: the run is damaged or hostile")
    check_head(path, "the run is damaged or not openpoet's")


def check_head(path: Path, otherwise: str) -> None:
    """ValueError, with `otherwise` as its explanation, unless the file begins as SQLite's do."""
    with path.open("rb") as file:
        head = file.read(16)
    if head != b"SQLite format 3\0":
        raise ValueError(f"{path} is not a SQLite database: {otherwise}")


def _open(path: Path, write: bool) -> sqlite3.Connection:
    address = path.absolute().as_uri()
    if write:
        return settled(f"{address}?mode=rw", write)
    try:
        return settled(f"{address}?mode=ro", write)
    except sqlite3.OperationalError as error:
        if locked(error):
            raise
        # A reader shares memory with the writer through a file next to the database, which cannot
        # be created in a read-only folder. Without a log there is no writer, and the database can
        # be opened as immutable.
        log = path.with_name(f"{path.name}-wal")
        if log.exists() and log.stat().st_size > 0:
            raise
        return settled(f"{address}?mode=ro&immutable=1", write)


def settled(address: str, write: bool) -> sqlite3.Connection:
    """A connection with the limits and options of every database from an untrusted source."""
    database = sqlite3.connect(
        address,
        uri=True,
        isolation_level=None,
        timeout=LONGEST_WAIT,
        check_same_thread=write,  # SQLite serialises readers of several threads
    )
    try:
        database.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, MOST_CELL)
        database.setlimit(sqlite3.SQLITE_LIMIT_ATTACHED, 0)
        database.execute("PRAGMA trusted_schema=OFF")
        database.execute("PRAGMA cell_size_check=ON")
        if write:
            # Unreferenced agents' files are deleted after a commit. With NORMAL the commit could be
            # lost in a power failure, and the previous one would refer to deleted files.
            database.execute("PRAGMA synchronous=FULL")
        database.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except BaseException:
        database.close()
        raise
    return database


def check(database: sqlite3.Connection, path: Path, form: Form) -> None:
    """ValueError, one line, unless the database is sound and has the tables of this form."""
    if (found := _number(database, "application_id")) != form.mark:
        raise ValueError(
            f"{path} is not {'an archive' if form is RUN else 'a pack'} of openpoet "
            f"(application id {found:#x})"
        )
    if (found := _number(database, "user_version")) != SCHEMA:
        older = (
            "it was written by an earlier openpoet: go on with it there"
            if found > 0
            else "it is damaged"
        )
        do = "upgrade openpoet" if found > SCHEMA else older
        raise ValueError(f"{path} has schema {found}, this openpoet reads {SCHEMA}: {do}")
    if _number(database, "page_count") * _number(database, "page_size") > MOST_DATABASE:
        raise ValueError(
            f"{path} claims more than {readable(MOST_DATABASE)}: it is damaged or hostile"
        )
    # indices of primary keys are created by SQLite and have no statement
    written = database.execute(
        "SELECT type, name, tbl_name, sql FROM sqlite_master WHERE sql IS NOT NULL"
    ).fetchmany(99)
    ours = [("table", name, name, _one_spaced(sql)) for name, sql in form.statements.items()]
    if sorted((*row[:3], _one_spaced(row[3])) for row in written) != sorted(ours):
        strange = [
            ascii(f"{row[0]} {row[1]}")[1:-1][:60]
            for row in written
            if row[:2] not in {("table", name) for name in form.statements}
        ]
        raise ValueError(
            f"{path} has another schema than {form.name} "
            f"({', '.join(strange[:3]) or 'tables differ'})"
        )
    if (health := database.execute("PRAGMA quick_check(1)").fetchone()[0]) != "ok":
        raise ValueError(f"{path} is damaged: {' '.join(health.split())[:120]}")


def _one_spaced(statement: str) -> str:
    """The statement with each run of white space as one space.

    Ours have no quoted names or strings, so two that then are equal mean the same to SQLite.
    """
    return re.sub(r"[ \t\r\n]+", " ", statement)


def _number(database: sqlite3.Connection, pragma: str) -> int:
    return int(database.execute(f"PRAGMA {pragma}").fetchone()[0])
