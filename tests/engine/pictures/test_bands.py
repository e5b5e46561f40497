"""Pictures and arrays are copied band by band, and nothing of them changes."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from engine.pictures import bands
from engine.pictures.bands import array_of, picture_of
from engine.pictures.images import resize_image
from engine.pictures.photos import read_photo

SHAPES = {"L": (23, 9), "LA": (23, 9, 2), "RGB": (23, 9, 3), "RGBA": (23, 9, 4)}


@pytest.fixture
def short_bands(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bands, "BAND_PIXELS", 45)


@pytest.mark.parametrize("mode", SHAPES)
def test_pictures_of_all_modes_go_there_and_back(short_bands: None, mode: str) -> None:
    values = np.random.default_rng(0).integers(0, 256, SHAPES[mode], np.uint8)
    picture = picture_of(values)
    assert (picture.mode, picture.size) == (mode, (9, 23))
    assert picture.tobytes() == Image.fromarray(values).tobytes()
    assert np.array_equal(array_of(picture), values)


@pytest.mark.parametrize("mode", ["1", "P", "I", "F", "I;16"])
def test_values_of_other_kinds_are_those_of_the_whole(short_bands: None, mode: str) -> None:
    grey = Image.fromarray(np.random.default_rng(0).integers(0, 256, (23, 9), np.uint8))
    picture = grey.convert("I").convert("I;16") if mode == "I;16" else grey.convert(mode)
    expected = np.array(picture)
    assert np.array_equal(array_of(picture), expected) and array_of(picture).dtype == expected.dtype


def test_a_large_photo_is_never_copied_at_once(tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    """That would keep the interpreter from the window for as long."""
    monkeypatch.setattr(bands, "BAND_PIXELS", 64 * 100)
    pixels = np.random.default_rng(0).integers(0, 256, (400, 64, 3), np.uint8)
    Image.fromarray(pixels).save(tmp_path / "photo.png")
    copied: list[int] = []  # numbers of rows
    to_bytes, from_buffer = Image.Image.tobytes, Image.frombuffer
    monkeypatch.setattr(Image.Image, "tobytes", lambda self, *a: copied.append(self.height) or to_bytes(self, *a))
    monkeypatch.setattr(Image, "frombuffer", lambda *a: copied.append(a[1][1]) or from_buffer(*a))
    samples = read_photo(tmp_path / "photo.png").samples
    assert np.array_equal(samples, pixels) and resize_image(samples, 40, 32).shape == (40, 32, 3)
    assert copied and max(copied) == 100
