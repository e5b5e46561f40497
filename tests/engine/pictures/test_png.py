"""PNG as Tessera writes it itself: what any reader reads, and the same bytes for the same picture."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from engine.pictures import png
from engine.pictures.png import decode_grey_png, encode_grey_png, encode_rgb_png


@pytest.mark.parametrize("segment", [1 << 22, 4096, 97])
@pytest.mark.parametrize("sides", [(1, 1), (17, 9), (64, 48)])
def test_a_picture_comes_back_however_its_rows_are_divided(sides, segment, monkeypatch):
    monkeypatch.setattr(png, "SEGMENT", segment)
    pixels = np.random.default_rng(0).integers(0, 256, (*sides, 3), np.uint8)
    data = encode_rgb_png(pixels)
    with Image.open(io.BytesIO(data)) as image:
        assert image.mode == "RGB" and np.array_equal(np.array(image), pixels)
    assert encode_rgb_png(np.asfortranarray(pixels)) == data


def test_how_many_processors_there_are_changes_no_byte(monkeypatch):
    monkeypatch.setattr(png, "SEGMENT", 300)
    pixels = np.random.default_rng(1).integers(0, 256, (20, 30, 3), np.uint8)
    data = encode_rgb_png(pixels)
    monkeypatch.setattr(png.os, "cpu_count", lambda: 1)
    assert encode_rgb_png(pixels) == data


def test_a_label_map_comes_back():
    label_map = np.random.default_rng(2).integers(0, 19, (33, 21), np.uint8)
    assert np.array_equal(decode_grey_png(encode_grey_png(label_map), name="map"), label_map)
