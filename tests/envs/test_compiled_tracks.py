"""Compiled tracks, shapes and final generator state equal those of plain NumPy and Python bit for
bit.
"""

from __future__ import annotations

import re

import numpy as np
import pytest
from gymnasium.utils import seeding
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from openpoet.envs.walker import dcd_layout, gymnasium_layout, poet_layout
from openpoet.envs.walker.obstacles import Obstacles
from openpoet.envs.walker.physics import body
from openpoet.envs.walker.physics.terrain import shapes
from openpoet.envs.walker.track import Track
from tests.envs import reference_tracks

GROUND = np.array([[0, 0], [9, 0]], np.float32)


def assert_same_bits(a: np.ndarray, b: np.ndarray) -> None:
    assert (a.dtype, a.shape, a.tobytes()) == (b.dtype, b.shape, b.tobytes())


def assert_same_shapes(track: Track) -> None:
    for ours, theirs in zip(shapes(track), reference_tracks.shapes(track), strict=True):
        assert_same_bits(ours, theirs)


@pytest.mark.parametrize("hardcore", [False, True], ids=["easy", "hardcore"])
@given(seed=st.integers(0, 2**32))
@settings(max_examples=40)
def test_compiled_tracks_shapes_and_generator_state_equal_those_of_python(
    seed: int, hardcore: bool
) -> None:
    rng, other = seeding.np_random(seed)[0], seeding.np_random(seed)[0]
    for _ in range(2):  # the second begins with half a draw of 64 bits left over
        ours, theirs = (
            gymnasium_layout.track(rng, hardcore),
            reference_tracks.track(other, hardcore),
        )
        assert_same_bits(ours.ground, theirs.ground)
        assert_same_bits(ours.polygons, theirs.polygons)
        assert ours.push == theirs.push
        assert rng.bit_generator.state == other.bit_generator.state
        assert_same_shapes(ours)


@pytest.mark.parametrize(
    "bits", [np.random.MT19937, np.random.SFC64, np.random.Philox, np.random.PCG64DXSM]
)
def test_every_numpy_bit_generator_is_supported(bits: type[np.random.BitGenerator]) -> None:
    rng, other = np.random.Generator(bits(5)), np.random.Generator(bits(5))
    for _ in range(5):
        ours, theirs = gymnasium_layout.track(rng, True), reference_tracks.track(other, True)
        assert_same_bits(ours.ground, theirs.ground)
        assert_same_bits(ours.polygons, theirs.polygons)
        assert (ours.push, rng.random()) == (theirs.push, other.random())


def refusal(track: Track) -> str:
    """The error message of the reference, or an empty string."""
    try:
        with np.errstate(all="ignore"):
            reference_tracks.shapes(track)
    except ValueError as error:
        return f"{error}"
    return ""


@given(
    points=st.lists(
        st.tuples(*[st.floats(-90, 90, width=32)] * 2) | st.tuples(*[st.integers(-2, 2)] * 2),
        min_size=4,
        max_size=4,
    )
)
@settings(max_examples=400)
def test_polygons_of_four_random_points_equal_the_reference_or_raise_the_same_error(
    points: list[tuple[float, float]],
) -> None:
    corners = np.array(points, np.float32)
    track = Track(GROUND, corners[None], 0.0)
    fault = refusal(track)
    if fault:
        with pytest.raises(ValueError, match=re.escape(fault)):
            shapes(track)
        with pytest.raises(ValueError, match="enclose an area"):
            body.polygon(corners)
        return
    with np.errstate(all="ignore"):
        theirs = reference_tracks.shapes(track)
    assume(np.isfinite(theirs[0]).all())  # not a hull of area 0 around intersecting corners
    for a, b in zip(shapes(track), theirs, strict=True):
        assert_same_bits(a, b)
    ours, reference = body.polygon(corners), reference_tracks.polygon(corners)
    assert_same_bits(ours.corners, reference.corners)
    assert_same_bits(ours.normals, reference.normals)
    assert_same_bits(ours.centroid, reference.centroid)


@given(seed=st.integers(0, 2**31), layout=st.sampled_from([poet_layout, dcd_layout]))
@settings(max_examples=60)
def test_shapes_of_other_layouts_equal_those_of_python(seed: int, layout: object) -> None:
    genome = Obstacles(3.0, (0.5, 2.5), (0.5, 4.0), (0.3, 1.5), 4)
    assert_same_shapes(layout.track(genome, seed))  # type: ignore[attr-defined]


@given(points=st.lists(st.tuples(*[st.floats(-1e4, 1e4)] * 2), min_size=4, max_size=4))
@settings(max_examples=200)
def test_the_area_of_a_block_equals_that_of_numpy(points: list[tuple[float, float]]) -> None:
    assert poet_layout._area(points) == reference_tracks.area(points)
