"""The window of the viewer and the game."""

from __future__ import annotations

import os
import sys

# pygame's greeting would appear in the command's output
os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")
import pygame


def open_window(size: tuple[int, int], no_display: str) -> None:
    """Open the window. ValueError(no_display) without a display, for which SDL would use an
    invisible driver or raise an error of its own.
    """
    chosen = os.environ.get("SDL_VIDEODRIVER")
    there = os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    if sys.platform.startswith("linux") and not (chosen or there):
        raise ValueError(no_display)
    try:
        pygame.display.init()
        pygame.display.set_mode(size, pygame.RESIZABLE)
    except pygame.error as error:
        pygame.display.quit()
        raise ValueError(f"{no_display} ({error})") from None
    if not chosen and pygame.display.get_driver() in ("dummy", "offscreen"):
        pygame.display.quit()
        raise ValueError(no_display)
    pygame.key.set_repeat(350, 40)


def screen() -> pygame.Surface:
    """The window's current surface; resizing replaces it."""
    surface = pygame.display.get_surface()
    assert surface is not None
    return surface
