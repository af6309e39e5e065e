"""Reading of a pack: one SQLite file with the tables of a run and the files of its agents.

A pack is written once and never changed, so it is opened as immutable: SQLite then neither writes
beside it nor reads a journal or log that lies there.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING

from . import schema
from .limits import MOST_AGENT, MOST_DATABASE, readable
from .refusals import damaged, wrong
from .weights import check_name, decode

if TYPE_CHECKING:
    import torch


def connect(path: Path) -> sqlite3.Connection:
    """The validated database of a pack. ValueError, one line, if it is damaged or not a pack."""
    if (size := path.stat().st_size) > MOST_DATABASE:
        raise ValueError(
            f"{path} has {readable(size)}; a pack has at most {readable(MOST_DATABASE)}"
        )
    schema.check_head(path, "a pack is made with `export RUN`")
    try:
        database = schema.settled(f"{path.absolute().as_uri()}?mode=ro&immutable=1", write=False)
    except sqlite3.Error as error:
        otherwise = "is damaged or not a pack" if damaged(error) else "cannot be opened"
        raise ValueError(wrong(error, path, otherwise)) from error
    try:
        schema.check(database, path, schema.PACK)
    except sqlite3.Error as error:
        database.close()
        raise ValueError(wrong(error, path, "is damaged or not a pack")) from error
    except BaseException:
        database.close()
        raise
    return database


class PackedAgents:
    """The agents of a pack, by their hashes."""

    def __init__(self, path: Path, database: sqlite3.Connection) -> None:
        self.path, self.database = path, database

    def holds(self, name: str) -> bool:
        """Whether the pack has this agent."""
        return self._find(name) is not None

    def size(self, name: str) -> int:
        """Bytes of an agent's file. ValueError if it is missing or too large."""
        return self._place(name)[1]

    def read(self, name: str) -> dict[str, torch.Tensor]:
        """The agent with this hash, verified."""
        row, _ = self._place(name)
        where = f"{self.path}: agent {name}"
        try:
            with self.database.blobopen("agents", "file", row, readonly=True) as file:
                data = file.read()
        except sqlite3.Error as error:
            raise ValueError(wrong(error, self.path)) from error
        agent, found = decode(data, where)
        if found != name:
            raise ValueError(f"{where} is damaged: its content does not have this hash")
        return agent

    def _place(self, name: str) -> tuple[int, int]:
        """The agent's row, and the bytes of its file."""
        if (found := self._find(name)) is None:
            raise ValueError(f"{self.path} has no agent {name}: it is damaged")
        if found[1] > MOST_AGENT:
            raise ValueError(
                f"{self.path}: agent {name} has {readable(found[1])}, an agent at most "
                f"{readable(MOST_AGENT)}"
            )
        return found

    def _find(self, name: str) -> tuple[int, int] | None:
        query = "SELECT rowid, length(file) FROM agents WHERE hash = ?"
        try:
            found = self.database.execute(query, (check_name(name),)).fetchone()
        except sqlite3.Error as error:
            raise ValueError(wrong(error, self.path)) from error
        return None if found is None else (int(found[0]), int(found[1]))
