"""Which part of a picture is looked at to fill a hole in it: the hole with its surroundings."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np

Array = np.ndarray
CONTEXT = 2.0
"""Side of a crop over the longer side of its hole: networks are trained on holes of up to about half a picture."""


@dataclass(frozen=True)
class HoleCrop:
    """A part of a picture around one hole.

    rows, columns: of it in the picture. hole: (h, w) bool, its pixels that are to be filled from this crop.
    """

    rows: slice
    columns: slice
    hole: Array

    def of(self, array: Array) -> Array:
        """That part of an array (H, W, ...): a view."""
        return array[self.rows, self.columns]


def hole_crops(hole: Array, least_side: int, context: float = CONTEXT) -> Iterator[HoleCrop]:
    """The crops that fill a hole (H, W) bool, one for each of its pieces; those close together share one.

    least_side: in pixels; a crop is only smaller where the picture is. context: see `CONTEXT`.
    """
    reach = max(3, least_side // 4) | 1
    joined = cv2.dilate(hole.astype(np.uint8), np.ones((reach, reach), np.uint8))
    count, pieces = cv2.connectedComponents(joined, connectivity=8)
    for piece in range(1, count):
        own = hole & (pieces == piece)
        rows, columns = np.flatnonzero(own.any(1)), np.flatnonzero(own.any(0))
        longer = max(rows[-1] - rows[0], columns[-1] - columns[0]) + 1
        side = max(least_side, math.ceil(context * longer))
        crop = _around(rows, side, hole.shape[0]), _around(columns, side, hole.shape[1])
        yield HoleCrop(*crop, own[crop])


def _around(places: Array, side: int, length: int) -> slice:
    """`side` places (at most all `length`) with those of the hole in the middle, as far as the picture goes."""
    side = min(side, length)
    first = min(max(0, (int(places[0]) + int(places[-1]) + 1 - side) // 2), length - side)
    return slice(first, first + side)
