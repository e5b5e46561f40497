"""Dark hair made light does not glow along its border, where some of what counts as hair is lighter than it."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

from engine.compose.change import RegionChange, region_change
from engine.compose.colour_space import to_lab
from engine.compose.composition import compose
from engine.compose.mattes import distance, region_mattes, soft_labels
from engine.compose.rims import REACH, bright_rim, foreign_share
from engine.compose.samples import as_colours
from engine.compose.tones import Tones
from tests.engine.compose.drawn import BLOND, HAIR, drawn_photo
from tests.engine.compose.literal import literal_composition

Array = np.ndarray


@pytest.fixture(scope="module")
def rimmed() -> tuple[Array, Array, Array]:
    """Black hair whose outermost pixels are half as light as skin: photo, label map, distance to the hair's border."""
    photo, label_map = drawn_photo(128, 128)
    depth = distance(label_map == HAIR)
    shade = cv2.GaussianBlur(18 + 70.0 * (depth < 4), (0, 0), 1.0) + np.random.default_rng(1).normal(0, 2, (128, 128))
    hair = np.clip(shade[..., None] * (1.0, 0.85, 0.75), 0, 255)
    return np.where((label_map == HAIR)[..., None], hair, photo).astype(np.uint8), label_map, depth


def changed(photo: Array, label_map: Array, style: Tones = BLOND, stranded: bool = True) -> RegionChange:
    colours = as_colours(photo)
    matte = region_mattes(colours, soft_labels(label_map, 3), label_map, (HAIR,))[HAIR]
    return region_change(colours, label_map, HAIR, matte, style, stranded=stranded)


def glow(picture: Array, depth: Array) -> float:
    """By how much the outermost hair is lighter than the rest, in units of L."""
    lightness = to_lab(as_colours(picture))[..., 0]
    return float(lightness[(depth > 0) & (depth < 4)].mean() - lightness[depth > 2 * REACH].mean())


def test_a_rim_of_black_hair_does_not_glow_in_blond(rimmed) -> None:
    photo, label_map, depth = rimmed
    glowing, even = (compose(photo, label_map, [changed(photo, label_map, stranded=each)]) for each in (False, True))
    assert glow(even, depth) < 0.5 * glow(glowing, depth)
    mean = to_lab(as_colours(even))[label_map == HAIR].mean(0)
    assert np.abs(mean - BLOND.mean).max() < 4


def test_hair_that_does_not_become_lighter_keeps_its_rim(rimmed) -> None:
    photo, label_map, _ = rimmed
    dark = replace(BLOND, lightness=np.linspace(5, 30, 41), mean=np.array([17.0, 6.5, 26.0]))
    assert changed(photo, label_map, dark).rim is None


def test_nothing_is_lost_inside_nor_where_hair_is_even_nor_where_all_is_rim() -> None:
    weight = np.zeros((96, 96), np.float32)
    weight[10:86, 10:86] = 1
    light = np.full((96, 96), 60, np.float32)
    assert bright_rim(light, weight, 1.0) is None
    light[12, 20:70] = light[48, 20:70] = 95
    loss = bright_rim(light, weight, 1.0)
    assert loss is not None and loss.max() == 0 and loss[12, 30:60].max() < -3 and loss[40:56, 30:60].min() == 0
    half = bright_rim(light, weight, 0.5)
    assert half is not None
    np.testing.assert_allclose(half, loss / 2, rtol=1e-6)
    assert bright_rim(light, weight, 0.0) is None
    thin = np.zeros((96, 96), np.float32)
    thin[40:46] = 1
    assert bright_rim(light, thin, 1.0) is None


def test_a_rim_at_the_photos_size_is_the_small_one_enlarged_in_every_strip(rimmed) -> None:
    photo, label_map, _ = rimmed
    change = changed(photo, label_map)
    assert change.rim is not None
    large, large_map = photo.repeat(2, 0).repeat(2, 1), label_map.repeat(2, 0).repeat(2, 1)
    at_once = compose(large, large_map, [change], strip_pixels=10**9)
    assert (compose(large, large_map, [change], strip_pixels=1000) == at_once).all()
    assert np.abs(literal_composition(large, large_map, [change]) * 255 - at_once).max() < 1


def test_skin_that_counts_as_hair_takes_the_hue_of_the_hair(rimmed) -> None:
    photo, label_map, depth = rimmed
    skin = (depth > 0) & (depth < 4)
    photo = np.where(skin[..., None], np.clip(photo * (1.5, 0.9, 0.5), 0, 255), photo).astype(np.uint8)
    hue_of_its_own, hair = (compose(photo, label_map, [changed(photo, label_map, stranded=each)]) for each in (0, 1))
    redness = [to_lab(as_colours(each))[..., 1] for each in (hue_of_its_own, hair)]
    apart = [abs(float(each[skin].mean() - each[depth > 2 * REACH].mean())) for each in redness]
    assert apart[1] < 0.5 * apart[0]


def test_only_a_border_that_becomes_lighter_loses_its_hue() -> None:
    weight = np.zeros((64, 64), np.float32)
    weight[8:56, 8:56] = 1
    share = foreign_share(weight, 0.5)
    assert share is not None and share[10, 32] == 0.375 and share[32, 32] == 0
    assert foreign_share(weight, 0.0) is None
