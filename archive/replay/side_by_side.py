"""Shots of a replay: takes that are on screen together, each in a panel of its own."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace

# pygame's greeting would appear in the command's output
os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")
import pygame

from .camera import Scene
from .drawing import Look, draw_frame
from .episode import Episode

Shot = tuple[int, ...]  # indices of the episode's takes, from left to right

GAP = 4  # [px] between panels
BETWEEN = (66, 74, 80)  # colour of the gap


def one_by_one(episode: Episode) -> tuple[Shot, ...]:
    """A shot for each take."""
    return tuple((take,) for take in range(len(episode.takes)))


def first_and_last(episode: Episode, trial: int = 1) -> tuple[Shot, ...]:
    """The first and the last episode of each recorded trial, side by side.

    trial: number, from 1, of the trial that comes first; those before it follow after the last.
    ValueError if trials have one episode, or if that trial was not recorded.
    """
    if episode.per_trial < 2:
        raise ValueError(
            "there are no episodes of a trial to compare: the learner evaluates this agent in "
            "one episode per trial. Expected a learner that adapts over several, such as rl2"
        )
    takes = range(len(episode.takes))
    by_trial: dict[int, list[int]] = {}
    for take in sorted(takes, key=lambda take: episode.takes[take].episode):
        by_trial.setdefault(episode.takes[take].trial, []).append(take)
    numbers = sorted(by_trial)
    if trial - 1 not in numbers:
        raise ValueError(f"there is no recording of trial {trial}: expected 1 to {numbers[-1] + 1}")
    at = numbers.index(trial - 1)
    ordered = [by_trial[number] for number in [*numbers[at:], *numbers[:at]]]
    return tuple((each[0], each[-1]) for each in ordered)


def beside(episodes: Sequence[Episode], names: Sequence[str]) -> Episode:
    """The first takes of episodes of different agents in the same task as one episode, whose takes
    can be shown side by side.

    names: of the agents, in the text of their panels. ValueError if the tasks differ.
    """
    first = episodes[0]
    if any(one.task != first.task for one in episodes):
        raise ValueError("episodes beside each other must have the same task")
    takes = (replace(one.takes[0], agent=name) for one, name in zip(episodes, names, strict=True))
    return replace(first, takes=tuple(takes), trials=1, per_trial=1)


def length(episode: Episode, shot: Shot) -> int:
    """Frames of a shot: those of its longest take."""
    return max(len(episode.takes[take].frames) for take in shot)


def panels(size: tuple[int, int], count: int) -> list[pygame.Rect]:
    """`count` rectangles of equal size in a picture of this size [px], from left to right."""
    width = max(1, (size[0] - GAP * (count - 1)) // count)
    return [pygame.Rect(i * (width + GAP), 0, width, size[1]) for i in range(count)]


def draw_shot(
    surface: pygame.Surface,
    episode: Episode,
    scenes: Sequence[Scene],
    frame: int,
    looks: Sequence[Look],
) -> None:
    """Draw a shot at a frame; a take that is shorter keeps its last frame. Fills the surface.

    scenes: of the shot's takes. looks: options of each panel; the text of panels side by side is
    brief. Each panel is the picture that `draw_frame` makes of that scene alone in its size.
    """
    if len(scenes) > 1:
        surface.fill(BETWEEN)
        looks = [replace(look, brief=True) for look in looks]
    areas = panels(surface.get_size(), len(scenes))
    for area, scene, look in zip(areas, scenes, looks, strict=True):
        panel = pygame.Surface(area.size, 0, surface)
        last = len(episode.takes[scene.take].frames) - 1
        draw_frame(panel, episode, scene, min(frame, last), look)
        surface.blit(panel, area)
