"""Replays as files, mp4 (H.264) or GIF: drawn without a display, written by the ffmpeg that
imageio-ffmpeg brings.

A surface in memory needs no display, so no SDL driver is chosen and no environment variable
touched.
"""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import pygame
from imageio_ffmpeg import get_ffmpeg_exe

from ..store.files import create
from .camera import Scene, scene_of
from .drawing import Look, draw_frame
from .episode import Episode

Progress = Callable[[int, int], None]  # (pictures drawn, pictures in all)


@dataclass(frozen=True)
class Format:
    """What a kind of file is best made with. fps and size hold where the caller names none."""

    fps: float
    size: tuple[int, int]
    arguments: tuple[str, ...]  # for ffmpeg; {palette} is the file of the GIF's colours


FORMATS = {
    # yuv420p and +faststart: what browsers and phones play, from the first byte on.
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
    # One palette for all frames, no dithering: flat colours stay flat, and only what moves is
    # stored again.
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
# frames a second; delays are hundredths of a second, and browsers slow down below two
GIF_FASTEST = 50.0
PALETTE_FROM = 12  # pictures the palette is made from


def record(
    episode: Episode,
    path: str | Path,
    *,
    fps: float | None = None,
    size: tuple[int, int] | None = None,
    every: int | None = None,
    takes: Iterable[int] | None = None,
    look: Look | None = None,
    progress: Progress | None = None,
) -> int:
    """Write an episode to a .mp4 or .gif file; the number of pictures written.

    fps: pictures a second of the film; 50, GIF 25.
    size: width, height [px]; 1200 x 600, GIF 800 x 400; for mp4 both must be even.
    every: steps from one picture to the next; None: as many as make the film run in real time.
    takes: which of the episode's takes, all of them by default; the last frame of each is always
    shown. The file appears under its name only when it is whole. ValueError, one line, if it cannot
    be made.
    """
    path = Path(path)
    kind = FORMATS.get(path.suffix.lower())
    if kind is None:
        raise ValueError(
            f"cannot record to {path.name!r}: expected a name that ends in .mp4 or .gif"
        )
    fps, size = kind.fps if fps is None else fps, kind.size if size is None else size
    _check(path, fps, size)
    every = max(1, round(1 / (fps * episode.dt))) if every is None else every
    if every < 1:
        raise ValueError(f"every must be at least 1 step a picture, got {every}")
    film = Film(episode, size, every, _chosen(episode, takes), look or Look())
    with _partial(path) as partial, tempfile.TemporaryDirectory() as folder:
        palette = Path(folder) / "palette.png"
        if "{palette}" in kind.arguments:
            spread = film.moments[:: max(1, len(film.moments) // PALETTE_FROM)]
            _encode(
                film.pictures(spread),
                size,
                fps,
                ("-vf", "palettegen=stats_mode=full", str(palette)),
            )
        arguments = [str(palette) if word == "{palette}" else word for word in kind.arguments]
        _encode(film.pictures(film.moments, progress), size, fps, (*arguments, str(partial)))
    return len(film.moments)


class Film:
    """The pictures of an episode, drawn one by one."""

    def __init__(
        self,
        episode: Episode,
        size: tuple[int, int],
        every: int,
        takes: tuple[int, ...],
        look: Look,
    ) -> None:
        self.episode, self.size, self.look = episode, size, look
        self.moments: list[tuple[int, int]] = []  # (take, frame)
        for take in takes:
            last = len(episode.takes[take].frames) - 1
            frames = [*range(0, last, every), last]
            self.moments += [(take, frame) for frame in frames]

    def pictures(
        self, moments: list[tuple[int, int]], progress: Progress | None = None
    ) -> Iterator[bytes]:
        """RGB pixels of each, row by row."""
        surface = pygame.Surface(self.size, 0, 32)
        scene: Scene | None = None
        for number, (take, frame) in enumerate(moments):
            if scene is None or scene.take != take:
                scene = scene_of(self.episode, take)
            draw_frame(surface, self.episode, scene, frame, self.look)
            yield pygame.image.tobytes(surface, "RGB")
            if progress:
                progress(number + 1, len(moments))


def _chosen(episode: Episode, takes: Iterable[int] | None) -> tuple[int, ...]:
    """All takes of an episode, or those asked for."""
    there = range(len(episode.takes))
    chosen = tuple(there if takes is None else takes)
    if not chosen:
        raise ValueError("a film needs at least one take, got none")
    for take in chosen:
        if take not in there:
            raise ValueError(
                f"there is no take {take}: the episode has takes 0 to {len(there) - 1}"
            )
    return chosen


def _check(path: Path, fps: float, size: tuple[int, int]) -> None:
    """What can be known to fail before anything is drawn."""
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
def _partial(path: Path) -> Iterator[Path]:
    """A name beside `path` to write to; renamed to it at the end, removed if there is none."""
    partial = path.with_name(f".{path.name}.partial")
    try:
        create(partial).close()
    except OSError as error:
        raise ValueError(f"cannot record to {path}: {error.strerror or error}") from None
    try:
        yield partial
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def _encode(
    pictures: Iterator[bytes], size: tuple[int, int], fps: float, arguments: tuple[str, ...]
) -> None:
    """Hand RGB pictures to ffmpeg, which writes its last argument."""
    source = (
        "-f",
        "rawvideo",
        "-pix_fmt",
        "rgb24",
        "-s",
        f"{size[0]}x{size[1]}",
        "-r",
        f"{fps:g}",
        "-i",
        "-",
    )
    command = (get_ffmpeg_exe(), "-y", "-hide_banner", "-loglevel", "error", *source, *arguments)
    with tempfile.TemporaryFile() as words:
        # Its words go to a file, since a pipe that nobody reads would stop it.
        ffmpeg = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=words
        )
        assert ffmpeg.stdin is not None
        try:
            _feed(ffmpeg.stdin, pictures)
            if ffmpeg.wait() != 0:
                reason = _last_line(words) or f"exit status {ffmpeg.returncode}"
                raise ValueError(f"ffmpeg could not write the film: {reason}")
        finally:
            ffmpeg.kill()
            ffmpeg.wait()
            with suppress(BrokenPipeError):
                ffmpeg.stdin.close()


def _feed(pipe: IO[bytes], pictures: Iterator[bytes]) -> None:
    """All pictures, or as many as ffmpeg takes: why it takes no more is in its exit status and its
    words.
    """
    try:
        for picture in pictures:
            pipe.write(picture)
        pipe.close()
    except BrokenPipeError:
        return


def _last_line(words: IO[bytes]) -> str:
    words.seek(0)
    lines = words.read().decode(errors="replace").strip().splitlines()
    return lines[-1] if lines else ""
