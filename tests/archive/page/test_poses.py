"""Poses for the page are the recorded frames, to half a unit."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from fakes import FakeFamily, FakeLearner

from openpoet.archive.page import poses
from openpoet.archive.page.poses import replay_of
from openpoet.archive.replay.episode import Episode, record_episode
from openpoet.poet.streams import Key

SCALE = 0.001


@pytest.fixture(scope="module")
def episode() -> Episode:
    family = FakeFamily()
    learner = FakeLearner(family)
    agent = learner.init(Key(0, ("agent",)))
    return record_episode(FakeLearner, family, agent, family.origin(), Key(0, ("score",)))


def decoded(take: dict[str, Any]) -> list[dict[str, list[np.ndarray]]]:
    """The moving layers of every frame [m], as the page decodes them."""
    found, shape, values = [], -1, np.zeros(0, np.int64)
    for number, *numbers in take["frames"]:
        values = np.array(numbers) + (values if number == shape else 0)
        shape, rest = number, values
        outline: dict[str, list[np.ndarray]] = {}
        for layer, points in take["shapes"][shape]:
            outline.setdefault(layer, []).append(rest[: 2 * points].reshape(-1, 2) * SCALE)
            rest = rest[2 * points :]
        assert not len(rest)
        found.append(outline)
    return found


def same(found: list[dict[str, list[np.ndarray]]], episode: Episode, every: int = 1) -> bool:
    frames = [*range(0, len(episode.frames) - 1, every), len(episode.frames) - 1]
    return len(found) == len(frames) and all(
        np.abs(line - drawn).max() <= SCALE / 2 + 1e-9
        for frame, outline in zip(frames, found, strict=True)
        for layer in outline
        for line, drawn in zip(outline[layer], episode.outline(0, frame)[layer], strict=True)
    )


def test_every_frame_is_decoded_as_it_was_recorded(episode: Episode) -> None:
    found = replay_of(episode, SCALE)
    (take,) = found["takes"]
    assert found["score"] == episode.score
    assert same(decoded(take), episode)
    assert set(take["static"]) == {"ground"}
    assert len(take["returns"]) == len(episode.frames)
    assert take["returns"][-1] == pytest.approx(episode.takes[0].returns[-1], rel=1e-4)


def test_a_line_that_appears_is_decoded_too(episode: Episode) -> None:
    """A family may draw another number of lines in some frames."""

    def outline(task: Any, state: Any) -> dict[str, list[np.ndarray]]:
        dots = [np.array([[1.0, state[0]]])] * (1 + (abs(state[0]) > 0.01) * 2)
        return {"body": [np.array([state, state])], "goal": dots}

    changing = Episode(episode.task, episode.takes, episode.score, False, outline)
    (take,) = replay_of(changing, SCALE)["takes"]
    assert len(take["shapes"]) == 2
    assert same(decoded(take), changing)


def test_a_long_take_is_thinned_and_ends_with_its_last_frame(
    episode: Episode, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(poses, "MOST_FRAMES", 3)
    (take,) = replay_of(episode, SCALE)["takes"]
    assert take["every"] == 3
    assert same(decoded(take), episode, every=3)


def test_many_takes_are_left_out_and_counted(
    episode: Episode, monkeypatch: pytest.MonkeyPatch
) -> None:
    many = Episode(episode.task, episode.takes * 30, 1.0, False, episode.outline_of)
    found = replay_of(many, SCALE)
    assert (len(found["takes"]), found["left_out"]) == (9, 21)
    monkeypatch.setattr(poses, "MOST_NUMBERS", 10)
    assert replay_of(many, SCALE)["left_out"] == 29
