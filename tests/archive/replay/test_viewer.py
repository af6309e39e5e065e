"""The viewer: the effect of every key and of the mouse, and a real window with real events under
SDL's dummy driver.
"""

import os
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pygame
import pytest

from openpoet.archive.replay.camera import Camera
from openpoet.archive.replay.controls import KEYS, REACTIONS, Stage, View, advance, fitted, react
from openpoet.archive.replay.episode import record_episode
from openpoet.archive.replay.overlay import timeline_of
from openpoet.archive.replay.viewer import NO_DISPLAY, view
from openpoet.poet.streams import Key
from tests.archive.rolling import FAST, SLOW, Hills, Roller, Rolling

SIZE = (1200, 600)
NICHES = ((4, "flat"), (7, "hills"), (12, "gaps"))
STAGE = Stage(NICHES, (101, 51), SIZE, Camera(10.0, 2.0, 40.0, *SIZE), 101)
START = View(1)


def key(name, code=0):
    """A key press, given as a character or a key code."""
    return pygame.event.Event(
        pygame.KEYDOWN, key=code or ord(name), unicode="" if code else name, mod=0
    )


def press(view, *names):
    for name in names:
        view = react(view, key("", name) if isinstance(name, int) else key(name), STAGE)
    return view


def mouse(view, *events):
    for kind, settings in events:
        view = react(view, pygame.event.Event(kind, **settings), STAGE)
    return view


def test_space_plays_pauses_and_restarts_at_the_end():
    paused = press(START, " ")
    assert paused == replace(START, playing=False)
    assert press(paused, " ") == START
    assert press(replace(paused, frame=100.0), " ") == START


def test_steps_stop_at_both_ends_and_pause():
    here = replace(START, frame=50.7)
    assert press(here, pygame.K_RIGHT) == replace(START, frame=52.0, playing=False)
    assert press(here, pygame.K_LEFT) == replace(START, frame=50.0, playing=False)
    assert press(here, pygame.K_HOME).frame == press(START, pygame.K_LEFT).frame == 0
    assert press(here, pygame.K_END).frame == press(here, pygame.K_END, pygame.K_RIGHT).frame == 100
    assert press(replace(here, shot=1), pygame.K_END).frame == 50


def test_speed_doubles_and_halves_between_its_bounds():
    assert press(START, pygame.K_UP).speed == press(START, "+").speed == 2
    assert press(START, pygame.K_DOWN).speed == press(START, "-").speed == 0.5
    assert press(START, *"+" * 9).speed == 8
    assert press(START, *"-" * 9).speed == 0.25


def test_niches_cycle_with_their_own_agents_or_the_selected_one():
    later = replace(START, frame=30.0, shot=1, playing=False, anchor=(50.0, 1.0))
    assert press(later, "n") == press(later, pygame.K_PAGEDOWN) == View(2)
    assert press(later, "p") == press(later, pygame.K_PAGEUP) == View(0)
    assert press(START, "n", "n") == View(0)
    assert press(View(1, agent=0), "n") == View(2, agent=0)


def test_agents_cycle_and_return_to_the_niches_own():
    assert press(START, "a") == View(1, agent=2)
    assert press(START, "a", "a") == View(1, agent=0)
    assert press(START, "a", "a", "a") == START
    assert press(START, "A") == View(1, agent=0)
    assert press(START, "a", "o") == START


def test_every_pair_of_agent_and_niche_can_be_selected():
    for niche in range(3):
        for agent in range(3):
            there = press(START, *str(NICHES[niche][0]), "\r", *str(NICHES[agent][0]), "a")
            assert there == View(niche, None if agent == niche else agent)


def test_typed_digits_are_shown_and_cleared_by_other_keys():
    assert press(START, "1", "2").typed == "12"
    assert press(START, "1", pygame.K_LSHIFT, "2").typed == "12"
    assert press(START, "1", "2", "l").typed == ""
    assert press(START, "1", "2", "\r") == View(2)
    assert press(START, "9", "9", "\r") == START
    assert press(START, "9", "9", "a") == START
    assert press(START, "\r") == START


def test_display_options_are_toggled_by_their_keys():
    for name, field in (("l", "lidar"), ("h", "help"), ("?", "help")):
        once = press(START, name)
        assert getattr(once, field) is not getattr(START, field)
        assert press(once, name) == START


def test_disabling_follow_keeps_the_camera_position():
    still = press(START, "f")
    assert still == replace(START, anchor=(10.0, 2.0))
    assert press(still, "f") == START


def test_episodes_cycle():
    assert press(replace(START, frame=9.0), "e") == replace(START, shot=1)
    assert press(START, "e", "e") == START


def test_escape_and_q_close_the_viewer():
    for leave in ("q", pygame.K_ESCAPE):
        assert press(START, leave).leaving
    assert react(START, pygame.event.Event(pygame.QUIT), STAGE).leaving


def test_dragging_on_the_strip_scrubs():
    line = timeline_of(SIZE)
    down = (pygame.MOUSEBUTTONDOWN, {"button": 1, "pos": line.center})
    held = mouse(START, down)
    assert held == replace(START, frame=50.0, playing=False, held="time")
    moved = mouse(
        held,
        (
            pygame.MOUSEMOTION,
            {"pos": (line.right + 90, 5), "rel": (90, -400), "buttons": (1, 0, 0)},
        ),
    )
    assert moved.frame == 100
    dropped = mouse(moved, (pygame.MOUSEBUTTONUP, {"button": 1, "pos": (5, 5)}))
    assert dropped == replace(moved, held="")
    assert (
        mouse(dropped, (pygame.MOUSEMOTION, {"pos": (0, 0), "rel": (1, 1), "buttons": (0, 0, 0)}))
        == dropped
    )


def test_dragging_the_world_keeps_the_point_under_the_mouse():
    down = (pygame.MOUSEBUTTONDOWN, {"button": 1, "pos": (600, 200)})
    move = (pygame.MOUSEMOTION, {"pos": (640, 180), "rel": (40, -20), "buttons": (1, 0, 0)})
    moved = mouse(START, down, move)
    assert moved.anchor == (9.0, 1.5)
    before, after = STAGE.camera, replace(STAGE.camera, x=9.0, y=1.5)
    np.testing.assert_allclose(before.metres(600, 200), after.metres(640, 180))


def test_the_wheel_zooms_between_bounds():
    assert mouse(START, (pygame.MOUSEWHEEL, {"x": 0, "y": 2})).zoom == pytest.approx(1.15**2)
    assert mouse(START, (pygame.MOUSEWHEEL, {"x": 0, "y": 99})).zoom == 8
    assert mouse(START, (pygame.MOUSEWHEEL, {"x": 0, "y": -99})).zoom == 0.2


def test_every_key_is_listed_once_in_the_help_card():
    triggers = [trigger for row in KEYS for trigger in row[1]]
    assert len(triggers) == len(set(triggers)) == len(REACTIONS)
    assert all(shown and meaning for shown, _, meaning, _ in KEYS)


def test_unknown_keys_and_events_change_nothing():
    assert press(START, "z", pygame.K_F5) == START
    assert react(START, pygame.event.Event(pygame.WINDOWFOCUSLOST), STAGE) is START
    assert mouse(START, (pygame.MOUSEBUTTONDOWN, {"button": 3, "pos": (5, 5)})) == START


def test_playback_advances_at_the_selected_speed():
    assert advance(START, 0.5, 0.02, (101, 51)) == replace(START, frame=25.0)
    assert advance(replace(START, speed=2.0), 0.5, 0.02, (101, 51)).frame == 50
    for still in (replace(START, playing=False), replace(START, held="time")):
        assert advance(still, 0.5, 0.02, (101, 51)) == still


def test_playback_continues_with_the_next_episode_and_stops_at_the_end_of_the_last():
    assert advance(replace(START, frame=99.0), 1.0, 0.02, (101, 51)) == replace(START, shot=1)
    assert advance(replace(START, shot=1), 9.0, 0.02, (101, 51)) == replace(
        START, shot=1, frame=50.0, playing=False
    )
    assert advance(START, 1.0, 0.02, (1,)) == replace(START, playing=False)


def test_a_view_is_clamped_to_the_loaded_episode():
    assert fitted(replace(START, shot=3, frame=70.0), (101, 51)) == replace(
        START, shot=1, frame=50.0
    )
    assert fitted(replace(START, frame=70.0), (101, 51)) == replace(START, frame=70.0)


@pytest.fixture
def dummy(monkeypatch):
    monkeypatch.setenv("SDL_VIDEODRIVER", "dummy")
    yield
    assert not pygame.display.get_init()  # the viewer tidied up


class ScriptedUser:
    """Loads episodes for the viewer; presses the next keys when another pair is drawn."""

    def __init__(self, *presses):
        self.requested, self.pictures, self.presses, self.displayed = [], [], list(presses), []

    def load(self, niche, agent):
        self.requested.append((niche, agent))
        self.pictures.append(pygame.display.get_surface().copy())
        episode = record_episode(
            Roller, Rolling(), FAST if niche == agent else SLOW, Hills(), Key(niche)
        )

        def outline(task, state):
            if self.displayed[-1:] != [(niche, agent)]:
                self.displayed.append((niche, agent))
                for name in self.presses.pop(0):
                    pygame.event.post(key(name))
            return Rolling().outline(task, state)

        return replace(episode, outline_of=outline)


def test_a_window_simulates_each_pair_of_niche_and_agent_once(dummy):
    user = ScriptedUser("n", "a", "hp", "lo", "4\r", "q")
    view(user.load, NICHES, 7)
    assert user.displayed == [(7, 7), (12, 12), (12, 4), (7, 4), (7, 7), (4, 4)]
    assert user.requested == [(7, 7), (12, 12), (12, 4), (7, 4), (4, 4)]
    assert user.presses == []


def test_keys_pressed_in_quick_succession_simulate_only_the_last_selection(dummy):
    user = ScriptedUser("nn", "q")
    view(user.load, NICHES, 4)
    assert user.requested == [(4, 4), (12, 12)]


def test_an_episode_selected_while_loading_is_clamped_to_the_last(dummy):
    loaded = []

    def load(niche, agent):
        loaded.append(niche)
        for name in "ne" if niche == 4 else "q":
            pygame.event.post(key(name))
        return record_episode(
            lambda family: Roller(family, 2 if niche == 4 else 1), Rolling(), FAST, Hills(), Key(1)
        )

    view(load, NICHES, 4)
    assert loaded == [4, 7]


def test_a_window_starts_with_the_requested_agent(dummy):
    for agent, requested in ((12, (7, 12)), (7, (7, 7)), (None, (7, 7))):
        user = ScriptedUser("q")
        view(user.load, NICHES, 7, agent)
        assert user.requested == [requested]


def test_the_window_shows_a_message_while_it_simulates(dummy):
    user = ScriptedUser("n", "q")
    view(user.load, NICHES, 4)
    first, second = user.pictures
    background = first.get_at((5, 5))
    words = pygame.surfarray.array3d(first)[400:800, 270:330].astype(int)
    assert np.ptp(words) > 150  # dark text on a light card
    assert second.get_at((600, 300)) != background


def test_a_window_of_the_requested_size_plays_without_input(dummy):
    frames_drawn = []

    def outline(task, state):
        frames_drawn.append((pygame.display.get_surface().get_size(), state.x))
        # at the end, however many pictures the machine draws in the meantime
        if len(frames_drawn) > drawn_from + 1 and state.x == episode.frames[-1].x:
            pygame.event.post(pygame.event.Event(pygame.QUIT))
        return Rolling().outline(task, state)

    episode = record_episode(Roller, Rolling(), FAST, Hills(), Key(1))
    drawn_from = len(episode.frames)  # constructing the scene reads the frames once
    view(lambda niche, agent: replace(episode, outline_of=outline), NICHES, 4, size=(400, 300))
    assert {size for size, _ in frames_drawn} == {(400, 300)}
    xs = [x for _, x in frames_drawn[drawn_from + 1 :]]
    assert xs == sorted(xs)
    assert xs[-1] > xs[0]


def test_a_window_can_be_resized(dummy):
    user, sizes = ScriptedUser("n", "q"), []

    def load(niche, agent):
        if niche == 7:
            pygame.display.set_mode((640, 480), pygame.RESIZABLE)
        episode = user.load(niche, agent)

        def outline(task, state):
            sizes.append(pygame.display.get_surface().get_size())
            return episode.outline_of(task, state)

        return replace(episode, outline_of=outline)

    view(load, NICHES, 4, size=(400, 300))
    assert sizes[0] == (400, 300)
    assert sizes[-1] == (640, 480)


def test_control_characters_in_titles_are_escaped(dummy):
    """A null character, for example, is an error in pygame's own functions."""
    title, captions = "hill\0 \x1b]0;a\x07 \u202e\n", set()

    def load(niche, agent):
        def outline(task, state):
            captions.add(pygame.display.get_caption()[0])
            pygame.event.post(key("q"))
            return Rolling().outline(task, state)

        episode = record_episode(
            Roller, Rolling(), FAST, Hills(), Key(1), title=title, labels={"niche": title}
        )
        return replace(episode, outline_of=outline)

    view(load, [(4, title)], 4)
    assert r"hill\x00 \x1b]0;a\x07 \u202e\n" in captions


def test_an_error_of_load_is_raised_and_the_window_is_closed(dummy):
    def load(niche, agent):
        raise ValueError("the weights of niche 4 are damaged")

    with pytest.raises(ValueError, match="damaged"):
        view(load, NICHES, 4)


def test_unknown_niches_are_an_error_before_a_window_opens():
    with pytest.raises(ValueError, match="there is no niche 5: this run has 4, 7, 12"):
        view(None, NICHES, 5)
    with pytest.raises(ValueError, match="there is no niche 6"):
        view(None, NICHES, 4, 6)
    with pytest.raises(ValueError, match="this run has none"):
        view(None, [], 0)


def test_without_a_display_the_error_suggests_record():
    program = (
        "from openpoet.archive.replay.viewer import view\ntry: view(None, [(1, 'a')], "
        "1)\nexcept ValueError as error: print(error)"
    )
    env = {
        k: v
        for k, v in os.environ.items()
        if k not in ("DISPLAY", "WAYLAND_DISPLAY", "SDL_VIDEODRIVER")
    }
    env["SDL_VIDEODRIVER"] = "nonsense"
    for changes in ({}, {"SDL_VIDEODRIVER": ""}):
        done = subprocess.run(
            [sys.executable, "-c", program], env={**env, **changes}, capture_output=True, text=True
        )
        assert done.stdout.startswith(NO_DISPLAY)
        assert done.stdout.count("\n") == 1
        assert done.stderr == ""
