"""Strokes of the mouse on a walker's track: what is grabbed follows, what is drawn appears."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from openpoet.envs.walker.family import Walker
from openpoet.envs.walker.obstacles import Obstacles
from openpoet.envs.walker.poet_layout import BASE, TILE
from openpoet.envs.walker.settings import WalkerSettings
from openpoet.envs.walker.strokes import grabbed
from openpoet.envs.walker.task import WalkerTask

FAMILY = Walker(WalkerSettings(obstacles=("stump", "pit", "roughness", "stairs"), length=60))
START = np.array([2.0, BASE])  # on the start pad, where no obstacle is


def task_of(genome: Obstacles, seed: int = 3) -> WalkerTask:
    return replace(FAMILY.origin(), genome=genome, seed=seed)


def stroke(start: np.ndarray, across: float, up: float) -> np.ndarray:
    """Of a length in tiles."""
    return np.stack([start, start + TILE * np.array([across, up])])


def genome_after(task: WalkerTask, *line: float | np.ndarray) -> Obstacles:
    genome = FAMILY.drawn(task, stroke(*line)).genome  # type: ignore[arg-type]  # three parts
    assert isinstance(genome, Obstacles)
    return genome


def block(task: WalkerTask, number: int) -> np.ndarray:
    """The corners [2, 2] of an obstacle's rectangle: lower left, upper right."""
    corners = FAMILY.track(task, 0).polygons[number]
    return np.stack([corners.min(0), corners.max(0)]).astype(float)


def test_on_free_ground_a_stroke_draws_stumps_gaps_or_roughness() -> None:
    task = FAMILY.origin()
    assert genome_after(task, START, 0.1, 2.0) == Obstacles(stump=(0.0, 2.0))
    assert genome_after(task, START, -3.0, 0.1) == Obstacles(gap=(0.0, 3.0))
    assert genome_after(task, START, 0.0, -1.0 / TILE) == Obstacles(roughness=5.0)
    assert genome_after(task, START, 0.0, 99.0) == Obstacles(stump=(0.0, 5.0))
    assert FAMILY.drawn(task, stroke(START, 0.02, 0.02)) is task, "a click"


def test_a_dragged_stump_follows_the_mouse() -> None:
    task = task_of(Obstacles(stump=(1.0, 2.0)))
    top = block(task, 1)[1]
    for up in (1.3, -0.4):
        after = replace(task, genome=genome_after(task, top, 0.2, up))
        assert after.genome.stump == (1.0 + up, 2.0 + up)
        assert block(after, 1)[1] == pytest.approx((top[0], top[1] + up * TILE), abs=1e-5)
    assert genome_after(task, top, 0.0, 9.0).stump == (5.0, 5.0), "the family's bound"
    assert genome_after(task, top, 0.0, -9.0) == Obstacles(), "no stumps"


def test_a_dragged_wall_of_a_gap_follows_the_mouse() -> None:
    task = task_of(Obstacles(gap=(1.0, 2.0)))
    near, far = block(task, 0), block(task, 1)
    wider = replace(task, genome=genome_after(task, far.mean(0), 1.5, 0.3))
    assert wider.genome.gap == (2.5, 3.5)
    assert block(wider, 1)[0, 0] == pytest.approx(far[0, 0] + 1.5 * TILE, abs=1e-5)
    assert genome_after(task, near.mean(0), -1.5, 0.3).gap == (2.5, 3.5)
    assert genome_after(task, near.mean(0), 0.5, 0.3).gap == (0.5, 1.5)


def test_a_dragged_step_changes_the_height_of_steps() -> None:
    task = task_of(Obstacles(stairs=(1.0, 1.4), stair_steps=3))
    for number in range(3):
        middle = block(task, number).mean(0)
        assert genome_after(task, middle, 0.0, 0.5).stairs == (1.5, 1.9)


@given(seed=st.integers(0, 10_000), roughness=st.floats(0, 10))
@settings(max_examples=60)
def test_every_obstacle_of_a_track_is_recognised(seed: int, roughness: float) -> None:
    """Tracks with one kind of obstacle; of a gap the walls alternate."""
    sizes = {"stump": (0.2, 5.0), "gap": (0.0, 6.0), "stairs": (0.2, 3.0)}
    for kind, interval in sizes.items():
        genome = replace(Obstacles(roughness, stair_steps=3), **{kind: interval})
        track = FAMILY.track(task_of(genome, seed), 0)
        for number, corners in enumerate(track.polygons):
            found = grabbed(track, corners.mean(0))
            assert found is not None
            assert found.kind == kind
            if kind == "gap":
                assert found.larger == ((-1.0, 1.0)[number % 2], 0.0)


def test_a_category_that_does_not_mutate_cannot_be_drawn() -> None:
    family = Walker(WalkerSettings(obstacles=("roughness",)))
    assert family.drawn(family.origin(), stroke(START, 0.0, 2.0)) == family.origin()
    alien = replace(family.origin(), genome=Obstacles(stump=(1.0, 2.0)))
    corner = family.track(alien, 0).polygons[0].max(0)
    assert family.drawn(alien, stroke(corner, 0.0, 1.0)) == alien


def test_a_cppn_is_not_drawn() -> None:
    family = Walker(WalkerSettings(encoding="cppn"))
    assert family.drawn(family.origin(), stroke(START, 0.0, 2.0)) == family.origin()
