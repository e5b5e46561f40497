"""The round brush as pixels."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.raster import strokes
from app.raster.boxes import Box

SIDE = 48
NEAR = 1e-6  # pixels this near to the rim may fall on either side: rounding differs between two formulas
coordinate = st.floats(-20, SIDE + 20, allow_nan=False, width=32)
radius = st.floats(0.5, 30, allow_nan=False, width=32)


def painted(box: Box, mask: np.ndarray, side: int = SIDE) -> np.ndarray:
    """The mask put back into an image."""
    image = np.zeros((side, side), bool)
    if not box.empty:
        image[box.slices] = mask
    return image


def dot_mask(*, x, y, radius, height, width):
    """One dab of the brush."""
    return strokes.segment_mask(
        start=(x, y), end=(x, y), start_radius=radius, end_radius=radius, height=height, width=width
    )


def segment(start, end, start_radius, end_radius, side: int = SIDE) -> np.ndarray:
    return painted(
        *strokes.segment_mask(
            start=start, end=end, start_radius=start_radius, end_radius=end_radius, height=side, width=side
        ),
        side,
    )


def distance_to_hull(ax, ay, ra, bx, by, rb, side: int = SIDE) -> np.ndarray:
    """Signed distance of each pixel's centre to the convex hull of two discs: densely sampled discs between."""
    y, x = np.mgrid[0:side, 0:side] + 0.5
    best = np.full((side, side), np.inf)
    for t in np.linspace(0, 1, 2001):
        px, py, pr = ax + t * (bx - ax), ay + t * (by - ay), ra + t * (rb - ra)
        np.minimum(best, np.hypot(x - px, y - py) - pr, out=best)
    return best


@given(start=st.tuples(coordinate, coordinate), end=st.tuples(coordinate, coordinate), ra=radius, rb=radius)
def test_a_segment_covers_exactly_the_hull_of_its_two_discs(start, end, ra, rb):
    mask = segment(start, end, ra, rb)
    (ax, ay), (bx, by) = (
        strokes.snap_centre(x=start[0], y=start[1], radius=ra),
        strokes.snap_centre(x=end[0], y=end[1], radius=rb),
    )
    distance = distance_to_hull(ax, ay, ra, bx, by, rb)
    sampling = 0.02  # the sampled hull lies this little inside the true one
    assert mask[distance <= -NEAR].all()
    assert not mask[distance > sampling].any()


@given(x=coordinate, y=coordinate, r=radius)
def test_a_dot_is_the_segment_of_no_length(x, y, r):
    dot = painted(*dot_mask(x=x, y=y, radius=r, height=SIDE, width=SIDE))
    assert np.array_equal(dot, segment((x, y), (x, y), r, r))


@given(start=st.tuples(coordinate, coordinate), end=st.tuples(coordinate, coordinate), r=radius)
def test_direction_does_not_matter(start, end, r):
    assert np.array_equal(segment(start, end, r, r), segment(end, start, r, r))


@given(x=st.floats(0, SIDE, exclude_max=True, width=32), y=st.floats(0, SIDE, exclude_max=True, width=32))
def test_the_smallest_brush_paints_the_pixel_under_the_cursor(x, y):
    image = segment((x, y), (x, y), 0.5, 0.5)
    assert image.sum() == 1
    assert image[math.floor(y), math.floor(x)]


@given(
    a=st.tuples(st.integers(0, SIDE - 1), st.integers(0, SIDE - 1)),
    b=st.tuples(st.integers(0, SIDE - 1), st.integers(0, SIDE - 1)),
)
def test_a_thin_line_has_no_gaps(a, b):
    image = segment((a[0] + 0.3, a[1] + 0.3), (b[0] + 0.3, b[1] + 0.3), 0.5, 0.5)
    assert image[a[1], a[0]]
    assert image[b[1], b[0]]
    steep = abs(b[1] - a[1]) > abs(b[0] - a[0])
    along = image.any(axis=1 if steep else 0)
    low, high = sorted((a[1], b[1]) if steep else (a[0], b[0]))
    assert along[low : high + 1].all()


@pytest.mark.parametrize(("diameter", "pixels"), [(1, 1), (2, 4), (3, 9), (4, 12), (5, 21)])
def test_small_brushes_have_the_same_shape_wherever_they_are_put(diameter, pixels):
    shapes = set()
    for shift in (0.0, 0.2, 0.5, 0.7, 0.99):
        box, mask = dot_mask(x=20 + shift, y=20 - shift, radius=diameter / 2, height=SIDE, width=SIDE)
        rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
        shapes.add(mask[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1].tobytes())
        assert mask.sum() == pixels
    assert len(shapes) == 1


@pytest.mark.parametrize("diameter", [64, 512, 1024])
def test_a_large_dot_has_the_area_of_its_circle(diameter):
    _, mask = dot_mask(x=600, y=600, radius=diameter / 2, height=1200, width=1200)
    assert mask.sum() == pytest.approx(math.pi * diameter**2 / 4, rel=0.01)


@given(start=st.tuples(coordinate, coordinate), end=st.tuples(coordinate, coordinate), r=radius)
def test_the_box_stays_in_the_image_and_has_the_masks_shape(start, end, r):
    box, mask = strokes.segment_mask(start=start, end=end, start_radius=r, end_radius=r, height=SIDE, width=SIDE + 5)
    if box.empty:
        assert mask.size == 0
        return
    assert 0 <= box.x0 < box.x1 <= SIDE + 5
    assert 0 <= box.y0 < box.y1 <= SIDE
    assert mask.shape == (box.height, box.width)


def test_a_stroke_beside_the_image_paints_nothing():
    box, mask = dot_mask(x=-100, y=10, radius=5, height=SIDE, width=SIDE)
    assert box.empty
    assert mask.size == 0


def test_a_brush_larger_than_the_image_covers_all_of_it():
    assert segment((24, 24), (25, 24), 512, 512).all()


@pytest.mark.parametrize(
    ("diameter", "direction", "large", "expected"),
    [
        (1, -1, False, 1),
        (1, 1, False, 2),
        (9, 1, False, 10),
        (10, -1, False, 9),
        (10, 1, False, 11),
        (100, 1, False, 110),
        (5, 1, True, 15),
        (5, -1, True, 1),
        (1000, 1, True, 1024),
        (1024, 1, False, 1024),
    ],
)
def test_brackets_step_by_one_below_ten_and_shift_by_ten_times(diameter, direction, large, expected):
    assert strokes.step_diameter(diameter=diameter, direction=direction, large=large) == expected


@given(st.integers(1, 1024))
def test_repeated_steps_reach_both_ends(diameter):
    up = down = diameter
    for _ in range(80):
        up = strokes.step_diameter(diameter=up, direction=1)
        down = strokes.step_diameter(diameter=down, direction=-1)
    assert up == 1024
    assert down == 1


@given(st.tuples(*[st.integers(-5, 5)] * 4), st.tuples(*[st.integers(-5, 5)] * 4))
def test_a_union_contains_both_boxes(a, b):
    one, two = Box(*a), Box(*b)
    both = one.union(two)
    for box in (one, two):
        if not box.empty:
            assert both.x0 <= box.x0 and both.y0 <= box.y0 and both.x1 >= box.x1 and both.y1 >= box.y1
