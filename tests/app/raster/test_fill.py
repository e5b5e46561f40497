"""What a bucket selects."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import ndimage

from app.raster import fill

maps = hnp.arrays(np.uint8, hnp.array_shapes(min_dims=2, max_dims=2, max_side=12), elements=st.integers(0, 2))


@st.composite
def map_and_pixel(draw):
    label_map = draw(maps)
    height, width = label_map.shape
    return label_map, draw(st.integers(0, width - 1)), draw(st.integers(0, height - 1))


@given(map_and_pixel())
def test_a_contiguous_fill_is_the_connected_area_under_the_pixel(case):
    label_map, x, y = case
    areas, _ = ndimage.label(label_map == label_map[y, x])
    expected = areas == areas[y, x]
    assert np.array_equal(fill.label_mask(label_map=label_map, x=x, y=y), expected)


@given(map_and_pixel())
def test_a_fill_of_the_whole_region_reaches_its_separate_parts(case):
    label_map, x, y = case
    mask = fill.label_mask(label_map=label_map, x=x, y=y, contiguous=False)
    assert np.array_equal(mask, label_map == label_map[y, x])


def test_areas_that_touch_at_a_corner_are_apart():
    label_map = np.array([[1, 0], [0, 1]], np.uint8)
    assert fill.label_mask(label_map=label_map, x=0, y=0).sum() == 1


def test_a_fill_does_not_change_what_it_looks_at():
    label_map = np.zeros((4, 4), np.uint8)
    label_map.flags.writeable = False
    assert fill.label_mask(label_map=label_map, x=1, y=1).all()
    assert not label_map.any()


def test_colour_fill_takes_what_is_within_the_tolerance_of_the_clicked_colour():
    picture = np.zeros((1, 5, 3), np.uint8)
    picture[0, :, 0] = (100, 110, 120, 130, 105)  # each step is 10, but counted from the pixel clicked
    contiguous = fill.colour_mask(picture=picture, x=0, y=0, tolerance=15)
    assert contiguous.tolist() == [[True, True, False, False, False]]
    everywhere = fill.colour_mask(picture=picture, x=0, y=0, tolerance=15, contiguous=False)
    assert everywhere.tolist() == [[True, True, False, False, True]]


@pytest.mark.parametrize("contiguous", [True, False])
def test_colour_fill_looks_at_every_channel(contiguous):
    picture = np.full((2, 2, 3), 50, np.uint8)
    picture[0, 1, 2] = 90
    mask = fill.colour_mask(picture=picture, x=0, y=0, tolerance=20, contiguous=contiguous)
    assert mask.tolist() == [[True, False], [True, True]]


@pytest.mark.parametrize("contiguous", [True, False])
def test_the_widest_tolerance_takes_everything(contiguous):
    picture = np.random.default_rng(0).integers(0, 256, (8, 9, 3), np.uint8)
    assert fill.colour_mask(picture=picture, x=3, y=2, tolerance=999, contiguous=contiguous).all()


@pytest.mark.parametrize("contiguous", [True, False])
def test_without_tolerance_only_the_same_colour_counts(contiguous):
    picture = np.arange(48, dtype=np.uint8).reshape(4, 4, 3)
    mask = fill.colour_mask(picture=picture, x=2, y=1, tolerance=0, contiguous=contiguous)
    assert mask.sum() == 1


@pytest.mark.parametrize(("x", "y"), [(-1, 0), (0, -1), (4, 0), (0, 3)])
def test_a_pixel_outside_the_image_is_refused(x, y):
    with pytest.raises(ValueError, match="outside an image of 4 x 3"):
        fill.label_mask(label_map=np.zeros((3, 4), np.uint8), x=x, y=y)
    with pytest.raises(ValueError, match="outside an image of 4 x 3"):
        fill.colour_mask(picture=np.zeros((3, 4, 3), np.uint8), x=x, y=y, tolerance=0)
