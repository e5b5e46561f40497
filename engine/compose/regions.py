"""Averages inside a region and beside it."""

from __future__ import annotations

import cv2
import numpy as np

Array = np.ndarray

SPREAD_SIGMA = 2.0
"""Of the blur that carries colours of the region and of what lies beside it over the border."""


def region_blur(values: Array, weight: Array, sigma: float) -> Array:
    """Blur inside a region: blur of values times weight over blur of weight (Knutsson and Westin, CVPR 1993).

    values: (h, w) or (h, w, C) float32. weight: (h, w) float32, at least 0. Where no weight is near, the weighted mean.
    """
    total = float(weight.sum())
    expanded = weight if values.ndim == 2 else weight[..., None]
    mean = (values * expanded).sum((0, 1)) / max(total, 1e-6)
    floor = np.float32(1e-4)

    def blur(field: Array) -> Array:
        return cv2.GaussianBlur(field, (0, 0), sigma, borderType=cv2.BORDER_REFLECT)

    mass = blur(weight)
    mass = mass if values.ndim == 2 else mass[..., None]
    blurred = blur(np.ascontiguousarray(values * expanded, dtype=np.float32))
    return ((blurred + floor * mean) / (mass + floor)).astype(np.float32)


def mixture_of(colours: Array, coverage: Array) -> Array:
    """(h, w, 3) float32: by how much the region's colours differ from those beside it, near each pixel (sRGB).

    coverage: (h, w) the matte. Pixels count by the square of how much they are the one or the other.
    """
    own = region_blur(colours, coverage * coverage, SPREAD_SIGMA)
    return own - region_blur(colours, (1 - coverage) ** 2, SPREAD_SIGMA)
