"""Tones: a region takes a style's lightness and the chroma that the style has at that lightness."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.compose.change import region_change, tones_of
from engine.compose.colour_space import to_lab
from engine.compose.colours import colour_tones
from engine.compose.composition import compose
from engine.compose.mattes import region_mattes, soft_labels
from engine.compose.own_colour import own_colour
from engine.compose.regions import region_blur
from engine.compose.samples import as_colours
from engine.compose.tones import (
    LEVELS,
    MAX_SLOPE,
    MIN_SLOPE,
    QUANTILES,
    STEEPEST_LINE,
    Tones,
    fit_tone_map,
    lightness_curve,
    lightness_line,
    measure_tones,
)
from engine.compose.transfer import plain_transfer
from tests.engine.compose.drawn import HAIR, SKIN, drawn_photo


@settings(max_examples=60, deadline=None)
@given(st.lists(st.floats(0, 100), min_size=41, max_size=41), st.lists(st.floats(0, 100), min_size=41, max_size=41))
def test_lightness_curves_rise_with_clamped_slopes(before, after):
    curve = lightness_curve(np.sort(before), np.sort(after))
    steps = np.diff(curve)
    assert steps.min() >= MIN_SLOPE - 1e-9 and steps.max() <= MAX_SLOPE + 1e-9


def test_a_regions_own_tones_change_next_to_nothing():
    photo, label_map = drawn_photo(96, 96)
    lab = to_lab(as_colours(photo))
    inside = (label_map == HAIR).astype(np.float32)
    base = region_blur(lab[..., 0], inside, 2.0)
    own = measure_tones(lab, inside, base)
    change = fit_tone_map(own, own).apply(lab, base) - lab
    assert np.abs(change[label_map == HAIR]).mean() < 1.0


def test_chroma_follows_lightness():
    ramp = np.linspace(20, 80, 64, dtype=np.float32)
    lab = np.zeros((64, 64, 3), np.float32)
    lab[..., 0] = ramp
    style = lab.copy()
    style[..., 1] = ramp / 4
    everywhere = np.ones((64, 64), np.float32)
    fitted = fit_tone_map(measure_tones(lab, everywhere, lab[..., 0]), measure_tones(style, everywhere, lab[..., 0]))
    new = fitted.apply(lab, lab[..., 0])
    assert new[0, 50, 1] - new[0, 12, 1] > 6


def test_a_region_without_pixels_cannot_be_measured():
    with pytest.raises(ValueError, match="no pixels"):
        tones_of(np.zeros((4, 4, 3), np.float32), np.zeros((4, 4), np.float32))


def test_a_blur_inside_a_region_does_not_see_what_lies_outside():
    values = np.full((40, 40), 7.0, np.float32)
    values[:, 20:] = 1000
    weight = np.zeros((40, 40), np.float32)
    weight[:, :20] = 1
    np.testing.assert_allclose(region_blur(values, weight, 3.0), 7.0, rtol=1e-4)


@pytest.mark.parametrize("colour", [(0.63, 0.06, 0.19), (0.9, 0.85, 0.6), (0.05, 0.04, 0.1), (0, 0, 0), (1, 1, 1)])
def test_a_colour_is_met_while_light_and_strands_stay(colour):
    photo, label_map = drawn_photo(96, 96)
    colours = as_colours(photo)
    style = colour_tones(colour, tones_of(colours, (label_map == HAIR).astype(np.float32)))
    matte = region_mattes(colours, soft_labels(label_map, 3), label_map, (HAIR,))[HAIR]
    result = compose(photo, label_map, [region_change(colours, label_map, HAIR, matte, style)])
    inside = cv2.erode((label_map == HAIR).astype(np.uint8), np.ones((7, 7))) > 0
    off = np.abs(result[inside].mean(0) - np.array(colour) * 255)
    assert off.max() < (16 if max(colour) < 0.9 else 40)  # light shades are pressed together
    if 0 < min(colour) and max(colour) < 1:  # pure black and white have no room for strands
        before, after = photo.mean(-1)[inside], result.mean(-1)[inside]
        assert np.corrcoef(before, after)[0, 1] > 0.8


def test_a_colour_outside_its_range_is_refused():
    photo, label_map = drawn_photo(32, 32)
    own = tones_of(as_colours(photo), (label_map == HAIR).astype(np.float32))
    with pytest.raises(ValueError, match="between 0 and 1"):
        colour_tones((1.2, 0, 0), own)


def test_plain_transfer_gives_the_styles_mean_and_spread():
    photo, label_map = drawn_photo(64, 64)
    style, _ = drawn_photo(64, 64, seed=2)
    style = (style * 0.6 + 60).astype(np.uint8)
    region = label_map == HAIR
    result = to_lab(plain_transfer(as_colours(photo), region, as_colours(style), region))
    wanted = to_lab(as_colours(style))[region]
    np.testing.assert_allclose(result[region].mean(0), wanted.mean(0), atol=0.3)
    np.testing.assert_allclose(result[region].std(0), wanted.std(0), rtol=0.05)
    np.testing.assert_array_equal(
        plain_transfer(as_colours(photo), region, as_colours(style), region)[~region], as_colours(photo)[~region]
    )


def restyled(
    photo: np.ndarray, label_map: np.ndarray, label: int, style: Tones, one_colour: bool = False
) -> np.ndarray:
    """A drawn photo with one region in a style."""
    colours = as_colours(photo)
    matte = region_mattes(colours, soft_labels(label_map, 3), label_map, (label,))[label]
    change = region_change(colours, label_map, label, matte, style, one_colour=one_colour)
    return compose(photo, label_map, [change])


PALE_SKIN = Tones(
    lightness=np.linspace(60, 90, 41),
    chroma=np.stack([np.linspace(20, 12, 101), np.linspace(24, 16, 101)], axis=1),
    deviation=np.array([2.0, 2.0]),
    detail=1.5,
    mean=np.array([76.0, 14.0, 18.0]),
)


def test_a_beard_in_skin_keeps_its_colour():
    photo, label_map = drawn_photo(256, 256)
    photo[label_map == SKIN] = (170, 115, 85)
    beard = np.zeros(label_map.shape, bool)
    beard[165:185, 105:150] = True
    assert (label_map[beard] == SKIN).all()
    photo[beard] = (48, 42, 40)
    kept = restyled(photo, label_map, SKIN, PALE_SKIN, one_colour=True)
    tinted = restyled(photo, label_map, SKIN, PALE_SKIN)
    off = np.abs(kept[beard].astype(int) - photo[beard]).mean()
    assert off < 3 < 10 < np.abs(tinted[beard].astype(int) - photo[beard]).mean()
    cheek = (label_map == SKIN) & ~beard
    assert kept[cheek].mean() > photo[cheek].mean() + 30


def test_shaded_skin_is_skin_and_a_grey_region_has_no_colour_of_its_own():
    shades = np.zeros((40, 40, 3), np.float32)
    shades[:] = np.array([0.75, 0.5, 0.4]) * np.linspace(0.6, 1, 40)[:, None, None]
    everywhere = np.ones((40, 40), np.float32)
    own = own_colour(to_lab(shades), everywhere)
    assert own is not None and own.share(to_lab(shades)).min() > 0.8
    assert own_colour(to_lab(np.full((40, 40, 3), 0.5, np.float32)), everywhere) is None


def test_the_dark_side_of_a_face_is_skin():
    """Deep shade has little chroma, as a beard has, but as much as its lightness leaves of skin's."""
    light = np.linspace(0.04, 1, 60)[:, None]  # of the light that falls on it
    linear = np.array([0.52, 0.24, 0.15]) * light
    shades = np.where(linear <= 0.0031308, linear * 12.92, 1.055 * linear ** (1 / 2.4) - 0.055)
    lab = to_lab(np.repeat(shades[:, None], 60, 1).astype(np.float32))
    own = own_colour(lab, np.ones((60, 60), np.float32))
    assert own is not None and own.share(lab).min() > 0.9
    black_beard = to_lab(np.full((4, 4, 3), (0.13, 0.115, 0.11), np.float32))
    assert own.share(black_beard).max() < 0.1


def test_strands_before_a_white_wall_become_dark_without_a_fringe():
    photo, label_map = drawn_photo(256, 256)
    photo[label_map == HAIR] = (200, 170, 120)
    photo[label_map == 0] = 250
    share = cv2.GaussianBlur((label_map == HAIR).astype(np.float32), (0, 0), 1.5)[..., None]
    rim = (share[..., 0] > 0.35) & (share[..., 0] < 0.65) & (np.arange(256)[:, None] < 60)
    mixed = np.rint(share * np.array([200, 170, 120]) + (1 - share) * 250)
    photo = np.where((label_map == SKIN)[..., None], photo, mixed).astype(np.uint8)
    dark = Tones(np.linspace(10, 25, 41), np.full((101, 2), 4.0), np.full(2, 1.0), 3.0, np.array([17.0, 4.0, 4.0]))
    result = restyled(photo, label_map, HAIR, dark)
    expected = share * result[70:80, 100:150].mean((0, 1)) + (1 - share) * 250
    assert np.abs(result[rim] - expected[rim]).mean() < 25


def test_a_built_surface_keeps_the_order_and_evenness_of_its_lightness():
    """A wall of two plain shades in the style of one of many: quantiles would tear its plain shades apart."""
    rng = np.random.default_rng(2)
    shades = np.concatenate([rng.normal(40, 1, 500), rng.normal(70, 1, 500)])
    many = rng.uniform(30, 80, 1000)
    before, after = (np.quantile(values, QUANTILES) for values in (shades, many))
    line, curve = lightness_line(before, after), lightness_curve(before, after)
    moved = np.interp(before, np.arange(LEVELS), line)
    np.testing.assert_allclose((moved.mean(), moved.std()), (after.mean(), after.std()), rtol=1e-6)
    assert np.ptp(np.diff(line)) < 1e-9
    plain = slice(36, 45)
    assert np.ptp(line[plain]) < 0.75 * np.ptp(curve[plain])


def test_a_line_stretches_no_more_than_its_steepest_slope():
    before = np.linspace(48, 52, 41)
    line = lightness_line(before, np.linspace(20, 80, 41))
    np.testing.assert_allclose(np.diff(line), STEEPEST_LINE)
    assert np.interp(50, np.arange(LEVELS), line) == pytest.approx(50)
