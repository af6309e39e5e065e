"""Pictures: objects are drawn at their coordinates and in their colours, without a display."""

from dataclasses import replace

import numpy as np
import pygame
import pytest

from openpoet.archive.replay.camera import Camera, bounds, camera_at, from_above, scene_of
from openpoet.archive.replay.drawing import (
    EARTH,
    HULL,
    LIMBS,
    OTHER,
    PAPER,
    RAY,
    STONE,
    Look,
    area,
    body_colours,
    draw_frame,
    draw_world,
    thumbnail,
)
from openpoet.archive.replay.episode import record_episode
from openpoet.archive.replay.overlay import facts, frame_at, strip_of, timeline_of
from openpoet.envs.maze import Maze, Mazes, MazeSettings
from openpoet.poet.streams import Key
from tests.archive.rolling import FAST, SLOW, Hills, Roller, Rolling

SIZE = (1200, 600)


@pytest.fixture(scope="module")
def episode():
    labels = {"niche": "12", "agent": "of niche 3"}
    return record_episode(Roller, Rolling(), FAST, Hills(), Key(1), title="hills", labels=labels)


def picture(episode, frame=0, look=None, size=SIZE):
    surface = pygame.Surface(size, 0, 32)
    draw_frame(surface, episode, scene_of(episode), frame, look)
    return surface


def colour_at(surface, camera, x, y):
    [place] = camera.pixels(np.array([[x, y]]))
    return tuple(surface.get_at((round(place[0]), round(place[1]))))[:3]


def close(a, b, by=6):
    return max(abs(x - y) for x, y in zip(a, b, strict=True)) <= by


def camera_for(episode, frame):
    return camera_at(scene_of(episode), frame, SIZE[0], strip_of(SIZE).top)


def test_hull_limbs_ground_obstacles_and_sky_are_drawn_at_their_coordinates(episode):
    for frame in (0, 20):
        surface, camera = picture(episode, frame), camera_for(episode, frame)
        x = episode.frames[frame].x
        y = 0.5 * np.sin(x)
        assert close(colour_at(surface, camera, x - 0.3, y + 0.5), HULL)
        assert close(colour_at(surface, camera, x, y + 0.7), LIMBS[0])
        assert close(colour_at(surface, camera, x, y - 0.5), EARTH)
        sky = colour_at(surface, camera, x, y + 1.7)
        assert min(sky) > 180
        if frame:
            assert close(colour_at(surface, camera, 8.5, 1.5), STONE)


def test_the_lidar_can_be_hidden(episode):
    def red(surface):
        pixels = pygame.surfarray.array3d(surface).astype(int)
        return int((np.abs(pixels - RAY).max(axis=2) < 25).sum())

    assert red(picture(episode, 5)) > 50
    assert red(picture(episode, 5, Look(lidar=False))) == 0


def test_a_following_camera_keeps_the_body_at_one_place_of_the_picture(episode):
    for frame in range(0, len(episode.frames), 7):
        camera = camera_for(episode, frame)
        middle = np.mean([part.mean(axis=0) for part in episode.outline(0, frame)["body"]], axis=0)
        x, y = camera.pixels(middle[None])[0]
        assert abs(x - 0.36 * SIZE[0]) < 2
        assert 0.4 * strip_of(SIZE).top < y < 0.85 * strip_of(SIZE).top


def test_a_fixed_camera_shows_the_body_move(episode):
    camera = camera_for(episode, 0)
    first, later = (
        colour_at(picture(episode, f, Look(camera)), camera, episode.frames[0].x - 0.3, 0.9)
        for f in (0, 9)
    )
    assert close(first, HULL)
    assert not close(later, HULL)


def test_metres_is_the_inverse_of_pixels():
    camera = Camera(3.0, -2.0, 40.0, 1200, 524)
    points = np.random.default_rng(1).normal(size=(20, 2)) * 9
    back = [camera.metres(x, y) for x, y in camera.pixels(points)]
    np.testing.assert_allclose(back, points, atol=1e-12)


def test_pixels_of_known_points():
    camera = Camera(10.0, 1.0, 40.0, 1200, 500)
    np.testing.assert_array_equal(
        camera.pixels(np.array([[10.0, 1.0], [11.0, 3.0]])), [[600, 250], [640, 170]]
    )


def test_speed_is_that_of_the_body(episode):
    scene = scene_of(episode)
    for frame in (0, 17, len(episode.frames) - 1):
        assert scene.speed(frame, episode.dt) == pytest.approx(1.5 * 0.2 / 0.02, rel=1e-3)


def test_a_long_episode_is_sampled_and_its_path_is_still_right():
    episode = record_episode(
        Roller, Rolling(horizon=1500), {"speed": SLOW["speed"] / 10}, Hills(), Key(1)
    )
    scene = scene_of(episode)
    assert len(scene.path) == len(episode.frames) == 1501
    np.testing.assert_allclose(scene.path[:, 0], [wheel.x for wheel in episode.frames], atol=0.1)


def test_the_panel_shows_the_values_of_the_frame(episode):
    values = dict(facts(episode, scene_of(episode), 10))
    assert values["niche"] == "12"
    assert values["agent"] == "of niche 3"
    assert values["step"] == f"10 / {len(episode.rewards)}"
    assert values["time"] == "0.20 s"
    assert values["reward"] == "+0.300"
    assert values["return"] == "3.00"
    assert values["score"] == f"{episode.score:.2f}"
    assert values["solved"] == "yes"
    assert dict(facts(episode, scene_of(episode), 0))["reward"] == "-"
    assert "episode" not in values


def test_the_panel_counts_episodes_if_there_are_several():
    several = record_episode(lambda family: Roller(family, 3), Rolling(), FAST, Hills(), Key(1))
    assert dict(facts(several, scene_of(several, 2), 0))["episode"] == "3 of 3"


def test_the_time_line_and_frame_at_agree():
    line = timeline_of(SIZE)
    assert frame_at(SIZE, line.left, 101) == 0
    assert frame_at(SIZE, line.right, 101) == 100
    assert frame_at(SIZE, line.centerx, 101) == 50
    assert frame_at(SIZE, -50, 101) == 0
    assert frame_at(SIZE, 5000, 101) == 100
    assert frame_at(SIZE, line.centerx, 1) == 0
    assert strip_of(SIZE).contains(line)


def test_the_largest_part_is_the_hull_at_any_position():
    small, large = np.array([[0, 0], [1, 0], [1, 1]]), np.array([[0, 0], [3, 0], [3, 3]])
    assert body_colours([small, large, small]) == [LIMBS[0], HULL, LIMBS[1]]
    assert body_colours([]) == []


def test_a_slanted_limb_with_a_large_bounding_box_is_not_the_hull():
    limb = np.array([[0.0, 0.0], [0.2, 0.0], [5.2, 5.0], [5.0, 5.0]])
    hull = np.array([[0.0, 0.0], [2.0, 0.0], [2.0, 1.0], [0.0, 1.0], [0.0, 0.0]])
    assert area(hull) == pytest.approx(2.0)
    assert area(limb) == pytest.approx(1.0)
    assert body_colours([limb, hull]) == [LIMBS[0], HULL]


def test_equal_frames_give_equal_pictures_and_different_frames_different_ones(episode):
    first, again, other = (
        pygame.image.tobytes(picture(episode, frame), "RGB") for frame in (4, 4, 5)
    )
    assert first == again
    assert first != other


@pytest.mark.parametrize("size", [(64, 64), (300, 100), (100, 700), (2500, 1400)])
def test_any_size_can_be_drawn(episode, size):
    surface = picture(episode, 3, size=size)
    assert pygame.transform.average_color(surface)[:3] != (0, 0, 0)


def test_worlds_seen_from_above_and_worlds_without_a_body_are_drawn():
    class Above(Rolling):
        def outline(self, task, state=None):
            wall = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1], [-1, -1]], dtype=float)
            layers = {"goal": [np.array([[0.5, 0.5]])], "wall": [wall]}
            return (
                layers
                if state is None
                else {**layers, "body": [np.array([[state.x / 12 - 1, 0.0]])]}
            )

    class Nothing(Rolling):
        def outline(self, task, state=None):
            return {}

    for family in (Above(), Nothing()):
        episode = record_episode(Roller, family, FAST, Hills(), Key(1))
        surface = picture(episode, 5)
        assert min(surface.get_at((600, 20))[:3]) > 200
        cameras = {camera_at(scene_of(episode), frame, 800, 400) for frame in (0, 5)}
        assert len(cameras) == 1  # a world that fits into the picture does not move
    low, high = bounds(Above().outline(None))
    np.testing.assert_array_equal([low, high], [[-1, -1], [1, 1]])


def test_a_maze_shows_walls_corridors_goal_and_agent():
    task = Maze(("#....", *["....."] * 4), start=(2, 2), reach=4)
    outline = Mazes(MazeSettings(size=5)).outline(task, {"at": (2, 2), "goal": (4, 4)})
    assert from_above(outline)
    surface, camera = pygame.Surface((240, 240), 0, 32), Camera(2.5, 2.5, 40.0, 240, 240)
    draw_world(surface, outline, camera, True)
    for (x, y), colour in {
        (0.5, 4.5): STONE,
        (2.5, 4.5): PAPER,
        (4.5, 0.5): OTHER,
        (2.5, 2.5): HULL,
    }.items():
        assert close(colour_at(surface, camera, x, y), colour), (x, y)


def test_a_family_of_float32_outlines_gets_the_same_picture(episode):
    def narrow(task, state):
        return {
            name: [line.astype(np.float32) for line in lines]
            for name, lines in wide(task, state).items()
        }

    wide = episode.outline_of
    same = picture(replace(episode, outline_of=narrow), 7)
    difference = pygame.surfarray.array3d(same).astype(int) - pygame.surfarray.array3d(
        picture(episode, 7)
    )
    assert np.abs(difference).mean() < 0.5
    assert thumbnail(narrow(Hills(), None)).get_size() == (240, 60)


def test_a_thumbnail_shows_the_whole_track():
    small = thumbnail(Rolling().outline(Hills()), (240, 60))
    assert small.get_size() == (240, 60)
    pixels = pygame.surfarray.array3d(small).astype(int)
    earthy = np.abs(pixels - EARTH).max(axis=2) < 10
    columns = np.flatnonzero(earthy.any(axis=1))
    assert columns.min() < 12
    assert columns.max() > 228


def test_drawing_opens_no_display(episode):
    assert not pygame.display.get_init()
    picture(episode)
    assert not pygame.display.get_init()
