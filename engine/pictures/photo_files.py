"""Writing photos: what a file brought along goes into the file that is written."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
from PIL import Image, PngImagePlugin

from engine.files import PathLike, write_bytes
from engine.pictures.bands import picture_of
from engine.pictures.images import check_sides, format_of
from engine.pictures.iptc import as_jpeg_segment, iptc_to_write, jpeg_segment
from engine.pictures.lossless import as_tiff, deep_png
from engine.pictures.photo_details import exif_to_write
from engine.pictures.photos import Photo
from engine.pictures.png import REQUEST_KEY
from engine.pictures.xmp import XMP_NAME, xmp_to_write

Array = np.ndarray
LOSSY_QUALITY = 95
"""Of JPEG and WebP files of photos that were no such files."""


def write_photo(
    path: PathLike, samples: Array, photo: Photo, *, keep_place: bool = False, request_json: str | None = None
) -> None:
    """Save samples by the name's suffix, with `photo`'s profile, EXIF data, XMP and resolution. Atomic.

    JPEG and TIFF keep IPTC as well, for which the others have no place, as WebP has none for a resolution; a JPEG is
    written without a packet that is larger than it can hold (64 KiB).

    keep_place: keep GPS data, places, serial numbers and the owner's name, which are left out otherwise.
    request_json: what a PNG carries, as in `write_image`.

    A JPEG of a JPEG is compressed with the same tables; a WebP of a photo without loss has none either. 16 bits are
    written where the format can (PNG, TIFF), as 8 elsewhere; alpha is laid over white for JPEG.

    Raises BadFile: another suffix, a size that the format cannot hold, or a folder that cannot be written.
    """
    format_name = format_of(path)
    height, width = samples.shape[:2]
    check_sides(path, format_name, height, width)
    exif = exif_to_write(photo.exif, (width, height), keep_place=keep_place, tiff=format_name == "TIFF")
    xmp = xmp_to_write(photo.xmp, keep_place=keep_place)
    iptc = iptc_to_write(photo.iptc, keep_place=keep_place)
    if samples.dtype == np.uint16 and samples.ndim == 3 and samples.shape[2] == 2:  # next to nobody reads that
        samples = np.dstack([samples[..., :1]] * 3 + [samples[..., 1:]])
    if format_name == "TIFF":
        write_bytes(path, as_tiff(samples, exif, photo.icc_profile, photo.dpi, xmp=xmp, iptc=iptc))
        return
    if samples.dtype == np.uint16 and format_name == "PNG":
        write_bytes(path, deep_png(samples, exif, photo.icc_profile, photo.dpi, request_json, xmp=xmp))
        return
    if samples.dtype == np.uint16:
        samples = ((samples.astype(np.uint32) + 128) // 257).astype(np.uint8)
    image = picture_of(samples)
    options: dict[str, Any] = {"exif": exif, "icc_profile": photo.icc_profile, "dpi": photo.dpi}
    if format_name == "JPEG":
        image = _over_white(image)
        options |= photo.jpeg or {"quality": LOSSY_QUALITY}
        options["extra"] = _jpeg_packets(xmp, iptc)
        if image.mode == "L":
            options.pop("subsampling", None)
        else:
            options.setdefault("subsampling", 0)
    elif format_name == "WEBP":
        options |= {"quality": LOSSY_QUALITY, "method": 4} if photo.lossy else {"lossless": True, "exact": True}
        options["xmp"] = xmp
    elif format_name == "PNG":
        options["pnginfo"] = _png_texts(xmp, request_json)
    buffer = io.BytesIO()  # not straight into the file: Pillow hides why a write failed
    image.save(buffer, format=format_name, **{key: value for key, value in options.items() if value is not None})
    write_bytes(path, buffer.getvalue())


def same_format(photo: Photo) -> str:
    """The suffix of files of the photo's own format; of PNG files where it cannot be written."""
    return {"JPEG": ".jpg", "WEBP": ".webp", "TIFF": ".tiff"}.get(photo.format, ".png")


def _jpeg_packets(xmp: bytes | None, iptc: bytes | None) -> bytes:
    """Segments of a JPEG; a packet that is larger than a segment is left out."""
    segments = (
        None if xmp is None else jpeg_segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0" + xmp),
        None if iptc is None else as_jpeg_segment(iptc),
    )
    return b"".join(segment for segment in segments if segment is not None)


def _png_texts(xmp: bytes | None, request_json: str | None) -> PngImagePlugin.PngInfo:
    chunks = PngImagePlugin.PngInfo()
    if xmp is not None:  # plain, as readers search for it
        chunks.add_itxt(XMP_NAME, xmp.decode("utf-8"))
    if request_json is not None:
        chunks.add_itxt(REQUEST_KEY, request_json, zip=True)
    return chunks


def _over_white(image: Image.Image) -> Image.Image:
    if image.mode not in ("LA", "RGBA"):
        return image
    opaque = Image.new("RGB", image.size, (255, 255, 255))
    opaque.paste(image.convert("RGB"), mask=image.getchannel("A"))
    return opaque
