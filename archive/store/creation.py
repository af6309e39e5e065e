"""Creation of run folders, and handling of folders whose creation was interrupted.

The database is created last and gets its name when it is complete, so a folder with an archive.db
has all other files. A run that was killed before its first commit contains no results: another run
can be launched into the same folder.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import sqlite3
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..museum.files import packs
from . import schema
from .agent_files import AgentFiles, sync_folder
from .files import check_own, create, make_folder
from .limits import MOST_CONFIG, MOST_SETTINGS, readable
from .locks import LOCK, release, writer
from .refusals import reason
from .sessions import Session, session_row, setting_rows

if TYPE_CHECKING:
    from openpoet.poet.interfaces import Agent

MARK = "# The settings of an openpoet run, complete."
LEFT_BY_A_KILL = re.compile(r"[0-9a-f]{64}\.(tmp|safetensors)", re.ASCII)  # in agents/
OURS = {LOCK, "config.toml", "config.toml.new", "agents"} | {
    f"archive.db{new}{end}" for new in ("", ".new") for end in ("", "-wal", "-shm")
}


@dataclass(frozen=True)
class Copied:
    """Rows and agents of other archives: (table, cells), and hashes with their agents."""

    rows: Iterable[tuple[str, Sequence[Any]]]
    agents: Iterable[tuple[str, Agent]]


def make(
    path: Path,
    config_toml: str,
    command: Sequence[str],
    versions: Mapping[str, str],
    copied: Copied | None = None,
) -> int:
    """Create the folder of a new run; the writer's lock. FileExistsError or OSError, one line, if
    it cannot be created.

    copied: all rows and agents of the run, if it is a copy of others. ValueError if it would have
    the name of a pack of the museum.
    """
    if path.name in packs():
        raise ValueError(f"{path.name} is a pack of the museum: choose another name for {path}")
    try:
        _refuse_what_is_there(path)
        path.mkdir(parents=True, exist_ok=True)
        lock = writer(path)
    except FileExistsError:
        raise
    except OSError as error:
        raise OSError(
            f"cannot make the run folder {path}: {reason(error)}; choose another folder"
        ) from error
    try:
        _refuse_what_is_there(path)  # again, now that no other process can create it
        config = _commented(config_toml, command, versions)
        settings = _tables(config)
        _fill(path, config, copied or _launched(Session(command, versions, settings)))
    except (OSError, sqlite3.Error) as error:
        release(lock)
        if isinstance(error, FileExistsError):
            raise
        raise OSError(
            f"cannot make the run folder {path}: {reason(error)}; free space, or choose another "
            "folder"
        ) from error
    except BaseException:
        release(lock)
        raise
    return lock


def _tables(config: str) -> dict[str, dict[str, Any]]:
    """The settings of a config.toml that can be read again."""
    if (length := len(config.encode())) > MOST_CONFIG:
        raise ValueError(
            f"the settings take {readable(length)}, config.toml at most {readable(MOST_CONFIG)}"
        )
    tables = tomllib.loads(config)
    for name, table in tables.items():
        if not isinstance(table, dict):
            raise ValueError(
                f"a setting must be in a section, such as [run], got {name} before the first"
            )
    if (number := sum(map(len, tables.values()))) > MOST_SETTINGS:
        raise ValueError(f"a run has at most {MOST_SETTINGS} settings, got {number}")
    return tables


def _launched(session: Session) -> Copied:
    """The first rows of a run that is launched."""
    settings = setting_rows(session.settings, 0)
    first = [("settings", list(row.values())) for row in settings]
    return Copied([*first, ("sessions", [1, *session_row(session, 0).values()])], ())


def _fill(path: Path, config: str, copied: Copied) -> None:
    agents, database = path / "agents", path / "archive.db"
    for end in ("", "-wal", "-shm"):
        database.with_name(f"archive.db{end}").unlink(missing_ok=True)
    make_folder(agents)
    files = AgentFiles(agents)
    files.delete(files.strays(()))
    temporary = path / "config.toml.new"
    with create(temporary) as file:
        file.write(config.encode())
        file.flush()
        os.fsync(file.fileno())
    temporary.rename(path / "config.toml")
    for name, agent in copied.agents:
        files.write({name: agent})
    schema.create(database, copied.rows)
    sync_folder(path)


def _commented(config_toml: str, command: Sequence[str], versions: Mapping[str, str]) -> str:
    known = ", ".join(f"{name} {version}" for name, version in sorted(versions.items()))
    # as JSON, since a comment must not contain line breaks
    return (
        f"{MARK}\n# versions: {json.dumps(known)}\n# command: "
        f"{json.dumps(shlex.join(command))}\n\n{config_toml}"
    )


def _refuse_what_is_there(path: Path) -> None:
    if not os.path.lexists(path):
        return
    if not path.is_dir():
        raise FileExistsError(f"{path} is a file, not a folder; choose another path")
    names = {entry.name for entry in os.scandir(path)}
    if "archive.db" in names and _committed(path / "archive.db"):
        raise FileExistsError(f"{path} is already a run: resume it, or choose another folder")
    if not names <= OURS or not _is_ours(path, names):
        raise FileExistsError(f"{path} is not empty and not a run; choose another folder")


def _committed(database: Path) -> bool:
    """Whether a run has an iteration; also True for a damaged run, which must not be deleted."""
    try:
        found = schema.connect(database, write=False)
    except ValueError:
        return True
    try:
        return found.execute("SELECT count(*) FROM iterations").fetchone()[0] > 0
    finally:
        found.close()


def _is_ours(path: Path, names: set[str]) -> bool:
    """Whether a folder with these names, all of a run's files, is from an interrupted creation."""
    config, agents = path / "config.toml", path / "agents"
    if "agents" in names and (agents.is_symlink() or not agents.is_dir()):
        return False
    try:
        for name in names - {"agents"}:
            check_own(path / name)
    except ValueError:
        return False
    if "config.toml" in names:
        with config.open("rb") as file:
            if file.readline(len(MARK)) != MARK.encode():
                return False
    if "agents" in names:
        return all(LEFT_BY_A_KILL.fullmatch(entry.name) for entry in os.scandir(agents))
    return True


def missing(path: Path, write: bool) -> str:
    """Why a folder is not a valid run, in one line; empty if it is. write: whether it is opened for
    writing.
    """
    if not path.is_dir():
        return f"{path} is not a folder: there is no run"
    if not os.path.lexists(path / "archive.db"):
        return f"{path} is not a run: it has no archive.db"
    for name, wanted in (("config.toml", os.path.isfile), ("agents", os.path.isdir)):
        if not wanted(path / name) or (path / name).is_symlink():
            return f"{path} is damaged: it has no {name} of its own"
    # files written during a run must not be links out of the folder, nor pipes that block
    files, folders = ("run.log", "events.jsonl"), ("tb", "states")
    kinds = dict.fromkeys(files, os.path.isfile) | dict.fromkeys(folders, os.path.isdir)
    for name, wanted in kinds.items():
        if os.path.lexists(path / name) and (not wanted(path / name) or (path / name).is_symlink()):
            return f"{path} is damaged or hostile: it has no {name} of its own"
    return _shared(path) if write else ""


def _shared(path: Path) -> str:
    """The first of the files changed by a writer that is a link or has other hard links, in one
    line; empty if none.
    """
    tensorboard = path / "tb"
    names = [entry.name for entry in os.scandir(tensorboard)] if tensorboard.is_dir() else []
    try:
        for name in ("archive.db", "run.log", "events.jsonl", *(f"tb/{name}" for name in names)):
            check_own(path / name)
    except ValueError as error:
        return str(error)
    return ""
