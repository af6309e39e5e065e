"""First and last episode of a trial side by side: the episodes that are scored, each drawn as it is
alone, in films and in a window under SDL's dummy driver.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pygame
import pytest

from openpoet.agents.gradient.maml import MAML
from openpoet.agents.gradient.maml_config import MAMLConfig
from openpoet.agents.memory.rl2 import RL2
from openpoet.agents.memory.rl2_config import RL2Config
from openpoet.archive.replay.camera import alike, scene_of
from openpoet.archive.replay.drawing import Look
from openpoet.archive.replay.episode import Episode, record_episode
from openpoet.archive.replay.overlay import facts, timeline_of
from openpoet.archive.replay.recorder import ROWS_KEPT
from openpoet.archive.replay.recording import Film, record
from openpoet.archive.replay.side_by_side import (
    GAP,
    Shot,
    first_and_last,
    length,
    one_by_one,
    panels,
)
from openpoet.archive.replay.viewer import panel_at, view
from openpoet.envs.navigation import Navigation, NavigationSettings
from openpoet.envs.walker.family import Walker, WalkerSettings
from openpoet.poet.streams import Key
from tests.archive.replay.test_recording import decode
from tests.archive.rolling import FAST, Hills, Roller, Rolling

KEY = Key(3, ("score", 7))
WALKER = Walker(WalkerSettings(horizon=150, threads=1, body="reversed"))
PLANE = Navigation(NavigationSettings(horizon=4))
ALONE = (200, 160)  # size of a panel
SIZE = (2 * ALONE[0] + GAP, ALONE[1])


def rl2(family: Any) -> RL2:
    return RL2(family, RL2Config(hidden=8, test_trials=4))


def maml(trajectories: int, family: Any) -> MAML:
    settings = MAMLConfig(trajectories=trajectories, test_trials=3, test_updates=2, hidden=(4,))
    return MAML(family, settings)


def replayed(make: Callable[[Any], Any], family: Any) -> Episode:
    agent = make(family).init(Key(1))
    return record_episode(make, family, agent, family.origin(), KEY, title="flat; legs")


@pytest.fixture(scope="module")
def episode() -> Episode:
    """Trials of two episodes of walkers, of different lengths."""
    return replayed(rl2, WALKER)


def uneven(episode: Episode) -> Shot:
    """A pair whose second episode is shorter."""
    lengths = [len(take.frames) for take in episode.takes]
    return next(shot for shot in first_and_last(episode) if lengths[shot[1]] < lengths[shot[0]])


def test_a_pair_is_the_first_and_the_last_episode_of_a_trial_on_the_same_draw(
    episode: Episode,
) -> None:
    shots = first_and_last(episode)
    assert len(shots) == episode.trials == 4
    for trial, (first, last) in enumerate(shots):
        before, after = episode.takes[first], episode.takes[last]
        assert (before.trial, before.episode) == (trial, 0)
        assert (after.trial, after.episode) == (trial, episode.per_trial - 1) == (trial, 1)
        assert before.seed == after.seed
        assert episode.hidden(first) == episode.hidden(last)
        ground = [episode.outline(take, 0)["ground"][0] for take in (first, last)]
        np.testing.assert_array_equal(*ground)
        assert dict(facts(episode, scene_of(episode, last), 0))["trial"] == f"{trial + 1} of 4"
        assert dict(facts(episode, scene_of(episode, last), 0))["episode"] == "2 of 2"
    assert len({episode.takes[first].seed for first, _ in shots}) == 4


def test_the_pairs_have_the_returns_that_the_learner_scores(episode: Episode) -> None:
    learner = rl2(WALKER)
    returns, _ = learner.by_episode(learner.init(Key(1)), WALKER.origin(), KEY, 4)
    found = [[episode.takes[take].returns[-1] for take in shot] for shot in first_and_last(episode)]
    np.testing.assert_allclose(found, returns[:, [0, -1]], rtol=0, atol=1e-9)


@pytest.mark.parametrize("trajectories", [2, ROWS_KEPT + 3])
def test_episodes_of_an_update_side_by_side_are_numbered_as_in_their_trial(
    trajectories: int,
) -> None:
    episode = replayed(partial(maml, trajectories), PLANE)
    assert (episode.trials, episode.per_trial) == (3, 3 * trajectories)
    assert all(len(take.frames) == 5 for take in episode.takes)  # none without steps
    shots = first_and_last(episode)
    for first, last in shots if trajectories == 2 else shots[:1]:
        assert (episode.takes[first].episode, episode.takes[last].episode) == (
            0,
            3 * trajectories - 1,
        )
    numbers = [take.episode for take in episode.takes if take.trial == 0]
    kept = [*range(min(trajectories, ROWS_KEPT)), *[trajectories - 1] * (trajectories > 2)]
    assert numbers == [update * trajectories + row for update in range(3) for row in kept]
    if trajectories == 2:
        learner = maml(2, PLANE)
        returns, _ = learner.by_episode(learner.init(Key(1)), PLANE.origin(), KEY, 3)
        means = [
            [np.mean([take.rewards.sum() for take in _batch(episode, trial, b)]) for b in range(3)]
            for trial in range(3)
        ]
        np.testing.assert_allclose(means, returns, rtol=0, atol=1e-5)


def _batch(episode: Episode, trial: int, number: int) -> list[Any]:
    return [t for t in episode.takes if (t.trial, t.episode // 2) == (trial, number)]


def test_the_requested_trial_comes_first_and_the_others_follow(episode: Episode) -> None:
    shots = first_and_last(episode)
    assert first_and_last(episode, 3) == (*shots[2:], *shots[:2])
    for trial in (0, 5):
        with pytest.raises(ValueError, match=rf"of trial {trial}: expected 1 to 4$"):
            first_and_last(episode, trial)


def test_a_learner_that_does_not_adapt_has_nothing_to_compare() -> None:
    single = record_episode(lambda family: Roller(family, 3), Rolling(), FAST, Hills(), Key(1))
    assert one_by_one(single) == ((0,), (1,), (2,))
    with pytest.raises(ValueError, match="one episode per trial") as refused:
        first_and_last(single)
    assert "\n" not in str(refused.value)


def picture(film: Film, shot: Shot, frame: int) -> np.ndarray:
    [pixels] = film.pictures([(shot, frame)])
    return np.frombuffer(pixels, np.uint8).reshape(film.size[1], film.size[0], 3)


def test_each_panel_is_the_picture_of_its_episode_alone(episode: Episode) -> None:
    shot = uneven(episode)
    film = Film(episode, SIZE, 40, [shot], Look())
    alone = Film(episode, ALONE, 40, [], Look(brief=True))
    ends = [len(episode.takes[take].frames) - 1 for take in shot]
    assert film.moments == [(shot, frame) for frame in [*range(0, ends[0], 40), ends[0]]]
    for _, frame in film.moments:
        both = picture(film, shot, frame)
        left, right = both[:, : ALONE[0]], both[:, ALONE[0] + GAP :]
        first, second = (
            picture(alone, (take,), min(frame, end)) for take, end in zip(shot, ends, strict=True)
        )
        np.testing.assert_array_equal(left, first)
        np.testing.assert_array_equal(right, second)
        assert not np.array_equal(left, right)  # the panels cannot be exchanged
    kept = [picture(film, shot, frame)[:, ALONE[0] + GAP :] for frame in (ends[1], ends[0])]
    np.testing.assert_array_equal(*kept)  # the shorter episode keeps its last frame


def test_a_panel_shows_the_episode_what_is_hidden_and_the_return_so_far(episode: Episode) -> None:
    shot = next(s for s in first_and_last(episode) if episode.hidden(s[0]))
    for number, take in enumerate(shot):
        values = facts(episode, scene_of(episode, take), 30, brief=True)
        assert values == [
            ("episode", f"{number + 1} of 2"),
            *zip(["hidden", ""], episode.hidden(take), strict=False),
            ("time", "0.60 s"),
            ("return", f"{episode.takes[take].rewards[:30].sum():.2f}"),
        ]


@pytest.mark.parametrize("name", ["a.mp4", "a.gif"])
def test_a_film_has_both_panels_in_every_picture(
    name: str, episode: Episode, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable in ("DISPLAY", "WAYLAND_DISPLAY", "SDL_VIDEODRIVER"):
        monkeypatch.delenv(variable, raising=False)
    shot, size = uneven(episode), (320, 160)
    count = record(episode, tmp_path / name, size=size, every=20, takes=[shot])
    pictures, _ = decode(tmp_path / name, size)
    drawn = Film(episode, size, 20, [shot], Look())
    assert count == len(pictures) == len(drawn.moments)
    for shown, (_, frame) in zip(pictures, drawn.moments, strict=True):
        assert np.abs(shown.astype(int) - picture(drawn, shot, frame)).mean() < 8
    with pytest.raises(ValueError, match="at least one take"):
        record(episode, tmp_path / name, takes=[()])
    with pytest.raises(ValueError, match="there is no take 99"):
        record(episode, tmp_path / name, takes=[(0, 99)])


def test_fixed_cameras_of_panels_are_the_same(episode: Episode) -> None:
    plane = replayed(rl2, PLANE)
    alone = [scene_of(plane, take) for take in first_and_last(plane)[0]]
    first, second = alike(alone)
    assert alone[0].extent != alone[1].extent
    assert first.extent == second.extent
    assert np.array_equal(first.focus, second.focus)
    for scene in alone:
        assert (first.low <= scene.low).all()
        assert (first.high >= scene.high).all()
    following = [scene_of(episode, take) for take in first_and_last(episode)[0]]
    assert all(a is b for a, b in zip(alike(following), following, strict=True))


def test_panels_divide_the_picture_and_one_fills_it() -> None:
    assert panels((800, 400), 1) == [pygame.Rect(0, 0, 800, 400)]
    left, right = panels((800, 400), 2)
    assert (left.left, left.width, right.left, right.right) == (0, 398, 402, 800)
    assert [panel_at([left, right], x) for x in (0, 399, 402, 799)] == [0, 0, 1, 1]


@pytest.fixture
def screens(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[list[np.ndarray], list[list[Any]]]]:
    """Pictures of the window, and the events that are posted after each."""
    monkeypatch.setenv("SDL_VIDEODRIVER", "dummy")
    seen: list[np.ndarray] = []
    events: list[list[Any]] = []
    flip = pygame.display.flip

    def flipped() -> None:
        flip()
        seen.append(pygame.surfarray.array3d(pygame.display.get_surface()).swapaxes(0, 1))
        for event in events.pop(0) if events else []:
            pygame.event.post(event)

    monkeypatch.setattr(pygame.display, "flip", flipped)
    yield seen, events
    assert not pygame.display.get_init()


def key(name: str, code: int = 0) -> pygame.event.Event:
    return pygame.event.Event(pygame.KEYDOWN, key=code or ord(name), unicode=name, mod=0)


def click(x: float, y: float) -> pygame.event.Event:
    return pygame.event.Event(pygame.MOUSEBUTTONDOWN, button=1, pos=(round(x), round(y)))


def test_a_window_shows_both_panels_and_the_time_line_of_each(
    episode: Episode, screens: tuple[list[np.ndarray], list[list[Any]]]
) -> None:
    seen, events = screens
    shot, line = uneven(episode), timeline_of(ALONE)
    start = episode.takes[shot[0]].trial + 1
    middle = click(ALONE[0] + GAP + line.centerx, line.centery)
    events += [[], [key("", pygame.K_END)], [middle], [key("e")], [key("q")]]
    shots = partial(first_and_last, trial=start)
    view(lambda niche, agent: episode, [(0, "flat")], 0, size=SIZE, shots=shots)
    film = Film(episode, SIZE, 1, [], Look())
    lower = slice(ALONE[1] // 2, None)  # below the status in the upper right corner
    scrubbed = round((len(episode.takes[shot[1]].frames) - 1) / 2)
    for screen, frame in zip(seen[2:4], (length(episode, shot) - 1, scrubbed), strict=True):
        drawn = picture(film, shot, frame)
        np.testing.assert_array_equal(screen[:, : ALONE[0]], drawn[:, : ALONE[0]])
        np.testing.assert_array_equal(screen[lower], drawn[lower])
    other = picture(film, shots(episode)[1], 0)
    np.testing.assert_array_equal(seen[4][lower], other[lower])
