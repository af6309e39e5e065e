"""Pictures of the game: the player's body, the agent's as a ghost, and the whole track below."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

# pygame's greeting would appear in the command's output
os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")
import pygame

from .camera import Camera, Scene, bounds, from_above, middle
from .drawing import PAPER, antialiased, draw_body, draw_pixels, draw_world, enlarged, thumbnail
from .episode import Outline
from .overlay import ACCENT, INK, MUTED, draw_card, letters, strip_of, ui_scale

GHOST = 110  # opacity of the agent beside the player, of 255


@dataclass(frozen=True)
class Picture:
    """What is drawn.

    outline: the world, with the body that the camera follows. pixels: the family's own picture, in
    place of the outline. ghost: another body.
    """

    outline: Outline
    pixels: np.ndarray | None = None
    ghost: Outline | None = None


def follow(scene: Scene, outline: Outline, size: tuple[int, int]) -> Camera:
    """The camera that follows the body of the outline; a fixed one where the scene's is.

    scene: of the first state.
    """
    height = strip_of(size).top
    zoom = height / scene.extent
    still = scene.lead == (0.0, 0.0)
    x, y = scene.focus[0] if still else middle(outline, scene.focus[0])
    if not still:
        y = scene.focus[0][1] + 0.6 * (y - scene.focus[0][1])  # bounces less than the body
    ahead, up = scene.lead
    return Camera(
        float(x) + ahead * size[0] / zoom, float(y) + up * height / zoom, zoom, size[0], height
    )


def survey(scene: Scene, share: float, size: tuple[int, int]) -> Camera:
    """The camera while a task is edited: a wider view, at a share of the track's length."""
    height = strip_of(size).top
    extent = scene.extent * (1.0 if scene.lead == (0.0, 0.0) else 1.6)
    zoom, width = height / extent, size[0] / height * extent
    if scene.lead == (0.0, 0.0):
        x, y = scene.focus[0]
        return Camera(float(x), float(y), zoom, size[0], height)
    left = float(scene.low[0]) + share * max(0.0, float(scene.high[0] - scene.low[0]) - width)
    y = float(scene.focus[0][1]) + scene.lead[1] * extent
    return Camera(left + width / 2, y, zoom, size[0], height)


def draw_picture(surface: pygame.Surface, picture: Picture, camera: Camera) -> None:
    """Fills the surface above the strip."""

    def draw(large: pygame.Surface, scale: int) -> None:
        if picture.pixels is not None:
            draw_pixels(large, picture.pixels, camera.height * scale)
            return
        seen = enlarged(camera, scale)
        draw_world(large, {**picture.outline, "body": []}, seen, True)
        if picture.ghost is not None:
            pane = large.copy()
            draw_body(pane, picture.ghost, seen)
            pane.set_alpha(GHOST)
            large.blit(pane, (0, 0))
        draw_body(large, picture.outline, seen)

    antialiased(surface, draw)


def draw_track(surface: pygame.Surface, track: Outline, shown: Sequence[Outline]) -> None:
    """The strip with the whole track, and a mark at each body, that of the player first; empty
    where the world has no track to walk along.
    """
    area = strip_of(surface.get_size())
    if not track.get("ground") or from_above(track):
        surface.fill(PAPER, area)
        return
    surface.blit(thumbnail(track, area.size), area)
    low, high = bounds(track)
    for outline, colour in reversed(list(zip(shown, (ACCENT, INK), strict=False))):
        x = middle(outline, low)[0]
        share = float(np.clip((x - low[0]) / max(high[0] - low[0], 1e-9), 0.0, 1.0))
        # the thumbnail leaves a margin of 0.02 on either side
        at = round(area.left + (0.02 + 0.96 * share) * area.width)
        pygame.draw.line(surface, colour, (at, area.top), (at, area.bottom), 3)


def draw_facts(surface: pygame.Surface, title: str, rows: Sequence[tuple[str, str]]) -> None:
    """A card in the upper left corner."""
    scale = ui_scale(surface.get_size())
    font, bold, pad = letters(19 * scale), letters(22 * scale), round(12 * scale)
    head = [bold(part, INK) for part in title.split("; ") if part]
    lines = [(font(name, MUTED), font(value, INK)) for name, value in rows]
    left = max((name.get_width() for name, _ in lines), default=0) + pad
    widths = [left + value.get_width() for _, value in lines]
    width = max([line.get_width() for line in head] + widths, default=0)
    step = round(21 * scale)
    card = pygame.Rect(pad, pad, width + 2 * pad, step * (len(head) + len(lines)) + 2 * pad)
    draw_card(surface, card, round(8 * scale))
    y = card.top + pad
    for line in head:
        surface.blit(line, (card.left + pad, y))
        y += step
    for name, value in lines:
        surface.blit(name, (card.left + pad, y))
        surface.blit(value, (card.left + pad + left, y))
        y += step
