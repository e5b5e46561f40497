"""Versions of a label map: each stays as it was, and copies no more than what was painted on."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.raster.boxes import Box
from app.raster.frozen_maps import TILE, FrozenMap, LiveMap
from engine.labels.label_maps import resize_label_map
from tests.fixtures import random_label_map

sides = st.sampled_from([1, 7, TILE - 1, TILE, TILE + 1, 2 * TILE + 30])


def shared(a: FrozenMap, b: FrozenMap) -> int:
    """How many tiles two maps have in common."""
    return sum(one is other for one, other in zip(a._tiles.flat, b._tiles.flat, strict=True))


@given(sides, sides, st.data())
def test_a_frozen_map_gives_back_its_pixels_whole_and_in_parts(height, width, data):
    pixels = random_label_map(height, width, 19)
    frozen = FrozenMap.of(pixels)
    assert (frozen.height, frozen.width, frozen.nbytes) == (height, width, pixels.nbytes)
    assert np.array_equal(frozen.array(), pixels)
    assert np.array_equal(frozen.areas, np.bincount(pixels.ravel(), minlength=256)) and frozen.highest == pixels.max()
    x0, y0 = data.draw(st.integers(0, width)), data.draw(st.integers(0, height))
    box = Box(x0, y0, data.draw(st.integers(x0, width)), data.draw(st.integers(y0, height)))
    assert np.array_equal(frozen.block(box), pixels[box.slices])


@given(sides, sides, st.integers(1, 300), st.integers(1, 300))
def test_another_size_has_the_pixels_that_the_engine_would_take(height, width, new_height, new_width):
    pixels = random_label_map(height, width, 19)
    expected = resize_label_map(pixels, new_height, new_width)
    assert np.array_equal(FrozenMap.of(pixels).resized(new_height, new_width), expected)


def test_a_frozen_map_follows_neither_the_array_it_was_made_of_nor_the_one_it_gives():
    pixels = random_label_map(20, 30, 19)
    frozen, before = FrozenMap.of(pixels), pixels.copy()
    pixels[:] = 0
    frozen.array()[:] = 1
    assert np.array_equal(frozen.array(), before)


def test_equal_maps_are_equal_and_others_are_not():
    pixels = random_label_map(300, 300, 19)
    frozen = FrozenMap.of(pixels)
    assert frozen == FrozenMap.of(pixels) and frozen.digest() == FrozenMap.of(pixels).digest()
    pixels[299, 299] += 1
    assert frozen != FrozenMap.of(pixels) and frozen.digest() != FrozenMap.of(pixels).digest()
    flat, tall = FrozenMap.of(np.zeros((2, 8), np.uint8)), FrozenMap.of(np.zeros((8, 2), np.uint8))
    assert flat != tall and flat.digest() != tall.digest()


def test_a_version_copies_the_tiles_that_were_touched_and_no_other():
    live = LiveMap(FrozenMap.of(np.zeros((8 * TILE, 8 * TILE), np.uint8)))
    before = live.freeze()
    box = Box(TILE - 2, 10, TILE + 2, 14)
    live.pixels[box.slices] = 5
    live.touch(box)
    after = live.freeze()
    assert shared(before, after) == 64 - 2
    assert not before.array().any() and (after.array() == live.pixels).all()
    assert live.freeze() is after


def test_touching_without_changing_makes_no_version():
    live = LiveMap(FrozenMap.of(random_label_map(300, 300, 19)))
    before = live.freeze()
    live.touch(Box(0, 0, 300, 300))
    assert live.freeze() is before


@pytest.mark.parametrize("edge", [Box(0, 0, 1, 1), Box(299, 399, 300, 400), Box(255, 255, 257, 257)])
def test_pixels_at_the_edges_are_seen(edge):
    live = LiveMap(FrozenMap.of(np.zeros((400, 300), np.uint8)))
    live.pixels[edge.slices] = 9
    live.touch(edge)
    assert np.array_equal(live.freeze().array(), live.pixels)


@pytest.mark.parametrize("shape", [(1, 1), (100, 700), (256, 256), (300, 512), (3 * TILE, 2 * TILE + 1)])
def test_a_blank_map_is_one_of_zeros_and_shares_its_tiles(shape):
    blank = FrozenMap.blank(*shape)
    assert blank == FrozenMap.of(np.zeros(shape, np.uint8))
    assert not blank.array().any() and blank.array().shape == shape
    assert len({id(tile) for tile in blank._tiles.flat}) <= 4


def test_a_live_map_becomes_another_in_the_same_array_and_its_version_is_that_one():
    live, other = LiveMap(FrozenMap.blank(300, 400)), FrozenMap.of(random_label_map(300, 400, 19))
    pixels = live.pixels
    pixels[5, 5] = 3
    live.touch(Box(5, 5, 6, 6))
    live.take(other)
    assert np.array_equal(pixels, other.array()) and live.freeze() is other


def test_a_blank_map_is_counted_without_reading_its_pixels():
    blank = FrozenMap.blank(5 * TILE, 6 * TILE)
    assert blank.areas[0] == 30 * TILE * TILE and blank.highest == 0
    assert len({id(tile) for tile in blank._tiles.flat if "areas" in vars(tile)}) <= 4
