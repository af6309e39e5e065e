"""Encoding of pictures as a film by the ffmpeg executable of imageio-ffmpeg."""

from __future__ import annotations

import re
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from typing import IO

from imageio_ffmpeg import get_ffmpeg_exe


def encode(
    pictures: Iterator[bytes], size: tuple[int, int], fps: float, arguments: tuple[str, ...]
) -> None:
    """Write a film with ffmpeg.

    pictures: RGB pixels, row by row. size: width, height [px]. fps: of the pictures.
    arguments: of ffmpeg after its input; the last is the file to write.
    OSError, one line, if ffmpeg fails.
    """
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
    with tempfile.TemporaryFile() as messages:
        # stderr is a file, since an unread pipe would block ffmpeg
        ffmpeg = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=messages
        )
        assert ffmpeg.stdin is not None
        try:
            _feed(ffmpeg.stdin, pictures)
            if ffmpeg.wait() != 0:
                reason = _last_line(messages) or _ending(ffmpeg.returncode)
                raise OSError(f"ffmpeg: {reason}")
        finally:
            ffmpeg.kill()
            ffmpeg.wait()
            with suppress(BrokenPipeError):
                ffmpeg.stdin.close()


def _feed(pipe: IO[bytes], pictures: Iterator[bytes]) -> None:
    """Write all pictures, or stop when ffmpeg closes the pipe; its exit status and messages give
    the reason.
    """
    try:
        for picture in pictures:
            pipe.write(picture)
        pipe.close()
    except BrokenPipeError:
        return


def _last_line(messages: IO[bytes]) -> str:
    messages.seek(0)
    lines = messages.read().decode(errors="replace").strip().splitlines()
    # without the part of ffmpeg and its address, such as [out#0/mp4 @ 0x55b8d7bc2380]
    return re.sub(r"^\[[^]]*\] *", "", lines[-1]) if lines else ""


def _ending(status: int) -> str:
    """How a process without a message ended; a negative status is that of a signal."""
    return (
        f"exit status {status}" if status > 0 else signal.strsignal(-status) or f"signal {-status}"
    )
