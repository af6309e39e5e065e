"""A recorded evaluation as poses for the page: whole numbers, each frame as its differences to the
one before. A page draws any frame exactly, without a codec.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from .curves import brief
from .thumbnails import MOST_LINES, MOST_POINTS, Outline, lines_of, whole
from .words import shown

if TYPE_CHECKING:
    from ..replay.episode import Episode

MOST_FRAMES = 2_500  # of a take; a longer one has every second, third, ...
MOST_TAKES = 9
MOST_NUMBERS = 1_500_000  # of a replay; further takes are left out

Lines = Sequence[np.ndarray]
Shape = tuple[tuple[str, int], ...]  # layers and points of the polylines of a frame


def replay_of(episode: Episode, scale: float, without: Collection[str] = ()) -> dict[str, Any]:
    """The evaluation for the page; scale: the unit of all coordinates [m]; without: layers that are
    left out.
    """
    takes: list[dict[str, Any]] = []
    numbers = 0
    # the episodes of the first trial, then those of others
    order = sorted(
        range(len(episode.takes)),
        key=lambda place: (episode.takes[place].trial, episode.takes[place].episode),
    )
    for place in order[:MOST_TAKES]:
        take = _take(episode, place, scale, without)
        numbers += sum(map(len, take["frames"]))
        if numbers > MOST_NUMBERS and takes:
            break
        takes.append(take)
    return {
        "score": episode.score,
        "solved": episode.solved,
        "title": shown(episode.title),
        "dt": episode.dt,
        "scale": scale,
        "takes": takes,
        "left_out": len(episode.takes) - len(takes),
    }


def _take(episode: Episode, place: int, scale: float, without: Collection[str]) -> dict[str, Any]:
    take = episode.takes[place]
    every = -(-len(take.frames) // MOST_FRAMES)
    chosen = sorted({*range(0, len(take.frames), every), len(take.frames) - 1})
    outlines = [
        {k: lines for k, lines in episode.outline(place, frame).items() if k not in without}
        for frame in chosen
    ]
    still = _still(outlines)
    shapes: dict[Shape, int] = {}
    frames = list(_frames(outlines, still, scale, shapes))
    return {
        "trial": take.trial,
        "episode": take.episode,
        "solved": take.success,
        "hidden": [shown(words) for words in episode.hidden(place)],
        "returns": [brief(value) for value in take.returns[chosen]],
        "every": every,
        "static": lines_of({layer: outlines[0][layer] for layer in still}, scale),
        "shapes": [[list(line) for line in shape] for shape in shapes],
        "frames": frames,
    }


def _still(outlines: Sequence[Outline]) -> list[str]:
    """The layers that are the same in all frames."""
    first, *others = outlines
    return [
        layer
        for layer, lines in first.items()
        if all(_equal(lines, other.get(layer, [])) for other in others)
    ]


def _equal(a: Lines, b: Lines) -> bool:
    return len(a) == len(b) and all(
        x is y or np.array_equal(x, y) for x, y in zip(a, b, strict=True)
    )


def _frames(
    outlines: Sequence[Outline], still: Sequence[str], scale: float, shapes: dict[Shape, int]
) -> Iterator[list[int]]:
    """For each frame the number of its shape, then all coordinates: differences to the frame before
    if that has the same shape.
    """
    before, values = -1, np.zeros(0, np.int64)
    for outline in outlines:
        shape, flat = _moving(outline, still, scale)
        number = shapes.setdefault(shape, len(shapes))
        now = np.array(flat, np.int64)
        difference = now - values if number == before else now
        yield [number, *difference.tolist()]
        before, values = number, now


def _moving(outline: Outline, still: Sequence[str], scale: float) -> tuple[Shape, list[int]]:
    """Layers and points of the polylines that move, and their coordinates, flat."""
    shape, flat = [], []
    for layer, lines in outline.items():
        if layer in still:
            continue
        for line in lines[:MOST_LINES]:
            points = np.asarray(line)[:MOST_POINTS]
            shape.append((layer[:40], len(points)))
            flat += whole(points, scale)
    return tuple(shape), flat
