"""Photographs as their own samples: read without a conversion, written back in their format with what came along.

`engine.pictures.images` makes (H, W, 3) uint8 sRGB of whatever people have, for networks to look at. Here nothing is
made of anything: grey stays grey, 16 bits stay 16, alpha, colour profile, EXIF data and resolution stay. The picture is
turned upright, and its EXIF data then say so. Modes that cannot be edited sample by sample (palettes, CMYK, one bit)
become RGB, and a note says it.
"""

from __future__ import annotations

import io
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from PIL import Image, JpegImagePlugin

from engine.errors import BadFile, Message
from engine.files import PathLike, read_bytes, write_bytes
from engine.pictures.images import PICTURE_SUFFIXES
from engine.pictures.rasters import Raster, Source, load_raster

Array = np.ndarray

ORIENTATION, GPS, EXIF_IFD = 0x0112, 0x8825, 0x8769
SERIAL_NUMBERS = (0xA430, 0xA431, 0xA435, 0xC62F)
"""Owner's name, serial numbers of body and lens: they say who took a photo, as GPS says where."""
DESCRIBING = frozenset({0x010E, 0x010F, 0x0110, 0x0131, 0x0132, 0x013B, 0x8298, EXIF_IFD})
"""Tags that say what a picture shows, who took it, when and with what."""
JPEG_QUALITY = 95


@dataclass(frozen=True)
class Photo:
    """A photo's samples and what came along.

    samples: (H, W), (H, W, 2), (H, W, 3) or (H, W, 4), uint8 or uint16 (`engine.compose.samples`), upright, read-only.
    format: Pillow's name of the file's format. exif, icc_profile: bytes, or None. dpi: or None.
    jpeg: how a JPEG was compressed, for Pillow's encoder. notes: what a user should be told.
    """

    samples: Array
    format: str
    exif: bytes | None = None
    icc_profile: bytes | None = None
    dpi: tuple[float, float] | None = None
    jpeg: dict[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def read_photo(source: Source, *, name: str | None = None, keep_place: bool = False) -> Photo:
    """A photo file's own samples, from a path or from the file's bytes.

    name: what sentences call bytes. keep_place: keep GPS data and serial numbers, which are left out otherwise.

    Raises BadFile (no picture, damaged, too small, too large) or OutOfMemory.
    """
    raster = load_raster(source, name=name)
    notes: list[str] = [note] if (note := raster.frame_note()) else []
    samples = _deep_samples(source, raster)
    if samples is None:
        samples = _samples(raster, notes)
    samples = np.ascontiguousarray(samples)
    samples.flags.writeable = False
    info = raster.image.info
    return Photo(
        samples,
        "JPEG" if raster.format == "MPO" else raster.format,
        _exif(raster.image, keep_place),
        info.get("icc_profile") if raster.image.mode != "CMYK" else None,
        _dpi(info),
        _jpeg_settings(raster.image),
        tuple(notes),
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
        samples = np.array(Image.fromarray(photo.samples).resize(size, Image.Resampling.BOX))
    else:
        samples = cv2.resize(photo.samples, size, interpolation=cv2.INTER_AREA)
    samples.flags.writeable = False
    return replace(photo, samples=samples)


def write_photo(path: PathLike, samples: Array, photo: Photo) -> None:
    """Save samples by the name's suffix, with `photo`'s profile, EXIF data and resolution. Atomic.

    A JPEG of a JPEG is compressed with the same tables. 16 bits are written where the format can (PNG, TIFF), as 8
    elsewhere; alpha is laid over white for JPEG. Raises BadFile: another suffix, or a folder that cannot be written.
    """
    suffix = Path(path).suffix.lower()
    if suffix not in PICTURE_SUFFIXES:
        raise BadFile('Cannot write "{0}": its name must end in .png, .jpg, .webp or .tiff.', path)
    if samples.dtype == np.uint16:
        if suffix in (".png", ".tif", ".tiff"):
            write_bytes(path, _deep_file(samples, suffix))
            return
        samples = ((samples.astype(np.uint32) + 128) // 257).astype(np.uint8)
    image = Image.fromarray(samples)
    options: dict[str, Any] = {"exif": photo.exif, "icc_profile": photo.icc_profile, "dpi": photo.dpi}
    if suffix in (".jpg", ".jpeg"):
        if image.mode in ("LA", "RGBA"):
            opaque = Image.new("RGB", image.size, (255, 255, 255))
            opaque.paste(image.convert("RGB"), mask=image.getchannel("A"))
            image = opaque
        options |= photo.jpeg or {"quality": JPEG_QUALITY, "subsampling": 0}
        if image.mode == "L":
            options.pop("subsampling", None)
    elif suffix == ".webp":
        options |= {"quality": JPEG_QUALITY, "method": 4}
    elif suffix in (".tif", ".tiff"):
        options |= {"compression": "tiff_adobe_deflate"}
    buffer = io.BytesIO()
    format_name = {".png": "PNG", ".webp": "WEBP", ".tif": "TIFF", ".tiff": "TIFF"}.get(suffix, "JPEG")
    image.save(buffer, format=format_name, **{key: value for key, value in options.items() if value is not None})
    write_bytes(path, buffer.getvalue())


def _samples(raster: Raster, notes: list[str]) -> Array:
    image = raster.image
    if image.mode in ("I", "F") or image.mode.startswith("I;16"):
        values = np.asarray(raster.turned(image))
        if values.dtype == np.uint16 or (values.dtype.kind == "i" and values.min() >= 0 and values.max() <= 65535):
            return values.astype(np.uint16)
        notes.append(Message("its values were stretched to black to white"))
        low, high = float(np.nanmin(values)), float(np.nanmax(values))
        return np.rint((np.nan_to_num(values) - low) * (65535 / max(high - low, 1e-12))).astype(np.uint16)
    if image.mode not in ("L", "LA", "RGB", "RGBA"):
        has_alpha = image.mode in ("PA", "La", "RGBa") or "transparency" in image.info
        notes.append(Message("its samples were converted from {0} to RGB", image.mode))
        image = image.convert("RGBA" if has_alpha else "RGB")
    return np.asarray(raster.turned(image))


def _deep_samples(source: Source, raster: Raster) -> Array | None:
    """16-bit samples in colour, which Pillow reads as 8 bits; None for files that have none."""
    if raster.format not in ("PNG", "TIFF") or raster.image.mode not in ("RGB", "RGBA", "LA"):
        return None
    data = source if isinstance(source, bytes) else read_bytes(source)
    flags = cv2.IMREAD_UNCHANGED | cv2.IMREAD_IGNORE_ORIENTATION
    try:
        decoded = cv2.imdecode(np.frombuffer(data, np.uint8), flags)
    except cv2.error:
        return None
    if decoded is None or decoded.dtype != np.uint16 or decoded.ndim != 3 or decoded.shape[2] not in (3, 4):
        return None
    code = cv2.COLOR_BGR2RGB if decoded.shape[2] == 3 else cv2.COLOR_BGRA2RGBA
    return _upright(cv2.cvtColor(decoded, code), raster.orientation if raster.format == "PNG" else 1)


def _upright(samples: Array, orientation: int) -> Array:
    """Samples turned as EXIF's orientation 1-8 says."""
    turned = samples.swapaxes(0, 1) if orientation >= 5 else samples
    if orientation in (3, 4, 7, 8):
        turned = turned[::-1]
    if orientation in (2, 3, 6, 7):
        turned = turned[:, ::-1]
    return turned


def _deep_file(samples: Array, suffix: str) -> bytes:
    if samples.ndim == 3 and samples.shape[2] == 2:  # OpenCV has no grey with alpha
        samples = np.dstack([samples[..., :1]] * 3 + [samples[..., 1:]])
    if samples.ndim == 3:
        code = cv2.COLOR_RGB2BGR if samples.shape[2] == 3 else cv2.COLOR_RGBA2BGRA
        samples = cv2.cvtColor(samples, code)
    written, encoded = cv2.imencode(suffix, samples)
    if not written:
        raise BadFile("The picture cannot be written with 16 bits; save it as PNG.")
    return encoded.tobytes()


def _exif(image: Image.Image, keep_place: bool) -> bytes | None:
    try:
        exif = image.getexif()
        details = exif.get_ifd(EXIF_IFD)
        if image.format == "TIFF":  # its EXIF data are the file's own tags, strip offsets and all
            for tag in set(exif) - DESCRIBING:
                del exif[tag]
        exif.pop(ORIENTATION, None)
        if not details:
            exif.pop(EXIF_IFD, None)
        if not keep_place:
            exif.pop(GPS, None)
            for tag in SERIAL_NUMBERS:
                exif.pop(tag, None)
                details.pop(tag, None)
        return exif.tobytes() if len(exif) else None
    except Exception:  # broken EXIF data: the picture itself is fine
        return None


def _dpi(info: dict[Any, Any]) -> tuple[float, float] | None:
    dpi = info.get("dpi")
    return (float(dpi[0]), float(dpi[1])) if isinstance(dpi, tuple) and len(dpi) == 2 else None


def _jpeg_settings(image: Image.Image) -> dict[str, Any]:
    tables = getattr(image, "quantization", None)
    if not tables or image.mode not in ("L", "RGB"):
        return {}
    sampling = JpegImagePlugin.get_sampling(image)
    return {"qtables": tables, **({"subsampling": sampling} if sampling >= 0 else {})}
