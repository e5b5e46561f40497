"""What Pillow cannot do with files that lose nothing: 16 bits a sample in colour, and all of a TIFF's EXIF data.

OpenCV reads 16 bits, and writes a PNG of them that then gets the chunks that it lacks. A TIFF is written here: Pillow
leaves out its EXIF details where it is compressed, OpenCV its profile too.
"""

from __future__ import annotations

import io
import struct
import zlib

import cv2
import numpy as np
from PIL import Image, TiffImagePlugin

from engine.pictures.iptc import TIFF_TAG
from engine.pictures.photo_details import DETAILS, GPS
from engine.pictures.png import REQUEST_KEY
from engine.pictures.xmp import XMP_NAME

Array = np.ndarray
PNG_HEADER = 33
"""Bytes of a PNG's signature and its first chunk, behind which the others go."""
STRIP_ROWS = 64
DEFLATE, DIFFERENCES, INCH, GREY, RGB, UNASSOCIATED_ALPHA = 8, 2, 2, 1, 2, 2
"""Values of TIFF 6.0's tags (and of Adobe's supplement, for DEFLATE)."""
BYTES, UNDEFINED = 1, 7
"""Types of its values."""


def decode_deep(data: bytes) -> Array | None:
    """(H, W, 3 or 4) uint16 of a file's bytes, not turned; None where it holds no such picture."""
    try:
        decoded = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED | cv2.IMREAD_IGNORE_ORIENTATION)
    except cv2.error:
        return None
    if decoded is None or decoded.dtype != np.uint16 or decoded.ndim != 3 or decoded.shape[2] not in (3, 4):
        return None
    return cv2.cvtColor(decoded, cv2.COLOR_BGR2RGB if decoded.shape[2] == 3 else cv2.COLOR_BGRA2RGBA)


def deep_png(
    samples: Array,
    exif: bytes | None,
    profile: bytes | None,
    dpi: tuple[float, float] | None,
    request_json: str | None = None,
    *,
    xmp: bytes | None = None,
) -> bytes:
    """A PNG of (H, W), (H, W, 3) or (H, W, 4) uint16 samples.

    exif: as in JPEG files. profile: ICC. dpi: dots per inch across and down. request_json: as in `write_image`.
    xmp: a packet.
    """
    if samples.ndim == 3:
        samples = cv2.cvtColor(samples, cv2.COLOR_RGB2BGR if samples.shape[2] == 3 else cv2.COLOR_RGBA2BGRA)
    png = cv2.imencode(".png", samples)[1].tobytes()
    chunks = b""
    if profile is not None:
        chunks += _chunk(b"iCCP", b"ICC Profile\0\0" + zlib.compress(profile))
    if dpi is not None:
        chunks += _chunk(b"pHYs", struct.pack(">IIB", *(round(dots / 0.0254) for dots in dpi), 1))
    if exif is not None:
        chunks += _chunk(b"eXIf", exif.removeprefix(b"Exif\0\0"))
    if xmp is not None:  # plain, as readers search for it
        chunks += _chunk(b"iTXt", XMP_NAME.encode() + b"\0\0\0\0\0" + xmp)
    if request_json is not None:  # compressed (1, 0), without a language and a translated keyword
        text = zlib.compress(request_json.encode("utf-8"))
        chunks += _chunk(b"iTXt", REQUEST_KEY.encode() + b"\0\1\0\0\0" + text)
    return png[:PNG_HEADER] + chunks + png[PNG_HEADER:]


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def as_tiff(
    samples: Array,
    exif: bytes | None,
    profile: bytes | None,
    dpi: tuple[float, float] | None,
    *,
    xmp: bytes | None = None,
    iptc: bytes | None = None,
) -> bytes:
    """A TIFF of (H, W) or (H, W, 2..4) uint8 or uint16 samples, compressed; the rest as in `deep_png`.

    iptc: IPTC's data sets.
    """
    height, width = samples.shape[:2]
    channels = 1 if samples.ndim == 2 else samples.shape[2]
    strips = [_strip(samples[top : top + STRIP_ROWS]) for top in range(0, height, STRIP_ROWS)]
    sizes = [len(strip) for strip in strips]
    tags = TiffImagePlugin.ImageFileDirectory_v2(prefix=b"II")
    tags[TiffImagePlugin.IMAGEWIDTH], tags[TiffImagePlugin.IMAGELENGTH] = width, height
    tags[TiffImagePlugin.BITSPERSAMPLE] = (8 * samples.dtype.itemsize,) * channels
    tags[TiffImagePlugin.COMPRESSION], tags[TiffImagePlugin.PREDICTOR] = DEFLATE, DIFFERENCES
    tags[TiffImagePlugin.PHOTOMETRIC_INTERPRETATION] = GREY if channels < 3 else RGB
    tags[TiffImagePlugin.SAMPLESPERPIXEL], tags[TiffImagePlugin.PLANAR_CONFIGURATION] = channels, 1
    if channels in (2, 4):
        tags[TiffImagePlugin.EXTRASAMPLES] = UNASSOCIATED_ALPHA
    tags[TiffImagePlugin.ROWSPERSTRIP], tags[TiffImagePlugin.STRIPBYTECOUNTS] = STRIP_ROWS, tuple(sizes)
    tags[TiffImagePlugin.STRIPOFFSETS] = tuple(sum(sizes[:n]) for n in range(len(sizes)))  # behind these tags
    tags.tagtype[TiffImagePlugin.STRIPOFFSETS] = tags.tagtype[TiffImagePlugin.STRIPBYTECOUNTS] = 4
    if dpi is not None:
        tags[TiffImagePlugin.X_RESOLUTION], tags[TiffImagePlugin.Y_RESOLUTION] = dpi
        tags[TiffImagePlugin.RESOLUTION_UNIT] = INCH
    if profile is not None:
        tags[TiffImagePlugin.ICCPROFILE] = profile
    for tag, packet, tag_type in ((TiffImagePlugin.XMP, xmp, BYTES), (TIFF_TAG, iptc, UNDEFINED)):
        if packet is not None:
            tags.tagtype[tag] = tag_type
            tags[tag] = packet
    if exif is not None:
        source = Image.Exif()
        source.load(exif)
        for tag, value in source.items():
            tags[tag] = dict(source.get_ifd(tag)) if tag in (DETAILS, GPS) else value
    file = io.BytesIO()
    tags.save(file)
    file.writelines(strips)
    return file.getvalue()


def _strip(rows: Array) -> bytes:
    """Rows as differences of neighbours, compressed."""
    differences = rows.astype(rows.dtype.newbyteorder("<"))
    differences[:, 1:] -= rows[:, :-1]
    return zlib.compress(differences.tobytes(), 6)
