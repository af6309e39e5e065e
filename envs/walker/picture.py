"""Pictures of one walker for Gymnasium's render(). The viewer in archive/ draws any family."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pygame

if TYPE_CHECKING:
    from .pose import Pose
    from .track import Track

SIZE = (600, 400)  # [px]
ZOOM = 30.0  # [px/m]
SKY, GROUND, BLOCK, RAY = (215, 229, 240), (110, 150, 90), (120, 120, 125), (220, 90, 90)
# hull, near leg, far leg
BODY = ((127, 80, 190), (95, 60, 145), (95, 60, 145), (160, 115, 215), (160, 115, 215))


def picture(track: Track, pose: Pose) -> np.ndarray:
    """[height, width, 3] uint8; the camera follows the hull along the track."""
    surface = pygame.Surface(SIZE)
    surface.fill(SKY)
    left = pose.hull[0] - SIZE[0] / ZOOM / 3

    def pixels(points: np.ndarray) -> list[tuple[float, float]]:
        return [((float(x) - left) * ZOOM, SIZE[1] - float(y) * ZOOM) for x, y in points]

    ground = pixels(track.ground)
    pygame.draw.polygon(
        surface, GROUND, [*ground, (ground[-1][0], SIZE[1] + 9999), (ground[0][0], SIZE[1] + 9999)]
    )
    for block in track.polygons:
        pygame.draw.polygon(surface, BLOCK, pixels(block))
    for ray in pose.rays:
        start, end = pixels(ray)
        pygame.draw.line(surface, RAY, start, end)
    for colour, body in zip(BODY, pose.bodies, strict=True):
        pygame.draw.polygon(surface, colour, pixels(body))
    return np.ascontiguousarray(np.transpose(pygame.surfarray.array3d(surface), (1, 0, 2)))


class Window:
    """The window of human rendering; pygame has one per process."""

    def __init__(self) -> None:
        self.open = True
        self._clock = pygame.time.Clock()  # one for all frames: it counts the time since the last

    def show(self, frame: np.ndarray, fps: int) -> None:
        """Show a frame [height, width, 3] uint8 at no more than `fps` frames per second; no effect
        once closed.
        """
        if not self.open:
            return
        surface = pygame.display.get_surface()
        if surface is None:
            pygame.display.init()
            surface = pygame.display.set_mode(SIZE)
            pygame.display.set_caption("openpoet")
        if pygame.event.get(pygame.QUIT):
            self.close()
            return
        surface.blit(pygame.surfarray.make_surface(np.transpose(frame, (1, 0, 2))), (0, 0))
        pygame.display.flip()
        self._clock.tick(fps)

    def close(self) -> None:
        """Close the window; also the effect of its close button."""
        self.open = False
        pygame.display.quit()
