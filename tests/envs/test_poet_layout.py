from __future__ import annotations

import numpy as np
import pytest

from openpoet.envs.walker import dcd_layout, poet_layout
from openpoet.envs.walker.obstacles import Bounds, Obstacles, mutate
from openpoet.envs.walker.physics.body import polygon
from openpoet.envs.walker.poet_layout import BASE, LOWEST, TILE, Pen, track

from .built import assert_box2d_takes


def test_flat_ground_has_200_vertices_at_base_height() -> None:
    flat = track(Obstacles(), 3)
    assert flat.ground.shape == (200, 2)
    np.testing.assert_allclose(flat.ground[:, 0], np.arange(200) * TILE, rtol=1e-6)
    assert set(flat.ground[:, 1].tolist()) == {float(np.float32(BASE))}
    assert len(flat.polygons) == 0
    assert -5 <= flat.push <= 5


def test_equal_seeds_give_equal_tracks_and_different_seeds_different_ones() -> None:
    genome = Obstacles(1.0, (0.4, 2.0), (0.2, 1.0), (0.2, 0.6), 3)
    one, same, other = track(genome, 7), track(genome, 7), track(genome, 8)
    np.testing.assert_array_equal(one.ground, same.ground)
    np.testing.assert_array_equal(one.polygons, same.polygons)
    assert one.push == same.push
    assert one.ground.shape != other.ground.shape or not np.array_equal(one.ground, other.ground)


def test_a_pit_has_two_walls_one_tile_wide_and_four_deep_on_either_side_of_the_gap() -> None:
    pits = track(Obstacles(gap=(1.5, 1.5)), 0)  # gap 1 + 1.5 tiles, left edge to left edge
    near, far = pits.polygons[:2].astype(float)
    x = 20 * TILE
    for wall, left in ((near, x), (far, x + 2.5 * TILE)):
        assert wall[:, 0].min() == pytest.approx(left, abs=1e-5)
        assert wall[:, 0].max() == pytest.approx(left + TILE, abs=1e-5)
        assert wall[:, 1].max() == pytest.approx(BASE, abs=1e-5)
        assert wall[:, 1].min() == pytest.approx(BASE - 4 * TILE, abs=1e-5)
    tiles = pits.ground[20:25].astype(float)
    np.testing.assert_allclose(tiles[:, 1], [BASE, *[BASE - 4 * TILE] * 3, BASE], atol=1e-5)
    # the right edge of the far wall
    np.testing.assert_allclose(tiles[4], [x + 3.5 * TILE, BASE], atol=1e-5)


def test_a_stump_is_on_its_tile_and_followed_by_5_to_9_tiles_of_grass() -> None:
    stumps = track(Obstacles(stump=(1.0, 1.0)), 0)
    left = stumps.polygons[:, :, 0].min(axis=1) / TILE
    assert left[0] == pytest.approx(20, abs=1e-3)
    assert set(np.round(np.diff(left)).astype(int)) <= {6, 7, 8, 9, 10}
    for block in stumps.polygons.astype(float):
        assert np.ptp(block[:, 0]) == pytest.approx(TILE, abs=1e-5)
        assert np.ptp(block[:, 1]) == pytest.approx(TILE, abs=1e-5)
        assert block[:, 1].min() == pytest.approx(BASE, abs=1e-5)


@pytest.mark.parametrize("seed", range(4))
def test_stairs_rise_or_fall_by_their_height_and_the_ground_is_not_above_the_steps(
    seed: int,
) -> None:
    stairs = track(Obstacles(stairs=(0.5, 0.5), stair_steps=3), seed)
    first = stairs.polygons[:3].astype(float)
    tops, lefts = first[:, :, 1].max(axis=1), first[:, :, 0].min(axis=1)
    np.testing.assert_allclose(np.abs(np.diff(tops)), 0.5 * TILE, atol=1e-5)
    np.testing.assert_allclose(np.diff(lefts), 4 * TILE, atol=1e-4)
    assert tops[0] == pytest.approx(BASE, abs=1e-5)
    vertices = stairs.ground[20:33].astype(float)
    for x, y in vertices:
        above = [
            top
            for top, left in zip(tops, lefts, strict=True)
            if left - 1e-4 <= x <= left + 4 * TILE + 1e-4
        ]
        assert y <= max(above) + 1e-5


def test_the_mean_number_of_obstacles_equals_that_of_the_published_code() -> None:
    """Published code (500 seeds): 22.9 stumps per track, 13.3 in the layout of dcd."""

    genome = Obstacles(stump=(1.0, 1.0))
    poet = [len(track(genome, seed).polygons) for seed in range(300)]
    dcd = [len(dcd_layout.track(genome, seed).polygons) for seed in range(300)]
    assert np.mean(poet) == pytest.approx(22.9, abs=0.4)
    assert np.mean(dcd) == pytest.approx(13.3, abs=0.4)


# B19: an assertion error in the reference code for 60 of 60 seeds
def test_a_stump_of_height_zero_is_omitted() -> None:
    assert len(track(Obstacles(stump=(0.0, 0.0)), 1).polygons) == 0
    low = track(Obstacles(stump=(0.0, 0.02)), 1).polygons
    assert 0 < len(low) < 23
    assert np.ptp(low[:, :, 1], axis=1).min() >= LOWEST - 1e-6
    assert_box2d_takes(track(Obstacles(stump=(0.0, 0.02)), 1))


@pytest.mark.parametrize("layout", [poet_layout, dcd_layout])
def test_box2d_accepts_every_track_of_50_chained_mutations(layout: object) -> None:
    for seed in range(4):
        rng, genome = np.random.default_rng(seed), Obstacles()
        for depth in range(50):
            genome = mutate(genome, Bounds(("stump", "pit", "roughness", "stairs")), rng)
            if depth % 7 == 0 or depth == 49:
                assert_box2d_takes(layout.track(genome, depth))  # type: ignore[attr-defined]  # a module


def test_a_shorter_track_is_a_prefix_of_a_longer_one() -> None:
    genome = Obstacles(1.0, (0.4, 2.0), (0.2, 1.0))
    np.testing.assert_array_equal(track(genome, 4, 60).ground, track(genome, 4, 200).ground[:60])


def test_the_dcd_layout_omits_small_obstacles() -> None:
    small = Obstacles(gap=(0.0, 0.7), stump=(0.0, 0.1), stairs=(0.0, 0.1))
    assert len(dcd_layout.track(small, 0).polygons) == 0
    assert len(poet_layout.track(small, 0).polygons) > 0


def test_the_dcd_layout_draws_up_to_one_step_less_than_given() -> None:
    """n = 1 is always 0 steps; n = 5 is 0 to 4."""
    assert len(dcd_layout.track(Obstacles(stairs=(1.0, 1.0), stair_steps=1), 0).polygons) == 0
    genome = Obstacles(stairs=(1.0, 1.0), stair_steps=5)
    # room for one obstacle
    first = [len(dcd_layout.track(genome, seed, 26).polygons) for seed in range(60)]
    assert set(first) == {0, 1, 2, 3, 4}


@pytest.mark.parametrize(
    ("count", "falls", "heights"),
    [
        (1, False, [0, 0, 0, 0, 0]),
        (1, True, [0, -2, -2, -2, -2]),
        (2, False, [0, 0, 0, 0, 0, 2, 2, 2, 2]),
        (2, True, [0, -2, -2, -2, -2, -4, -4, -4, -4]),
    ],
)
def test_stairs_in_the_dcd_layout_have_one_more_drop_down(
    count: int, falls: bool, heights: list[int]
) -> None:
    """Heights of the ground [tiles] from the first step on, computed by hand from dcd's recurrence
    y = y0 + (s // 4) h d - (h if d == -1), s = 0, 1, ... from the second tile on, with h = 2.
    """
    genome = Obstacles(stairs=(2.0, 2.0), stair_steps=5)
    for seed in range(200):
        # up to the first stairs and the first tile of the run behind them
        length = 20 + len(heights) + 1
        found = dcd_layout.track(genome, seed, length)
        tops = found.polygons.astype(float)[:, :, 1].max(axis=1)
        ground = (found.ground[20:].astype(float)[:, 1] - BASE) / TILE
        if len(tops) == count and (ground[-1] < -1) == falls:
            np.testing.assert_allclose(ground, [*heights, heights[-1]], atol=1e-5)
            np.testing.assert_allclose(
                (tops - BASE) / TILE, [(-2 if falls else 2) * i for i in range(count)], atol=1e-5
            )
            return
    pytest.fail("no such stairs in 200 tracks")


def test_a_distant_block_without_area_in_float32_is_omitted() -> None:
    """Every kept block has a centroid: as in Box2D it is computed relative to the origin."""
    rng, kept = np.random.default_rng(0), 0
    for _ in range(400):
        pen, left, bottom = Pen(), float(rng.uniform(0, 4667)), float(rng.uniform(-5e3, 5e3))
        pen.block(left, left + TILE, bottom, bottom + float(rng.uniform(0.005, 0.05)))
        for corners in pen.blocks:
            assert np.isfinite(polygon(np.array(corners, np.float32)).centroid).all()
        kept += len(pen.blocks)
    assert 0 < kept < 400
