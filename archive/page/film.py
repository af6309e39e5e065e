"""The family tree of a run as a film: lanes grow with the iterations, branches lead from parent to
child, arcs show agents that move.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pygame

from ..replay.drawing import thumbnail
from ..replay.ffmpeg import encode
from ..replay.overlay import ACCENT, INK, LINE, MUTED, letters
from ..replay.recording import FORMATS, Progress, partial_file
from .scales import Colour, level, nice_step, ramp

SIZE = (1280, 720)  # [px]
FPS = 25
SECONDS = 16  # of a long run; a short one has MOST_SLOW frames an iteration
MOST_SLOW = 4
HOLD = 2 * FPS  # frames of the last picture
FRESH = 12  # frames for which an agent that moves is drawn strongly
PAPER = (252, 251, 247)
LEFT, RIGHT, TOP, CURVES, BOTTOM = 150, 24, 96, 110, 24  # [px] margins of the tree
WIDEST_LANE = 30  # [px]
PICTURED = 11  # [px] of a lane from which it has a thumbnail
BEST, ANNECS = (0, 114, 178), (0, 158, 115)  # Okabe and Ito's blue and green


def film_tree(view: Mapping[str, Any], path: Path, progress: Progress | None = None) -> int:
    """Write a film of a whole view (RunView.view) to an .mp4 or .gif file; the number of pictures.

    ValueError, one line, if the run has no iterations or the file cannot be written.
    """
    kind = FORMATS.get(path.suffix.lower())
    if kind is None or "{palette}" in kind.arguments:
        raise ValueError(f"cannot write a film to {path.name!r}: expected a name that ends in .mp4")
    if view["iteration"] < 1:
        raise ValueError("the run has no iteration yet, so there is nothing to film")
    tree = Tree(view)
    frames = min(SECONDS * FPS, MOST_SLOW * view["iteration"])
    with partial_file(path) as partial:
        encode(tree.pictures(frames, progress), SIZE, FPS, (*kind.arguments, str(partial)))
    return frames + HOLD


def genealogical(niches: Sequence[Mapping[str, Any]]) -> list[int]:
    """Ids so that each niche comes before its children, of which the youngest is nearest to it."""
    children: dict[int | None, list[int]] = defaultdict(list)
    for niche in niches:
        children[niche["parent"]].append(niche["id"])
    found: list[int] = []
    waiting = children[None][::-1]
    while waiting:
        id = waiting.pop()
        found.append(id)
        waiting += children[id]
    # none are left in a run; a damaged archive may have parents in a circle
    return [*found, *sorted({niche["id"] for niche in niches} - set(found))]


class Tree:
    """The picture of a run, up to an iteration that only grows."""

    def __init__(self, view: Mapping[str, Any]) -> None:
        self.view = view
        self.niches = {niche["id"]: niche for niche in view["niches"]}
        rows = genealogical(view["niches"])
        height = SIZE[1] - TOP - CURVES - BOTTOM
        self.lane = min(WIDEST_LANE, height / max(1, len(rows)))
        self.y = {niche: TOP + (row + 0.5) * self.lane for row, niche in enumerate(rows)}
        self.pixels = (SIZE[0] - LEFT - RIGHT) / view["iteration"]  # an iteration
        self.moves: dict[int, list[tuple[int, int]]] = defaultdict(list)
        moves = view["transfers"].get("density", view["transfers"])
        for at, source, target in zip(
            moves["iteration"], moves["source"], moves["target"], strict=True
        ):
            self.moves[at].append((source, target))
        # it stays 0 in runs that do not measure it
        self.counts_annecs = max(view["curves"]["annecs"], default=0) > 0
        self.base = pygame.Surface(SIZE, 0, 32)
        self.marks = pygame.Surface(SIZE, pygame.SRCALPHA, 32)  # arcs and rings
        self._background()

    def pictures(self, frames: int, progress: Progress | None = None) -> Iterator[bytes]:
        """RGB pixels of so many frames, and of the last one for HOLD more."""
        before, surface = -1, pygame.Surface(SIZE, 0, 32)
        fresh: list[tuple[int, int, int, int]] = []  # frame, iteration, source, target
        for frame in range(frames):
            now = round((frame + 1) * self.view["iteration"] / frames)
            for at in range(before + 1, now + 1):
                self._grow(at)
                fresh += [(frame, at, *move) for move in self.moves[at]]
            before, fresh = now, [one for one in fresh if frame - one[0] < FRESH]
            surface.blit(self.base, (0, 0))
            surface.blit(self.marks, (0, 0))
            for _, at, source, target in fresh:
                self._arc(surface, at, source, target, ACCENT, 2)
            self._cursor(surface, now)
            yield pygame.image.tobytes(surface, "RGB")
            if progress:
                progress(frame + 1, frames)
        for _ in range(HOLD):
            yield pygame.image.tobytes(surface, "RGB")

    def _x(self, iteration: float) -> float:
        return LEFT + iteration * self.pixels

    def _write(
        self,
        surface: pygame.Surface,
        text: str,
        at: tuple[float, float],
        size: int,
        colour: Colour,
    ) -> None:
        surface.blit(letters(size)(text, colour), at)

    def _background(self) -> None:
        self.base.fill(PAPER)
        self._write(self.base, self.view["name"][:60], (24, 12), 28, INK)
        step = nice_step(self.view["iteration"])
        for at in range(0, self.view["iteration"] + 1, step):
            x = self._x(at)
            pygame.draw.line(self.base, (232, 230, 224), (x, TOP - 6), (x, SIZE[1] - BOTTOM))
            self._write(self.base, f"{at:,}", (x - 4, TOP - 22), 16, MUTED)

    def _grow(self, at: int) -> None:
        """Draw what happened in one iteration."""
        for niche in self.niches.values():
            if niche["born"] == at:
                self._born(niche)
            self._score(niche, at)
            if niche["solved"] == at:
                self._ring(niche, at)
        for source, target in self.moves[at]:
            self._arc(self.marks, at, source, target, (*ACCENT, 60), 1)
        self._curves(at)

    def _born(self, niche: Mapping[str, Any]) -> None:
        x, y = self._x(niche["born"]), self.y[niche["id"]]
        if niche["parent"] is not None:
            pygame.draw.line(self.base, LINE, (x, self.y[niche["parent"]]), (x, y))
        if self.lane < PICTURED or not niche["outline"]:
            return
        scale = self.view["scale"]
        outline = {
            layer: [np.reshape(line, (-1, 2)) * scale for line in lines]
            for layer, lines in niche["outline"].items()
        }
        height = round(self.lane - 3)
        self.base.blit(thumbnail(outline, (100, height)), (16, y - height / 2))
        self._write(self.base, f"{niche['id']}", (122, y - 6), 15, MUTED)

    def _score(self, niche: Mapping[str, Any], at: int) -> None:
        scores, stride = self.view["scores"].get(str(niche["id"])), self.view["score_stride"]
        if scores is None or not 0 <= at - scores["start"] < stride * len(scores["values"]):
            return
        if at == niche["born"] or (niche["died"] is not None and at >= niche["died"]):
            return  # the lane's first piece is that between its first two scores
        value = scores["values"][(at - scores["start"]) // stride]
        if value is None:
            return
        left, right = self._x(at - 1), self._x(at)
        thick = max(2.0, 0.45 * self.lane)
        lane = pygame.Rect(left, self.y[niche["id"]] - thick / 2, max(1, right - left + 1), thick)
        self.base.fill(ramp(value, *self.view["score_range"]), lane)

    def _ring(self, niche: Mapping[str, Any], at: int) -> None:
        radius = max(2.0, 0.22 * self.lane)
        place = self._x(at), self.y[niche["id"]]
        pygame.draw.circle(self.marks, INK, place, radius + 1.5)
        pygame.draw.circle(self.marks, PAPER, place, radius)

    def _arc(
        self, surface: pygame.Surface, at: int, source: int, target: int, colour: Any, width: int
    ) -> None:
        if source not in self.y or target not in self.y:
            return
        x, start, end = self._x(at), self.y[source], self.y[target]
        share = np.linspace(0, 1, 17)
        bow = min(14.0, 0.08 * abs(end - start)) * np.sin(np.pi * share)
        points = np.stack([x + bow, start + (end - start) * share], axis=1)
        pygame.draw.lines(surface, colour, False, points, width)
        pygame.draw.circle(surface, colour, (x, end), 1.5 * width)

    def _curves(self, at: int) -> None:
        """Best score, and ANNECS if it is counted, between the two last points up to this
        iteration.
        """
        curves = self.view["curves"]
        place = int(np.searchsorted(curves["iteration"], at))
        if not place or place >= len(curves["iteration"]) or curves["iteration"][place] != at:
            return
        low, high = self.view["score_range"]
        top, bottom = SIZE[1] - BOTTOM - CURVES + 24, SIZE[1] - BOTTOM
        most = max(1, max(curves["annecs"]))
        drawn = [("best", BEST, (low, high)), ("annecs", ANNECS, (0, most))]
        for name, colour, span in drawn[: 1 + self.counts_annecs]:
            ends = [
                (self._x(curves["iteration"][i]), level(curves[name][i], span, top, bottom))
                for i in (place - 1, place)
                if curves[name][i] is not None
            ]
            if len(ends) == 2:
                pygame.draw.lines(self.base, colour, False, ends, 2)

    def _cursor(self, surface: pygame.Surface, now: int) -> None:
        x = self._x(now)
        pygame.draw.line(surface, ACCENT, (x, TOP - 8), (x, SIZE[1] - BOTTOM))
        alive = [n for n in self.niches.values() if n["born"] <= now]
        active = sum(n["died"] is None or n["died"] > now for n in alive)
        solved = sum(n["solved"] is not None and n["solved"] <= now for n in alive)
        text = f"iteration {now:,} · {len(alive):,} born · {active:,} active · {solved:,} solved"
        self._write(surface, text, (24, 42), 18, MUTED)
        self._write(surface, "best score", (24, SIZE[1] - BOTTOM - 44), 16, BEST)
        if self.counts_annecs:
            self._write(surface, "ANNECS", (24, SIZE[1] - BOTTOM - 22), 16, ANNECS)
