"""Effects of keys and mouse in the viewer, as pure functions of (view, event) that can be tested
without a window.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

# pygame's greeting would appear in the command's output
os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")
import pygame

from .camera import Camera
from .overlay import frame_at, strip_of

SLOWEST, FASTEST = 0.25, 8.0
FARTHEST, NEAREST = 0.2, 8.0


@dataclass(frozen=True)
class View:
    """The state of the viewer that keys and mouse change."""

    niche: int  # index in the list of niches
    agent: int | None = None  # index of the niche whose agent is shown; None: the niche's own
    shot: int = 0  # index of the takes shown together: one, or several side by side
    frame: float = 0.0
    playing: bool = True
    speed: float = 1.0
    # world point in the middle of the picture [m]; None: follow the body
    anchor: tuple[float, float] | None = None
    zoom: float = 1.0
    lidar: bool = True
    help: bool = False
    typed: str = ""  # digits of a niche id being entered
    held: Literal["", "time", "world"] = ""  # what the mouse is dragging
    leaving: bool = False


@dataclass(frozen=True)
class Stage:
    """Context of a view: the niches, the episode's shots, the panel under the mouse."""

    niches: tuple[tuple[int, str], ...]  # (id, label)
    lengths: tuple[int, ...]  # frames of each shot
    size: tuple[int, int]  # of the panel [px]: the whole window if it shows one take
    camera: Camera  # of the panel
    frames: int  # of the panel's take


def _to_niche(view: View, stage: Stage, by: int) -> View:
    niche = (view.niche + by) % len(stage.niches)
    return replace(view, niche=niche, shot=0, frame=0.0, playing=True, anchor=None)


def _to_agent(view: View, stage: Stage, by: int) -> View:
    """Cycle through the niches' agents; the niche's own index means its own agent."""
    now = view.niche if view.agent is None else view.agent
    there = (now + by) % len(stage.niches)
    return replace(
        view, agent=None if there == view.niche else there, shot=0, frame=0.0, playing=True
    )


def _go(view: View, stage: Stage, *, agent: bool) -> View:
    """Go to the niche, or the agent of the niche, whose id was typed; unknown ids have no
    effect.
    """
    ids = [niche for niche, _ in stage.niches]
    if not view.typed or int(view.typed) not in ids:
        return replace(view, typed="")
    place = ids.index(int(view.typed))
    if agent:
        return _to_agent(replace(view, agent=None, typed=""), stage, place - view.niche)
    return _to_niche(replace(view, typed=""), stage, place - view.niche)


def _agent_key(view: View, stage: Stage) -> View:
    return _go(view, stage, agent=True) if view.typed else _to_agent(view, stage, 1)


def _last(view: View, stage: Stage) -> int:
    return stage.lengths[view.shot] - 1


def _step(view: View, stage: Stage, by: int) -> View:
    frame = min(max(round(view.frame) + by, 0), _last(view, stage))
    return replace(view, frame=float(frame), playing=False)


def _play(view: View, stage: Stage) -> View:
    """Toggle playing; at the end, start again."""
    at_end = view.frame >= _last(view, stage)
    return replace(
        view, playing=not view.playing, frame=0.0 if at_end and not view.playing else view.frame
    )


def _speed(view: View, factor: float) -> View:
    return replace(view, speed=min(max(view.speed * factor, SLOWEST), FASTEST))


def _zoom(view: View, factor: float) -> View:
    return replace(view, zoom=min(max(view.zoom * factor, FARTHEST), NEAREST))


def _follow(view: View, stage: Stage) -> View:
    return replace(view, anchor=(stage.camera.x, stage.camera.y) if view.anchor is None else None)


def _next_shot(view: View, stage: Stage) -> View:
    return replace(view, shot=(view.shot + 1) % len(stage.lengths), frame=0.0, playing=True)


Reaction = Callable[[View, Stage], View]

# (name, triggers, effect in words, function); triggers are characters or key codes. The help card
# shows this table.
KEYS: tuple[tuple[str, tuple[str | int, ...], str, Reaction], ...] = (
    ("space", (" ",), "play, pause", _play),
    ("right", (pygame.K_RIGHT, "."), "one step on", lambda view, stage: _step(view, stage, 1)),
    ("left", (pygame.K_LEFT, ","), "one step back", lambda view, stage: _step(view, stage, -1)),
    (
        "home",
        (pygame.K_HOME,),
        "to the start",
        lambda view, stage: _step(view, stage, -stage.lengths[view.shot]),
    ),
    (
        "end",
        (pygame.K_END,),
        "to the end",
        lambda view, stage: _step(view, stage, stage.lengths[view.shot]),
    ),
    ("up, +", (pygame.K_UP, "+", "="), "faster", lambda view, stage: _speed(view, 2.0)),
    ("down, -", (pygame.K_DOWN, "-"), "slower", lambda view, stage: _speed(view, 0.5)),
    (
        "n, page down",
        ("n", pygame.K_PAGEDOWN),
        "next niche",
        lambda view, stage: _to_niche(view, stage, 1),
    ),
    (
        "p, page up",
        ("p", pygame.K_PAGEUP),
        "previous niche",
        lambda view, stage: _to_niche(view, stage, -1),
    ),
    ("a", ("a",), "the next niche's agent in this niche", _agent_key),
    ("A", ("A",), "the previous niche's agent", lambda view, stage: _to_agent(view, stage, -1)),
    (
        "o",
        ("o",),
        "the niche's own agent",
        lambda view, stage: _to_agent(replace(view, agent=None), stage, 0),
    ),
    (
        "12 enter",
        ("\r", pygame.K_KP_ENTER),
        "go to niche 12",
        lambda view, stage: _go(view, stage, agent=False),
    ),
    ("12 a", (), "the agent of niche 12 in this niche", _agent_key),
    ("e", ("e",), "next episode, or trial, where there are several", _next_shot),
    ("f", ("f",), "follow the body, or stand still", _follow),
    ("l", ("l",), "lidar", lambda view, stage: replace(view, lidar=not view.lidar)),
    ("drag, wheel", (), "move, zoom (f: follow again); drag below: time", lambda view, stage: view),
    ("h", ("h", "?"), "these keys", lambda view, stage: replace(view, help=not view.help)),
    ("q, esc", ("q", pygame.K_ESCAPE), "leave", lambda view, stage: replace(view, leaving=True)),
)
REACTIONS: dict[str | int, Reaction] = {trigger: row[3] for row in KEYS for trigger in row[1]}


def react(view: View, event: pygame.event.Event, stage: Stage) -> View:
    """The view after an event; the same object if the event has no effect."""
    if event.type == pygame.QUIT:
        return replace(view, leaving=True)
    if event.type == pygame.KEYDOWN:
        return _react_to_key(view, event, stage)
    if event.type == pygame.MOUSEWHEEL:
        return _zoom(view, 1.15**event.y)
    if event.type == pygame.MOUSEBUTTONUP and event.button == 1:
        return replace(view, held="")
    if event.type == pygame.MOUSEBUTTONDOWN and event.button == 1:
        if strip_of(stage.size).collidepoint(event.pos):
            return _scrub(replace(view, held="time"), event.pos[0], stage)
        return replace(view, held="world", anchor=(stage.camera.x, stage.camera.y))
    if event.type == pygame.MOUSEMOTION and view.held == "time":
        return _scrub(view, event.pos[0], stage)
    if event.type == pygame.MOUSEMOTION and view.held == "world" and view.anchor:
        x, y = view.anchor
        return replace(
            view,
            anchor=(x - event.rel[0] / stage.camera.zoom, y + event.rel[1] / stage.camera.zoom),
        )
    return view


def _react_to_key(view: View, event: pygame.event.Event, stage: Stage) -> View:
    character = event.unicode
    if character.isdecimal() and character.isascii():
        return replace(view, typed=(view.typed + character)[-6:])
    for trigger in (event.key, character, character.lower()):
        if trigger in REACTIONS:
            return replace(REACTIONS[trigger](view, stage), typed="")
    # a modifier key alone keeps the typed digits
    return replace(view, typed="") if character else view


def _scrub(view: View, x: float, stage: Stage) -> View:
    return replace(view, frame=float(frame_at(stage.size, x, stage.frames)), playing=False)


def advance(view: View, seconds: float, dt: float, lengths: Sequence[int]) -> View:
    """The view after `seconds` of playing: continues with the next shot, and stops at the end of
    the last.

    dt: duration of a step [s].   lengths: frames of each shot.
    """
    if not view.playing or view.held == "time":
        return view
    frame, last = view.frame + seconds / dt * view.speed, lengths[view.shot] - 1
    if frame < last:
        return replace(view, frame=frame)
    if view.shot + 1 < len(lengths):
        return replace(view, shot=view.shot + 1, frame=0.0)
    return replace(view, frame=float(last), playing=False)


def fitted(view: View, lengths: Sequence[int]) -> View:
    """The view clamped to shots of these lengths; keys pressed while an episode was loading can
    exceed them.
    """
    shot = min(view.shot, len(lengths) - 1)
    return replace(view, shot=shot, frame=min(view.frame, float(lengths[shot] - 1)))
