"""Replays as mp4 (H.264) or GIF files, drawn on surfaces in memory, which need no display."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pygame

from ..store.files import create
from .camera import Scene, alike, scene_of
from .drawing import Look
from .episode import Episode
from .ffmpeg import encode
from .side_by_side import Shot, draw_shot, length, one_by_one

Progress = Callable[[int, int], None]  # (pictures drawn, pictures in all)


@dataclass(frozen=True)
class Format:
    """Encoding options of a file format. fps and size are defaults."""

    fps: float
    size: tuple[int, int]
    arguments: tuple[str, ...]  # for ffmpeg; {palette} is replaced by the file of GIF colours


FORMATS = {
    # yuv420p and +faststart for playback in browsers and phones while loading
    ".mp4": Format(
        50,
        (1200, 600),
        (
            "-c:v",
            "libx264",
            "-crf",
            "20",
            "-pix_fmt",
            "yuv420p",
            "-movflags",
            "+faststart",
            "-f",
            "mp4",
        ),
    ),
    # one palette for all frames and no dithering, so that only moving regions are stored again
    ".gif": Format(
        25,
        (800, 400),
        (
            "-i",
            "{palette}",
            "-lavfi",
            "paletteuse=dither=none:diff_mode=rectangle",
            "-loop",
            "0",
            "-f",
            "gif",
        ),
    ),
}
# frames per second; delays are in hundredths of a second, and browsers slow down below two
GIF_FASTEST = 50.0
PALETTE_FROM = 12  # number of pictures from which the palette is computed


def record(
    episode: Episode,
    path: str | Path,
    *,
    fps: float | None = None,
    size: tuple[int, int] | None = None,
    every: int | None = None,
    takes: Iterable[int | Shot] | None = None,
    look: Look | None = None,
    progress: Progress | None = None,
) -> int:
    """Write an episode to a .mp4 or .gif file; the number of pictures written.

    fps: pictures per second; default 50, GIF 25.
    size: width, height [px]; default 1200 x 600, GIF 800 x 400; for mp4 both must be even.
    every: steps between pictures; None: real time.
    takes: indices of the episode's takes, by default all; a tuple of them is shown side by side,
        see `side_by_side.first_and_last`. The last frame of each is always shown.
    progress: called after each picture with the number drawn and the total.

    The file gets its name when it is complete. ValueError, one line, if it cannot be written.
    """
    path = Path(path)
    kind = format_of(path)
    fps, size = kind.fps if fps is None else fps, kind.size if size is None else size
    _check(path, fps, size)
    every = max(1, round(1 / (fps * episode.dt))) if every is None else every
    if every < 1:
        raise ValueError(f"every must be at least 1 step per picture, got {every}")
    film = Film(episode, size, every, _chosen(episode, takes), look or Look())
    with partial_file(path) as partial, tempfile.TemporaryDirectory() as folder:
        palette = Path(folder) / "palette.png"
        if "{palette}" in kind.arguments:
            spread = film.moments[:: max(1, len(film.moments) // PALETTE_FROM)]
            encode(
                film.pictures(spread),
                size,
                fps,
                ("-vf", "palettegen=stats_mode=full", str(palette)),
            )
        arguments = [str(palette) if word == "{palette}" else word for word in kind.arguments]
        encode(film.pictures(film.moments, progress), size, fps, (*arguments, str(partial)))
    return len(film.moments)


def format_of(path: Path) -> Format:
    """The format of a film of that name. ValueError for other names."""
    kind = FORMATS.get(path.suffix.lower())
    if kind is None:
        raise ValueError(
            f"cannot record to {path.name!r}: expected a name that ends in .mp4 or .gif"
        )
    return kind


class Film:
    """The pictures of an episode, drawn one at a time."""

    def __init__(
        self,
        episode: Episode,
        size: tuple[int, int],
        every: int,
        shots: Sequence[Shot],
        look: Look,
    ) -> None:
        self.episode, self.size, self.look = episode, size, look
        self.moments: list[tuple[Shot, int]] = []  # (shot, frame)
        for shot in shots:
            last = length(episode, shot) - 1
            frames = [*range(0, last, every), last]
            self.moments += [(shot, frame) for frame in frames]

    def pictures(
        self, moments: list[tuple[Shot, int]], progress: Progress | None = None
    ) -> Iterator[bytes]:
        """Iterator over the RGB pixels of each moment, row by row."""
        surface = pygame.Surface(self.size, 0, 32)
        scenes: tuple[Scene, ...] = ()
        for number, (shot, frame) in enumerate(moments):
            if tuple(scene.take for scene in scenes) != shot:
                scenes = alike([scene_of(self.episode, take) for take in shot])
            draw_shot(surface, self.episode, scenes, frame, [self.look] * len(shot))
            yield pygame.image.tobytes(surface, "RGB")
            if progress:
                progress(number + 1, len(moments))


def _chosen(episode: Episode, takes: Iterable[int | Shot] | None) -> tuple[Shot, ...]:
    """The shots to record. ValueError for unknown takes, or if there are none."""
    if takes is None:
        return one_by_one(episode)
    shots = tuple((take,) if isinstance(take, int) else take for take in takes)
    if not shots or not all(shots):
        raise ValueError("a film needs at least one take, got none")
    for take in (take for shot in shots for take in shot):
        if take not in range(len(episode.takes)):
            raise ValueError(
                f"there is no take {take}: the episode has takes 0 to {len(episode.takes) - 1}"
            )
    return shots


def _check(path: Path, fps: float, size: tuple[int, int]) -> None:
    """ValueError for options that would fail, before anything is drawn."""
    if path.suffix.lower() == ".mp4" and (size[0] % 2 or size[1] % 2):
        raise ValueError(f"an mp4 needs an even width and height, got {size[0]} x {size[1]}")
    if min(size) < 64:
        raise ValueError(f"a film needs a size of at least 64 x 64, got {size[0]} x {size[1]}")
    if not 0 < fps <= 1000:
        raise ValueError(f"fps must be above 0 and at most 1000, got {fps}")
    if path.suffix.lower() == ".gif" and fps > GIF_FASTEST:
        raise ValueError(
            f"a GIF cannot be faster than {GIF_FASTEST:g} pictures a second, got {fps:g}: use .mp4"
        )
    if path.is_dir():
        raise ValueError(f"cannot record to {path}: it is a folder")


@contextmanager
def partial_file(path: Path) -> Iterator[Path]:
    """Context with a temporary file next to `path`, renamed to it on success, else removed.

    ValueError, one line with `path`, if it cannot be written.
    """
    partial = path.with_name(f".{path.name}.partial")
    try:
        create(partial).close()
    except OSError as error:
        raise ValueError(f"cannot record to {path}: {error.strerror or error}") from None
    try:
        yield partial
        partial.replace(path)
    except OSError as error:
        raise ValueError(f"cannot record to {path}: {error.strerror or error}") from error
    finally:
        partial.unlink(missing_ok=True)
