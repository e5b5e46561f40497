"""HEIC pictures, as telephones write them, open where pillow-heif is installed, and say what to install elsewhere."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from engine.errors import BadFile
from engine.pictures import rasters
from engine.pictures.images import read_image
from engine.pictures.photos import read_photo
from engine.pictures.rasters import read_header
from engine.pictures.sniffing import sniff

HEAD = b"\0\0\0\x18ftypheic" + b"\0" * 60


@pytest.fixture
def heic(tmp_path: Path) -> Path:
    """96 x 64 pixels as stored, red on the left, turned by EXIF to stand upright."""
    pillow_heif = pytest.importorskip("pillow_heif")
    stored = np.zeros((64, 96, 3), np.uint8)
    stored[:, :48] = 200, 30, 30
    exif = Image.Exif()
    exif[0x0112], exif[0x010F] = 6, "Telephone"
    path = tmp_path / "IMG_0001.HEIC"
    heif = pillow_heif.from_pillow(Image.fromarray(stored))
    heif.save(path, exif=exif.tobytes(), quality=90)
    return path


def test_a_telephone_s_picture_opens_upright(heic: Path) -> None:
    picture = read_image(heic)
    assert picture.pixels.shape == (96, 64, 3) and read_header(heic).size == (64, 96)
    red, black = picture.pixels[:40].reshape(-1, 3).mean(0), picture.pixels[-40:].reshape(-1, 3).mean(0)
    assert red[0] > 150 > 60 > black[0]
    assert sniff(heic) == "image"
    photo = read_photo(heic)
    assert photo.samples.shape == (96, 64, 3)


@pytest.mark.parametrize("length", [80, 300, -20])
def test_a_cut_one_is_one_sentence(heic: Path, length: int) -> None:
    heic.write_bytes(heic.read_bytes()[:length])
    with pytest.raises(BadFile, match="damaged|not a picture"):
        read_image(heic)


def test_without_the_package_the_sentence_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rasters, "can_read_heic", lambda: False)
    (tmp_path / "a.heic").write_bytes(HEAD)
    with pytest.raises(BadFile, match="HEIC picture.*pip install pillow-heif"):
        read_image(tmp_path / "a.heic")
    assert sniff(tmp_path / "a.heic") == "image"  # so that reading it says so
