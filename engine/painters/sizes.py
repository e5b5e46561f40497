"""At which size a label map is painted, and how the picture comes to the label map's own size.

All painters ask here. Sizes are (height, width) in pixels.
"""

from __future__ import annotations

import numpy as np

from engine.images import resize_image

Array = np.ndarray
Size = tuple[int, int]


def painted_size(height: int, width: int, stride: int, resolution: int) -> Size:
    """The size at which a label map is painted: its own where the network takes it, else the nearest that fits.

    A map whose sides are multiples of the network's stride and no longer than its resolution is painted as
    it is. Others are scaled so that the longer side is the resolution.
    """
    if height % stride == 0 and width % stride == 0 and max(height, width) <= resolution:
        return height, width
    return encoded_size(height, width, stride, resolution)


def encoded_size(height: int, width: int, stride: int, resolution: int) -> Size:
    """A size near the shape of (height, width) whose longer side is the resolution, in whole strides."""
    scale = resolution / max(height, width)
    tall, wide = (max(stride, round(side * scale / stride) * stride) for side in (height, width))
    return tall, wide


def to_size(pixels: Array, height: int, width: int) -> tuple[Array, tuple[str, ...]]:
    """The painted picture (h, w, 3) at the label map's size, and a note if it had to be scaled."""
    size = pixels.shape[:2]
    if size == (height, width):
        return pixels, ()
    notes = (f"Painted at {size[1]} x {size[0]} and scaled to {width} x {height}.",)
    return np.ascontiguousarray(resize_image(np.ascontiguousarray(pixels), height, width)), notes
