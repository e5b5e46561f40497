"""The pictures in a document: bit for bit as PNG, or as JPEG where the request makes the very same again."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image

from engine.errors import BadFile
from engine.pictures.images import encode_png, resize_image
from engine.pictures.png import encode_rgb_png
from engine.pictures.rasters import MAX_PIXELS_READ, guarded

QUALITY = 95
THUMBNAIL_SIDE = 256
PREVIEW_SIDE = 1280


def encode_picture(pixels: np.ndarray, *, exact: bool) -> bytes:
    """(H, W, 3) uint8 as PNG; not `exact`: as JPEG, which takes a tenth of the time and of the room."""
    if exact:
        return encode_rgb_png(pixels)
    with io.BytesIO() as buffer:
        Image.fromarray(pixels).save(buffer, "JPEG", quality=QUALITY, subsampling=0)
        return buffer.getvalue()


def decode_picture(data: bytes, name: str) -> np.ndarray:
    """(H, W, 3) uint8, read-only. Raises BadFile that begins with `name`."""

    def decode() -> np.ndarray:
        with Image.open(io.BytesIO(data), formats=("PNG", "JPEG")) as image:
            if image.width * image.height > MAX_PIXELS_READ:
                raise BadFile("{0} has more than {1} pixels.", name, f"{MAX_PIXELS_READ:,}")
            return np.array(image.convert("RGB"))

    pixels = guarded(decode, name)
    pixels.flags.writeable = False
    return pixels


def encode_thumbnail(pixels: np.ndarray) -> bytes:
    """A picture, (H, W, 3) uint8, reduced to `THUMBNAIL_SIDE`, as PNG."""
    return encode_png(_reduced(pixels, THUMBNAIL_SIDE))


def encode_preview(pixels: np.ndarray) -> bytes:
    """A picture, (H, W, 3) uint8, reduced to what a screen shows, as JPEG."""
    return encode_picture(_reduced(pixels, PREVIEW_SIDE), exact=False)


def _reduced(pixels: np.ndarray, most: int) -> np.ndarray:
    """With a longer side of `most` at most; of many megapixels, about four are looked at for each that stays."""
    step = max(1, max(pixels.shape[:2]) // (2 * most))
    pixels = np.ascontiguousarray(pixels[::step, ::step])
    height, width = pixels.shape[:2]
    factor = min(1.0, most / max(height, width))
    return resize_image(pixels, max(1, round(height * factor)), max(1, round(width * factor)))
