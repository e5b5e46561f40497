"""What the photo's colours say about a region: which of its pixels look like it, which like what lies beside it.

A label map is drawn by hand or found by a network at 256 pixels; both take a flat background above a head for hair, and
neither draws strands. Colours know: a pixel that is red as the wall and like nothing in the hair is wall.
"""

from __future__ import annotations

import cv2
import numpy as np

Array = np.ndarray

BINS = 16
"""Bins of each CIELAB channel, 6 units wide."""
RARE = 2e-5
"""Share of pixels under which a colour says nothing."""
SURE = 3.0
"""Pixels from a border (of 256) from which on colours are counted."""
BESIDE = 60.0
"""Pixels up to which what lies outside is counted."""
UNLIKE = 0.15
"""Likeness under which a pixel inside is taken for one outside, if nothing lies between it and the outside."""
HOLE = 0.002
"""Share of the frame up to which a hole in a region is filled if it looks like the region around."""
ALIKE = 0.7
"""Mean likeness of such a hole."""
REACH = 16.0
"""Pixels up to which it is: what a person painted broadly across another colour stays."""


def likeness(lab: Array, inside: Array, away: Array) -> Array:
    """How likely each pixel's colour is one of the region's rather than one of those beside it.

    Args:
        lab: (h, w, 3) float32.
        inside, away: (h, w) distances to the region's border, inside and outside.

    Returns:
        (h, w) float32 in 0..1: Bayes' rule on two colour histograms (Jones and Rehg, IJCV 2002) with even odds; one
        half where both have a colour as often, or neither has it.
    """
    own, beside = inside > SURE, (away > SURE) & (away < BESIDE)
    if not own.any() or not beside.any():
        return np.full(inside.shape, 0.5, np.float32)
    levels = lab * np.float32(BINS / 100) + np.array([0, BINS / 2, BINS / 2], np.float32)
    step = np.clip(levels, 0, BINS - 1).astype(np.int32)
    colour = (step[..., 0] * BINS + step[..., 1]) * BINS + step[..., 2]
    ours, outside = _histogram(colour[own]), _histogram(colour[beside])
    return ((ours + RARE) / (ours + outside + 2 * RARE))[colour].astype(np.float32)


def _histogram(colours: Array) -> Array:
    """(BINS^3,) shares, smoothed by a binomial filter over neighbouring bins."""
    counts: Array = np.bincount(colours, minlength=BINS**3).reshape(BINS, BINS, BINS).astype(np.float32)
    for axis in range(3):
        padded = np.pad(counts, [(1, 1) if n == axis else (0, 0) for n in range(3)])
        low, middle, high = (padded.take(range(n, n + BINS), axis) for n in range(3))
        counts = (low + 2 * middle + high) / 4
    return counts.ravel() / max(float(counts.sum()), 1e-6)


FLAT = 4.0
"""Spread of lightness over 5 x 5 pixels above which a surface has a texture of its own, as hair has."""


def mistaken(likely: Array, lightness: Array, inside: Array) -> Array:
    """(h, w) bool: pixels inside that look like the outside and join it without a border between.

    likely: (h, w) from `likeness`; inside: (h, w) distance to the border, 0 outside. A highlight of hair before a white
    wall is as white as the wall, but hair lies between them.
    """
    mean = cv2.blur(lightness, (5, 5))
    spread = np.sqrt(np.maximum(cv2.blur(lightness * lightness, (5, 5)) - mean * mean, 0))
    suspect = (inside > 0) & (inside < REACH) & (likely < UNLIKE) & (spread < FLAT)
    joined = suspect | ((inside == 0) & (likely < 0.5))
    count, pieces = cv2.connectedComponents(joined.astype(np.uint8), connectivity=4)
    is_outer = np.zeros(count, bool)
    is_outer[pieces[(inside == 0) & joined]] = True
    return suspect & is_outer[pieces]


def overlooked(likely: Array, region: Array) -> Array:
    """(h, w) bool: small holes of a region that look like it. likely: (h, w) from `likeness`; region: (h, w) bool."""
    count, pieces, facts, _ = cv2.connectedComponentsWithStats((~region).astype(np.uint8), connectivity=4)
    areas = facts[:, cv2.CC_STAT_AREA]
    alike = np.bincount(pieces.ravel(), likely.ravel(), count) > ALIKE * areas
    small = (areas <= HOLE * region.size) & alike
    small[0] = False  # the region itself
    return small[pieces]
