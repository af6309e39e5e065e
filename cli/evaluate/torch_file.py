"""Reading of the tensors of a file that `torch.save` wrote, as untrusted input.

The file is a zip of a pickle, which describes the tensors, and of their numbers. Its records are
counted before they are read, and copied without compression into a new zip, so that torch reads
just what was counted. The pickle may name only what rebuilds dense tensors: torch itself also
accepts names that allocate memory of any size, such as `bytearray`. A tensor may be a view that
repeats the same few numbers, so its size is checked before any operation on it.
"""

from __future__ import annotations

import io
import pickletools
import re
import zipfile
from collections.abc import Mapping
from typing import Any

import torch

MOST = 2**28  # bytes of all records, and of all tensors
MOST_PICKLE = 2**20  # bytes of the pickle, which takes about 150 bytes a tensor
MOST_PARTS = 10_000  # of a zip
RECORD = re.compile(r"[^/]+/(version|byteorder|data\.pkl|data/[0-9]+)")  # all that torch needs
ENTRY = b"PK\x01\x02"  # with which the entry of each part begins in a zip's directory
NAMES = {
    "collections OrderedDict",
    "torch._utils _rebuild_tensor_v2",
    "torch._utils _rebuild_parameter",
    *(f"torch {kind}Storage" for kind in ("Float", "Double", "Half", "BFloat16", "Long", "Int")),
}
UNNAMED = {"STACK_GLOBAL", "INST", "EXT1", "EXT2", "EXT4"}  # other opcodes that import names


def opened(content: bytes) -> zipfile.ZipFile:
    """The zip. ValueError if it has too many parts: each takes much memory as it is opened."""
    if content.count(ENTRY) > MOST_PARTS:
        raise ValueError(f"it has more than {MOST_PARTS} parts")
    return zipfile.ZipFile(io.BytesIO(content))


def part(parts: zipfile.ZipFile, name: str, most: int) -> bytes:
    """The content of a part. ValueError if it is larger than `most` bytes."""
    found = parts.getinfo(name)
    if found.file_size > most:
        raise ValueError(f"its part {name[:40]!a} has {found.file_size} bytes, at most {most}")
    if found.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        # zipfile expands other methods as far as they go, beyond the listed size
        raise ValueError(f"its part {name[:40]!a} is compressed by another method than deflate")
    with parts.open(found) as file:
        return file.read(found.file_size)


def tensors(content: bytes) -> dict[str, torch.Tensor]:
    """The dense finite tensors of a file by name.

    ValueError, or an error of zipfile, pickletools or torch, if it holds anything else.
    """
    found = torch.load(io.BytesIO(_checked(content)), map_location="cpu", weights_only=True)
    if not isinstance(found, Mapping) or not all(
        isinstance(name, str) and isinstance(value, torch.Tensor) for name, value in found.items()
    ):
        raise ValueError("its policy must be tensors by name")
    for name, value in found.items():
        if not value.is_contiguous():
            raise ValueError(f"its tensor {name[:40]!a} must be contiguous, not a view of numbers")
    if (size := sum(value.numel() * value.itemsize for value in found.values())) > MOST:
        raise ValueError(f"its tensors take {size} bytes, at most {MOST} are read")
    for name, value in found.items():
        if not bool(torch.isfinite(value).all()):
            raise ValueError(f"its tensor {name[:40]!a} must be finite")
    return dict(found)


def _checked(content: bytes) -> bytes:
    """The file with the records that torch needs, as they are, without compression."""
    out = io.BytesIO()
    with opened(content) as old, zipfile.ZipFile(out, "w") as new:
        names = [name for name in old.namelist() if RECORD.fullmatch(name)]
        if len(set(names)) != len(names):
            raise ValueError("its records must have different names")
        if (size := sum(old.getinfo(name).file_size for name in names)) > MOST:
            raise ValueError(f"its records take {size} bytes, at most {MOST} are read")
        for name in names:
            pickled = name.endswith("/data.pkl")
            record = part(old, name, MOST_PICKLE if pickled else MOST)
            if pickled:
                _check_names(record)
            new.writestr(name, record)
    return out.getvalue()


def _check_names(pickled: bytes) -> None:
    """ValueError if a pickle names anything but what rebuilds dense tensors."""
    for opcode, argument, _ in pickletools.genops(pickled):
        named: Any = argument if opcode.name == "GLOBAL" else opcode.name
        if named in UNNAMED or (opcode.name == "GLOBAL" and named not in NAMES):
            raise ValueError(f"its tensors are saved with {str(named)[:60]!a}, which is not known")
