"""Recordings: decoded, they have the expected frames, size and movement; errors are one line."""

import os
import resource
import subprocess
from itertools import pairwise

import numpy as np
import pygame
import pytest
from imageio_ffmpeg import get_ffmpeg_exe

from openpoet.archive.replay.camera import scene_of
from openpoet.archive.replay.drawing import draw_frame
from openpoet.archive.replay.episode import record_episode
from openpoet.archive.replay.ffmpeg import encode
from openpoet.archive.replay.recording import record
from openpoet.poet.streams import Key
from tests.archive.rolling import FAST, SLOW, Hills, Roller, Rolling


@pytest.fixture(scope="module")
def episode():
    return record_episode(Roller, Rolling(), SLOW, Hills(), Key(1))


def decode(path, size):
    """All pictures of a recording, uint8 [pictures, height, width, 3], and ffmpeg's description of
    the file.
    """
    command = [
        get_ffmpeg_exe(),
        "-hide_banner",
        "-i",
        str(path),
        "-fps_mode",
        "passthrough",
        "-f",
        "rawvideo",
    ]
    done = subprocess.run([*command, "-pix_fmt", "rgb24", "-"], capture_output=True, check=True)
    pixels = np.frombuffer(done.stdout, np.uint8)
    return pixels.reshape(-1, size[1], size[0], 3), done.stderr.decode()


def drawn(episode, frame, size):
    surface = pygame.Surface(size, 0, 32)
    draw_frame(surface, episode, scene_of(episode), frame)
    return np.frombuffer(pygame.image.tobytes(surface, "RGB"), np.uint8).reshape(
        size[1], size[0], 3
    )


def test_an_mp4_contains_every_frame_as_drawn(episode, tmp_path):
    size = (322, 182)  # divisible by 2 and not by 16: nothing is resized silently
    path = tmp_path / "a.mp4"
    assert record(episode, path, size=size) == 41
    film, words = decode(path, size)
    assert len(film) == 41
    assert "h264" in words
    assert "yuv420p" in words
    assert "322x182" in words
    assert "50 fps" in words
    for frame in (0, 20, 40):
        assert np.abs(film[frame].astype(int) - drawn(episode, frame, size)).mean() < 6
    assert all(np.abs(a.astype(int) - b).max() > 30 for a, b in pairwise(film))
    assert os.listdir(tmp_path) == ["a.mp4"]


def test_a_gif_runs_in_real_time_and_looks_as_drawn(episode, tmp_path):
    path = tmp_path / "b.GIF"
    assert record(episode, path) == 21
    film, words = decode(path, (800, 400))
    assert len(film) == 21
    assert "25 fps" in words
    assert np.abs(film[10].astype(int) - drawn(episode, 20, (800, 400))).mean() < 4
    assert all((a != b).any() for a, b in pairwise(film))


def test_every_and_takes_select_pictures_and_the_last_frame_is_always_included(tmp_path):
    episode = record_episode(lambda family: Roller(family, 3), Rolling(), FAST, Hills(), Key(1))
    lengths = [len(take.frames) for take in episode.takes]
    expected = [len({*range(0, n, 10), n - 1}) for n in lengths]
    size, path = (128, 96), tmp_path / "a.mp4"
    assert record(episode, path, size=size, every=10) == sum(expected)
    assert len(decode(path, size)[0]) == sum(expected)
    assert record(episode, path, size=size, every=10, takes=[1]) == expected[1]
    film, _ = decode(path, size)
    surface = pygame.Surface(size, 0, 32)
    draw_frame(surface, episode, scene_of(episode, 1), lengths[1] - 1)
    assert (
        np.abs(film[-1].astype(int) - pygame.surfarray.array3d(surface).swapaxes(0, 1)).mean() < 8
    )


def test_progress_counts_to_the_number_of_pictures(episode, tmp_path):
    calls = []
    record(
        episode,
        tmp_path / "a.mp4",
        size=(128, 96),
        progress=lambda done, all_: calls.append((done, all_)),
    )
    assert calls == [(number + 1, 41) for number in range(41)]


def test_recording_opens_no_display_and_restores_the_environment_variables(
    episode, tmp_path, monkeypatch
):
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "SDL_VIDEODRIVER"):
        monkeypatch.delenv(name, raising=False)
    before = dict(os.environ)
    record(episode, tmp_path / "a.gif", size=(128, 96))
    assert dict(os.environ) == before
    assert not pygame.display.get_init()


@pytest.mark.parametrize(
    ("name", "settings", "words"),
    [
        ("a.avi", {}, "expected a name that ends in .mp4 or .gif"),
        ("a", {}, "expected a name that ends in .mp4 or .gif"),
        ("nowhere/a.mp4", {}, "No such file or directory"),
        ("a.mp4", {"size": (321, 182)}, "even width and height, got 321 x 182"),
        ("a.mp4", {"size": (2, 2)}, "at least 64 x 64"),
        ("a.mp4", {"fps": 0}, "fps must be above 0"),
        ("a.gif", {"fps": 60}, "cannot be faster than 50"),
        ("a.mp4", {"every": 0}, "every must be at least 1"),
        ("a.mp4", {"takes": [1]}, "there is no take 1"),
        ("a.mp4", {"takes": []}, "at least one take"),
    ],
)
def test_an_invalid_recording_is_an_error_of_one_line_and_leaves_no_file(
    episode, tmp_path, name, settings, words
):
    with pytest.raises(ValueError, match=words) as refused:
        record(episode, tmp_path / name, **settings)
    assert "\n" not in str(refused.value)
    assert os.listdir(tmp_path) == []


def test_a_folder_at_the_output_path_is_an_error(episode, tmp_path):
    (tmp_path / "a.mp4").mkdir()
    with pytest.raises(ValueError, match="it is a folder"):
        record(episode, tmp_path / "a.mp4")


def test_an_interrupted_recording_keeps_the_earlier_file(episode, tmp_path):
    path = tmp_path / "a.mp4"
    path.write_bytes(b"precious")

    def interrupt(done, _):
        if done == 5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        record(episode, path, size=(128, 96), progress=interrupt)
    assert path.read_bytes() == b"precious"
    assert os.listdir(tmp_path) == ["a.mp4"]


def test_a_full_disk_is_an_error_of_one_line_and_leaves_no_file(episode, tmp_path):
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2000, hard))  # inherited by ffmpeg
    try:
        with pytest.raises(
            ValueError, match=r"cannot record to .*a\.mp4: ffmpeg: File size limit exceeded"
        ) as refused:
            record(episode, tmp_path / "a.mp4", size=(128, 96))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert "\n" not in str(refused.value)
    assert os.listdir(tmp_path) == []


def test_the_error_of_ffmpeg_is_its_message_without_its_address() -> None:
    pictures = iter([bytes(3 * 64 * 48)] * 3)
    with pytest.raises(OSError, match=r"^ffmpeg: [^\[]*No space left on device$"):
        encode(pictures, (64, 48), 25, ("-f", "gif", "/dev/full"))
