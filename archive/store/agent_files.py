"""The folder of a run's agents: files named by content hash, `<SHA-256>.safetensors`."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from .files import create, make_folder
from .limits import MOST_AGENT, readable
from .weights import HASH, check_name, decode, encode

if TYPE_CHECKING:
    import torch

    from openpoet.poet.interfaces import Agent

SUFFIX = ".safetensors"


class AgentFiles:
    """The folder `agents/` of a run."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def holds(self, name: str) -> bool:
        """Whether the agent has a file."""
        return os.path.lexists(self._path(check_name(name)))

    def size(self, name: str) -> int:
        """Bytes of an agent's file. ValueError if it is missing, too large, or not a plain file in
        the folder.
        """
        path = self._path(check_name(name))
        try:
            found = path.lstat()
        except FileNotFoundError:
            raise ValueError(f"{path} is missing: the run is damaged") from None
        if not stat.S_ISREG(found.st_mode) or self.folder.is_symlink():
            raise ValueError(f"{path} must be a plain file inside the run folder")
        if found.st_size > MOST_AGENT:
            raise ValueError(
                f"{path} has {readable(found.st_size)}, an agent at most {readable(MOST_AGENT)}"
            )
        return found.st_size

    def read(self, name: str) -> dict[str, torch.Tensor]:
        """The agent with this hash, verified."""
        expected, path = self.size(name), self._path(name)
        with open(
            path, "rb", opener=lambda p, flags: os.open(p, flags | os.O_NOFOLLOW | os.O_NONBLOCK)
        ) as file:
            agent, found = decode(file.read(expected + 1), str(path))
        if found != name:
            raise ValueError(f"{path} is damaged: its content does not have the hash in its name")
        return agent

    def write(self, agents: Mapping[str, Agent]) -> dict[str, int]:
        """Write and synchronise a file for each agent, {hash: agent}; the bytes of each file."""
        make_folder(self.folder)
        sizes = {}
        for name, agent in agents.items():
            data = encode(agent)
            sizes[name] = len(data)
            temporary = self.folder / f"{name}.tmp"
            with create(temporary) as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            temporary.rename(self._path(name))
        if agents:
            sync_folder(self.folder)
        return sizes

    def strays(self, wanted: Iterable[str]) -> set[str]:
        """Names of agents that have files here, complete or partial, and are not in `wanted`."""
        ours = re.compile(rf"({HASH.pattern})(\.tmp|{re.escape(SUFFIX)})", re.ASCII)
        found = [ours.fullmatch(entry.name) for entry in os.scandir(self.folder)]
        return {match[1] for match in found if match} - set(wanted)

    def delete(self, names: Iterable[str]) -> None:
        """Delete the files of these agents, complete or partial."""
        make_folder(self.folder)
        for name in names:
            self._path(check_name(name)).unlink(missing_ok=True)
            (self.folder / f"{name}.tmp").unlink(missing_ok=True)

    def _path(self, name: str) -> Path:
        return self.folder / f"{name}{SUFFIX}"


def sync_folder(folder: Path) -> None:
    """Synchronise a folder's entries to disk, so that they survive a power failure."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
