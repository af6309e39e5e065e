"""Outlines as whole numbers: simplified within a tolerance, bounded, in one unit."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from openpoet.archive.page import thumbnails
from openpoet.archive.page.thumbnails import lines_of, scale_of, simplify

coordinates = st.floats(-100, 100, allow_nan=False)
polylines = st.lists(st.tuples(coordinates, coordinates), min_size=1, max_size=40).map(
    lambda points: np.array(points, np.float64)
)


def farthest(points: np.ndarray, line: np.ndarray) -> float:
    """The largest distance of any point from the polyline."""
    if len(line) == 1:
        return float(np.hypot(*(points - line[0]).T).max())
    ends = itertools.pairwise(line)
    far = np.min([thumbnails._distances(points, a, b) for a, b in ends], axis=0)
    return float(far.max())


@given(polylines, st.floats(0.01, 20))
def test_a_simplified_line_is_near_the_line_and_keeps_its_ends(
    points: np.ndarray, tolerance: float
) -> None:
    short = simplify(points, tolerance)
    assert farthest(points, short) <= tolerance + 1e-9
    assert np.array_equal(short[0], points[0])
    assert np.array_equal(short[-1], points[-1])


def test_points_on_a_straight_line_are_dropped() -> None:
    points = np.stack([np.arange(50.0), np.full(50, 3.0)], axis=1)
    assert simplify(points, 0.01).tolist() == [[0, 3], [49, 3]]


@pytest.mark.parametrize(("size", "scale"), [(28.0, 0.01), (93.0, 0.01), (1.0, 1e-4), (5.0, 1e-3)])
def test_the_unit_is_a_power_of_ten(size: float, scale: float) -> None:
    assert scale_of({"ground": [np.array([[0.0, 0.0], [size, 1.0]])]}) == pytest.approx(scale)


@given(polylines)
def test_coordinates_are_within_half_a_unit(points: np.ndarray) -> None:
    (line,) = lines_of({"goal": [points]}, 0.01)["goal"]
    assert np.abs(np.reshape(line, (-1, 2)) * 0.01 - points).max() <= 0.005 + 1e-9


def test_an_outline_of_any_size_is_bounded() -> None:
    many = {f"layer {i}" * 99: [np.ones((50, 2))] * 300 for i in range(100)}
    found = lines_of(many | {"huge": [np.full((3, 2), 1e300)]}, 1e-4)
    assert sum(len(line) for lines in found.values() for line in lines) <= (
        2 * thumbnails.MOST_POINTS
    )
    assert max(map(len, found)) <= 40
    (line,) = lines_of({"huge": [np.array([[1e300, np.nan]])]}, 1.0)["huge"]
    assert line == [thumbnails.FARTHEST, 0]


@pytest.mark.parametrize("outline", [{}, {"body": []}, {"body": [np.zeros((0, 2))]}])
def test_an_empty_outline_has_a_unit_and_no_lines(outline: dict[str, list[np.ndarray]]) -> None:
    assert scale_of(outline) == pytest.approx(1e-4)
    assert not any(lines_of(outline, scale_of(outline)).values())
