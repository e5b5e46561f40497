"""Between Pillow's pictures and arrays, band by band.

Pillow keeps Python to itself while it copies a picture, and all of a large photo takes it tens of milliseconds: a
window would be seen to stop. A band takes one or two.
"""

from __future__ import annotations

import numpy as np
from PIL import Image

Array = np.ndarray
BAND_PIXELS = 1 << 19


def array_of(picture: Image.Image) -> Array:
    """A picture's values as `np.array` gives them: (H, W) or (H, W, channels), of its own type."""
    width, height = picture.size
    rows = max(1, BAND_PIXELS // max(1, width))
    if height <= rows:
        return np.array(picture)
    first = np.array(picture.crop((0, 0, width, rows)))
    values = np.empty((height, *first.shape[1:]), first.dtype)
    values[:rows] = first
    for top in range(rows, height, rows):
        values[top : top + rows] = np.asarray(picture.crop((0, top, width, min(height, top + rows))))
    return values


def picture_of(values: Array) -> Image.Image:
    """The picture that `Image.fromarray` makes of uint8 values: (H, W) or (H, W, 2..4)."""
    height, width = values.shape[:2]
    rows = max(1, BAND_PIXELS // max(1, width))
    if height <= rows:
        return Image.fromarray(np.ascontiguousarray(values))
    first = Image.fromarray(np.ascontiguousarray(values[:rows]))
    picture = Image.new(first.mode, (width, height), None)  # filled by no colour: that would be done at once
    picture.paste(first)
    for top in range(rows, height, rows):
        picture.paste(Image.fromarray(np.ascontiguousarray(values[top : top + rows])), (0, top))
    return picture
