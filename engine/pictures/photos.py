"""Photographs as their own samples: read without a conversion, with what came along (`photo_files` writes both).

`engine.pictures.images` makes (H, W, 3) uint8 sRGB of whatever people have, for networks to look at. Here nothing is
made of anything: grey stays grey, 16 bits stay 16, alpha, colour profile, EXIF data and resolution stay. The picture is
turned upright, and its EXIF data then say so. Modes that cannot be edited sample by sample (palettes, CMYK, one bit)
become RGB, and a note says it.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import cv2
import numpy as np
from PIL import Image, JpegImagePlugin

from engine.errors import Message
from engine.files import read_bytes
from engine.pictures.bands import array_of, picture_of
from engine.pictures.images import by_profile
from engine.pictures.iptc import read_iptc
from engine.pictures.lossless import decode_deep
from engine.pictures.photo_details import read_exif
from engine.pictures.rasters import Raster, Source, load_raster
from engine.pictures.xmp import read_xmp

Array = np.ndarray


@dataclass(frozen=True)
class Photo:
    """A photo's samples and what came along.

    samples: (H, W), (H, W, 2), (H, W, 3) or (H, W, 4), uint8 or uint16 (`engine.compose.samples`), upright, read-only.
    format: Pillow's name of the file's format. exif, icc_profile, xmp, iptc: bytes, or None. dpi: or None.
    jpeg: how a JPEG was compressed, for Pillow's encoder. lossy: whether the file's compression loses anything.
    notes: what a user should be told.
    """

    samples: Array
    format: str
    exif: bytes | None = None
    icc_profile: bytes | None = None
    dpi: tuple[float, float] | None = None
    jpeg: dict[str, Any] = field(default_factory=dict)
    lossy: bool = False
    notes: tuple[str, ...] = ()
    xmp: bytes | None = None
    iptc: bytes | None = None


def read_photo(source: Source, *, name: str | None = None) -> Photo:
    """A photo file's own samples, from a path or from the file's bytes.

    name: what sentences call bytes.

    Raises BadFile (no picture, damaged, too small, too large) or OutOfMemory.
    """
    raster = load_raster(source, name=name)
    notes: list[str] = [note] if (note := raster.frame_note()) else []
    profile, samples = raster.image.info.get("icc_profile"), _deep_samples(source, raster)
    if samples is None:
        samples, profile = _samples(raster, notes)
    samples = np.ascontiguousarray(_upright(samples, raster.orientation))
    samples.flags.writeable = False
    iptc = read_iptc(raster.image)
    return Photo(
        samples,
        "JPEG" if raster.format == "MPO" else raster.format,
        read_exif(raster.image),
        profile,
        _dpi(raster.image.info),
        _jpeg_settings(raster.image),
        raster.lossy,
        tuple(notes),
        read_xmp(raster.image),
        iptc,
    )


def at_view_size(photo: Photo, side: int) -> Photo:
    """The photo with its longer side reduced to `side` pixels, each the mean of those that it covers; a smaller photo
    stays as it is. What is hidden by transparency counts for nothing."""
    height, width = photo.samples.shape[:2]
    factor = side / max(height, width)
    if factor >= 1:
        return photo
    size = max(1, round(width * factor)), max(1, round(height * factor))
    if photo.samples.dtype == np.uint8:
        samples = array_of(picture_of(photo.samples).resize(size, Image.Resampling.BOX))
    else:
        samples = cv2.resize(photo.samples, size, interpolation=cv2.INTER_AREA)
    samples.flags.writeable = False
    return replace(photo, samples=samples)


def _samples(raster: Raster, notes: list[str]) -> tuple[Array, bytes | None]:
    """(H, W), (H, W, 2..4) uint8 or uint16, not turned, and the profile that is still true of them."""
    image, profile = raster.image, raster.image.info.get("icc_profile")
    if image.mode in ("I", "F") or image.mode.startswith("I;16"):
        values, transparent_value = _deep_grey(array_of(image), notes), image.info.get("transparency")
        if isinstance(transparent_value, int):
            return np.dstack([values, np.where(values == transparent_value, 0, 65535).astype(np.uint16)]), profile
        return values, profile
    see_through = image.mode in ("PA", "La", "RGBa") or "transparency" in image.info
    if image.mode == "L" and see_through:
        return array_of(image.convert("LA")), profile
    if image.mode == "RGB" and see_through:
        return array_of(image.convert("RGBA")), profile
    if image.mode in ("L", "LA", "RGB", "RGBA"):
        return array_of(image), profile
    notes.append(Message("its samples were converted from {0} to RGB", image.mode))
    if image.mode in ("CMYK", "LAB"):
        return array_of(by_profile(image, profile, notes)), None
    return array_of(image.convert("RGBA" if see_through else "RGB")), profile


def _deep_grey(values: Array, notes: list[str]) -> Array:
    """16-bit, 32-bit or floating-point grey as (H, W) uint16."""
    if values.dtype.kind == "u" and values.dtype.itemsize == 2:
        return values.astype(np.uint16)
    if values.dtype.kind == "i" and values.min() >= 0 and values.max() <= 65535:
        return values.astype(np.uint16)
    notes.append(Message("its values were stretched to black to white"))
    finite = values[np.isfinite(values)]
    low, high = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 1.0)
    stretched = (np.nan_to_num(values, nan=low, posinf=high, neginf=low) - low) * (65535 / max(high - low, 1e-12))
    return np.rint(stretched).astype(np.uint16)


def _deep_samples(source: Source, raster: Raster) -> Array | None:
    """16-bit samples in colour, which Pillow reads as 8 bits; None for files that have none."""
    if raster.format not in ("PNG", "TIFF") or raster.image.mode not in ("RGB", "RGBA", "LA"):
        return None
    return decode_deep(source if isinstance(source, bytes) else read_bytes(source))


def _upright(samples: Array, orientation: int) -> Array:
    """Samples turned as EXIF's orientation 1-8 says."""
    turned = samples.swapaxes(0, 1) if orientation >= 5 else samples
    if orientation in (3, 4, 7, 8):
        turned = turned[::-1]
    if orientation in (2, 3, 6, 7):
        turned = turned[:, ::-1]
    return turned


def _dpi(info: dict[Any, Any]) -> tuple[float, float] | None:
    dpi = info.get("dpi")
    if not isinstance(dpi, tuple) or len(dpi) != 2:
        return None
    across, down = (float(dots) for dots in dpi)
    return (across, down) if 0 < across < 1e6 and 0 < down < 1e6 else None


def _jpeg_settings(image: Image.Image) -> dict[str, Any]:
    """How a JPEG is compressed, as Pillow's encoder takes it; nothing for other files."""
    tables = getattr(image, "quantization", None)
    if not tables:
        return {}
    settings: dict[str, Any] = {"qtables": [[min(255, step) for step in tables[n]] for n in sorted(tables)[:2]]}
    if image.info.get("progressive"):
        settings["progressive"] = True
    sampling = JpegImagePlugin.get_sampling(image)
    return settings | ({"subsampling": sampling} if sampling >= 0 else {})
