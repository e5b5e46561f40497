"""A hole in a part of a photo is filled by a painter that works at a size of its own."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np

from engine.compose.grain import with_grain
from engine.compose.seams import without_seam

Array = np.ndarray
Paint = Callable[[Array, Array], Array]
"""(h, w, 3) float32 colours in 0..1 and where nothing is known, (h, w) bool -> colours, outside the hole too."""
REACHES = (1 / 16, 1 / 48)
"""Of the painter's side: how far differences at the border are averaged, broad ones first."""
CLOSEST_REACH = 1.5
"""The last one, in the painter's pixels."""
SURROUNDINGS = 2.0
"""A hole is reduced until the painter's side is so many times its thickness; thin ones need little of it."""
MOST_TIMES = 4.0
"""What a painter is given is at most so many times its own side."""


def filled(
    colours: Array, hole: Array, known: Array, paint: Paint, *, own_side: int, least_side: int, seed: int
) -> Array:
    """Colours (h, w, 3) float32 in 0..1 whose hole is painted, without a seam and with the grain of what is around it.

    What is large is reduced, painted and enlarged. Holes of other pieces are painted too.

    Args:
        colours: those of the photo; what they are in the hole counts for nothing. They are not changed.
        hole: (h, w) bool, what is filled. known: (h, w) bool, where colours hold: all else but holes of other pieces.
        paint: the painter.
        own_side: in pixels, the longer side of pictures that it paints best: `reduction` says what it is given.
        least_side: in pixels, of both sides of what it is given.
        seed: of what the grain leaves to chance.
    """
    height, width = hole.shape
    factor = reduction(hole, own_side)
    small_height = max(round(height * factor), min(least_side, height))
    small_width = max(round(width * factor), min(least_side, width))
    reaches = [share * max(small_height, small_width) for share in REACHES] + [CLOSEST_REACH]
    if factor == 1.0:
        painted = without_seam(colours, paint(colours, ~known), known, hole, reaches)
    else:
        small_size = small_width, small_height
        small = cv2.resize(np.where(known[..., None], colours, 0), small_size, interpolation=cv2.INTER_AREA)
        shares = cv2.resize(known.astype(np.float32), small_size, interpolation=cv2.INTER_AREA)
        small_known = shares > 1 - 1e-4
        small_painted = paint(small, ~small_known)
        small_painted = without_seam(small, small_painted, small_known, ~small_known, reaches)
        together = np.where(small_known[..., None], small, small_painted)
        painted = cv2.resize(together, (width, height), interpolation=cv2.INTER_CUBIC)
        painted = without_seam(colours, painted, known, hole, [CLOSEST_REACH / factor])
    together = np.where(known[..., None], colours, np.clip(painted, 0, 1)).astype(np.float32)
    return with_grain(together, hole, known, seed)


def reduction(hole: Array, own_side: int) -> float:
    """What a part of a photo with a hole (h, w) bool is multiplied by before it is painted, at most 1.

    A part that is no larger than the painter's side stays. A larger one comes to that side, or less far where its hole
    is long but thin: a wire across a picture is painted at nearly its own size.
    """
    longer = max(hole.shape)
    thickness = 2 * float(cv2.distanceTransform(hole.astype(np.uint8), cv2.DIST_L2, 5).max())
    by_side, by_thickness = own_side / longer, own_side / (SURROUNDINGS * thickness)
    return min(1.0, max(by_side, min(by_thickness, MOST_TIMES * by_side)))
