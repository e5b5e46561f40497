"""What a network finds by itself, in colours: each entity has one, and each place a mixture of those that it is of."""

from __future__ import annotations

import colorsys

import cv2
import numpy as np

Array = np.ndarray
GOLDEN = 0.618034
"""Share of the hues between one entity and the next: neighbours in the list are far apart in colour."""


def entity_palette(count: int) -> Array:
    """(count, 3) float32 in 0..255."""
    colours = [colorsys.hsv_to_rgb(number * GOLDEN % 1, 0.75 if number % 2 else 0.95, 0.95) for number in range(count)]
    return 255 * np.array(colours, np.float32)


def layout_colours(layout: Array, height: int, width: int) -> Array:
    """A soft layout (n, h, w), shares whose sum is 1, as a picture (height, width, 3) uint8."""
    mixed = np.einsum("nhw,nc->hwc", layout.astype(np.float32), entity_palette(len(layout)))
    enlarged = cv2.resize(mixed, (width, height), interpolation=cv2.INTER_LINEAR)
    coloured: Array = np.rint(np.clip(enlarged, 0, 255)).astype(np.uint8)
    return coloured
