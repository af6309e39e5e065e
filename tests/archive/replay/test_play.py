"""The game: actions from keys, the effect of every key and of the mouse, and a real window with
real events under SDL's dummy driver.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from types import SimpleNamespace
from typing import Any

import numpy as np
import pygame
import pytest

from openpoet.archive.replay.camera import Camera
from openpoet.archive.replay.driving import action, keys_of
from openpoet.archive.replay.episode import record_episode
from openpoet.archive.replay.game import KEYS, REACTIONS, Bench, Game, react, steps_due
from openpoet.archive.replay.live import Live
from openpoet.archive.replay.overlay import strip_of
from openpoet.archive.replay.play import Round, Table, play
from openpoet.archive.replay.sliders import areas, value_at
from openpoet.poet.streams import Key
from tests.archive.rolling import FAST, SLOW, STEP, Hills, Roller, Rolling

SIZE = (1200, 600)
WALKER = SimpleNamespace(action_size=4, observation_size=24)
CHOICE = SimpleNamespace(action_size=3, observation_size=1, discrete=True)
AGENTS = ((4, "flat"), (7, "hills"), (12, "gaps"))
BENCH = Bench(
    WALKER,
    AGENTS,
    SIZE,
    Camera(10.0, 2.0, 40.0, *SIZE),
    {"height": (0.5, 0.0, 2.0, 0.5), "seed": (3, 0, 9, 1)},
    turned=lambda task, name, value: replace(task, **{name: value}),
    drawn=lambda task, stroke: replace(task, height=float(stroke[1, 1] - stroke[0, 1])),
    mutated=lambda task, number: replace(task, height=task.height + number + 1),
)
START = Game(Hills(), 1)
EDITING = replace(START, mode="edit")


def event(kind: int, **settings: Any) -> pygame.event.Event:
    return pygame.event.Event(kind, **settings)


def press(game: Game, *keys: int, bench: Bench = BENCH) -> Game:
    for key in keys:
        game = react(game, event(pygame.KEYDOWN, key=key), bench)
    return game


def drag(game: Game, *places: tuple[float, float]) -> Game:
    game = react(game, event(pygame.MOUSEBUTTONDOWN, button=1, pos=places[0]), BENCH)
    for place in places[1:]:
        game = react(game, event(pygame.MOUSEMOTION, pos=place), BENCH)
    return react(game, event(pygame.MOUSEBUTTONUP, button=1, pos=places[-1]), BENCH)


def test_each_motor_has_a_key_for_either_direction() -> None:
    for at, (plus, minus) in enumerate(keys_of(WALKER)):
        np.testing.assert_array_equal(action(WALKER, {plus}), np.eye(4)[at])
        np.testing.assert_array_equal(action(WALKER, {minus}), -np.eye(4)[at])
        assert not action(WALKER, {plus, minus}).any()
    keys = [key for pair in keys_of(WALKER) for key in pair]
    assert len({*keys, *REACTIONS}) == len(keys) + len(REACTIONS), "no key has two effects"


def test_a_gamepad_adds_to_the_keys_within_the_range_of_actions() -> None:
    plus = keys_of(WALKER)[0][0]
    np.testing.assert_allclose(action(WALKER, set(), [0.5, 0.1, -1.0]), [0.5, 0.0, -1.0, 0.0])
    assert action(WALKER, {plus}, [0.5])[0] == 1.0


def test_number_keys_are_discrete_actions_taken_one_by_one() -> None:
    np.testing.assert_array_equal(action(CHOICE, {pygame.K_3}), [0, 0, 1])
    np.testing.assert_array_equal(action(CHOICE, {pygame.K_4}), [1, 0, 0])
    bench = replace(BENCH, spec=CHOICE)
    game = press(START, pygame.K_2, pygame.K_3, pygame.K_9, bench=bench)
    assert game.chosen == (1, 2)
    assert steps_due(game, bench, 5.0, 0.02) == 2
    assert steps_due(START, bench, 5.0, 0.02) == 0


def test_motors_act_while_their_key_is_held() -> None:
    held = press(START, pygame.K_q, pygame.K_w)
    assert held.held == {pygame.K_q, pygame.K_w}
    assert react(held, event(pygame.KEYUP, key=pygame.K_q), BENCH).held == {pygame.K_w}
    assert not press(EDITING, pygame.K_q).held


def test_time_passes_at_the_chosen_speed() -> None:
    assert steps_due(START, BENCH, 1.0, 0.02) == 25
    assert steps_due(press(START, pygame.K_PLUS), BENCH, 1.0, 0.02) == 50
    for still in (press(START, pygame.K_SPACE), EDITING):
        assert steps_due(still, BENCH, 1.0, 0.02) == 0
    assert press(START, *[pygame.K_MINUS] * 9).speed == 1 / 16


def test_keys_choose_agent_and_mode_and_begin_a_new_round() -> None:
    assert press(START, pygame.K_n) == replace(START, agent=2, round=1)
    assert press(START, pygame.K_n, pygame.K_n).agent == 0
    assert press(START, pygame.K_p).agent == 0
    assert press(START, pygame.K_r) == replace(START, round=1, attempt=1)
    assert press(START, pygame.K_r, pygame.K_n).attempt == 0, "another agent"
    assert press(START, pygame.K_v).mode == "watch"
    assert press(START, pygame.K_v, pygame.K_v).mode == "drive"
    assert press(START, pygame.K_TAB).mode == "edit"
    assert press(START, pygame.K_TAB, pygame.K_TAB).mode == "drive"
    assert press(START, pygame.K_RETURN).saving
    assert not press(START, pygame.K_g).ghost
    assert press(START, pygame.K_ESCAPE).leaving
    assert react(START, event(pygame.QUIT), BENCH).leaving


def test_a_slider_sets_a_number_in_steps_and_a_drag_is_one_edit() -> None:
    area = areas(BENCH.knobs, SIZE)["height"]
    y = area.centery
    done = drag(EDITING, (area.left, y), (area.centerx, y), (area.right + 99, y))
    assert done.task == Hills(2.0)
    assert done.past == (Hills(0.5),)
    assert press(done, pygame.K_z).task == Hills(0.5)
    assert value_at(BENCH.knobs["height"], area, area.left + area.width * 0.3) == 0.5
    assert drag(START, area.center, area.center) == START, "only while editing"


def test_a_stroke_on_the_ground_is_passed_on_in_metres() -> None:
    done = drag(EDITING, (300, 300), (400, 200), (300, 220))
    assert done.task == Hills(2.0)  # 80 px at 40 px/m
    assert done.past == (Hills(0.5),), "the whole stroke is one edit"
    begun = react(EDITING, event(pygame.MOUSEBUTTONDOWN, button=1, pos=(300, 300)), BENCH)
    moved = react(begun, event(pygame.MOUSEMOTION, pos=(300, 260)), BENCH)
    assert moved.task == Hills(1.0), "shown while the mouse moves"
    assert drag(EDITING, (300, 300), (300, 280)) == EDITING, "a stroke without effect"


def test_mutation_and_undo_are_for_editing() -> None:
    twice = press(EDITING, pygame.K_m, pygame.K_m)
    assert twice.task == Hills(0.5 + 1 + 2)
    assert press(twice, pygame.K_z, pygame.K_z, pygame.K_z) == replace(EDITING, past=())
    assert press(START, pygame.K_m, pygame.K_z) == START


def test_the_strip_moves_the_view_of_an_edited_track() -> None:
    strip = strip_of(SIZE)
    assert drag(EDITING, (600, strip.centery)).look == 0.5
    assert drag(EDITING, (600, strip.centery)).task == Hills()


def test_every_key_is_listed_once_in_the_help_card() -> None:
    keys = [key for row in KEYS for key in row[1]]
    assert len(keys) == len(set(keys)) == len(REACTIONS)


def test_a_live_episode_is_that_of_a_recording_with_the_same_actions() -> None:
    recorded = record_episode(Roller, Rolling(), FAST, Hills(), Key(1))
    take = recorded.takes[0]
    live = Live(Rolling(), Hills(), take.seed)
    states = [live.state]
    while not live.ended:
        live.step(np.array([1.5], np.float32))
        states.append(live.state)
    assert states == list(take.frames)
    assert (live.returns, live.success) == (recorded.score, True)
    live.step(np.array([1.5], np.float32))
    assert live.steps == len(states) - 1, "nothing after the end"


@pytest.fixture
def dummy(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("SDL_VIDEODRIVER", "dummy")
    yield
    assert not pygame.display.get_init()  # the game tidied up


class Person:
    """A family that posts the next events at each picture, and what the game asked for."""

    def __init__(self, *script: list[pygame.event.Event]) -> None:
        self.script, self.evaluated, self.saved = list(script), list[Any](), list[Any]()
        self.family, person = Rolling(), self
        self.states: list[Any] = []

        class Posting(Rolling):
            def outline(self, task: Any, state: Any = None) -> Any:
                if state is not None:
                    person.states.append(state)
                return super().outline(task, state)

            def mutate(self, task: Any, rng: np.random.Generator) -> Any:
                return Hills(1.5)

        self.family = Posting()

    def evaluate(self, task: Any, agent: int) -> Any:
        self.evaluated.append((task, agent))
        speed = FAST if agent == 4 else SLOW
        return record_episode(
            Roller, self.family, speed, task, Key(agent), labels={"agent": str(agent)}
        )

    def save(self, task: Any) -> str:
        self.saved.append(task)
        return "saved task.json"

    def title(self, task: Any) -> str:
        """Called at each picture."""
        for one in self.script.pop(0) if self.script else [event(pygame.QUIT)]:
            pygame.event.post(one)
        return f"hills {task.height}"

    def plays(self, agent: int, **options: Any) -> None:
        table = Table(self.family, AGENTS, self.evaluate, self.save, self.title)
        play(table, Hills(), agent, size=(400, 300), **options)


def down(*keys: int) -> list[pygame.event.Event]:
    return [event(pygame.KEYDOWN, key=key) for key in keys]


def test_a_person_drives_beside_an_agent(dummy: None) -> None:
    idle: list[list[pygame.event.Event]] = [[] for _ in range(12)]
    person = Person(down(pygame.K_RIGHT, pygame.K_r), *idle)
    person.plays(4, speed=1.0)
    assert person.evaluated == [(Hills(), 4)]
    moved = [(state.x - person.states[0].x) / STEP for state in person.states]
    # Each picture draws the agent, then the player: at action 1.5 and 1 from the same start.
    pairs = [(ghost, player) for ghost, player in pairwise(moved) if player > 0.5]
    assert any(ghost == pytest.approx(1.5 * player) for ghost, player in pairs)


def trial_of_two(frames: int) -> Round:
    """A round against an agent that was recorded in two trials of two episodes."""
    episode = record_episode(Roller, Rolling(), SLOW, Hills(), Key(1))
    takes = [
        replace(episode.takes[0], trial=trial, episode=number)
        for trial, number in ((0, 1), (1, 0), (0, 0), (1, 1))
    ]
    rival = replace(episode, takes=tuple(takes), trials=2, per_trial=2)
    return Round(0, Hills(), Live(Rolling(), Hills(), 0), rival, None, {}, frame=frames)  # type: ignore[arg-type]  # no scene


def test_a_watched_trial_is_shown_whole_and_a_racer_races_one_episode_an_attempt() -> None:
    length = len(trial_of_two(0).trial[0].frames)
    watching = replace(START, mode="watch")

    def shown(frames: int, game: Game) -> tuple[int, int, int]:
        seen = trial_of_two(frames).shown(game)
        assert seen is not None
        return seen[0].trial, seen[0].episode, seen[1]

    assert shown(0, watching) == (0, 0, 0)
    assert shown(length - 1, watching) == (0, 0, length - 1)
    assert shown(length, watching) == (0, 1, 0)
    assert shown(5 * length, watching) == (0, 1, length - 1)
    again = press(START, pygame.K_r)
    assert shown(3, START) == (0, 0, 3)
    assert shown(3, again) == shown(3, press(again, pygame.K_r)) == (0, 1, 3)
    assert shown(5 * length, START) == (0, 0, length - 1), "the racer's episode does not go on"


def test_an_edited_task_is_watched_and_saved(dummy: None) -> None:
    person = Person(
        down(pygame.K_TAB),
        down(pygame.K_m),
        down(pygame.K_RETURN),
        [],
        down(pygame.K_v),
        down(pygame.K_n),
        [],
        [],
    )
    person.plays(4)
    assert person.saved == [Hills(1.5)]
    assert person.evaluated == [(Hills(), 4), (Hills(1.5), 4), (Hills(1.5), 7)]


def test_without_a_display_it_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "SDL_VIDEODRIVER"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(ValueError, match="no display to open a window on"):
        Person().plays(4)
