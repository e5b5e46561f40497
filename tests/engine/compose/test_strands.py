"""Dark hair made light gets strands along its own; all else has the photo's alone."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from engine.compose.change import RegionChange, region_change, tones_of
from engine.compose.colour_space import to_lab
from engine.compose.composition import compose
from engine.compose.mattes import region_mattes, soft_labels
from engine.compose.samples import as_colours
from engine.compose.strands import local_spread, streaks
from engine.compose.tones import Tones
from tests.engine.compose.drawn import BLOND, HAIR, drawn_photo
from tests.engine.compose.literal import literal_composition

Array = np.ndarray
SPREAD = 9.0


def black_hair() -> tuple[Array, Array]:
    photo, label_map = drawn_photo(96, 96)
    flat = 14 + np.random.default_rng(1).normal(0, 1, photo.shape)
    return np.where((label_map == HAIR)[..., None], np.clip(flat, 0, 255), photo).astype(np.uint8), label_map


def changed(photo: Array, label_map: Array, style: Tones, stranded: bool = True) -> RegionChange:
    colours = as_colours(photo)
    matte = region_mattes(colours, soft_labels(label_map, 3), label_map, (HAIR,))[HAIR]
    return region_change(colours, label_map, HAIR, matte, style, stranded=stranded)


def spread_of(photo: Array, label_map: Array) -> float:
    inside = (label_map == HAIR).astype(np.float32)
    return float(local_spread(to_lab(as_colours(photo))[..., 0], inside)[inside > 0].mean())


def test_black_hair_made_blond_is_not_flat() -> None:
    photo, label_map = black_hair()
    style = replace(BLOND, spread=SPREAD)
    flat, stranded = (compose(photo, label_map, [changed(photo, label_map, style, s)]) for s in (False, True))
    assert spread_of(flat, label_map) < 0.6 * SPREAD
    assert 0.6 * SPREAD < spread_of(stranded, label_map) < 1.3 * SPREAD
    mean = to_lab(as_colours(stranded))[label_map == HAIR].mean(0)
    assert np.abs(mean - style.mean).max() < 4


@pytest.mark.parametrize("lighter", [-30.0, 0.0, 8.0])
def test_hair_that_hardly_becomes_lighter_keeps_its_own_strands_alone(lighter: float) -> None:
    photo, label_map = drawn_photo(96, 96)
    own = tones_of(as_colours(photo), (label_map == HAIR).astype(np.float32))
    lightness = np.clip(own.lightness + lighter, 1, 99)
    style = replace(own, lightness=lightness, mean=own.mean + (lighter, 0, 0), spread=own.spread + 10)
    assert changed(photo, label_map, style).strands is None


def test_hair_as_lively_as_the_style_gets_nothing_added() -> None:
    photo, label_map = drawn_photo(96, 96)
    assert changed(photo, label_map, replace(BLOND, spread=3.0)).strands is None
    assert changed(photo, label_map, BLOND).strands is None  # tones that say nothing of it


def test_streaks_follow_the_strands_of_the_photo() -> None:
    y, x = np.mgrid[0:96, 0:96].astype(np.float32)
    inside = np.ones((96, 96), np.float32)
    for along, across in ((0, 1), (1, 0)):
        light = 12 + 3 * np.sin((y, x)[across] * 1.1).astype(np.float32)
        field = streaks(light, inside)
        assert abs(float(field.mean())) < 1e-3 and float(field.std()) == pytest.approx(1, abs=1e-3)
        steps = [np.abs(np.diff(field, axis=axis)).mean() for axis in (along, across)]
        assert steps[0] < 0.6 * steps[1]


def test_strands_at_the_photos_size_are_the_small_ones_enlarged_in_every_strip() -> None:
    photo, label_map = black_hair()
    change = changed(photo, label_map, replace(BLOND, spread=SPREAD))
    assert change.strands is not None
    large, large_map = photo.repeat(3, 0).repeat(3, 1), label_map.repeat(3, 0).repeat(3, 1)
    whole = compose(large, large_map, [change], strip_pixels=10**9)
    assert (compose(large, large_map, [change], strip_pixels=1000) == whole).all()
    assert np.abs(literal_composition(large, large_map, [change]) * 255 - whole).max() < 1
    untouched = (whole == large).all(-1)
    assert untouched[large_map != HAIR].mean() > 0.9
