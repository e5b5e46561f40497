"""Rims that would glow: close to its border some of what counts as hair is skin or ground, and lighter than the hair.

Black hair made blond is moved by quantiles, and those few pixels are its lightest ones: they would become the style's
highlights, a bright line along forehead and outline. Nothing there becomes much lighter than the hair beside it, and
nothing keeps a hue of its own.
"""

from __future__ import annotations

import numpy as np

from engine.compose.mattes import distance
from engine.compose.regions import region_blur
from engine.compose.strands import LOCK, local_spread

Array = np.ndarray

REACH = 7.0
"""Pixels (of 256) from the border from which on hair is hair alone. Up to twice as many a rim fades."""
ABOVE = 0.5
"""By how many of its spreads the rim may be lighter than the hair beside it."""
LEAST_SPREAD = 4.0
"""Units of L that such a spread is at least."""
LEAST_INSIDE = 50
"""Pixels deeper than `REACH` that say what the hair beside a rim is like."""
HUE_REACH, HUELESS = 3.5, 0.75
"""Pixels from the border from which on hues are the hair's, and how much of those nearer by goes."""
SMOOTHED = 1.5
"""Standard deviation, in pixels, over which a rim's lightness is averaged: its strands stay."""


def bright_rim(new: Array, weight: Array, share: float) -> Array | None:
    """What a restyled region's lightness loses along its border, (h, w) float32 at most 0; None where nothing.

    new: (h, w) lightness of the restyled region, 0..100. weight: (h, w) in 0..1, how much of a pixel is the region's.
    share: of the loss, 0..1, see `engine.compose.strands.lightened`.
    """
    inside = distance(weight > 0.5)
    deep = weight * (inside > REACH)
    if share == 0 or float(deep.sum()) < LEAST_INSIDE:
        return None
    limit = region_blur(new, deep, LOCK) + ABOVE * np.maximum(local_spread(new, deep), LEAST_SPREAD)
    above = np.maximum(region_blur(new, weight, SMOOTHED) - limit, 0)
    loss = share * above * np.clip(2 - inside / REACH, 0, 1)
    return -loss.astype(np.float32) if loss.any() else None


def foreign_share(weight: Array, share: float) -> Array | None:
    """How little of its own hue a pixel may keep, (h, w) float32 in 0..1; None where nothing becomes lighter.

    weight, share: as of `bright_rim`. Skin that counts as hair would be an orange line in blond hair.
    """
    if share == 0:
        return None
    return (HUELESS * share * np.clip(2 - distance(weight > 0.5) / HUE_REACH, 0, 1)).astype(np.float32)
