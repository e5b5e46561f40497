"""Holes filled from a picture's own texture: what is around them goes on inside."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from engine.compose.grain import fine_energy, ring_around
from engine.compose.patches.from_surroundings import filled_from_surroundings
from engine.compose.patches.matches import PATCH, Matches, Places

Array = np.ndarray


def stripes(height: int, width: int, period: int = 12) -> Array:
    """Slanted stripes with a little noise, (h, w, 3) in 0..1."""
    rows, columns = np.mgrid[:height, :width]
    wave = 0.5 + 0.4 * np.sin(2 * np.pi * (columns + 0.5 * rows) / period)
    noise = np.random.default_rng(0).normal(0, 0.02, (height, width, 3))
    return np.clip(wave[..., None] * [1.0, 0.7, 0.4] + noise, 0, 1).astype(np.float32)


def middle(height: int, width: int, share: float = 0.3) -> Array:
    hole = np.zeros((height, width), bool)
    top, left = round(height * (1 - share) / 2), round(width * (1 - share) / 2)
    hole[top : height - top, left : width - left] = True
    return hole


@pytest.mark.parametrize("size", [(96, 96), (400, 380)])
def test_a_pattern_goes_on_through_the_hole(size: tuple[int, int]) -> None:
    """At the picture's own size and where it is decided on a smaller one; classical methods smear it."""
    picture, hole = stripes(*size, period=max(size) // 10), middle(*size)
    filled = filled_from_surroundings(picture, hole, ~hole, 0)
    np.testing.assert_array_equal(filled[~hole], picture[~hole])
    as_bytes = np.rint(picture * 255).astype(np.uint8)
    smeared = cv2.inpaint(as_bytes, hole.astype(np.uint8), 3, cv2.INPAINT_TELEA) / 255
    error, classical_error = (float(np.abs(each - picture)[hole].mean()) for each in (filled, smeared))
    assert error < 0.12 and error < 0.6 * classical_error


@pytest.mark.parametrize("side", [90, 420])
def test_the_hole_has_the_grain_of_its_surroundings(side: int) -> None:
    random = np.random.default_rng(1)
    grainy = np.clip(0.5 + random.normal(0, 0.06, (side, side, 3)), 0, 1).astype(np.float32)
    hole = middle(side, side)
    filled = filled_from_surroundings(grainy, hole, ~hole, 0)
    ring = fine_energy(grainy, ring_around(hole, ~hole))
    assert 0.7 < fine_energy(filled, hole) / ring < 1.4


def test_a_hole_of_another_piece_is_never_taken_from() -> None:
    picture, hole = stripes(80, 80), middle(80, 80, 0.25)
    elsewhere = np.zeros_like(hole)
    elsewhere[5:20, 5:70] = True
    picture[elsewhere] = (0.0, 0.0, 1.0)
    filled = filled_from_surroundings(picture, hole, ~hole & ~elsewhere, 0)
    assert filled[hole][:, 2].max() < 0.75


@pytest.mark.parametrize("size", [(8, 8), (9, 40), (30, 12)])
def test_where_no_patch_fits_a_smooth_filling_stays(size: tuple[int, int]) -> None:
    picture = np.full((*size, 3), 0.4, np.float32)
    hole = np.zeros(size, bool)
    hole[2:6, 2:6] = True
    filled = filled_from_surroundings(picture, hole, ~hole, 0)
    np.testing.assert_allclose(filled, 0.4, atol=0.01)


def test_a_search_finds_a_patch_that_is_there_twice() -> None:
    random = np.random.default_rng(2)
    picture = random.random((60, 60, 3)).astype(np.float32)
    picture[10:30, 30:50] = picture[30:50, 5:25]  # the target's twin
    hole = np.zeros((60, 60), bool)
    hole[19, 39] = True
    usable = np.zeros((60, 60), bool)
    usable[PATCH:-PATCH, PATCH:-PATCH] = True
    usable[4:36, 24:56] = False
    places = Places.of(hole, usable)
    found = random.choice(places.sources, len(places.targets))
    matches = Matches(places, picture, found, 0.0)
    matches.search(random, 12, 30)
    own = np.stack(np.divmod(places.targets, 60), 1)
    np.testing.assert_array_equal(np.stack(np.divmod(matches.found, 60), 1), own + [20, -25])
    assert matches.distances.max() == 0
