"""sRGB and CIELAB."""

from __future__ import annotations

import cv2
import numpy as np

Array = np.ndarray


def to_lab(colours: Array) -> Array:
    """(h, w, 3) float32 sRGB in 0..1 -> CIELAB (D65), lightness 0..100."""
    return cv2.cvtColor(colours, cv2.COLOR_RGB2Lab)


def to_colours(lab: Array) -> Array:
    """The inverse of `to_lab`: (h, w, 3) CIELAB -> sRGB, clipped to 0..1."""
    colours = cv2.cvtColor(lab, cv2.COLOR_Lab2RGB)
    return np.clip(colours, 0, 1, out=colours)
