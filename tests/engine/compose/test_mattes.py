"""Mattes: they follow the photo's edges and obey the label map deep inside."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.compose.guided_filter import evaluate, guided_coefficients
from engine.compose.mattes import (
    BEYOND,
    LOOSE,
    OF_SURFACES,
    SHARPEST,
    _admitted,
    border_of,
    region_mattes,
    soft_labels,
    together,
)
from engine.compose.samples import as_colours
from tests.engine.compose.drawn import HAIR, drawn_photo


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10**6), st.integers(2, 6), st.integers(1, 40), st.integers(1, 40), st.booleans())
def test_what_a_pixel_may_be_sums_to_one(seed, labels, height, width, parsed):
    rng = np.random.default_rng(seed)
    label_map = rng.integers(0, labels, (height, width), np.uint8)
    shares = rng.dirichlet(np.ones(labels), (height, width)).transpose(2, 0, 1) if parsed else None
    soft = soft_labels(label_map, labels, shares)
    assert soft.min() >= 0
    np.testing.assert_allclose(soft.sum(-1), 1, atol=1e-5)


def test_the_guided_filter_follows_its_formulas():
    rng = np.random.default_rng(5)
    guide, target = rng.random((20, 24, 3), np.float32), rng.random((20, 24, 1), np.float32)
    radius, epsilon = 2, 0.01
    a, b = guided_coefficients(guide, target, radius, epsilon)
    windows_a, windows_b = {}, {}
    for y in range(2 * radius, 20 - 2 * radius):  # where no window leaves the picture
        for x in range(2 * radius, 24 - 2 * radius):
            sums, offsets = [], []
            for row in range(y - radius, y + radius + 1):
                for column in range(x - radius, x + radius + 1):
                    if (row, column) not in windows_a:
                        place = slice(row - radius, row + radius + 1), slice(column - radius, column + radius + 1)
                        colours = guide[place].reshape(-1, 3).astype(np.float64)
                        values = target[place].reshape(-1).astype(np.float64)
                        spread = np.cov(colours.T, bias=True) + epsilon * np.eye(3)
                        together = (colours * values[:, None]).mean(0) - colours.mean(0) * values.mean()
                        windows_a[row, column] = np.linalg.solve(spread, together)
                        windows_b[row, column] = values.mean() - windows_a[row, column] @ colours.mean(0)
                    sums.append(windows_a[row, column])
                    offsets.append(windows_b[row, column])
            np.testing.assert_allclose(a[y, x, 0], np.mean(sums, 0), atol=1e-4)
            np.testing.assert_allclose(b[y, x, 0], np.mean(offsets), atol=1e-4)
    assert evaluate(guide, a, b).shape == (20, 24, 1)


def test_deep_inside_the_label_map_counts_whatever_the_parser_says():
    photo, label_map = drawn_photo(128, 128)
    wrong = np.zeros((3, 128, 128), np.float32)
    wrong[0] = 1
    matte = region_mattes(as_colours(photo), soft_labels(label_map, 3, wrong), label_map, (HAIR,))[HAIR]
    alpha = matte.on(as_colours(photo), label_map)
    deep = cv2.distanceTransform((label_map == HAIR).astype(np.uint8), cv2.DIST_L2, 5) > 7
    far = cv2.distanceTransform((label_map != HAIR).astype(np.uint8), cv2.DIST_L2, 5) > 6
    assert (alpha[deep] > 0.99).all() and (alpha[far] == 0).all()


def test_a_border_that_was_drawn_coarsely_moves_to_the_photos_edge():
    photo = np.full((96, 96, 3), 210, np.uint8)
    photo[:, :48] = 40
    label_map = np.zeros((96, 96), np.uint8)
    label_map[:, :50] = HAIR  # two pixels too far
    alpha = region_mattes(as_colours(photo), soft_labels(label_map, 2), label_map, (HAIR,))[HAIR].on(
        as_colours(photo), label_map
    )
    assert alpha[48, 46] - alpha[48, 49] > 0.3


def test_a_thin_region_keeps_a_middle_that_is_all_its_own():
    photo = np.full((64, 64, 3), 190, np.uint8)
    photo[30:36, 10:54] = (180, 70, 80)
    label_map = (photo[..., 1] == 70).astype(np.uint8)
    alpha = region_mattes(as_colours(photo), soft_labels(label_map, 2), label_map, (1,))[1].on(
        as_colours(photo), label_map
    )
    assert alpha[32:34, 14:50].min() > 0.8


def alpha_of(photo: np.ndarray, label_map: np.ndarray, label: int = HAIR) -> np.ndarray:
    """The matte (h, w) of one label of a drawn photo, without a parser."""
    colours = as_colours(photo)
    matte = region_mattes(colours, soft_labels(label_map, 3), label_map, (label,))[label]
    return matte.on(colours, label_map)


def test_a_flat_background_that_the_map_takes_for_hair_stays_background():
    photo, label_map = drawn_photo(256, 256)
    wedge = np.zeros((256, 256), bool)
    wedge[:22, 112:144] = True  # from the frame's edge down to the crown, as parsers do it
    wrong_map = np.where(wedge, HAIR, label_map).astype(np.uint8)
    assert (label_map[wedge] != HAIR).mean() > 0.9
    alpha = alpha_of(photo, wrong_map)
    assert alpha[:12, 116:140].max() < 0.15
    assert alpha[40:60, 116:140].min() > 0.95  # the hair below it is hair


def test_a_highlight_of_hair_as_bright_as_the_wall_behind_is_still_hair():
    photo, label_map = drawn_photo(256, 256)
    photo[50:56, 100:150] = (205, 212, 225)
    assert alpha_of(photo, label_map)[50:56, 100:150].min() > 0.95


def test_a_small_hole_of_a_map_that_looks_like_hair_is_hair():
    photo, label_map = drawn_photo(256, 256)
    holed = label_map.copy()
    holed[60:66, 120:126] = 0
    assert alpha_of(photo, holed)[60:66, 120:126].min() > 0.8
    photo[60:66, 120:126] = (220, 30, 200)  # a hairpin
    assert alpha_of(photo, holed)[61:65, 121:125].max() < 0.4


def drawn_mouth(side: int) -> tuple[np.ndarray, np.ndarray]:
    """A face of skin with an open mouth whose lips (label 1) are 2 to 4 pixels thick: colours in 0..1, label map."""
    rng = np.random.default_rng(3)
    y, x = np.mgrid[0:side, 0:side] / side - 0.5
    outline, opening = np.hypot(x / 0.1, y / 0.05), np.hypot(x / 0.085, (y + 0.005) / 0.028)
    lips = (outline < 1) & (opening >= 1)
    label_map = np.where(opening < 1, 2, lips).astype(np.uint8)
    colours = np.select([label_map[..., None] == 1, label_map[..., None] == 2], [(0.75, 0.45, 0.42), (0.9, 0.88, 0.85)])
    colours = np.where(label_map[..., None] == 0, (0.85, 0.65, 0.55), colours) + rng.normal(0, 0.015, (side, side, 3))
    return cv2.GaussianBlur(colours, (0, 0), 0.7).clip(0, 1).astype(np.float32), label_map


@pytest.mark.parametrize("side", [128, 192])
def test_lips_of_a_few_pixels_are_held_evenly(side):
    colours, label_map = drawn_mouth(side)
    lips = label_map == 1
    alpha = region_mattes(colours, soft_labels(label_map, 3), label_map, (1,))[1].on(colours, label_map)
    assert alpha[lips].mean() > 0.75
    assert np.mean(alpha[lips] > 0.5) > 0.9
    beyond = cv2.distanceTransform((~lips).astype(np.uint8), cv2.DIST_L2, 5)
    assert alpha[beyond >= 2.5].max() == 0


def test_a_region_that_ends_in_lines_is_held_to_its_label_map():
    """A wall and what lies beside it are alike in colour, so colours must not move the border between them."""
    rng = np.random.default_rng(4)
    label_map = np.zeros((96, 96), np.uint8)
    label_map[:, 48:] = 1
    colours = np.where(label_map[..., None] == 1, 0.52, 0.5) + rng.normal(0, 0.06, (96, 96, 3))
    colours = colours.clip(0, 1).astype(np.float32)
    soft = soft_labels(label_map, 2)
    alpha = region_mattes(colours, soft, label_map, (1,), border=SHARPEST)[1].on(colours, label_map)
    assert alpha[:, 50:].min() == 1
    assert alpha[:, :46].max() == 0
    assert region_mattes(colours, soft, label_map, (1,))[1].on(colours, label_map)[:, 50:].min() < 0.5


def test_a_smooth_surface_is_held_to_its_label_map_sooner_than_strands_are():
    """Skin beside shade of its own colour: colours say nothing, and a loose border would leave the old skin there."""
    colours = np.full((96, 96, 3), 0.5, np.float32)
    label_map = np.zeros((96, 96), np.uint8)
    label_map[:, 48:] = 1
    soft = soft_labels(label_map, 2)
    surface, loose, built = (
        region_mattes(colours, soft, label_map, (1,), border=border)[1].on(colours, label_map)
        for border in (OF_SURFACES, LOOSE, SHARPEST)
    )
    assert surface[:, 52:].min() == 1 > loose[:, 52].max()
    assert (built >= surface)[:, 48:].all() and (surface >= loose)[:, 48:].all()
    np.testing.assert_array_equal(surface[:, :48] > 0, loose[:, :48] > 0)


def test_a_border_is_as_loose_as_its_loosest_label_lets_it_be():
    assert border_of(["skin", "nose", "clothes"]) == OF_SURFACES
    assert border_of(["wall", "building"]) == border_of(["sky"]) == SHARPEST
    assert border_of(["skin", "wall"]) == border_of(["skin", "hair"]) == border_of(["tree"]) == LOOSE


# ---------------------------------------------------------------- several regions


def test_labels_are_one_region_where_they_touch_or_are_a_pair():
    label_map = np.zeros((40, 40), np.uint8)
    label_map[:, 30:] = 1
    label_map[5:10, 5:10], label_map[10:15, 5:10] = 2, 3  # side by side
    label_map[20:24, 5:10], label_map[30:34, 5:10] = 4, 5  # a pair that is open
    label_map[24, 9], label_map[24, 10:30] = 4, 6
    assert together(label_map, (1, 2, 3), ()) == [(1,), (2, 3)]
    assert together(label_map, (5, 1, 4), [(4, 5)]) == [(5, 4), (1,)]
    assert together(label_map, (1, 6), ()) == [(1,), (6,)]  # one pixel wide where they meet
    assert together(label_map, (0, 1, 2), ()) == [(0, 1, 2)]


def test_a_mixed_pixel_beside_hair_takes_its_share_of_the_change():
    """Pixels whose hair is half skin: as the last of what may be touched beyond a region, they still count as mixed."""
    alpha = np.linspace(0.9, 0, 100, dtype=np.float32)[None].repeat(100, 0)
    outside = (alpha < 0.5).astype(np.float32)
    admitted, nothing = _admitted(alpha, outside, np.ones_like(alpha))
    first_left_out = alpha[~admitted].max()
    assert admitted[alpha >= 0.5].all() and (admitted & (outside > 0)).mean() <= BEYOND
    assert 0.5 * first_left_out < nothing.max() < 0.8 * first_left_out
