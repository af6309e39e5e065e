"""Sliders for the numbers of a task, in a card at the right of the picture."""

from __future__ import annotations

import os
from collections.abc import Mapping

import numpy as np

# pygame's greeting would appear in the command's output
os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")
import pygame

from .overlay import ACCENT, INK, LINE, MUTED, draw_card, letters, ui_scale

Knob = tuple[float, float, float, float]  # value, low, high, step
WIDTH, ROW = 230, 34  # [px] in a picture of height 600


def areas(names: Mapping[str, Knob], size: tuple[int, int]) -> dict[str, pygame.Rect]:
    """The rectangle of each slider in a picture of this size [px]."""
    scale = ui_scale(size)
    width, row, top = round(WIDTH * scale), round(ROW * scale), round(60 * scale)
    left = size[0] - width - round(24 * scale)
    return {name: pygame.Rect(left, top + at * row, width, row) for at, name in enumerate(names)}


def value_at(knob: Knob, area: pygame.Rect, x: float) -> float:
    """The value under a column of the picture [px], in whole steps from the low end."""
    _, low, high, step = knob
    share = float(np.clip((x - area.left) / area.width, 0.0, 1.0))
    return min(high, low + round(share * (high - low) / step) * step)


def draw_sliders(surface: pygame.Surface, knobs: Mapping[str, Knob]) -> None:
    found, scale = areas(knobs, surface.get_size()), ui_scale(surface.get_size())
    if not found:
        return
    font, radius = letters(17 * scale), round(6 * scale)
    card = pygame.Rect.unionall(next(iter(found.values())), list(found.values()))
    draw_card(surface, card.inflate(round(24 * scale), round(16 * scale)), round(8 * scale))
    for name, area in found.items():
        value, low, high, _ = knobs[name]
        words, number = font(name, MUTED), font(f"{value:g}", INK)
        surface.blit(words, area.topleft)
        surface.blit(number, (area.right - number.get_width(), area.top))
        y = area.bottom - radius - 2
        pygame.draw.line(surface, LINE, (area.left, y), (area.right, y), max(2, radius // 2))
        share = (value - low) / max(high - low, 1e-9)
        pygame.draw.circle(surface, ACCENT, (area.left + share * area.width, y), radius)
