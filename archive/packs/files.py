"""Writing of packs and of run folders that are copies: complete, or not there at all."""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..store import rows, schema
from ..store.agent_files import sync_folder
from ..store.creation import Copied, make
from ..store.limits import MOST_DATABASE, readable
from ..store.locks import release
from ..store.refusals import reason
from ..store.seal import Cells, sealed
from ..store.weights import encode

if TYPE_CHECKING:
    from openpoet.poet.interfaces import Agent

    from ..store.run_folder import Run

SUFFIX = ".poet"


@dataclass(frozen=True)
class Content:
    """What a pack or a run folder is to hold.

    rows: (table, row), in the order of the tables. agents: by hash, the archive that has each.
    complete: whether it is a whole run; selected niches get a seal. trim: what is to be written of
    an agent. stored: hashes in the archive of agents whose hashes it changes, by the new ones.
    """

    rows: Iterable[tuple[str, Mapping[str, Any]]]
    agents: Mapping[str, Run]
    complete: bool
    trim: Callable[[Agent], Agent] = lambda agent: agent
    stored: Mapping[str, str] = field(default_factory=dict)

    def cells(self) -> Iterator[tuple[str, Cells]]:
        """The rows as cells in the order of the columns, each checked as a commit's is."""
        cells = ((name, list(rows.cells(name, row, name).values())) for name, row in self.rows)
        return cells if self.complete else sealed(cells, sorted(self.agents))

    def loaded(self) -> Iterator[tuple[str, Agent]]:
        """The agents, verified one after another."""
        for name, run in sorted(self.agents.items()):
            yield name, self.trim(run.agent(self.stored.get(name, name)))

    def size(self) -> int:
        """Bytes of the agents' files in the archives."""
        named = ((self.stored.get(name, name), run) for name, run in self.agents.items())
        return sum(run.agents.size(name) for name, run in named)


def write_pack(path: Path, content: Content) -> int:
    """Write a pack; its size [bytes]. FileExistsError if there is something at the path; OSError,
    one line, if it cannot be written.

    It gets its name when it is complete and on the disk.
    """
    if os.path.lexists(path):
        raise FileExistsError(f"{path} exists already; choose another file")
    if not path.parent.is_dir():
        raise ValueError(f"there is no folder {path.parent} for {path.name}")
    if (size := content.size()) > MOST_DATABASE:
        raise ValueError(
            f"the agents have {readable(size)}, a pack at most {readable(MOST_DATABASE)}: select "
            "fewer niches"
        )
    agents = (("agents", [name, encode(agent)]) for name, agent in content.loaded())
    try:
        schema.create(path, chain(content.cells(), agents), schema.PACK)
        sync_folder(path.parent)
    except (OSError, sqlite3.Error) as error:
        raise OSError(
            f"cannot write {path}: {reason(error)}; free space, or choose another folder"
        ) from error
    return path.stat().st_size


def write_folder(
    path: Path,
    content: Content,
    config_toml: str,
    command: Sequence[str],
    versions: Mapping[str, str],
) -> None:
    """Write a run folder. FileExistsError if there is a run or anything else.

    config_toml: the settings of the launch. command, versions: for its comments.
    """
    there = os.path.lexists(path)
    copied = Copied(content.cells(), content.loaded())
    try:
        release(make(path, config_toml, command, versions, copied))
    except BaseException:
        if not there and path.is_dir():
            shutil.rmtree(path)
        raise
