"""Photos keep their own samples, profile, EXIF data and resolution; orientation is made normal, place is left out."""

from __future__ import annotations

import io
import struct
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image, ImageCms, JpegImagePlugin

from engine.errors import BadFile
from engine.pictures.lossless import as_tiff, deep_png
from engine.pictures.photo_details import DETAILS, GPS, HEIGHT, MAKER_NOTE, ORIENTATION, WIDTH
from engine.pictures.photo_files import same_format, write_photo
from engine.pictures.photos import Photo, at_view_size, read_photo

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
PROFILE = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
MAKER, SERIAL, EXPOSURE, LATITUDE = 0x010F, 0xA431, 0x829A, 2


def exif_of(orientation: int = 6) -> Image.Exif:
    """What a camera writes: its maker, an exposure, a serial number, a maker's note, sizes and a place."""
    exif = Image.Exif()
    exif[ORIENTATION], exif[MAKER] = orientation, "Maker"
    exif[DETAILS] = {EXPOSURE: 0.5, SERIAL: "12345", MAKER_NOTE: b"note", WIDTH: 30, HEIGHT: 20}
    exif[GPS] = {1: "N", LATITUDE: (1.0, 2.0, 3.0)}
    return exif


def told(path: Path) -> tuple[dict[int, Any], dict[int, Any], dict[int, Any]]:
    """A file's EXIF tags, details and place, as Pillow finds them."""
    with Image.open(path) as image:
        exif = image.getexif()
        return dict(exif), dict(exif.get_ifd(DETAILS)), dict(exif.get_ifd(GPS))


# ---------------------------------------------------------------- samples


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.sampled_from([np.uint8, np.uint16]),
    st.sampled_from([0, 3, 4, 2]),
    st.integers(8, 40),
    st.integers(8, 200),
    st.sampled_from([".png", ".tiff"]),
    st.integers(0, 2**32 - 1),
)
def test_lossless_files_give_back_the_samples_that_were_written(
    tmp_path: Path, dtype: Any, channels: int, height: int, width: int, suffix: str, seed: int
) -> None:
    if channels == 2 and dtype == np.uint16:
        channels = 4  # nobody writes deep grey with alpha
    shape = (height, width, channels) if channels else (height, width)
    samples = np.random.default_rng(seed).integers(0, np.iinfo(dtype).max, shape, dtype, endpoint=True)
    first, second = tmp_path / f"a{suffix}", tmp_path / f"b{suffix}"
    write_photo(first, samples, Photo(samples, "PNG"))
    photo = read_photo(first)
    np.testing.assert_array_equal(photo.samples, samples)
    assert photo.samples.dtype == samples.dtype and not photo.notes
    write_photo(second, photo.samples, photo)
    np.testing.assert_array_equal(read_photo(second.read_bytes()).samples, samples)


def test_webp_without_loss_stays_without_loss(tmp_path: Path) -> None:
    Image.fromarray(SAMPLES["colour and alpha"]).save(tmp_path / "a.webp", lossless=True, exact=True)
    photo = read_photo(tmp_path / "a.webp")
    write_photo(tmp_path / "b.webp", photo.samples, photo)
    np.testing.assert_array_equal(read_photo(tmp_path / "b.webp").samples, SAMPLES["colour and alpha"])
    Image.fromarray(SAMPLES["colour"]).save(tmp_path / "c.webp", quality=80)
    assert read_photo(tmp_path / "c.webp").lossy and not photo.lossy


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["colour", "deep grey", "deep colour"])
def test_every_orientation_is_turned_upright(kind: str, orientation: int) -> None:
    expected = SAMPLES[kind]
    if orientation >= 5:
        expected = expected.swapaxes(0, 1)
    expected = expected[::-1] if orientation in (3, 4, 7, 8) else expected
    expected = expected[:, ::-1] if orientation in (2, 3, 6, 7) else expected
    exif = exif_of(orientation).tobytes()
    photo = read_photo(deep_png(SAMPLES[kind], exif, None, None) if "deep" in kind else saved(SAMPLES[kind], exif=exif))
    np.testing.assert_array_equal(photo.samples, expected)
    assert not photo.samples.flags.writeable


@pytest.mark.parametrize("orientation", [1, 3, 6, 8])
def test_a_tiff_of_16_bits_is_turned_upright_once(orientation: int) -> None:
    deep = SAMPLES["deep colour"]
    tags = Image.Exif()
    tags[ORIENTATION] = orientation
    turned = {1: 0, 3: 2, 6: 3, 8: 1}[orientation]
    photo = read_photo(as_tiff(deep, tags.tobytes(), None, None))
    np.testing.assert_array_equal(photo.samples, np.rot90(deep, turned))


def test_palettes_and_cmyk_become_rgb_and_a_note_says_so() -> None:
    image = Image.fromarray(cv2.GaussianBlur(SAMPLES["colour"], (0, 0), 3))
    inks = image.convert("CMYK")
    for data in (saved(image.convert("P")), saved(inks, "JPEG"), saved(image.convert("1")), saved(inks, "TIFF")):
        photo = read_photo(data)
        assert photo.samples.shape == (20, 30, 3) and "converted" in photo.notes[0]
    np.testing.assert_array_equal(read_photo(saved(inks, "TIFF")).samples, np.asarray(inks.convert("RGB")))


def test_a_transparent_colour_is_transparency() -> None:
    grey = np.where(SAMPLES["grey"] < 128, 0, 255).astype(np.uint8)
    photo = read_photo(saved(grey, transparency=0))
    np.testing.assert_array_equal(photo.samples, np.dstack([grey, grey]))
    colour = np.repeat(grey[..., None], 3, 2)
    np.testing.assert_array_equal(
        read_photo(saved(colour, transparency=(0, 0, 0))).samples, np.dstack([colour, grey])
    )
    deep = np.where(grey, 50_000, 1000).astype(np.uint16)
    np.testing.assert_array_equal(
        read_photo(saved(deep, transparency=1000)).samples, np.dstack([deep, np.where(grey, 65535, 0)])
    )
    palette = Image.fromarray(grey).convert("P")
    assert read_photo(saved(palette, transparency=0)).samples.shape == (20, 30, 4)


@pytest.mark.parametrize("order", ["<", ">"])
def test_deep_grey_of_either_byte_order_keeps_its_values(order: str) -> None:
    values = SAMPLES["deep grey"]
    header = {"<": b"II*\0", ">": b"MM\0*"}[order]
    tags = [(256, 30), (257, 20), (258, 16), (259, 1), (262, 1), (273, 8 + 2 + 8 * 12 + 4), (277, 1), (279, 1200)]
    packed = b"".join(struct.pack(f"{order}HHII", tag, 4, 1, value) for tag, value in tags)
    tiff = header + struct.pack(f"{order}IH", 8, len(tags)) + packed + bytes(4) + values.astype(f"{order}u2").tobytes()
    photo = read_photo(tiff)
    np.testing.assert_array_equal(photo.samples, values)
    assert not photo.notes


def test_numbers_that_are_no_samples_are_stretched() -> None:
    values = np.linspace(-1, 1, 600, dtype=np.float32).reshape(20, 30)
    values[0, 0] = np.nan
    photo = read_photo(saved(values, "TIFF"))
    assert photo.samples.dtype == np.uint16 and photo.samples[-1, -1] == 65535 and photo.samples[0, 0] == 0
    assert "stretched" in photo.notes[0]


def test_sixteen_bits_become_eight_where_the_format_has_no_more(tmp_path: Path) -> None:
    deep = SAMPLES["deep colour"]
    write_photo(tmp_path / "a.webp", deep, Photo(deep, "PNG"))
    samples = read_photo(tmp_path / "a.webp").samples
    np.testing.assert_array_equal(samples, np.rint(deep / 257).astype(np.uint8))
    write_photo(tmp_path / "a.jpg", deep, Photo(deep, "PNG"))
    assert read_photo(tmp_path / "a.jpg").samples.dtype == np.uint8


def test_what_cannot_be_written_or_read_is_refused_with_a_sentence(tmp_path: Path) -> None:
    wide = np.zeros((8, 20_000, 3), np.uint8)
    with pytest.raises(BadFile, match="must end in"):
        write_photo(tmp_path / "a.gif", wide, Photo(wide, "PNG"))
    with pytest.raises(BadFile, match="WEBP holds at most 16,383 pixels a side"):
        write_photo(tmp_path / "a.webp", wide, Photo(wide, "PNG"))
    write_photo(tmp_path / "a.jpg", wide, Photo(wide, "PNG"))
    assert read_photo(tmp_path / "a.jpg").samples.shape == wide.shape
    with pytest.raises(BadFile, match="too small"):
        read_photo(saved(np.zeros((1, 1, 3), np.uint8)), name="the dot")


# ---------------------------------------------------------------- what came along


def test_a_jpeg_keeps_profile_exif_resolution_and_quality_and_stands_upright(tmp_path: Path) -> None:
    image = Image.fromarray(cv2.GaussianBlur(SAMPLES["colour"], (0, 0), 3))
    image.save(
        tmp_path / "a.jpg", exif=exif_of(), icc_profile=PROFILE, dpi=(300, 300), quality=81, progressive=True
    )
    photo = read_photo(tmp_path / "a.jpg")
    assert photo.samples.shape == (30, 20, 3) and same_format(photo) == ".jpg"
    write_photo(tmp_path / "b.jpg", photo.samples, photo)
    with Image.open(tmp_path / "a.jpg") as before, Image.open(tmp_path / "b.jpg") as after:
        assert after.info["icc_profile"] == PROFILE and after.info["dpi"] == (300, 300)
        assert after.quantization == before.quantization and after.info["progressive"]
        assert JpegImagePlugin.get_sampling(after) == JpegImagePlugin.get_sampling(before)
    check_details(tmp_path / "b.jpg")
    write_photo(tmp_path / "b.png", photo.samples, photo)
    check_details(tmp_path / "b.png")


@pytest.mark.parametrize("suffix", [".png", ".tiff", ".webp", ".jpg"])
@pytest.mark.parametrize("kind", ["grey", "colour", "colour and alpha", "deep grey", "deep colour and alpha"])
def test_profile_details_and_resolution_go_into_every_format(tmp_path: Path, kind: str, suffix: str) -> None:
    data = saved(SAMPLES["colour"], exif=exif_of(1).tobytes(), icc_profile=PROFILE, dpi=(200, 100))
    photo = replace(read_photo(data), samples=SAMPLES[kind])
    path = tmp_path / f"a{suffix}"
    write_photo(path, photo.samples, photo)
    with Image.open(path) as image:
        assert image.info["icc_profile"] == PROFILE
        if suffix != ".webp":  # the format has no place for a resolution
            assert [round(float(dots)) for dots in image.info["dpi"]] == [200, 100]
    check_details(path, size=(30, 20))
    again = read_photo(path)
    assert again.icc_profile == PROFILE and again.exif is not None


@pytest.mark.parametrize("suffix", [".png", ".tiff", ".jpg", ".webp"])
@pytest.mark.parametrize("kind", ["colour", "deep colour"])
def test_place_and_serial_numbers_stay_only_if_asked(tmp_path: Path, kind: str, suffix: str) -> None:
    photo = replace(read_photo(saved(SAMPLES["colour"], exif=exif_of(1).tobytes())), samples=SAMPLES[kind])
    path = tmp_path / f"a{suffix}"
    write_photo(path, photo.samples, photo, keep_place=True)
    tags, details, place = told(path)
    assert tags[MAKER] == "Maker" and details[SERIAL] == "12345" and place[LATITUDE] == (1, 2, 3)
    assert MAKER_NOTE not in details and b"note" not in path.read_bytes()
    write_photo(path, photo.samples, photo)
    assert b"12345" not in path.read_bytes() and told(path)[2] == {}


def test_a_tiffs_own_tags_do_not_travel(tmp_path: Path) -> None:
    Image.fromarray(SAMPLES["colour"]).save(tmp_path / "a.tiff", exif=exif_of(1).tobytes())
    photo = read_photo(tmp_path / "a.tiff")
    write_photo(tmp_path / "b.jpg", photo.samples, photo)
    tags, details, _ = told(tmp_path / "b.jpg")
    assert tags[MAKER] == "Maker" and details[EXPOSURE] == 0.5 and not tags.keys() & {256, 257, 259, 273, 279}


def test_broken_exif_data_stop_nothing(tmp_path: Path) -> None:
    photo = read_photo(saved(SAMPLES["colour"], exif=b"Exif\0\0II*\0\x08\0\0\0\xff\xff"))
    write_photo(tmp_path / "a.png", photo.samples, photo)
    np.testing.assert_array_equal(read_photo(tmp_path / "a.png").samples, SAMPLES["colour"])


@pytest.mark.parametrize("kind", SAMPLES)
def test_a_view_is_small_and_what_is_hidden_does_not_show_in_it(kind: str) -> None:
    photo = Photo(SAMPLES[kind], "PNG")
    view = at_view_size(photo, 15)
    assert view.samples.shape == (10, 15, *SAMPLES[kind].shape[2:]) and view.samples.dtype == SAMPLES[kind].dtype
    assert at_view_size(photo, 30) is photo
    hidden = np.full((20, 30, 4), (200, 100, 50, 255), np.uint8)
    hidden[:, ::2] = (0, 255, 0, 0)
    shown = at_view_size(Photo(hidden, "PNG"), 15).samples[..., :3].astype(int)
    assert np.abs(shown - (200, 100, 50)).max() <= 1


# ---------------------------------------------------------------- how


def saved(samples: np.ndarray | Image.Image, format_name: str = "PNG", **options: Any) -> bytes:
    buffer = io.BytesIO()
    image = Image.fromarray(samples) if isinstance(samples, np.ndarray) else samples
    image.save(buffer, format_name, **options)
    return buffer.getvalue()


def check_details(path: Path, *, size: tuple[int, int] = (20, 30)) -> None:
    """What the camera wrote is there, with the size that the picture has now; where and by whom is not."""
    tags, details, place = told(path)
    assert tags[MAKER] == "Maker" and details[EXPOSURE] == 0.5 and not place
    assert ORIENTATION not in tags and SERIAL not in details and (details[WIDTH], details[HEIGHT]) == size
