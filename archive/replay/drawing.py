"""Drawing of one frame of a replay on a pygame surface; needs no display.

The world is drawn at twice the size and scaled down, which antialiases edges; text is drawn on top.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

# pygame's greeting would appear in the command's output
os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")
import pygame

from .camera import Camera, Scene, bounds, camera_at, from_above
from .episode import Episode, Outline
from .overlay import draw_panel, draw_strip, strip_of

Colour = tuple[int, int, int]

SKY = ((203, 222, 235), (247, 243, 233))  # top, bottom
HILLS = ((207, 221, 222), (186, 206, 199))  # far, near
PAPER = (247, 245, 240)  # behind worlds seen from above
EARTH, GRASS, EDGE = (112, 99, 88), (116, 156, 100), (66, 88, 62)
BEYOND = (176, 180, 170)  # where the track ends and nothing is simulated
STONE, STONE_EDGE = (133, 124, 117), (84, 76, 71)
HULL = (74, 92, 170)
# from back to front
LIMBS = ((146, 96, 84), (168, 116, 98), (228, 140, 74), (240, 174, 96))
RAY = (214, 62, 52)
OTHER = (36, 141, 134)  # layers specific to a family, such as goals and zones
LARGEST = 2_000_000  # [px]; larger pictures are drawn without antialiasing


@dataclass(frozen=True)
class Look:
    """Options of a picture: camera, visible layers and text."""

    camera: Camera | None = None  # None: follow the body
    zoom: float = 1.0  # of the following camera
    lidar: bool = True
    brief: bool = False  # a short text panel, for pictures beside each other


def draw_frame(
    surface: pygame.Surface, episode: Episode, scene: Scene, frame: int, look: Look | None = None
) -> None:
    """Draw the world, the text panel and the strip with the whole track; fills the surface.

    scene: `scene_of(episode, take)`, computed once for all frames of a take.
    """
    look = look or Look()
    size = surface.get_size()
    outline = episode.outline(scene.take, frame)
    camera = look.camera or camera_at(scene, frame, size[0], strip_of(size).top, zoom=look.zoom)
    pixels = episode.picture(scene.take, frame)

    def draw(large: pygame.Surface, scale: int) -> None:
        if pixels is not None:
            draw_pixels(large, pixels, strip_of(size).top * scale)
        else:
            draw_world(large, outline, enlarged(camera, scale), look.lidar)

    antialiased(surface, draw)
    draw_panel(surface, episode, scene, frame, brief=look.brief)
    draw_strip(surface, episode, scene, frame, camera)


def antialiased(surface: pygame.Surface, draw: Callable[[pygame.Surface, int], None]) -> None:
    """Call `draw` with a surface `scale` times as large, and fill the surface with the result.

    draw: function of that surface and its scale: 2, or 1 for large pictures.
    """
    size = surface.get_size()
    scale = 2 if size[0] * size[1] <= LARGEST else 1
    large = pygame.Surface((size[0] * scale, size[1] * scale), 0, surface)
    draw(large, scale)
    if scale == 1:
        surface.blit(large, (0, 0))
    else:
        pygame.transform.smoothscale(large, size, surface)


def enlarged(camera: Camera, scale: float) -> Camera:
    """The same view in a picture `scale` times as large."""
    return Camera(
        camera.x, camera.y, camera.zoom * scale, camera.width * scale, camera.height * scale
    )


def draw_world(surface: pygame.Surface, outline: Outline, camera: Camera, lidar: bool) -> None:
    """Background, ground, the family's own layers, body, rays."""
    ground = outline.get("ground", [])
    if ground and not from_above(outline):
        _draw_sky(surface, camera)
        _draw_ground(surface, ground[0], camera)
        rest = ground[1:]
    else:
        surface.fill(PAPER)
        rest = ground
    for polygon in rest:
        _draw_shape(surface, camera.pixels(polygon), STONE, STONE_EDGE)
    for layer, lines in outline.items():
        if layer not in ("ground", "body", "ray"):
            for line in lines:
                _draw_shape(surface, camera.pixels(line), OTHER, shade(OTHER, 0.7))
    if lidar:
        _draw_rays(surface, outline.get("ray", []), camera)
    draw_body(surface, outline, camera)


def draw_body(surface: pygame.Surface, outline: Outline, camera: Camera) -> None:
    """The body's parts, later ones over earlier ones."""
    body = outline.get("body", [])
    for part, colour in zip(body, body_colours(body), strict=True):
        _draw_shape(surface, camera.pixels(part), colour, shade(colour, 0.62))


def draw_pixels(surface: pygame.Surface, pixels: np.ndarray, height: float) -> None:
    """Draw a family's own picture [h, w, 3] uint8, scaled to fit the upper `height` [px]."""
    surface.fill(PAPER)
    size = np.array([pixels.shape[1], pixels.shape[0]])
    fits = np.maximum(size * min(surface.get_width() / size[0], height / size[1]), 1).astype(int)
    own = pygame.surfarray.make_surface(np.ascontiguousarray(pixels.swapaxes(0, 1)))
    at = (surface.get_width() - fits[0]) // 2, (height - fits[1]) // 2
    surface.blit(pygame.transform.smoothscale(own, fits.tolist()), at)


def body_colours(body: list[np.ndarray]) -> list[Colour]:
    """A colour per part: the largest is the hull, the others cycle through LIMBS."""
    if not body:
        return []
    hull = int(np.argmax([area(part) for part in body]))
    return [
        HULL if part == hull else LIMBS[(part - (part > hull)) % len(LIMBS)]
        for part in range(len(body))
    ]


def area(polygon: np.ndarray) -> float:
    """Area [m^2] of a polygon [points, 2] [m], closed or not."""
    x, y = (polygon - polygon[0]).T
    return abs(float(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1)))) / 2


def shade(colour: Colour, light: float) -> Colour:
    """The colour made darker (light < 1)."""
    return int(colour[0] * light), int(colour[1] * light), int(colour[2] * light)


def thumbnail(outline: Outline, size: tuple[int, int] = (240, 60)) -> pygame.Surface:
    """A picture of the whole outline, scaled to fit; the height of a long track is exaggerated up
    to three times.
    """
    low, high = bounds(outline)
    width, height = np.maximum(high - low, 1e-9)
    across = size[0] * 0.96 / width
    up = min(size[1] * 0.6 / height, 3 * across)
    surface = pygame.Surface((size[0] * 2, size[1] * 2), 0, 32)
    stretched = {
        layer: [(line - (low + high) / 2) * (across, up) for line in lines]
        for layer, lines in outline.items()
        if layer != "ray"
    }
    draw_world(surface, stretched, Camera(0.0, 0.0, 2.0, size[0] * 2, size[1] * 2), False)
    return pygame.transform.smoothscale(surface, size)


def _draw_sky(surface: pygame.Surface, camera: Camera) -> None:
    """A gradient, and two rows of hills that scroll more slowly than the ground."""
    width, height = surface.get_size()
    bands = 48
    for band in range(bands):
        share = band / (bands - 1)
        tint = [round(a + (b - a) * share) for a, b in zip(*SKY, strict=True)]
        top = height * band // bands
        surface.fill(tint, (0, top, width, height * (band + 1) // bands - top))
    at = np.linspace(0, width, 121)
    for colour, slowness, level in ((HILLS[0], 0.12, 0.42), (HILLS[1], 0.3, 0.52)):
        # in units of the picture's height, so that hills look the same at every zoom
        x = (at + camera.x * camera.zoom * slowness) / camera.height * 2.2
        ridge = np.sin(x) * 0.5 + np.sin(2.3 * x + 1 / slowness) * 0.3 + np.sin(4.1 * x) * 0.12
        y = camera.height * (level - 0.07 * ridge)
        _fill(surface, np.stack([at, y], axis=1), height, colour)


def _draw_ground(surface: pygame.Surface, line: np.ndarray, camera: Camera) -> None:
    """Earth down to the lower edge under a strip of grass; pale beyond the ends of the track."""
    points = camera.pixels(line)
    height = surface.get_height()
    width, bottom = surface.get_width(), max(height, float(points[:, 1].max())) + 1
    for edge, side in ((points[0], 0.0), (points[-1], float(width))):
        if 0 < edge[0] < width:
            _fill(surface, np.array([edge, [side, edge[1]]]), bottom, BEYOND)
    _fill(surface, points, bottom, EARTH)
    thick = max(4.0, 0.012 * height)
    grass = np.concatenate([points, points[::-1] + np.array([0.0, thick])])
    pygame.draw.polygon(surface, GRASS, grass)
    pygame.draw.lines(surface, EDGE, False, points, max(1, round(height / 350)))


def _fill(surface: pygame.Surface, line: np.ndarray, bottom: float, colour: Colour) -> None:
    """The area between a line [points, 2] [px] and the level `bottom`."""
    ends = np.array([[line[-1, 0], bottom], [line[0, 0], bottom]])
    pygame.draw.polygon(surface, colour, np.concatenate([line, ends]))


def _draw_shape(surface: pygame.Surface, points: np.ndarray, colour: Colour, edge: Colour) -> None:
    """A filled polygon, a line for two points, or a dot for a single point or a very small
    shape.
    """
    line = max(1, round(surface.get_height() / 350))
    if len(points) == 0:
        return
    if float(np.ptp(points, axis=0).max()) < 4 * line:
        pygame.draw.circle(surface, edge, points.mean(axis=0), 4 * line)
        pygame.draw.circle(surface, colour, points.mean(axis=0), 3 * line)
    elif len(points) == 2:
        pygame.draw.line(surface, edge, points[0], points[1], 2 * line)
    else:
        pygame.draw.polygon(surface, colour, points)
        pygame.draw.lines(surface, edge, True, points, line)


def _draw_rays(surface: pygame.Surface, rays: list[np.ndarray], camera: Camera) -> None:
    """Thin lines with a dot at the end of each."""
    line = max(1, round(surface.get_height() / 600))
    for ray in rays:
        points = camera.pixels(ray)
        pygame.draw.lines(surface, RAY, False, points, line)
        pygame.draw.circle(surface, RAY, points[-1], 2 * line)
