"""The pictures of one evaluation as a Python object."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from openpoet.archive.replay.episode import Episode


class Replay:
    """The pictures of one evaluation. Iterating over it yields uint8 arrays [height, width, 3],
    RGB.

    score: of the evaluation; it equals the score in the archive. solved: whether it solved the
    task. len(): number of pictures. seconds: time between two pictures in the simulation [s].
    """

    def __init__(
        self, episode: Episode, size: tuple[int, int], every: int, trial: int | None = None
    ) -> None:
        from .archive.replay.recording import Film, Look
        from .archive.replay.side_by_side import first_and_last, one_by_one

        shots = one_by_one(episode) if trial is None else first_and_last(episode, trial)[:1]
        self._film, self._size = Film(episode, size, every, shots, Look()), size
        self.score, self.solved = episode.score, episode.solved
        self.seconds = every * episode.dt

    def __len__(self) -> int:
        return len(self._film.moments)

    def __iter__(self) -> Iterator[np.ndarray]:
        width, height = self._size
        for pixels in self._film.pictures(self._film.moments):
            yield np.frombuffer(pixels, np.uint8).reshape(height, width, 3).copy()
