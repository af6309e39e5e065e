"""Recorded evaluations in a file: each as the page's poses (poses.py), by the number of its niche.

They are shown without a simulator, which would have to be compiled first. Coordinates are rounded
to the unit of the poses; rays are left out.
"""

from __future__ import annotations

import json
import lzma
from collections.abc import Iterator, Mapping
from itertools import accumulate
from pathlib import Path
from typing import Any

import numpy as np

from ..museum.files import clips_of as file_of
from ..replay.episode import Episode, Outline
from ..replay.recorder import Take

Clip = Mapping[str, Any]  # what poses.replay_of returns, with `niche` and `agent`


def write_clips(path: Path, clips: Mapping[int, Clip]) -> int:
    """Write the clips by niche; the size of the file [bytes]. Equal clips make equal files."""
    text = json.dumps(dict(sorted(clips.items())), separators=(",", ":"), allow_nan=False)
    return path.write_bytes(lzma.compress(text.encode(), preset=9))


def read_clips(path: Path) -> dict[int, Clip]:
    """The clips of a file of ours, by niche; it is not checked as a file of a stranger is."""
    found = json.loads(lzma.decompress(path.read_bytes()))
    return {int(niche): clip for niche, clip in found.items()}


def clips_of(pack: Path) -> dict[int, Clip]:
    """The recorded evaluations of a pack of the museum; none for any other archive."""
    file = file_of(pack)
    return {} if file is None else read_clips(file)


def episode_of(clip: Clip) -> Episode:
    """The recorded evaluation, for drawing; its frames are their outlines, its seeds the numbers of
    the takes.
    """
    takes = clip["takes"]
    return Episode(
        task=None,
        takes=tuple(_take(take, place, clip["scale"]) for place, take in enumerate(takes)),
        score=clip["score"],
        solved=clip["solved"],
        outline_of=lambda _, outline: outline,
        dt=clip["dt"] * takes[0]["every"],
        trials=1 + max(take["trial"] for take in takes),
        per_trial=1 + max(take["episode"] for take in takes),
        title=clip["title"],
        labels={"niche": str(clip["niche"]), "agent": str(clip["agent"])},
        hidden_of=lambda _, place: ", ".join(takes[place]["hidden"]),
    )


def _take(take: Mapping[str, Any], place: int, scale: float) -> Take:
    returns = np.array(take["returns"], np.float64)
    return Take(
        task=None,
        seed=place,
        frames=tuple(_outlines(take, scale)),
        rewards=np.diff(returns),
        terminated=False,
        truncated=False,
        success=take["solved"],
        trial=take["trial"],
        episode=take["episode"],
    )


def _outlines(take: Mapping[str, Any], scale: float) -> Iterator[Outline]:
    """The outline of each frame [m]: layers that never move, then those that do."""
    still = {
        name: [_points(line, scale) for line in lines] for name, lines in take["static"].items()
    }
    before, values = -1, np.zeros(0, np.int64)
    for number, *cells in take["frames"]:
        now = np.array(cells, np.int64)
        values = values + now if number == before else now
        before = number
        yield still | _moving(take["shapes"][number], values, scale)


def _moving(shape: list[Any], values: np.ndarray, scale: float) -> dict[str, list[np.ndarray]]:
    found: dict[str, list[np.ndarray]] = {}
    ends = accumulate(2 * points for _, points in shape)
    for (layer, points), end in zip(shape, ends, strict=True):
        found.setdefault(layer, []).append(_points(values[end - 2 * points : end], scale))
    return found


def _points(flat: Any, scale: float) -> np.ndarray:
    """Points [n, 2] [m] of x0, y0, x1, y1, ... in units of the scale."""
    return np.asarray(flat, np.float64).reshape(-1, 2) * scale
