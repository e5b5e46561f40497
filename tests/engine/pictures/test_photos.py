"""Photos keep their own samples, profile, EXIF data and resolution; orientation is made normal, place is left out."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image, ImageCms

from engine.errors import BadFile
from engine.pictures.photos import ORIENTATION, read_photo, write_photo

RNG = np.random.default_rng(1)
SAMPLES = {
    "grey": RNG.integers(0, 256, (20, 30), np.uint8),
    "grey and alpha": RNG.integers(0, 256, (20, 30, 2), np.uint8),
    "colour": RNG.integers(0, 256, (20, 30, 3), np.uint8),
    "colour and alpha": RNG.integers(0, 256, (20, 30, 4), np.uint8),
    "deep grey": RNG.integers(0, 65536, (20, 30), np.uint16),
    "deep colour": RNG.integers(0, 65536, (20, 30, 3), np.uint16),
    "deep colour and alpha": RNG.integers(0, 65536, (20, 30, 4), np.uint16),
}


@pytest.mark.parametrize("suffix", [".png", ".tiff"])
@pytest.mark.parametrize("kind", SAMPLES)
def test_lossless_files_give_back_the_samples_that_were_written(tmp_path: Path, kind: str, suffix: str) -> None:
    if (kind, suffix) == ("deep colour and alpha", ".tiff"):
        pytest.skip("Pillow cannot look into a TIFF of four 16-bit channels")
    first, second = tmp_path / f"a{suffix}", tmp_path / f"b{suffix}"
    from engine.pictures.photos import Photo

    write_photo(first, SAMPLES[kind], Photo(SAMPLES[kind], "PNG"))
    photo = read_photo(first)
    np.testing.assert_array_equal(photo.samples, SAMPLES[kind])
    assert photo.samples.dtype == SAMPLES[kind].dtype
    write_photo(second, photo.samples, photo)
    np.testing.assert_array_equal(read_photo(second).samples, SAMPLES[kind])


def test_a_jpeg_keeps_profile_exif_resolution_and_quality_and_stands_upright(tmp_path: Path) -> None:
    image = Image.fromarray(cv2.GaussianBlur(SAMPLES["colour"], (0, 0), 3))
    exif = image.getexif()
    exif[ORIENTATION], exif[0x010F] = 6, "Maker"
    exif.get_ifd(0x8825)[1] = "N"
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    image.save(tmp_path / "a.jpg", exif=exif, icc_profile=profile, dpi=(300, 300), quality=81)
    photo = read_photo(tmp_path / "a.jpg")
    assert photo.samples.shape == (30, 20, 3)
    write_photo(tmp_path / "b.jpg", photo.samples, photo)
    with Image.open(tmp_path / "a.jpg") as before, Image.open(tmp_path / "b.jpg") as after:
        assert after.info["icc_profile"] == profile and after.info["dpi"] == (300, 300)
        assert after.getexif()[0x010F] == "Maker"
        assert ORIENTATION not in after.getexif() and 0x8825 not in after.getexif()
        assert after.quantization == before.quantization


def test_palettes_and_cmyk_become_rgb_and_a_note_says_so(tmp_path: Path) -> None:
    image = Image.fromarray(SAMPLES["colour"])
    image.convert("P").save(tmp_path / "p.png")
    image.convert("CMYK").save(tmp_path / "c.jpg")
    for name in ("p.png", "c.jpg"):
        photo = read_photo(tmp_path / name)
        assert photo.samples.shape == (20, 30, 3) and "converted" in photo.notes[0]


def test_sixteen_bits_become_eight_where_the_format_has_no_more(tmp_path: Path) -> None:
    from engine.pictures.photos import Photo

    deep = SAMPLES["deep colour"]
    write_photo(tmp_path / "a.webp", deep, Photo(deep, "PNG"))
    assert read_photo(tmp_path / "a.webp").samples.dtype == np.uint8
    with pytest.raises(BadFile, match="must end in"):
        write_photo(tmp_path / "a.gif", deep, Photo(deep, "PNG"))
