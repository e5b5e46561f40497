"""Reading and writing pictures, and telling what a dropped file is.

Pictures in memory are (H, W, 3) uint8 sRGB arrays. Reading converts whatever people have: EXIF turns,
CMYK, 16-bit, palette, transparency (over white) and embedded colour profiles. Limits (rasters.py): sides of
8 to 65,500 pixels, at most 67 megapixels (baseline JPEG 536: it is reduced while decoding); checked on
the header, so a 20,000 x 20,000 PNG is refused before anything is decoded.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageCms, PngImagePlugin

from engine.errors import BadFile, Message
from engine.files import PathLike, write_bytes
from engine.labels.label_maps import resize_label_map
from engine.pictures.bands import array_of, picture_of
from engine.pictures.png import REQUEST_KEY
from engine.pictures.rasters import Raster, Source, load_raster

Array = np.ndarray


@dataclass(frozen=True)
class ImageFile:
    """What `read_image` found: `pixels` (H, W, 3) uint8 sRGB; `notes`: what a user should be told."""

    pixels: Array
    notes: tuple[str, ...]


# ---------------------------------------------------------------- reading


def read_image(source: Source, *, max_side: int = 4096, name: str | None = None) -> ImageFile:
    """Read a picture from a path or from a file's bytes.

    A picture whose longer side is over `max_side` is reduced to it, and a note says so. `name` is what
    sentences call bytes. Raises BadFile (no picture, damaged, too small, too large) or OutOfMemory.
    """
    raster = load_raster(source, name=name, shrink_to=max_side)
    notes = [note] if (note := raster.frame_note()) else []
    rgb = _to_srgb(raster, notes)
    width, height = raster.full_size
    if max(width, height) > max_side:
        factor = max_side / max(width, height)
        size = max(1, round(width * factor)), max(1, round(height * factor))
        rgb = rgb.resize(size, Image.Resampling.BOX)
        upright = raster.orientation < 5  # the others swap width and height
        sides = (width, height, *size) if upright else (height, width, *size[::-1])
        notes.append(Message("reduced from {0} x {1} to {2} x {3} pixels", *sides))
    return ImageFile(array_of(raster.turned(rgb)), tuple(notes))


def _to_srgb(raster: Raster, notes: list[str]) -> Image.Image:
    """Any Pillow mode -> "RGB" in sRGB."""
    image = raster.image
    if image.mode in ("I", "F") or image.mode.startswith("I;16"):
        return Image.fromarray(_grey_to_uint8(image, notes)).convert("RGB")
    profile = image.info.get("icc_profile")
    alpha: Image.Image | None = None
    if image.mode in ("LA", "PA", "La", "RGBA", "RGBa") or "transparency" in image.info:
        image = image.convert("RGBA")
        alpha = image.getchannel("A")
        image = image.convert("RGB")
    elif image.mode == "P":
        image = image.convert("RGB")
    converted = by_profile(image, profile, notes)
    if alpha is not None and alpha.getextrema() != (255, 255):
        on_white = Image.new("RGB", converted.size, (255, 255, 255))
        on_white.paste(converted, mask=alpha)
        return on_white
    return converted


def by_profile(image: Image.Image, profile: bytes | None, notes: list[str]) -> Image.Image:
    """Convert by the embedded colour profile; without one (or with a broken one) by the usual formulas."""
    if image.mode == "LAB":
        source_profile: Any = ImageCms.createProfile("LAB")
    elif profile and image.mode in ("RGB", "CMYK", "L"):
        try:
            source_profile = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            if image.mode == "RGB" and "srgb" in ImageCms.getProfileDescription(source_profile).lower():
                return image
        except (ImageCms.PyCMSError, OSError):
            notes.append(Message("its colour profile is damaged and was not used"))
            return image.convert("RGB")
    else:
        return image.convert("RGB")
    try:
        converted = ImageCms.profileToProfile(image, source_profile, ImageCms.createProfile("sRGB"), outputMode="RGB")
    except (ImageCms.PyCMSError, OSError, ValueError):
        notes.append(Message("its colour profile does not fit the picture and was not used"))
        return image.convert("RGB")
    return image.convert("RGB") if converted is None else converted


def _grey_to_uint8(image: Image.Image, notes: list[str]) -> Array:
    """16-bit, 32-bit and floating-point grey -> (H, W) uint8.

    16-bit runs from 0 to 65,535 and floats from 0 to 1; values outside that are stretched from their own range, and
    whole numbers of 32 bits up to 255 or 4095 are of 8 or 12 bits, which a note says.
    """
    values = np.asarray(image)
    if values.dtype.kind == "u" and values.dtype.itemsize == 2:
        return ((values.astype(np.uint32) * 255 + 32767) // 65535).astype(np.uint8)
    values = np.nan_to_num(values.astype(np.float32), nan=0.0, posinf=0.0, neginf=0.0)
    lowest, highest = float(values.min()), float(values.max())
    white = 1.0 if image.mode == "F" else 65535.0
    if image.mode == "I" and lowest >= 0 and 0 < highest <= 4095:
        lowest, highest = 0.0, 255.0 if highest <= 255 else 4095.0
        notes.append(Message("its values {0} to {1} were stretched to black to white", "0", f"{highest:g}"))
    elif lowest < 0 or highest > white:
        notes.append(Message("its values {0} to {1} were stretched to black to white", f"{lowest:g}", f"{highest:g}"))
    else:
        lowest, highest = 0.0, white
    return np.rint((values - lowest) * (255.0 / max(highest - lowest, 1e-12))).astype(np.uint8)


# ---------------------------------------------------------------- writing

_FORMATS: dict[str, str] = {
    ".png": "PNG",
    ".jpg": "JPEG",
    ".jpeg": "JPEG",
    ".webp": "WEBP",
    ".tif": "TIFF",
    ".tiff": "TIFF",
}
PICTURE_SUFFIXES = tuple(_FORMATS)
"""What the name of a picture that is written may end in."""


def format_of(path: PathLike) -> str:
    """Pillow's name of the format that a file's suffix stands for. Raises BadFile: none that is written."""
    format_name = _FORMATS.get(Path(path).suffix.lower())
    if format_name is None:
        raise BadFile('Cannot write "{0}": its name must end in .png, .jpg, .webp or .tiff.', path)
    return format_name


def check_sides(path: PathLike, format_name: str, height: int, width: int) -> None:
    """Raise BadFile where the format cannot hold a picture of that size."""
    longest_side = {"JPEG": 65_500, "WEBP": 16_383}.get(format_name, 1 << 31)
    if max(height, width) > longest_side:
        raise BadFile(
            'Cannot write "{0}": {1} holds at most {2} pixels a side; save it as PNG.',
            path, format_name, f"{longest_side:,}",
        )


QUALITY = 95
"""Of pictures written as JPEG or WebP, 1-100."""


def write_image(path: PathLike, pixels: Array, *, request_json: str | None = None, quality: int = QUALITY) -> None:
    """Save (H, W, 3) or (H, W) uint8 by the name's suffix: .png, .jpg, .webp (both of `quality`, 1..100) or .tiff.

    Atomic. `request_json` travels in a PNG (iTXt chunk "tessera"); the other formats carry none.
    Raises BadFile: another suffix, a size the format cannot hold, or a folder that cannot be written.
    """
    format_name = format_of(path)
    image = _as_image(pixels)
    check_sides(path, format_name, image.height, image.width)
    by_kind: dict[str, dict[str, Any]] = {
        "PNG": {"compress_level": 6},
        "JPEG": {"quality": quality, "subsampling": 0},
        "WEBP": {"quality": quality, "method": 4},
        "TIFF": {"compression": "tiff_adobe_deflate"},
    }
    options = by_kind[format_name]
    if format_name == "PNG" and request_json is not None:
        options["pnginfo"] = text_chunk(REQUEST_KEY, request_json)
    buffer = io.BytesIO()  # not straight into the file: Pillow hides why a write failed
    image.save(buffer, format=format_name, **options)
    write_bytes(path, buffer.getvalue())


def encode_png(pixels: Array, *, compress_level: int = 6, text: tuple[str, str] | None = None) -> bytes:
    """(H, W, 3) or (H, W) uint8 as the bytes of a PNG; equal arrays give equal bytes. `text`: a keyword and what an
    iTXt chunk of it shall carry."""
    buffer = io.BytesIO()
    chunks = None if text is None else text_chunk(*text)
    _as_image(pixels).save(buffer, format="PNG", compress_level=compress_level, pnginfo=chunks)
    return buffer.getvalue()


def _as_image(pixels: Array) -> Image.Image:
    if pixels.dtype != np.uint8 or pixels.ndim not in (2, 3) or (pixels.ndim == 3 and pixels.shape[2] != 3):
        raise ValueError(f"a picture is (H, W, 3) or (H, W) uint8, not {pixels.shape} {pixels.dtype}")
    return picture_of(pixels)


def text_chunk(key: str, text: str) -> PngImagePlugin.PngInfo:
    """An iTXt chunk for Pillow's PNG encoder."""
    chunks = PngImagePlugin.PngInfo()
    chunks.add_itxt(key, text, zip=True)
    return chunks


# ---------------------------------------------------------------- sizes


def resize_image(pixels: Array, height: int, width: int) -> Array:
    """(H, W, 3) or (H, W) uint8 to `height` x `width`: by area when reducing, cubic when enlarging."""
    if pixels.shape[:2] == (height, width):
        return pixels.copy()
    smaller = height <= pixels.shape[0] and width <= pixels.shape[1]
    method = Image.Resampling.BOX if smaller else Image.Resampling.BICUBIC
    return array_of(_as_image(pixels).resize((width, height), method))


def centre_crop(height: int, width: int, aspect: float = 1.0) -> tuple[slice, slice]:
    """Rows and columns of a picture's largest centred part that is `aspect` times as wide as high."""
    rows, columns = min(height, max(1, round(width / aspect))), min(width, max(1, round(height * aspect)))
    top, left = (height - rows) // 2, (width - columns) // 2
    return slice(top, top + rows), slice(left, left + columns)


def fit_square(pixels: Array, side: int) -> Array:
    """The largest centred square, resized to `side` x `side`: (H, W, 3) uint8 -> (side, side, 3)."""
    return resize_image(pixels[centre_crop(*pixels.shape[:2])], side, side)


def fit_square_label_map(label_map: Array, side: int) -> Array:
    """`fit_square` for the label map of the same picture: (H, W) -> (side, side), nearest."""
    return resize_label_map(label_map[centre_crop(*label_map.shape)], side, side)
