"""What a composition promises: nothing else changes, whatever the samples are and however it is cut into strips."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from engine.compose.change import WHOLE, region_change
from engine.compose.colour_space import to_colours, to_lab
from engine.compose.composition import compose, touched
from engine.compose.mattes import BEYOND, SHARPEST, region_mattes, soft_labels
from engine.compose.samples import as_colours, in_colour
from tests.engine.compose.drawn import BLOND, HAIR, SKIN, blond_hair, drawn_photo
from tests.engine.compose.literal import literal_composition

SMALL, SMALL_MAP = drawn_photo(64, 64)
CHANGES = blond_hair(SMALL, SMALL_MAP)


def samples_like(photo: np.ndarray, channels: int, depth: int, seed: int) -> np.ndarray:
    """The photo as samples of other channels and depth; 16-bit ones use their low bits too."""
    rng = np.random.default_rng(seed)
    grey = photo.mean(-1).astype(np.uint8)
    alpha = rng.integers(0, 3, grey.shape, np.uint8) * 127
    samples = {1: grey, 2: np.dstack([grey, alpha]), 3: photo, 4: np.dstack([photo, alpha])}[channels]
    if depth == 8:
        return samples
    return samples.astype(np.uint16) * 257 + rng.integers(0, 200, samples.shape, np.uint16) * (samples < 255)


@settings(max_examples=60, deadline=None)
@given(
    st.integers(1, 150),
    st.integers(1, 150),
    st.sampled_from([1, 2, 3, 4]),
    st.sampled_from([8, 16]),
    st.integers(0, 9),
    st.floats(0, 1),
)
def test_samples_that_no_matte_touches_are_the_photos_own(height, width, channels, depth, seed, strength):
    photo, label_map = drawn_photo(height, width, seed)
    samples = samples_like(photo, channels, depth, seed)
    before = samples.copy()
    changes = [change.weakened(strength) for change in CHANGES]
    result = compose(samples, label_map, changes)
    assert result.dtype == samples.dtype and result.shape == samples.shape
    np.testing.assert_array_equal(samples, before)
    mask = touched(samples, label_map, changes)
    np.testing.assert_array_equal(result[~mask], samples[~mask])
    if channels in (2, 4):
        np.testing.assert_array_equal(result[..., -1], samples[..., -1])
        assert not mask[samples[..., -1] == 0].any()
    if strength == 0:
        assert not mask.any()


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 120), st.integers(1, 120), st.integers(1, 5000), st.integers(0, 5))
@example(120, 120, 1, 0)
def test_strips_compose_the_picture_that_is_composed_at_once(height, width, strip, seed):
    photo, label_map = drawn_photo(height, width, seed)
    at_once = compose(photo, label_map, CHANGES, strip_pixels=height * width)
    np.testing.assert_array_equal(compose(photo, label_map, CHANGES, strip_pixels=strip), at_once)


def test_colours_are_converted_alike_wherever_they_lie():
    colours = np.random.default_rng(3).random((37, 101, 3), np.float32)
    lab = to_lab(colours)
    np.testing.assert_array_equal(to_lab(colours[5:, 3:90]), lab[5:, 3:90])
    np.testing.assert_array_equal(to_colours(lab[:, 17:23]), to_colours(lab)[:, 17:23])


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 40), st.integers(16, 160), st.integers(16, 160))
def test_at_most_two_percent_of_the_frame_is_touched_beyond_the_region(seed, grain, height, width):
    rng = np.random.default_rng(seed)
    noise = cv2.GaussianBlur(rng.normal(size=(64, 64)), (0, 0), grain / 4)
    small_map = np.where(noise > np.quantile(noise, rng.uniform(0.02, 0.98)), HAIR, 0).astype(np.uint8)
    photo = rng.integers(0, 256, (64, 64, 3), np.uint8)
    changes = blond_hair(photo, small_map)
    scale = height // 16, width // 16
    large = np.repeat(np.repeat(photo, scale[0], 0), scale[1], 1)
    region = np.repeat(np.repeat(small_map, scale[0], 0), scale[1], 1) == HAIR
    for samples, inside in ((photo, small_map == HAIR), (large, region)):
        assert (touched(samples, small_map, changes) & ~inside).mean() <= BEYOND


def test_an_outline_has_no_steps_in_an_enlarged_photo():
    """Small pixels are squares of 8 in the large photo; the border between them is the line that they stand for."""
    y, x = np.mgrid[0:64, 0:64]
    label_map = np.where(x > 12 + 0.6 * y, HAIR, 0).astype(np.uint8)
    photo = np.where((label_map == HAIR)[..., None], (60, 42, 30), (205, 160, 135)).astype(np.uint8)
    colours = as_colours(photo)
    matte = region_mattes(colours, soft_labels(label_map, 3), label_map, (HAIR,), border=SHARPEST)[HAIR]
    large, large_map = photo.repeat(8, 0).repeat(8, 1), label_map.repeat(8, 0).repeat(8, 1)
    mask = touched(large, large_map, [region_change(colours, label_map, HAIR, matte, BLOND)])
    first = mask[64:-64].argmax(1)  # the first column of each row that is touched
    assert np.diff(first).max() <= 4 < 8 <= np.diff((large_map == HAIR)[64:-64].argmax(1)).max()
    away_from_line = first - np.polyval(np.polyfit(np.arange(len(first)), first, 1), np.arange(len(first)))
    assert np.abs(away_from_line).max() < 4


def test_no_change_at_all_returns_the_photo():
    np.testing.assert_array_equal(compose(SMALL, SMALL_MAP, []), SMALL)
    np.testing.assert_array_equal(compose(SMALL, SMALL_MAP, [change.weakened(0) for change in CHANGES]), SMALL)


def test_strips_follow_the_literal_formulas():
    photo, label_map = drawn_photo(97, 83)
    expected = literal_composition(photo, label_map, CHANGES)
    result = compose(photo, label_map, CHANGES)
    assert np.abs(result - expected * 255).max() < 0.75


def test_dark_hair_becomes_blond_and_keeps_its_strands():
    result = compose(SMALL, SMALL_MAP, CHANGES)
    inside = cv2.erode((SMALL_MAP == HAIR).astype(np.uint8), np.ones((5, 5))) > 0
    assert result[inside].mean(0)[0] > SMALL[inside].mean(0)[0] + 50
    before, after = SMALL[..., 1].astype(float)[inside], result[..., 1].astype(float)[inside]
    assert np.corrcoef(before, after)[0, 1] > 0.8


def test_half_the_strength_is_half_the_change():
    whole = compose(SMALL, SMALL_MAP, CHANGES).astype(int)
    half = compose(SMALL, SMALL_MAP, [change.weakened(0.5) for change in CHANGES]).astype(int)
    assert np.abs((whole - SMALL) / 2 - (half - SMALL)).max() <= 1
    with pytest.raises(ValueError, match="strength"):
        CHANGES[0].weakened(1.5)


def test_nothing_of_the_photo_shows_between_two_regions_that_both_change():
    changes = blond_hair(SMALL, SMALL_MAP, (HAIR, SKIN))
    total = sum(change.matte.on(as_colours(SMALL), SMALL_MAP) for change in changes)
    border = (cv2.dilate((SMALL_MAP == SKIN).astype(np.uint8), np.ones((3, 3))) > 0) & (SMALL_MAP == HAIR)
    surrounded = cv2.erode(np.isin(SMALL_MAP, (HAIR, SKIN)).astype(np.uint8), np.ones((15, 15))) > 0
    assert total[border & surrounded].min() > 0.95
    assert total.max() <= 1 + 1e-5


def test_a_change_of_a_part_of_the_photo_stays_in_its_box():
    from dataclasses import replace

    boxed = [replace(change, box=(0.25, 0.5, 0.75, 1.0)) for change in CHANGES]
    photo, _ = drawn_photo(128, 200)
    label_map = np.full((128, 200), HAIR, np.uint8)
    result = compose(photo, label_map, boxed)
    outside = np.ones(photo.shape[:2], bool)
    outside[32:96, 100:] = False
    np.testing.assert_array_equal(result[outside], photo[outside])
    assert (result[~outside] != photo[~outside]).any()
    assert CHANGES[0].box == WHOLE


def test_progress_is_told_and_what_it_raises_ends_the_work():
    told: list[float] = []
    compose(SMALL, SMALL_MAP, CHANGES, report=told.append, strip_pixels=640)
    assert told == sorted(told) and told[-1] == 1 and len(told) == 7

    class Stop(Exception):
        pass

    def stop(share: float) -> None:
        raise Stop

    with pytest.raises(Stop):
        compose(SMALL, SMALL_MAP, CHANGES, report=stop, strip_pixels=640)


def test_grey_samples_in_colour_are_the_same_greys():
    grey = SMALL[..., 0]
    assert (in_colour(grey) == grey[..., None]).all()
    assert in_colour(np.dstack([grey, grey])).shape == (64, 64, 4)
    assert in_colour(SMALL) is SMALL


@pytest.mark.parametrize("samples", [np.zeros((4, 4, 5), np.uint8), np.zeros((4, 4), np.float32), np.zeros((0, 4))])
def test_what_is_no_picture_is_refused(samples):
    with pytest.raises(ValueError, match="samples are"):
        compose(samples, SMALL_MAP, [])
