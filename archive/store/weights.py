"""Content hashes of agents, and their encoding as safetensors files.

A safetensors file contains numbers only, so an untrusted file cannot execute code; its header is
checked against the size of the file before memory is allocated, and its content against the hash.
The hash covers the content rather than the file: names, dtypes, shapes and little-endian bytes of
the tensors, sorted by name.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import torch
from safetensors.torch import load, save

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
RESERVED = "__metadata__"  # a name with another meaning in safetensors
HASH = re.compile(r"[0-9a-f]{64}", re.ASCII)


def content_hash(agent: Agent) -> str:
    """SHA-256 of an agent, 64 hex digits. ValueError unless all tensors are finite and of known
    dtypes.
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


NO_AGENT = content_hash({})  # the agent of a level of a curriculum (poet/curricula/levels.py)


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
            f"an agent's tensor must not have the name {RESERVED!r}, which safetensors reserves: "
            "rename it"
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
    """The content of an agent's file. ValueError if it exceeds the limits of `decode`."""
    # Cloned, since safetensors rejects tensors that share memory.
    data = save(
        {name: tensor.detach().cpu().contiguous().clone() for name, tensor in agent.items()}
    )
    header = int.from_bytes(data[:8], "little")
    if header > MOST_HEADER:
        raise ValueError(
            f"an agent has {len(agent)} tensors, whose header takes {readable(header)}: at most "
            f"{readable(MOST_HEADER)} can be stored; join some of them"
        )
    if len(data) > MOST_AGENT:
        raise ValueError(
            f"an agent has {readable(len(data))}, at most {readable(MOST_AGENT)} can be stored"
        )
    return data


def decode(data: bytes, where: str) -> tuple[dict[str, torch.Tensor], str]:
    """The agent in a file's content, and its hash. ValueError, one line that begins with `where`,
    if it is invalid.
    """
    _check_header(data, where)
    try:
        agent = load(data)
        return agent, content_hash(agent)
    except Exception as error:  # safetensors raises errors of its own types
        raise ValueError(f"{where}: {_line(error)}") from error


def _check_header(data: bytes, where: str) -> None:
    """ValueError unless the listed tensors fill the file exactly, so that reading takes no more
    memory than the size of the file.
    """
    length = int.from_bytes(data[:8], "little")
    if len(data) < 8 or length > min(MOST_HEADER, len(data) - 8):
        raise ValueError(
            f"{where} is damaged or not a safetensors file: its header is longer than the file"
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
            f"{where} is damaged or truncated: its header lists {end} bytes of tensors, the file "
            f"has {len(data) - 8 - length}"
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
    """The name if it is 64 hex digits, and so safe as part of a path; else ValueError."""
    if not (isinstance(name, str) and HASH.fullmatch(name)):
        raise ValueError(f"an agent's name must be 64 hex digits, got {name!r:.80}")
    return name
