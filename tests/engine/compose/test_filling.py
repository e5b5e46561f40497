"""Holes of photos are filled: where one looks, how seams vanish, and that grain is what it is around."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.compose.filling import filled, reduction
from engine.compose.grain import fine_energy, ring_around, with_grain
from engine.compose.hole_crops import hole_crops
from engine.compose.seams import without_seam


def grainy(height: int, width: int, seed: int, grain: float = 0.05) -> np.ndarray:
    """A slope of colour with grain."""
    slope = np.linspace(0.3, 0.7, width, dtype=np.float32)[None, :, None] * np.array([1, 0.8, 0.6], np.float32)
    noise = np.random.default_rng(seed).normal(0, grain, (height, width, 1)).astype(np.float32)
    return np.clip(np.broadcast_to(slope, (height, width, 3)) + noise, 0, 1).astype(np.float32)


def middle_hole(height: int, width: int) -> np.ndarray:
    hole = np.zeros((height, width), bool)
    hole[height // 3 : 2 * height // 3, width // 3 : 2 * width // 3] = True
    return hole


def smooth(colours: np.ndarray, missing: np.ndarray) -> np.ndarray:
    """A painter that knows broad colours alone, and those a little wrong."""
    weights = (~missing).astype(np.float32)
    blurred = cv2.GaussianBlur(colours * weights[..., None], (0, 0), 8)
    return blurred / np.maximum(cv2.GaussianBlur(weights, (0, 0), 8), 1e-6)[..., None] + np.float32(0.08)


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_crops_fill_every_hole_once_with_something_known_around_it(data: st.DataObject) -> None:
    height, width = data.draw(st.integers(16, 90)), data.draw(st.integers(16, 90))
    hole = np.zeros((height, width), bool)
    for _ in range(data.draw(st.integers(1, 4))):
        top, left = data.draw(st.integers(0, height - 1)), data.draw(st.integers(0, width - 1))
        hole[top : top + data.draw(st.integers(1, 20)), left : left + data.draw(st.integers(1, 20))] = True
    least = data.draw(st.integers(8, 64))
    times = np.zeros((height, width), int)
    for crop in hole_crops(hole, least):
        part = crop.of(times)
        assert crop.hole.shape == part.shape and crop.hole.any()
        assert part.shape[0] >= min(least, height) and part.shape[1] >= min(least, width)
        part += crop.hole
    np.testing.assert_array_equal(times, hole)


def test_holes_close_together_share_a_crop_and_distant_ones_do_not() -> None:
    hole = np.zeros((100, 300), bool)
    hole[40:50, 20:30] = hole[40:50, 36:44] = hole[40:50, 250:260] = True
    crops = list(hole_crops(hole, 64))
    assert [int(crop.hole.sum()) for crop in crops] == [180, 100]
    assert all(crop.rows.stop - crop.rows.start == 64 for crop in crops)


@pytest.mark.parametrize("size", [(60, 60), (200, 260), (48, 300)])
@pytest.mark.parametrize("grain", [0.01, 0.06])
def test_a_filled_hole_has_the_grain_of_its_ring_and_no_seam(size: tuple[int, int], grain: float) -> None:
    """At the painter's own size, and where what it paints is enlarged."""
    colours, hole = grainy(*size, seed=1, grain=grain), middle_hole(*size)
    before = colours.copy()
    result = filled(colours, hole, ~hole, smooth, own_side=64, least_side=16, seed=0)
    np.testing.assert_array_equal(colours, before)
    np.testing.assert_array_equal(result[~hole], colours[~hole])
    ring = ring_around(hole, ~hole)
    assert 0.7 < fine_energy(result, hole) / fine_energy(result, ring) < 1.4
    border = hole & (cv2.erode(hole.astype(np.uint8), np.ones((5, 5), np.uint8)) == 0)
    assert np.abs((result - grainy(*size, seed=1, grain=0))[border].mean(0)).max() < 0.03  # it was painted 0.08 off


@pytest.mark.parametrize(
    ("size", "rows", "columns", "factor"),
    [
        ((60, 64), 40, 40, 1.0),  # no larger than the painter's own side
        ((200, 200), 100, 100, 64 / 200),
        ((200, 400), 10, 300, 4 * 64 / 400),  # thin: at most four times the painter's side
        ((200, 400), 80, 300, 64 / (2 * 80)),  # between both: two thicknesses make its side
    ],
)
def test_a_long_but_thin_hole_is_reduced_less(size: tuple[int, int], rows: int, columns: int, factor: float) -> None:
    hole = np.zeros(size, bool)
    top, left = (size[0] - rows) // 2, (size[1] - columns) // 2
    hole[top : top + rows, left : left + columns] = True
    assert reduction(hole, 64) == pytest.approx(factor, rel=0.03)


def test_what_stood_in_the_hole_counts_for_nothing() -> None:
    colours, hole = grainy(150, 150, seed=2), middle_hole(150, 150)
    other = np.where(hole[..., None], np.float32(1.0), colours).astype(np.float32)
    results = [filled(c, hole, ~hole, smooth, own_side=64, least_side=16, seed=3) for c in (colours, other)]
    np.testing.assert_array_equal(results[0][hole], results[1][hole])


def test_too_much_detail_is_weakened_and_flat_stays_flat() -> None:
    flat, hole = np.full((80, 80, 3), 0.5, np.float32), middle_hole(80, 80)
    np.testing.assert_array_equal(with_grain(flat, hole, ~hole, 0), flat)
    busy = grainy(80, 80, seed=4, grain=0.01)
    busy[hole] = grainy(80, 80, seed=5, grain=0.1)[hole]
    calmed = with_grain(busy, hole, ~hole, 0)
    assert 0.7 < fine_energy(calmed, hole) / fine_energy(calmed, ring_around(hole, ~hole)) < 1.4


def test_grain_is_its_seeds() -> None:
    colours, hole = grainy(80, 80, seed=6), middle_hole(80, 80)
    colours[hole] = 0.5
    first, again, other = (with_grain(colours, hole, ~hole, seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


def test_a_picture_too_full_of_holes_for_pieces_gets_grain_too() -> None:
    colours, hole = grainy(40, 40, seed=7), np.zeros((40, 40), bool)
    hole[4:36:2] = True
    colours[hole] = 0.5
    result = with_grain(colours, hole, ~hole, 0)
    assert np.isfinite(result).all() and result.shape == colours.shape


def test_a_seam_of_one_colour_vanishes_and_far_inside_stays_as_painted() -> None:
    photo = np.full((90, 90, 3), 0.5, np.float32)
    painted, hole = np.full_like(photo, 0.3), middle_hole(90, 90)
    moved = without_seam(photo, painted, ~hole, hole, [3.0])
    np.testing.assert_allclose(moved[30, 45], 0.5, atol=0.03)
    np.testing.assert_allclose(moved[45, 45], 0.3, atol=1e-3)
