"""The state of the game, and the effects of keys and mouse on it, as pure functions that can be
tested without a window.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np

# pygame's greeting would appear in the command's output
os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")
import pygame

from .camera import Camera
from .driving import choice_of, discrete
from .overlay import strip_of
from .sliders import Knob, areas, value_at

SLOWEST, FASTEST = 1 / 16, 4.0
MOST_EDITS = 200  # that can be undone
Mode = Literal["drive", "watch", "edit"]


@dataclass(frozen=True)
class Game:
    """What keys and mouse change.

    round: episodes begun so far; another number begins a new one. attempt: episodes of the player
    with the same task and agent before this one. chosen: discrete actions to be
    taken, oldest first. held: keys of motors. past: the tasks before each edit, for undo.
    """

    task: Any
    agent: int  # index of the agent that races, among those of the bench
    mode: Mode = "drive"
    playing: bool = True
    speed: float = 0.5
    ghost: bool = True
    help: bool = True
    round: int = 0
    attempt: int = 0
    held: frozenset[int] = frozenset()
    chosen: tuple[int, ...] = ()
    past: tuple[Any, ...] = ()
    dragged: str = ""  # the slider that the mouse holds, or "stroke"
    begun: tuple[float, float] = (0.0, 0.0)  # where a stroke began [m]
    look: float = 0.0  # the share of the track shown while it is edited, 0: its start
    saving: bool = False  # to be written to the file
    leaving: bool = False


@dataclass(frozen=True)
class Bench:
    """What a game is played with, and what is on screen."""

    spec: Any  # of the family
    agents: tuple[tuple[int, str], ...]  # (niche id, label)
    size: tuple[int, int]  # of the window [px]
    camera: Camera
    knobs: Mapping[str, Knob] = field(default_factory=dict)  # of the task
    turned: Callable[[Any, str, float], Any] | None = None
    drawn: Callable[[Any, np.ndarray], Any] | None = None  # of a task and a stroke [2, 2] [m]
    mutated: Callable[[Any, int], Any] | None = None  # of a task and a number


def edited(game: Game, task: Any) -> Game:
    """The game on another task; the same game if the task is equal."""
    if task == game.task:
        return game
    return replace(game, task=task, past=_past(game))


def _past(game: Game) -> tuple[Any, ...]:
    return (*game.past, game.task)[-MOST_EDITS:]


def _again(game: Game, **changes: Any) -> Game:
    """A new episode, the player's first one unless `changes` gives an attempt."""
    fresh = {"round": game.round + 1, "playing": True, "chosen": (), "attempt": 0}
    return replace(game, **{**fresh, **changes})


def _edit(game: Game, bench: Bench) -> Game:
    return _again(game, mode="drive" if game.mode == "edit" else "edit", help=False)


def _watch(game: Game, bench: Bench) -> Game:
    return _again(game, mode="drive" if game.mode == "watch" else "watch", help=False)


def _to_agent(game: Game, bench: Bench, by: int) -> Game:
    return _again(game, agent=(game.agent + by) % len(bench.agents), ghost=True)


def _speed(game: Game, factor: float) -> Game:
    return replace(game, speed=min(max(game.speed * factor, SLOWEST), FASTEST))


def _mutate(game: Game, bench: Bench) -> Game:
    if game.mode != "edit" or bench.mutated is None:
        return game
    return edited(game, bench.mutated(game.task, len(game.past)))


def _undo(game: Game, bench: Bench) -> Game:
    if game.mode != "edit" or not game.past:
        return game
    return replace(game, task=game.past[-1], past=game.past[:-1])


Reaction = Callable[[Game, Bench], Game]

# (name, triggers, effect in words, function), for the help card too
KEYS: tuple[tuple[str, tuple[int, ...], str, Reaction], ...] = (
    ("space", (pygame.K_SPACE,), "pause, go on", lambda g, b: replace(g, playing=not g.playing)),
    ("r", (pygame.K_r,), "start again", lambda g, b: _again(g, attempt=g.attempt + 1)),
    (
        "+, -",
        (pygame.K_PLUS, pygame.K_EQUALS, pygame.K_KP_PLUS),
        "faster, slower",
        lambda game, bench: _speed(game, 2.0),
    ),
    ("", (pygame.K_MINUS, pygame.K_KP_MINUS), "", lambda game, bench: _speed(game, 0.5)),
    ("n, p", (pygame.K_n,), "race the next, previous agent", lambda g, b: _to_agent(g, b, 1)),
    ("", (pygame.K_p,), "", lambda game, bench: _to_agent(game, bench, -1)),
    ("g", (pygame.K_g,), "the agent on, off", lambda g, b: replace(g, ghost=not g.ghost)),
    ("v", (pygame.K_v,), "watch the agent, or drive", _watch),
    ("tab", (pygame.K_TAB,), "edit the task, or drive", _edit),
    ("m", (pygame.K_m,), "mutate the task (editing)", _mutate),
    ("z", (pygame.K_z,), "undo (editing)", _undo),
    (
        "enter",
        (pygame.K_RETURN, pygame.K_KP_ENTER),
        "save the task",
        lambda game, bench: replace(game, saving=True),
    ),
    ("h", (pygame.K_h,), "these keys", lambda game, bench: replace(game, help=not game.help)),
    ("esc", (pygame.K_ESCAPE,), "leave", lambda game, bench: replace(game, leaving=True)),
)
REACTIONS: dict[int, Reaction] = {key: row[3] for row in KEYS for key in row[1]}


def react(game: Game, event: pygame.event.Event, bench: Bench) -> Game:
    """The game after an event; the same object if the event has no effect."""
    if event.type == pygame.QUIT:
        return replace(game, leaving=True)
    if event.type == pygame.KEYDOWN:
        return _react_to_key(game, event.key, bench)
    if event.type == pygame.KEYUP and event.key in game.held:
        return replace(game, held=game.held - {event.key})
    if event.type == pygame.MOUSEBUTTONDOWN and event.button == 1:
        return _grab(game, event.pos, bench)
    if event.type == pygame.MOUSEMOTION and game.dragged:
        return _drag(game, event.pos, bench)
    if event.type == pygame.MOUSEBUTTONUP and event.button == 1 and game.dragged:
        return _drop(game)
    return game


def _react_to_key(game: Game, key: int, bench: Bench) -> Game:
    if key in REACTIONS:
        return REACTIONS[key](game, bench)
    if game.mode != "drive":
        return game
    game = replace(game, held=game.held | {key}, help=False)
    at = choice_of(key, bench.spec)
    return game if at is None else replace(game, chosen=(*game.chosen, at)[-20:])


def _grab(game: Game, at: tuple[int, int], bench: Bench) -> Game:
    if game.mode != "edit":
        return game
    if strip_of(bench.size).collidepoint(at):
        return _drag(replace(game, dragged="look"), at, bench)
    for name, area in areas(bench.knobs, bench.size).items():
        if area.collidepoint(at):
            # the whole drag is one edit
            return _drag(replace(game, dragged=name, past=_past(game)), at, bench)
    begun = bench.camera.metres(*at)
    return replace(game, dragged="stroke", begun=begun, past=_past(game))


def _drag(game: Game, at: tuple[int, int], bench: Bench) -> Game:
    if game.dragged == "look":
        return replace(game, look=min(max(at[0] / bench.size[0], 0.0), 1.0))
    if game.dragged == "stroke" and bench.drawn is not None:
        stroke = np.array([game.begun, bench.camera.metres(*at)])
        return replace(game, task=bench.drawn(game.past[-1], stroke))
    if bench.turned is None or game.dragged not in bench.knobs:
        return game
    knob = bench.knobs[game.dragged]
    value = value_at(knob, areas(bench.knobs, bench.size)[game.dragged], at[0])
    return replace(game, task=bench.turned(game.task, game.dragged, value))


def _drop(game: Game) -> Game:
    """A drag without an effect is no edit."""
    changed = game.dragged == "look" or game.task != game.past[-1]
    past = game.past if changed else game.past[:-1]
    return replace(game, dragged="", begun=(0.0, 0.0), past=past)


def steps_due(game: Game, bench: Bench, seconds: float, dt: float) -> float:
    """Steps of the simulation in `seconds` of the game; with discrete actions one for each key."""
    if not game.playing or game.mode == "edit":
        return 0.0
    if game.mode == "drive" and discrete(bench.spec):
        return float(len(game.chosen))
    return seconds * game.speed / dt
