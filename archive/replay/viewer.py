"""The replay window: an event loop that applies `controls.react`, and simulates episodes when they
are first shown.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

# pygame's greeting would appear in the command's output
os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")
import pygame

from ..store.printable import printable
from .camera import Camera, Scene, alike, camera_at, scene_of
from .controls import KEYS, Stage, View, advance, fitted, react
from .drawing import Look
from .episode import Episode
from .overlay import draw_message, draw_status, strip_of
from .side_by_side import Shot, draw_shot, length, one_by_one, panels
from .window import open_window, screen

PICTURES = 60  # largest frame rate [1/s]
EMPTY = (232, 238, 240)  # colour of the window before the first episode
REMEMBERED = 8  # cached episodes
NO_DISPLAY = (
    "no display to open a window on: record the episode to an .mp4 or .gif file, which needs none"
)

Load = Callable[[int, int], Episode]  # (niche id, id of the niche whose agent it is)
Shots = Callable[[Episode], tuple[Shot, ...]]  # what is shown of an episode, at least one shot


@dataclass(frozen=True)
class Shown:
    """The episode on screen."""

    niche: int
    agent: int
    episode: Episode
    shots: tuple[Shot, ...]
    shot: int  # index of the current one
    scenes: tuple[Scene, ...]  # of its takes

    @property
    def lengths(self) -> tuple[int, ...]:
        """Frames of each shot."""
        return tuple(length(self.episode, shot) for shot in self.shots)


def view(
    load: Load,
    niches: Sequence[tuple[int, str]],
    start: int,
    agent: int | None = None,
    *,
    size: tuple[int, int] = (1200, 600),
    shots: Shots = one_by_one,
) -> None:
    """Show the niches of a run in a window until it is closed.

    load: function (niche id, id of the agent's niche) -> Episode; can be slow.
    niches: (id, label), in the order of the key `n`.
    start: id of the first niche shown.
    agent: id of the niche whose agent is shown first; None: the niche's own.
    shots: function of an episode -> the takes that are shown together, one after another.
    ValueError if there is no display, if an id is not among `niches`, or from `load` and `shots`.
    """
    ids = [niche for niche, _ in niches]
    for wanted in (start, start if agent is None else agent):
        if wanted not in ids:
            raise ValueError(f"there is no niche {wanted}: this run has {_listed(ids)}")
    open_window(size, NO_DISPLAY)
    try:
        first = View(ids.index(start), None if agent in (None, start) else ids.index(agent))
        screen().fill(EMPTY)
        _run(_remembering(_announcing(load, tuple(niches))), tuple(niches), first, shots)
    finally:
        pygame.display.quit()


def _listed(ids: Sequence[int]) -> str:
    return ", ".join(map(str, ids[:10])) + (", ..." if len(ids) > 10 else "") if ids else "none"


def _announcing(load: Load, niches: tuple[tuple[int, str], ...]) -> Load:
    """`load` with a message on screen during the simulation."""
    labels = dict(niches)

    def announced(niche: int, agent: int) -> Episode:
        draw_message(
            screen(),
            f"simulating the agent of niche {agent} in niche {niche} ({labels[niche]}) ...",
        )
        pygame.display.flip()
        pygame.event.pump()
        return load(niche, agent)

    return announced


def _remembering(load: Load) -> Load:
    """`load` with a cache of the last episodes."""
    kept: dict[tuple[int, int], Episode] = {}

    def remembered(niche: int, agent: int) -> Episode:
        episode = kept.pop((niche, agent), None) or load(niche, agent)
        kept[niche, agent] = episode  # the newest last
        if len(kept) > REMEMBERED:
            del kept[next(iter(kept))]
        return episode

    return remembered


def _run(
    load: Load, niches: tuple[tuple[int, str], ...], view: View, shots: Shots = one_by_one
) -> None:
    """The event loop: draw, wait, react, until the viewer is closed."""
    clock = pygame.time.Clock()
    shown: Shown | None = None
    drawn: tuple[View, tuple[int, int]] | None = None
    pressed = 0  # the panel in which the mouse was pressed last; a drag continues in it
    while not view.leaving:
        before, shown = shown, _showing(load, niches, view, shown, shots)
        if shown is not before:
            clock.tick()  # excludes the time of the simulation from playing
        view, size = fitted(view, shown.lengths), screen().get_size()
        areas = panels(size, len(shown.scenes))
        cameras = [camera_of(view, scene, areas[0].size) for scene in shown.scenes]
        if (view, size) != drawn:
            _draw(screen(), shown, view, cameras)
            drawn = (view, size)
        view = advance(view, clock.tick(PICTURES) / 1000, shown.episode.dt, shown.lengths)
        for event in pygame.event.get():
            if event.type == pygame.WINDOWEXPOSED:
                drawn = None
            if event.type == pygame.MOUSEBUTTONDOWN:
                pressed = panel_at(areas, event.pos[0])
            panel = min(pressed, len(areas) - 1)
            frames = len(shown.episode.takes[shown.scenes[panel].take].frames)
            stage = Stage(niches, shown.lengths, areas[panel].size, cameras[panel], frames)
            view = react(view, moved(event, -areas[panel].left), stage)


def panel_at(areas: Sequence[pygame.Rect], x: float) -> int:
    """Index of the panel at a column of the window [px]; of a gap, that of the panel before it."""
    return max(0, sum(area.left <= x for area in areas) - 1)


def moved(event: pygame.event.Event, by: int) -> pygame.event.Event:
    """The event with its mouse position moved to the right; as it is if it has none."""
    if not by or not hasattr(event, "pos"):
        return event
    x, y = event.pos
    return pygame.event.Event(event.type, {**event.dict, "pos": (x + by, y)})


def _showing(
    load: Load, niches: tuple[tuple[int, str], ...], view: View, shown: Shown | None, shots: Shots
) -> Shown:
    """The episode for the view: the current one, or another that is loaded."""
    niche = niches[view.niche][0]
    agent = niche if view.agent is None else niches[view.agent][0]
    if shown is None or (niche, agent) != (shown.niche, shown.agent):
        episode = load(niche, agent)
        pygame.display.set_caption(printable(episode.title) or f"niche {niche}")
        parts = shots(episode)
        shot = min(view.shot, len(parts) - 1)
        return Shown(niche, agent, episode, parts, shot, _scenes(episode, parts[shot]))
    if shown.shot == view.shot:
        return shown
    scenes = _scenes(shown.episode, shown.shots[view.shot])
    return replace(shown, shot=view.shot, scenes=scenes)


def _scenes(episode: Episode, shot: Shot) -> tuple[Scene, ...]:
    return alike([scene_of(episode, take) for take in shot])


def camera_of(view: View, scene: Scene, size: tuple[int, int]) -> Camera:
    """The camera for the picture above the strip, in a panel of this size [px]."""
    frame = min(int(view.frame), len(scene.path) - 1)
    camera = camera_at(scene, frame, size[0], strip_of(size).top, zoom=view.zoom)
    return camera if view.anchor is None else replace(camera, x=view.anchor[0], y=view.anchor[1])


def _draw(surface: pygame.Surface, shown: Shown, view: View, cameras: Sequence[Camera]) -> None:
    looks = [Look(camera, lidar=view.lidar) for camera in cameras]
    draw_shot(surface, shown.episode, shown.scenes, int(view.frame), looks)
    draw_status(surface, _status(view, shown.shots))
    if view.help:
        draw_message(surface, [(keys, meaning) for keys, _, meaning, _ in KEYS])
    pygame.display.flip()


def _status(view: View, shots: Sequence[Shot]) -> str:
    """The viewer's status text for the upper right corner."""
    if view.typed:
        return f"niche {view.typed}: enter goes there, a takes its agent"
    parts = ["playing" if view.playing else "paused", f"{view.speed:g}x"]
    if view.anchor is not None:
        parts.append("f: follow")
    if len(shots) > 1:
        parts.append("e: next episode" if len(shots[0]) == 1 else "e: next trial")
    return "   ".join([*parts, "h: keys"])
