"""Whatever people drop becomes an sRGB array or one sentence."""

from __future__ import annotations

import errno
import io
import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageCms, TiffImagePlugin

from engine import files
from engine.errors import BadFile, EngineError
from engine.labels.label_maps import write_label_map
from engine.labels.label_sets import load_label_set
from engine.pictures import rasters
from engine.pictures.images import encode_png, fit_square, fit_square_label_map, read_image, resize_image, write_image
from engine.pictures.png import read_embedded_request
from engine.pictures.sniffing import has_label_colours, sniff
from tests.engine.drawn_pictures import difference, encoded, raw_png, smooth
from tests.engine.test_files import is_one_sentence

PIXELS = smooth()
PICTURE = Image.fromarray(PIXELS)

# ---------------------------------------------------------------- what must simply work


@pytest.mark.parametrize(
    ("data", "tolerance"),
    [
        (encoded(PICTURE, "PNG"), 0),
        (encoded(PICTURE, "BMP"), 0),
        (encoded(PICTURE, "TIFF", compression="tiff_lzw"), 0),
        (encoded(PICTURE, "WEBP", lossless=True), 0),
        (encoded(PICTURE, "JPEG", quality=95), 3),
        (encoded(PICTURE, "JPEG", quality=95, progressive=True), 3),
        (encoded(PICTURE, "WEBP", quality=95), 4),
        (encoded(PICTURE.convert("CMYK"), "JPEG", quality=95), 4),
        (encoded(PICTURE.convert("CMYK"), "TIFF"), 1),
        (encoded(PICTURE.convert("YCbCr"), "TIFF"), 2),
        (encoded(PICTURE.quantize(256), "PNG"), 8),
        (encoded(PICTURE.quantize(256), "GIF"), 8),
        (encoded(PICTURE.convert("RGBA"), "PNG"), 0),
    ],
    ids="png bmp tiff webp jpeg progressive webp-lossy cmyk-jpeg cmyk-tiff ycbcr palette gif rgba".split(),
)
def test_pictures_of_all_kinds_are_read_as_srgb(data: bytes, tolerance: float):
    found = read_image(data)
    assert found.pixels.dtype == np.uint8
    assert difference(found.pixels, PIXELS) <= tolerance
    assert found.notes == ()


def test_16_bit_grey_is_scaled_from_its_whole_range():
    values = np.linspace(0, 65535, 40 * 48).reshape(40, 48).astype(np.uint16)
    expected = np.rint(values / 257).astype(np.uint8)
    for kind in ("PNG", "TIFF"):
        pixels = read_image(encoded(values, kind)).pixels
        assert np.array_equal(pixels, np.repeat(expected[..., None], 3, axis=-1))


def test_16_bit_colour_is_scaled_from_its_whole_range():
    wide = PIXELS.astype(">u2") * 257
    rows = b"".join(b"\0" + row.tobytes() for row in wide)
    pixels = read_image(raw_png(48, 40, bits=16, colour_type=2, rows=rows)).pixels
    assert np.array_equal(pixels, PIXELS)


def test_floating_point_grey_runs_from_0_to_1_and_is_stretched_beyond():
    ramp = np.linspace(0, 1, 40 * 48, dtype=np.float32).reshape(40, 48)
    found = read_image(encoded(ramp, "TIFF"))
    assert found.pixels[..., 0].min() == 0 and found.pixels[..., 0].max() == 255 and found.notes == ()
    found = read_image(encoded(ramp * 900 - 100, "TIFF"))
    assert found.pixels[..., 0].min() == 0 and found.pixels[..., 0].max() == 255
    assert "stretched" in found.notes[0]


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P"])
def test_transparent_pixels_show_white(mode: str):
    image = Image.new("RGBA", (20, 10), (200, 200, 200, 0))
    image.paste((10, 10, 10, 255), (0, 0, 10, 10))
    options = {}
    if mode == "P":
        image = Image.new("P", (20, 10), 1)
        image.putpalette([10, 10, 10, 200, 200, 200])
        image.paste(0, (0, 0, 10, 10))
        options = {"transparency": 1}
    pixels = read_image(encoded(image.convert(mode) if mode == "LA" else image, "PNG", **options)).pixels
    assert pixels[0, 0].tolist() == [10, 10, 10]
    assert pixels[0, 19].tolist() == [255, 255, 255]


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_exif_turns_are_undone(orientation: int, kind: str):
    back = {2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}  # Pillow's transposes that a camera so turned has done
    stored = PICTURE.transpose(Image.Transpose(back[orientation])) if orientation > 1 else PICTURE
    exif = Image.Exif()
    exif[0x0112] = orientation
    assert np.array_equal(read_image(encoded(stored, kind, exif=exif)).pixels, PIXELS)


def test_an_embedded_colour_profile_is_used():
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB"))
    found = read_image(encoded(PICTURE, "PNG", icc_profile=profile.tobytes()))
    assert "profile does not fit" in found.notes[0]
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    assert np.array_equal(read_image(encoded(PICTURE, "PNG", icc_profile=srgb)).pixels, PIXELS)
    found = read_image(encoded(PICTURE, "PNG", icc_profile=b"not a profile"))
    assert np.array_equal(found.pixels, PIXELS) and "profile is damaged" in found.notes[0]


@pytest.mark.parametrize(
    ("kind", "note"),
    [
        ("GIF", "first of 3 frames used"),
        ("PNG", "first of 3 frames used"),
        ("WEBP", "first of 3 frames used"),
        ("TIFF", "first of 3 pages used"),
    ],
)
def test_of_an_animation_the_first_frame_is_used_and_the_user_is_told(kind: str, note: str):
    more = [PICTURE.rotate(90), PICTURE.rotate(180)]
    options = {"lossless": True} if kind == "WEBP" else {}
    found = read_image(encoded(PICTURE, kind, save_all=True, append_images=more, **options))
    assert found.notes == (note,)
    assert difference(found.pixels, PIXELS) < 8


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF"])
def test_a_large_picture_is_reduced_to_the_stated_limit(kind: str):
    exif = Image.Exif()
    exif[0x0112] = 6
    found = read_image(encoded(smooth(60, 200), kind, exif=exif), max_side=100)
    assert found.pixels.shape == (100, 30, 3)
    assert found.notes == ("reduced from 60 x 200 to 30 x 100 pixels",)


# ---------------------------------------------------------------- what must be refused


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"This is a text file, whatever its name says.\n", "not a picture"),
        (b"", "is empty"),
        (b"<?xml version='1.0'?><svg xmlns=''/>", "SVG"),
        (b"\x89PNG\r\n\x1a\n" + b"\0" * 40, "not a picture|damaged"),
        (encoded(PICTURE, "JPEG")[:600], "damaged or incomplete"),
        (encoded(PICTURE.crop((0, 0, 1, 1)), "PNG"), "1 x 1 pixels, too small"),
        (
            raw_png(20000, 20000, bits=8, colour_type=2, rows=b"\0" * 1000),
            "20,000 x 20,000 pixels, more than",
        ),
    ],
    ids="text empty svg header-only truncated 1x1 20000".split(),
)
def test_a_bad_picture_gets_one_sentence_that_names_it(tmp_path: Path, data: bytes, words: str):
    path = tmp_path / "我的 照片.png"
    path.write_bytes(data)
    with pytest.raises(BadFile, match=words) as caught:
        read_image(path)
    assert str(path) in str(caught.value)
    assert is_one_sentence(str(caught.value))


def test_a_huge_png_is_refused_before_a_pixel_is_decoded(monkeypatch: pytest.MonkeyPatch):
    def never(self: Image.Image) -> None:
        raise AssertionError("decoded")

    monkeypatch.setattr("PIL.PngImagePlugin.PngImageFile.load", never)
    with pytest.raises(BadFile, match="20,000 x 20,000"):
        read_image(raw_png(20000, 20000, bits=8, colour_type=2, rows=b"\0" * 1000))


def test_over_the_limit_only_jpeg_is_read_because_it_decodes_reduced(
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setattr(rasters, "MAX_PIXELS_READ", 120 * 120)
    large = smooth(300, 400)
    found = read_image(encoded(large, "JPEG"), max_side=100)
    assert found.pixels.shape == (75, 100, 3)
    assert difference(found.pixels, resize_image(large, 75, 100)) < 4
    for data in (encoded(large, "PNG"), encoded(large, "JPEG", progressive=True)):
        with pytest.raises(BadFile, match="400 x 300"):
            read_image(data, max_side=100)


@pytest.mark.filterwarnings("ignore::UserWarning")  # Pillow's, of cut EXIF data; hidden outside of tests
@pytest.mark.parametrize("kind", sorted({"JPEG", "PNG", "WEBP", "TIFF", "BMP", "GIF", "AVIF"} & {*rasters.FORMATS}))
def test_a_file_cut_anywhere_is_refused_or_whole(kind: str):
    data = encoded(PICTURE, kind)
    whole = read_image(data).pixels
    for cut in [*range(0, len(data), max(1, len(data) // 60)), *range(len(data) - 20, len(data))]:
        try:
            found = read_image(data[:cut])
        except EngineError as error:
            assert is_one_sentence(str(error))
        else:
            assert np.array_equal(found.pixels, whole), f"half a picture from {cut} of {len(data)} bytes"


def test_a_cut_jpeg_is_refused_even_with_an_end_marker():
    noise = np.random.default_rng(0).integers(0, 255, (200, 200, 3), dtype=np.uint8)
    for pixels in (smooth(200, 200), noise):
        for mode in ("RGB", "L", "CMYK"):
            data = encoded(Image.fromarray(pixels).convert(mode), "JPEG")
            header = data.index(b"\xff\xda") + 20
            for part in (0.1, 0.5, 0.9):
                cut = header + int((len(data) - header) * part)
                with pytest.raises(BadFile, match="incomplete"):
                    read_image(data[:cut] + b"\xff\xd9")


@pytest.mark.parametrize("progressive", [False, True])
@pytest.mark.parametrize("grey", [0, 128, 255])
def test_a_plain_picture_is_not_taken_for_a_cut_one(grey: int, progressive: bool):
    plain = np.full((200, 300, 3), grey, np.uint8)
    plain[:50] = smooth(50, 300)
    for options in ({}, {"subsampling": 0}, {"restart_marker_rows": 2}):
        data = encoded(plain, "JPEG", progressive=progressive, **options)
        assert difference(read_image(data).pixels, plain) < 3
        assert read_image(data, max_side=60).pixels.shape == (40, 60, 3)


def test_a_png_with_a_damaged_checksum_is_refused():
    data = bytearray(encoded(PICTURE, "PNG"))
    data[len(data) // 2] ^= 1
    with pytest.raises(BadFile, match="damaged"):
        read_image(bytes(data))


def test_a_folder_and_a_missing_file_are_named(tmp_path: Path):
    with pytest.raises(BadFile, match="it is a folder"):
        read_image(tmp_path)
    with pytest.raises(BadFile, match="does not exist"):
        read_image(tmp_path / "missing.png")


# ---------------------------------------------------------------- writing


@pytest.mark.parametrize(("suffix", "tolerance"), [("png", 0), ("tiff", 0), ("TIF", 0), ("jpg", 2), ("webp", 3)])
def test_pictures_are_written_by_their_suffix(tmp_path: Path, suffix: str, tolerance: float):
    path = tmp_path / f"结果 1.{suffix}"
    write_image(path, PIXELS)
    assert difference(read_image(path).pixels, PIXELS) <= tolerance
    assert os.listdir(tmp_path) == [path.name]


def test_another_suffix_is_refused(tmp_path: Path):
    with pytest.raises(BadFile, match="must end in .png"):
        write_image(tmp_path / "a.gif", PIXELS)
    assert os.listdir(tmp_path) == []


def test_a_full_disk_keeps_the_old_picture(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    path = tmp_path / "a.png"
    write_image(path, PIXELS)
    before = path.read_bytes()

    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(files.os, "fsync", full)
    with pytest.raises(BadFile, match="disk is full"):
        write_image(path, 255 - PIXELS)
    assert path.read_bytes() == before


def test_a_png_carries_its_request_however_long(tmp_path: Path):
    path = tmp_path / "a.png"
    text = '{"schema": "tessera/1", "名": "' + "头" * 2_000_000 + '"}'
    write_image(path, PIXELS, request_json=text)
    assert read_embedded_request(path) == text
    assert np.array_equal(read_image(path).pixels, PIXELS)
    assert sniff(path) == "request_png"


def test_other_pictures_carry_no_request(tmp_path: Path):
    assert read_embedded_request(encode_png(PIXELS)) is None
    assert read_embedded_request(b"no png") is None
    with pytest.raises(BadFile):
        read_embedded_request(tmp_path / "missing.png")


# ---------------------------------------------------------------- sizes, kinds


def test_reducing_averages_and_enlarging_keeps_the_shape():
    halves = resize_image(PIXELS, 20, 24)
    means = PIXELS.reshape(20, 2, 24, 2, 3).mean(axis=(1, 3))
    assert np.abs(halves - means).max() <= 1
    assert resize_image(PIXELS, 80, 96).shape == (80, 96, 3)


def test_a_square_is_cut_from_the_middle_of_picture_and_label_map_alike():
    label_map = np.zeros((40, 60), np.uint8)
    label_map[:, 10:50] = 1
    assert fit_square_label_map(label_map, 20).min() == 1
    picture = np.repeat(label_map[..., None] * 255, 3, axis=-1)
    assert fit_square(picture, 20).shape == (20, 20, 3)
    assert fit_square(picture, 20).min() == 255


def test_files_are_known_by_their_content(tmp_path: Path):
    faces = load_label_set("faces")
    label_map = np.arange(40 * 48).reshape(40, 48) % 19
    for kind in ("indexed", "raw", "colour"):
        write_label_map(tmp_path / "a.png", label_map, faces, kind=kind)
        assert sniff(tmp_path / "a.png") == "label_map", kind
        assert has_label_colours(tmp_path / "a.png") == (kind != "raw")
    (tmp_path / "few").write_bytes(encoded(PICTURE.quantize(32), "PNG"))
    assert sniff(tmp_path / "few") == "label_map" and not has_label_colours(tmp_path / "few")
    contents = {
        "image": [
            encoded(PICTURE, "JPEG"),
            encoded(PICTURE, "PNG"),
            encoded(PICTURE.convert("L"), "PNG"),
            encoded(PICTURE, "GIF"),
            encoded(PICTURE.quantize(256), "PNG"),
        ],
        "request_json": [b'\n{"schema": "tessera/1"}'],
        "weights": [(40).to_bytes(8, "little") + b'{"a": 1}' + b" " * 40],
        "unknown": [b"", b"text", b'{"other": "json"}', b"{broken", b"PK\x03\x04 no zip"],
    }
    for kind, samples in contents.items():
        for data in samples:
            path = tmp_path / "no suffix"
            path.write_bytes(data)
            assert sniff(path) == kind, data[:20]
    assert sniff(tmp_path / "missing") == "unknown"
    assert sniff(tmp_path) == "unknown"
    (tmp_path / "card.json").write_text("{}")
    assert sniff(tmp_path) == "weights"


@pytest.mark.parametrize("is_dng", [False, True])
def test_a_cameras_raw_file_is_not_taken_for_its_preview(is_dng: bool):
    """A TIFF with a small preview in front, and the samples of the sensor in a picture below it."""
    preview = Image.new("RGB", (160, 120), (200, 200, 200))
    tags = TiffImagePlugin.ImageFileDirectory_v2()
    tags[254], tags.tagtype[254] = (0, 4) if is_dng else (1, 4)
    tags[330], tags.tagtype[330] = 8, 4
    if is_dng:
        tags[50706], tags.tagtype[50706] = b"\x01\x04\x00\x00", 1
    buffer = io.BytesIO()
    preview.save(buffer, "TIFF", tiffinfo=tags)
    with pytest.raises(BadFile, match="raw file; develop it"):
        read_image(buffer.getvalue())


@pytest.mark.parametrize("white", [255, 4095])
def test_grey_of_32_bits_that_was_8_or_12_is_not_nearly_black(white: int):
    values = np.full((16, 16), white, np.int32)
    values[:, :8] = 0
    found = read_image(encoded(values, "TIFF"))
    assert found.pixels[0, 0].tolist() == [0] * 3 and found.pixels[0, -1].tolist() == [255] * 3
    assert "stretched" in found.notes[0]


def test_a_png_may_have_the_bytes_of_the_largest_picture_in_16_bits(tmp_path: Path) -> None:
    """67 megapixels of noise, as they may be exported, have more than 512 MiB; a JPEG of that size is none."""
    for name, readable in (("a.png", True), ("a.jpg", False)):
        Image.new("RGB", (64, 64)).save(tmp_path / name)
        os.truncate(tmp_path / name, (512 << 20) + (1 << 16))  # a hole at its end: no block is written
        if readable:
            assert rasters.read_header(tmp_path / name).size == (64, 64)
        else:
            with pytest.raises(BadFile, match="more than the 256 that can be read"):
                rasters.read_header(tmp_path / name)
