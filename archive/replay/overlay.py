"""Overlay of a replay's picture: text panel, strip with the whole track and the time line,
messages.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence

import numpy as np

# pygame's greeting would appear in the command's output
os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")
import pygame

from ..store.printable import printable
from .camera import Camera, Scene
from .episode import Episode

Colour = tuple[int, int, int]

INK, MUTED, ACCENT = (38, 50, 56), (110, 124, 130), (226, 110, 60)
CARD, LINE = (255, 255, 255), (176, 186, 188)
GOOD, BAD = (46, 125, 80), (170, 70, 60)
STRIP_HEIGHT = 76  # [px] in a picture of height 600


def ui_scale(size: tuple[int, int]) -> float:
    """Scale of text relative to a picture of 1200 x 600."""
    return float(np.clip(min(size[0] / 1200, size[1] / 600), 0.68, 2.0))


def strip_of(size: tuple[int, int]) -> pygame.Rect:
    """The strip's rectangle in a picture of this size [px]."""
    height = round(STRIP_HEIGHT * ui_scale(size))
    return pygame.Rect(0, size[1] - height, size[0], height)


def timeline_of(size: tuple[int, int]) -> pygame.Rect:
    """The time line's rectangle in a picture of this size [px]; its left end is frame 0, its right
    end the last frame.
    """
    strip, margin = strip_of(size), round(14 * ui_scale(size))
    height = round(26 * ui_scale(size))
    return pygame.Rect(
        margin, strip.bottom - height - margin // 3, strip.width - 2 * margin, height
    )


def frame_at(size: tuple[int, int], x: float, frames: int) -> int:
    """The frame at pixel column `x` of the time line, clamped to the first and the last."""
    line = timeline_of(size)
    share = float(np.clip((x - line.left) / max(1, line.width), 0.0, 1.0))
    return round(share * (frames - 1))


def facts(
    episode: Episode, scene: Scene, frame: int, *, brief: bool = False
) -> list[tuple[str, str]]:
    """Names and values of the text panel at a frame, in order.

    brief: only what differs between the episodes of a trial, and what is hidden in it.
    """
    take = episode.takes[scene.take]
    last = len(take.frames) - 1
    counts = [("agent", take.agent)] if take.agent else []
    if episode.trials > 1:  # where a trial is one episode, the trials are the episodes
        name = "trial" if episode.per_trial > 1 else "episode"
        counts.append((name, f"{take.trial + 1} of {episode.trials}"))
    if episode.per_trial > 1:
        counts.append(("episode", f"{take.episode + 1} of {episode.per_trial}"))
    phrases = episode.hidden(scene.take)
    hidden = list(zip(["hidden", *[""] * (len(phrases) - 1)], phrases, strict=False))
    time = ("time", f"{frame * episode.dt:.2f} s")
    returned = ("return", f"{take.returns[frame]:.2f}")
    if brief:
        return [*counts[-1:], *hidden, time, returned]
    reward = f"{take.rewards[frame - 1]:+.3f}" if frame else "-"
    speed = round(scene.speed(frame, episode.dt), 1) + 0.0
    pixels = episode.picture(scene.take, frame) is not None
    return [
        *episode.labels.items(),
        *counts,
        *hidden,
        ("step", f"{frame} / {last}"),
        time,
        # a family's own pictures have no scale in metres
        *([] if pixels else [("speed", f"{speed:+.1f} m/s")]),
        ("reward", reward),
        returned,
        ("score", f"{episode.score:.2f}"),
        ("solved", "yes" if episode.solved else "no"),
    ]


def draw_panel(
    surface: pygame.Surface, episode: Episode, scene: Scene, frame: int, *, brief: bool = False
) -> None:
    """A card in the upper left corner: title, in lines where it has "; ", then names and values in
    two columns. brief: see `facts`.
    """
    scale = ui_scale(surface.get_size())
    font, bold = letters(19 * scale), letters(22 * scale)
    rows = facts(episode, scene, frame, brief=brief)
    names = [font(name, MUTED) for name, _ in rows]
    colours = [INK if name != "solved" else GOOD if episode.solved else BAD for name, _ in rows]
    values = [font(value, colour) for (_, value), colour in zip(rows, colours, strict=True)]
    title = [bold(part, INK) for part in episode.title.split("; ") if part]
    pad, gap, step = round(12 * scale), round(16 * scale), round(19 * scale)
    left = max(name.get_width() for name in names)
    right = max(78 * scale, *(value.get_width() for value in values))
    width = round(max(left + gap + right, *(line.get_width() for line in title), 0)) + 2 * pad
    line_step = round(26 * scale)
    head = len(title) * line_step
    card = pygame.Rect(pad, pad, width, head + step * len(rows) + round(1.6 * pad))
    draw_card(surface, card, round(8 * scale))
    for row, line in enumerate(title):
        surface.blit(line, (card.left + pad, card.top + pad + row * line_step))
    for row, (name, value) in enumerate(zip(names, values, strict=True)):
        y = card.top + pad + head + row * step
        surface.blit(name, (card.left + pad, y))
        surface.blit(value, (card.left + pad + left + gap, y))


def draw_strip(
    surface: pygame.Surface, episode: Episode, scene: Scene, frame: int, camera: Camera
) -> None:
    """The whole track with the body and the camera's window; below, the return over time with a
    mark at the current frame.
    """
    size = surface.get_size()
    strip, line, scale = strip_of(size), timeline_of(size), ui_scale(size)
    surface.fill((246, 246, 243), strip)
    pygame.draw.line(surface, LINE, strip.topleft, strip.topright)
    _draw_map(
        surface,
        scene,
        frame,
        camera,
        pygame.Rect(line.left, strip.top + 4, line.width, line.top - strip.top - 8),
    )
    returns = episode.takes[scene.take].returns
    low, high = float(returns.min()), float(max(returns.max(), returns.min() + 1e-9))
    pygame.draw.rect(surface, (236, 239, 240), line, border_radius=round(4 * scale))
    x = np.linspace(line.left, line.right, len(returns))
    y = line.bottom - 4 - (returns - low) / (high - low) * (line.height - 8)
    if len(returns) > 1:
        pygame.draw.aalines(surface, LINE, False, np.stack([x, y], axis=1))
    if frame:
        pygame.draw.aalines(surface, ACCENT, False, np.stack([x, y], axis=1)[: frame + 1])
    now = (float(x[frame]), float(y[frame]))
    pygame.draw.line(surface, INK, (now[0], line.top), (now[0], line.bottom))
    pygame.draw.circle(surface, ACCENT, now, 4 * scale)


def _draw_map(
    surface: pygame.Surface, scene: Scene, frame: int, camera: Camera, area: pygame.Rect
) -> None:
    """The ground of the whole take, with its height exaggerated up to three times."""
    width, height = np.maximum(scene.high - scene.low, 1e-9)
    across = area.width / float(width)
    up = min(area.height * 0.8 / float(height), 3 * across)
    across = min(across, 4 * up)  # a short world keeps roughly its proportions
    middle = (scene.low + scene.high) / 2

    def place(points: np.ndarray) -> np.ndarray:
        return (points.astype(np.float64) - middle) * (across, -up) + area.center

    for row, ground in enumerate(scene.outline.get("ground", [])):
        points = place(ground)
        if row and len(points) > 2:
            pygame.draw.polygon(surface, MUTED, points)
        elif len(points) > 1:
            pygame.draw.aalines(surface, MUTED, False, points)
    half = camera.width / 2 / camera.zoom
    left, right = place(np.array([[camera.x - half, 0.0], [camera.x + half, 0.0]]))[:, 0]
    window = pygame.Rect(round(left), area.top, max(2, round(right - left)), area.height).clip(area)
    pane = pygame.Surface(window.size, pygame.SRCALPHA)
    pane.fill((*ACCENT, 26))
    surface.blit(pane, window.topleft)
    pygame.draw.circle(
        surface, ACCENT, place(scene.path[frame : frame + 1])[0], 4 * ui_scale(surface.get_size())
    )


def draw_message(surface: pygame.Surface, lines: Sequence[tuple[str, str]] | str) -> None:
    """A card in the middle: one sentence, or two columns such as keys and their effects."""
    scale = ui_scale(surface.get_size())
    font = letters(20 * scale)
    rows = [(lines, "")] if isinstance(lines, str) else list(lines)
    cells = [(font(a, INK), font(b, MUTED)) for a, b in rows]
    left = max(a.get_width() for a, _ in cells)
    right = max(b.get_width() for _, b in cells)
    pad, step = round(20 * scale), round(22 * scale)
    gap = pad if right else 0
    card = pygame.Rect(0, 0, left + gap + right + 2 * pad, step * len(cells) + 2 * pad)
    card.center = surface.get_rect().center
    draw_card(surface, card, round(10 * scale), opacity=250)
    for row, (a, b) in enumerate(cells):
        y = card.top + pad + row * step
        surface.blit(a, (card.left + pad, y))
        surface.blit(b, (card.left + pad + left + gap, y))


def draw_status(surface: pygame.Surface, text: str) -> None:
    """A line in the upper right corner."""
    scale = ui_scale(surface.get_size())
    words, pad = letters(19 * scale)(text, MUTED), round(12 * scale)
    card = pygame.Rect(0, pad, words.get_width() + 2 * pad, words.get_height() + pad)
    card.right = surface.get_width() - pad
    draw_card(surface, card, round(8 * scale))
    surface.blit(words, (card.left + pad, card.top + pad // 2))


def draw_card(
    surface: pygame.Surface, card: pygame.Rect, radius: int, *, opacity: int = 214
) -> None:
    pane = pygame.Surface(card.size, pygame.SRCALPHA)
    pygame.draw.rect(pane, (*CARD, opacity), pane.get_rect(), border_radius=radius)
    surface.blit(pane, card.topleft)


def letters(size: float) -> Callable[[str, Colour], pygame.Surface]:
    """A function that draws text in pygame's built-in font, so that pictures are the same on every
    machine.

    Text is drawn at twice the size and scaled down, which spaces small letters evenly.
    """
    pygame.font.init()
    font = pygame.font.Font(None, round(2 * size))

    def draw(words: str, colour: Colour) -> pygame.Surface:
        large = font.render(printable(words), True, colour)
        return pygame.transform.smoothscale(
            large, (large.get_width() // 2, large.get_height() // 2)
        )

    return draw
