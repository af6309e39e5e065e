"""Clips are the recorded evaluations, to half a unit, and equal clips make equal files."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from fakes import FakeFamily, FakeLearner

from openpoet.archive.page.clips import clips_of, episode_of, read_clips, write_clips
from openpoet.archive.page.poses import replay_of
from openpoet.archive.replay.episode import Episode, record_episode
from openpoet.poet.streams import Key

SCALE = 0.001


@pytest.fixture(scope="module")
def episode() -> Episode:
    family = FakeFamily()
    agent = FakeLearner(family).init(Key(0, ("agent",)))
    return record_episode(
        FakeLearner, family, agent, family.origin(), Key(0, ("score",)), title="a point"
    )


def clip(episode: Episode) -> dict[str, object]:
    return {"niche": 3, "agent": 3, **replay_of(episode, SCALE)}


def test_a_clip_is_the_episode_that_was_recorded(episode: Episode, tmp_path: Path) -> None:
    write_clips(tmp_path / "a.clips", {3: clip(episode)})
    found = episode_of(read_clips(tmp_path / "a.clips")[3])
    assert (found.score, found.solved, found.dt) == (episode.score, episode.solved, episode.dt)
    assert (found.title, found.labels) == ("a point", {"niche": "3", "agent": "3"})
    (take,), (recorded,) = found.takes, episode.takes
    assert take.returns == pytest.approx(recorded.returns, rel=1e-4)
    assert len(take.frames) == len(recorded.frames)
    for frame in range(len(take.frames)):
        drawn, outline = found.outline(0, frame), episode.outline(0, frame)
        assert drawn.keys() == outline.keys()
        for layer, lines in outline.items():
            for line, original in zip(drawn[layer], lines, strict=True):
                assert np.abs(line - original).max() <= SCALE / 2 + 1e-9


def test_layers_that_appear_and_vanish_are_decoded(episode: Episode) -> None:
    """Frames of another shape are not differences to those before."""

    def blinking(task: object, state: object) -> dict[str, list[np.ndarray]]:
        shown = {"flag": [np.array([[1.0, 2.0], [3.0, 4.0]])]} if id(state) in odd else {}
        return {**dict(episode.outline_of(task, state)), **shown}  # type: ignore[arg-type]

    odd = {id(state) for state in episode.frames[1::2]}
    found = episode_of(clip(replace(episode, outline_of=blinking)))
    for frame in range(len(episode.frames)):
        outline = found.outline(0, frame)
        assert ("flag" in outline) == bool(frame % 2)
        body, expected = outline["body"][0], episode.outline(0, frame)["body"][0]
        assert np.abs(body - expected).max() <= SCALE / 2 + 1e-9


def test_equal_clips_make_equal_files(episode: Episode, tmp_path: Path) -> None:
    for name in ("a", "b"):
        write_clips(tmp_path / name, {4: clip(episode), 3: clip(episode)})
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    assert [*read_clips(tmp_path / "a")] == [3, 4]


def test_only_packs_of_the_museum_have_clips(episode: Episode, tmp_path: Path) -> None:
    """A file of a stranger beside a pack is not read."""
    write_clips(tmp_path / "museum.clips", {3: clip(episode)})
    assert clips_of(tmp_path / "museum.poet") == {}
