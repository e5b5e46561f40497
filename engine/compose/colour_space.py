"""sRGB and CIELAB.

OpenCV converts whole vectors of pixels at once and the rest of a row one by one, with other roundings. So all pixels
are one row here, and its rest is filled up: a pixel's result does not depend on where in a picture it lies.
"""

from __future__ import annotations

import cv2
import numpy as np

Array = np.ndarray

VECTOR = 64
"""Pixels; a multiple of what any vector unit takes at once."""


def to_lab(colours: Array) -> Array:
    """(h, w, 3) float32 sRGB in 0..1 -> CIELAB (D65), lightness 0..100."""
    return _converted(colours, cv2.COLOR_RGB2Lab)


def to_colours(lab: Array) -> Array:
    """The inverse of `to_lab`: (h, w, 3) CIELAB -> sRGB, clipped to 0..1."""
    colours = _converted(lab, cv2.COLOR_Lab2RGB)
    return np.clip(colours, 0, 1, out=colours)


def _converted(pixels: Array, code: int) -> Array:
    row = pixels.reshape(1, -1, 3)
    converted = cv2.cvtColor(row, code)
    rest = row.shape[1] % VECTOR
    if rest:
        last = np.zeros((1, VECTOR, 3), np.float32)
        last[:, :rest] = row[:, -rest:]
        converted[:, -rest:] = cv2.cvtColor(last, code)[:, :rest]
    return converted.reshape(pixels.shape)
