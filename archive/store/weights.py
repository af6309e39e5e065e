"""Agents as files named by what they hold: `<SHA-256>.safetensors`.

Safetensors holds numbers only, so nothing in a stranger's file can run; what it claims is checked
against its size before memory is taken, and what it holds against its name. The name is the hash of
the content, not of the file: names, dtypes, shapes and bytes of the tensors in the order of their
names, little-endian.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import re
import stat
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from safetensors.torch import load, save

from .files import create, make_folder
from .limits import MOST_AGENT, MOST_DIMENSIONS, MOST_HEADER, readable

if TYPE_CHECKING:
    from openpoet.poet.interfaces import Agent

DTYPES = {  # safetensors' names
    "BOOL": torch.bool,
    "U8": torch.uint8,
    "I8": torch.int8,
    "I16": torch.int16,
    "I32": torch.int32,
    "I64": torch.int64,
    "F16": torch.float16,
    "BF16": torch.bfloat16,
    "F32": torch.float32,
    "F64": torch.float64,
}
NAMES = {dtype: name for name, dtype in DTYPES.items()}
RESERVED = "__metadata__"  # a name that means something else in safetensors
HASH = re.compile(r"[0-9a-f]{64}", re.ASCII)
SUFFIX = ".safetensors"


def content_hash(agent: Agent) -> str:
    """SHA-256 of an agent, 64 hex digits. ValueError if it is not tensors of known dtypes, all
    finite.
    """
    names = sorted(agent)
    for name in names:
        _check(name, agent[name])
    listed = [[name, NAMES[agent[name].dtype], list(agent[name].shape)] for name in names]
    found = hashlib.sha256(json.dumps(listed).encode() + b"\n")
    for name in names:
        found.update(
            agent[name].detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy().tobytes()
        )
    return found.hexdigest()


def _check(name: Any, tensor: Any) -> None:
    if (
        not isinstance(name, str)
        or not isinstance(tensor, torch.Tensor)
        or tensor.dtype not in NAMES
    ):
        kind = tensor.dtype if isinstance(tensor, torch.Tensor) else type(tensor).__name__
        raise ValueError(
            f"an agent's tensors must be of {', '.join(NAMES.values())}, got {kind} "
            f"in {str(name)[:40]!r}"
        )
    if name == RESERVED:
        raise ValueError(
            f"an agent's tensor must not have the name {RESERVED!r}: safetensors "
            "reserves it; rename it"
        )
    if tensor.dim() > MOST_DIMENSIONS:
        raise ValueError(
            f"tensor {name[:40]!r} has {tensor.dim()} dimensions, an agent's at most "
            f"{MOST_DIMENSIONS}"
        )
    if tensor.is_floating_point() and not bool(torch.isfinite(tensor).all()):
        raise ValueError(
            f"an agent must be finite, got NaN or infinity in its tensor {name[:40]!r}"
        )


def encode(agent: Agent) -> bytes:
    """The file of an agent. ValueError if it is larger than `decode` reads."""
    # Cloned, since safetensors refuses tensors that share memory.
    data = save(
        {name: tensor.detach().cpu().contiguous().clone() for name, tensor in agent.items()}
    )
    header = int.from_bytes(data[:8], "little")
    if header > MOST_HEADER:
        raise ValueError(
            f"an agent has {len(agent)} tensors, whose list takes {readable(header)}: at most "
            f"{readable(MOST_HEADER)} can be kept; join some of them"
        )
    if len(data) > MOST_AGENT:
        raise ValueError(
            f"an agent has {readable(len(data))}, at most {readable(MOST_AGENT)} can be kept"
        )
    return data


def decode(data: bytes, where: str) -> tuple[dict[str, torch.Tensor], str]:
    """The agent of a file, and its hash. ValueError, one line that begins with `where`, if it is
    not one.
    """
    _check_header(data, where)
    try:
        agent = load(data)
        return agent, content_hash(agent)
    except Exception as error:  # safetensors has errors of its own; all mean the same here
        raise ValueError(f"{where}: {_line(error)}") from error


def _check_header(data: bytes, where: str) -> None:
    """That the tensors a file lists fill it exactly, so that reading takes no more memory than the
    file has bytes.
    """
    length = int.from_bytes(data[:8], "little")
    if len(data) < 8 or length > min(MOST_HEADER, len(data) - 8):
        raise ValueError(
            f"{where} is damaged or no safetensors file: its list of tensors does not fit into it"
        )
    try:
        header = json.loads(data[8 : 8 + length])
        spans = sorted(_span(name, entry) for name, entry in header.items())
    except (ValueError, AttributeError, TypeError, KeyError, RecursionError) as error:
        raise ValueError(f"{where} is damaged or hostile: {_line(error)}") from error
    end = 0
    for start, stop in spans:
        if start != end:
            raise ValueError(f"{where} is damaged or hostile: its tensors overlap or leave gaps")
        end = stop
    if end != len(data) - 8 - length:
        raise ValueError(
            f"{where} is damaged or truncated: {end} bytes of tensors listed, "
            f"{len(data) - 8 - length} there"
        )


def _span(name: str, entry: Mapping[str, Any]) -> tuple[int, int]:
    """Bytes [start, stop) of a tensor."""
    if entry["dtype"] not in DTYPES:
        raise ValueError(
            f"tensor {name[:40]!r} has the dtype {str(entry['dtype'])[:20]!r}, known are "
            f"{', '.join(DTYPES)}"
        )
    shape, (start, stop) = entry["shape"], entry["data_offsets"]
    if len(shape) > MOST_DIMENSIONS or not all(
        type(value) is int and 0 <= value <= MOST_AGENT for value in (*shape, start, stop)
    ):
        raise ValueError(f"tensor {name[:40]!r} claims the shape {str(shape)[:60]}")
    if stop - start != math.prod(shape) * DTYPES[entry["dtype"]].itemsize:
        raise ValueError(
            f"tensor {name[:40]!r} of shape {str(shape)[:60]} does not fit its {stop - start} bytes"
        )
    return start, stop


def _line(error: BaseException) -> str:
    return " ".join(f"{error}".split())[:200] or type(error).__name__


def check_name(name: str) -> str:
    """The name, if it is one that an agent can have: no other may become part of a path."""
    if not (isinstance(name, str) and HASH.fullmatch(name)):
        raise ValueError(f"an agent's name must be 64 hex digits, got {name!r:.80}")
    return name


class AgentFiles:
    """The folder `agents/` of a run."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def size(self, name: str) -> int:
        """Bytes of an agent's file; ValueError if it is not there, is too large, or is not a plain
        file here.
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
        """The agent of that hash, checked against it."""
        expected, path = self.size(name), self._path(name)
        with open(
            path, "rb", opener=lambda p, flags: os.open(p, flags | os.O_NOFOLLOW | os.O_NONBLOCK)
        ) as file:
            agent, found = decode(file.read(expected + 1), str(path))
        if found != name:
            raise ValueError(
                f"{path} is damaged: its content does not have the hash that its name says"
            )
        return agent

    def write(self, agents: Mapping[str, Agent]) -> dict[str, int]:
        """A file for each agent, {hash: agent}, on the disk when this returns (as far as the disk
        is honest).

        Returns the bytes of each file.
        """
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
        """Names of the agents that have files here, whole or half written, and are none of the
        wanted.
        """
        ours = re.compile(rf"({HASH.pattern})(\.tmp|{re.escape(SUFFIX)})", re.ASCII)
        found = [ours.fullmatch(entry.name) for entry in os.scandir(self.folder)]
        return {match[1] for match in found if match} - set(wanted)

    def delete(self, names: Iterable[str]) -> None:
        """Those agents' files, whole or half written."""
        make_folder(self.folder)
        for name in names:
            self._path(check_name(name)).unlink(missing_ok=True)
            (self.folder / f"{name}.tmp").unlink(missing_ok=True)

    def _path(self, name: str) -> Path:
        return self.folder / f"{name}{SUFFIX}"


def sync_folder(folder: Path) -> None:
    """Makes the names in a folder last through a loss of power."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
