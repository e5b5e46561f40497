"""Strands where a photo shows none: black hair is nearly as flat as ink, and made blond it would be a cap.

Noise that is averaged along the hair's direction is streaks that follow the locks (line integral convolution, Cabral
and Leedom, SIGGRAPH 1993). The direction is the photo's own, from the structure tensor of its lightness (Bigun and
Granlund, ICCV 1987), and where that says nothing the outline's.
"""

from __future__ import annotations

import cv2
import numpy as np

from engine.compose.mattes import distance
from engine.compose.regions import region_blur

Array = np.ndarray

STRANDED = frozenset({"hair"})
"""Names of labels whose regions are made of strands."""
LOCK = 8.0
"""Standard deviation, in pixels of a frame of 256, of the window in which strands stand out from each other."""
SHARE = 0.8
"""Of the style's spread that strands bring: the rest is what its locks' shapes do, which the photo has itself."""
LIGHTER = (25.0, 40.0)
"""By how much lighter, in units of L, a region must become for strands to begin to show, and to show in full: between
shades alike the photo's own are enough."""
LEAST = 0.5
"""Units of L under which nobody would see them."""
ALONG = (0.7, 1.4, 2.8, 5.6)
"""Steps in pixels, each twice the one before: streaks are about 20 pixels long."""
THICK = 1.6
"""Standard deviation in pixels of the coarser half of the noise, whose streaks are half as long again."""
OUTLINE = 0.02
"""Weight of the outline's direction beside that of the lightness."""


def local_spread(lightness: Array, weight: Array) -> Array:
    """(h, w) float32: standard deviation of lightness (h, w) within a lock's reach, in a region of `weight` (h, w)."""
    mean = region_blur(lightness, weight, LOCK)
    variance = region_blur(lightness * lightness, weight, LOCK) - mean * mean
    return np.sqrt(np.maximum(variance, 0))


def lightened(old: Array, new: Array, weight: Array) -> float:
    """0..1 by `LIGHTER`: how much lighter a region has become on average.

    old, new: (h, w) lightness in the photo and restyled. weight: (h, w) in 0..1, how much of a pixel is the region's.
    """
    lighter = float(((new - old) * weight).sum()) / max(float(weight.sum()), 1e-6)
    return float(np.clip((lighter - LIGHTER[0]) / (LIGHTER[1] - LIGHTER[0]), 0, 1))


def lacking_strands(old: Array, new: Array, weight: Array, spread: float) -> Array | None:
    """What strands add to a restyled region's lightness, (h, w) float32 in units of L; None where it needs none.

    old, new, weight: as of `lightened`. spread: mean `local_spread` of the style's region.
    """
    total = max(float(weight.sum()), 1e-6)
    share = SHARE * lightened(old, new, weight)
    lacking = share * np.sqrt(np.maximum(spread**2 - local_spread(new, weight) ** 2, 0))
    if share == 0 or float((lacking * weight).sum()) / total < LEAST:
        return None
    return (lacking * streaks(old, weight)).astype(np.float32)


def streaks(lightness: Array, weight: Array) -> Array:
    """(h, w) float32, mean 0 and standard deviation 1 in the region: noise along the strands of `lightness` (h, w)."""
    across, down = _direction(lightness, weight)
    noise = np.random.default_rng(0)
    fine = noise.standard_normal(lightness.shape, np.float32)
    coarse = cv2.GaussianBlur(noise.standard_normal(lightness.shape, np.float32), (0, 0), THICK) * (3.5 * THICK)
    mixed = _averaged(fine, across, down, 1.0) + _averaged(coarse, across, down, 1.5)
    total = max(float(weight.sum()), 1e-6)
    mixed -= float((mixed * weight).sum()) / total
    return mixed / max(float(np.sqrt((mixed * mixed * weight).sum() / total)), 1e-6)


def _direction(lightness: Array, weight: Array) -> tuple[Array, Array]:
    """Unit vectors along the strands, x and y (h, w) float32."""
    light = cv2.GaussianBlur(np.log(np.maximum(lightness, 0) + 4), (0, 0), 0.8)
    x, y = (cv2.Sobel(light, cv2.CV_32F, *order) * weight for order in ((1, 0), (0, 1)))
    even = 1 / np.sqrt(x * x + y * y + 0.02)  # one bright reflection is not to decide for its whole neighbourhood
    depth = cv2.GaussianBlur(distance(weight > 0), (0, 0), 3)
    edge_x, edge_y = (cv2.Sobel(depth, cv2.CV_32F, *order) / 8 for order in ((1, 0), (0, 1)))
    xx, yy, xy = (
        cv2.GaussianBlur(own * even, (0, 0), 5) + OUTLINE * outline
        for own, outline in ((x * x, edge_x * edge_x), (y * y, edge_y * edge_y), (x * y, edge_x * edge_y))
    )
    angle = 0.5 * np.arctan2(2 * xy, xx - yy) + np.pi / 2
    return np.cos(angle).astype(np.float32), np.sin(angle).astype(np.float32)


def _averaged(values: Array, across: Array, down: Array, longer: float) -> Array:
    """Values (h, w) averaged along unit vectors, doubling the reach with each step; `longer` scales it."""
    rows, columns = np.indices(values.shape, np.float32)
    for step in ALONG:
        x, y = across * np.float32(step * longer), down * np.float32(step * longer)
        ahead, behind = (
            cv2.remap(values, columns + sign * x, rows + sign * y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)
            for sign in (1, -1)
        )
        values = (ahead + behind) / 2
    return values
