"""Reading of files written by the original POET code (uber-research/poet, branch original_poet), as
untrusted input.

A folder contains for each niche `<exp>.<niche>.env.json` = {"config": {...}, "seed": int} and
`<exp>.<niche>.best.json` = [theta, score]. Either can be missing. Nothing is executed, sizes are
checked before a file is read, and invalid data raises a one-line error that names the file. The
task family and the learner interpret the numbers.
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..store.rows import value as json_of

LARGEST_ENV = 64 * 1024  # [bytes]; real ones have about 300
LARGEST_BEST = 8 * 1024 * 1024  # [bytes]; 2,804 numbers take about 60 kB
LARGEST_ALL = 128 * 1024 * 1024  # [bytes] of a folder; forty niches take 3 MB
MOST_FILES = 10_000
INTERVALS = (
    "pit_gap",
    "stump_width",
    "stump_height",
    "stump_float",
    "stair_height",
    "stair_width",
    "stair_steps",
)


@dataclass(frozen=True)
class PoetNiche:
    """One niche of an original POET run."""

    name: str  # <exp>.<niche>
    # as in the file: a name, numbers and intervals; None if there is no env.json
    config: dict[str, Any] | None
    seed: int | None
    theta: list[float] | None  # None if there is no best.json
    score: float | None


def holds_poet_files(folder: Path) -> bool:
    return folder.is_dir() and any(
        next(folder.glob(f"*{kind}"), None) for kind in (".env.json", ".best.json")
    )


def read_poet_files(folder: Path) -> list[PoetNiche]:
    """All niches of the folder, sorted by name."""
    names: set[str] = set()
    size = 0
    for kind in (".env.json", ".best.json"):
        for path in folder.glob(f"*{kind}"):
            names.add(path.name.removesuffix(kind))
            if len(names) > MOST_FILES:
                raise ValueError(
                    f"{folder} holds more than {MOST_FILES} niches of POET files; split it"
                )
            if (size := size + path.lstat().st_size) > LARGEST_ALL:
                raise ValueError(
                    f"{folder} holds more than {LARGEST_ALL} bytes of POET files; split it"
                )
    return [_niche(folder, name) for name in sorted(names)]


def _niche(folder: Path, name: str) -> PoetNiche:
    env, best = folder / f"{name}.env.json", folder / f"{name}.best.json"
    config, seed = _env(env) if _there(env) else (None, None)
    theta, score = _best(best) if _there(best) else (None, None)
    return PoetNiche(name, config, seed, theta, score)


def _there(path: Path) -> bool:
    if path.is_symlink():
        raise ValueError(f"{path} is a link; POET files must be plain files")
    return path.exists()


def _read(path: Path, largest: int) -> Any:
    if not path.is_file():
        raise ValueError(f"{path} must be a plain file")
    if (size := path.stat().st_size) > largest:
        raise ValueError(f"{path} is {size} bytes, expected at most {largest}")
    try:
        with open(
            path, "rb", opener=lambda p, flags: os.open(p, flags | os.O_NOFOLLOW | os.O_NONBLOCK)
        ) as file:
            text = file.read(largest + 1).decode()
    except UnicodeDecodeError:
        raise ValueError(f"{path} is not text in UTF-8") from None
    return json_of(text, str(path))


def _env(path: Path) -> tuple[dict[str, Any], int]:
    data = _read(path, LARGEST_ENV)
    config, seed = (
        (data.get("config"), data.get("seed")) if isinstance(data, dict) else (None, None)
    )
    if not isinstance(config, dict) or type(seed) is not int or not 0 <= seed < 2**32:
        raise ValueError(
            f'{path} must be {{"config": {{...}}, "seed": integer in [0, 2**32)}}, '
            f"got {str(data)[:80]}"
        )
    for key, value in config.items():
        if (expected := _expected(key, value)) is not None:
            raise ValueError(
                f"{path}: config.{ascii(key)[1:-1][:40]} must be {expected}, got "
                f"{ascii(value)[:60]}"
            )
    return config, seed


def _expected(key: str, value: Any) -> str | None:
    """The expected form of a setting; None if the value has it."""
    if key == "name":
        return None if isinstance(value, str) else "text"
    if key == "ground_roughness":
        return None if _number(value) else "a finite number"
    if key in INTERVALS:
        fits = isinstance(value, list) and len(value) <= 2 and all(map(_number, value))
        return None if fits else "a list of at most two finite numbers"
    return f"one of name, ground_roughness, {', '.join(INTERVALS)}"


def _best(path: Path) -> tuple[list[float], float]:
    data = _read(path, LARGEST_BEST)
    if not (
        isinstance(data, list) and len(data) == 2 and isinstance(data[0], list) and _number(data[1])
    ):
        raise ValueError(f"{path} must be [theta, score], got {str(data)[:60]}")
    if not all(_number(value) for value in data[0]):
        raise ValueError(f"{path}: theta must be finite numbers")
    return [float(value) for value in data[0]], float(data[1])


def _number(value: Any) -> bool:
    # an int can be too large for a float
    return type(value) in (int, float) and abs(value) <= sys.float_info.max
