"""Whose a pixel is where frames of one photo overlap: shared out by distance, so that all shares sum to 1."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

Array = np.ndarray
Circle = tuple[float, float, float]
"""A frame's centre (x right, y down) and its side, in longer sides of the photo."""
BAND = 0.1
"""How much farther than the nearest frame, in units of their sides, a frame may be and still have a share."""
TILE = 256
"""Side in pixels of the parts whose shares are found at once."""
STRIP_PIXELS = 1_000_000
"""Pixels that are merged at once."""


def frame_shares(frames: Sequence[Circle], x: Array, y: Array) -> Array:
    """What each frame has of each place.

    Args:
        frames: at least one.
        x, y: arrays of one shape (or that broadcast to one), in longer sides of the photo.

    Returns:
        (number of frames, *shape) float32 in 0..1, sum 1. The distance to a frame's centre counts in units of its
        side: the larger of two faces has more of the hair between them. Halfway each has a half, and over `BAND` it
        goes to the nearer one, without a step anywhere.
    """
    away = np.stack([np.hypot(x - centre_x, y - centre_y) / side for centre_x, centre_y, side in frames])
    raw = np.clip(1 - (away - away.min(0)) / BAND, 0, 1)
    shared: Array = (raw / raw.sum(0)).astype(np.float32)
    return shared


@dataclass(frozen=True)
class Claim:
    """What one frame has of a photo beside `others`, of whose edits none may reach into it."""

    own: Circle
    others: tuple[Circle, ...] = ()

    def of(self, rows: slice, columns: slice, height: int, width: int) -> Array:
        """(h, w) float32 in 0..1: its share of the pixels in those rows and columns of the photo at that size."""
        longer = max(height, width)
        x = (np.arange(columns.start, columns.stop) + 0.5) / longer
        y = (np.arange(rows.start, rows.stop) + 0.5) / longer
        share = np.empty((len(y), len(x)), np.float32)
        for top in range(0, len(y), TILE):
            for left in range(0, len(x), TILE):
                tile_x, tile_y = x[left : left + TILE], y[top : top + TILE]
                share[top : top + TILE, left : left + TILE] = self._share(tile_x, tile_y)
        return share

    def _share(self, x: Array, y: Array) -> Array | float:
        """What it has of a tile's columns and rows: of a crowd a few others may have any of it too."""
        nearest, farthest = _distances(self.own, x, y)
        others = [(other, *_distances(other, x, y)) for other in self.others]
        if any(other_farthest + BAND < nearest for _, _, other_farthest in others):
            return 0.0
        beside = [other for other, other_nearest, _ in others if other_nearest < farthest + BAND]
        share: Array = frame_shares((self.own, *beside), x[None, :], y[:, None])[0]
        return share


def _distances(circle: Circle, x: Array, y: Array) -> tuple[float, float]:
    """From a frame to the nearest and to the farthest place in ascending columns x and rows y, in its sides."""
    centre_x, centre_y, side = circle
    away = [(low - centre, high - centre) for low, high, centre in ((x[0], x[-1], centre_x), (y[0], y[-1], centre_y))]
    nearest = np.hypot(*(max(low, -high, 0) for low, high in away))
    farthest = np.hypot(*(max(-low, high) for low, high in away))
    return float(nearest / side), float(farthest / side)


def merged(photo: Array, pictures: Sequence[tuple[Array, Claim | None]]) -> Array:
    """A photo as several frames changed it.

    Args:
        photo: (H, W[, C]) uint8 or uint16.
        pictures: the same photo as one frame changed it, and that frame's claim; None: all that no frame with a claim
            changes.

    Returns:
        New samples; the photo's own where no picture differs from it, a picture's own where it alone does.
    """
    result = photo.copy()
    height, width = photo.shape[:2]
    rows_at_once = max(1, STRIP_PIXELS // width)
    for top in range(0, height, rows_at_once):
        rows = slice(top, min(height, top + rows_at_once))
        unclaimed, claimed = _added(photo, pictures, rows, width, height)
        if unclaimed is not None:
            result[rows] = np.rint(photo[rows] + unclaimed * (1 - np.minimum(claimed[0], 1)) + claimed[1])
    return result


def _added(
    photo: Array, pictures: Sequence[tuple[Array, Claim | None]], rows: slice, width: int, height: int
) -> tuple[Array | None, tuple[Array, Array]]:
    """What pictures without a claim add to rows of the photo, None where none differs at all; how much of each pixel
    those with one have changed, and what they add."""
    unclaimed = added = np.zeros(photo[rows].shape, np.float32)
    weight = np.zeros(added.shape[:2] + (1,) * (added.ndim - 2), np.float32)
    differs = False
    for picture, claim in pictures:
        step = picture[rows].astype(np.float32) - photo[rows]
        if not step.any():
            continue
        differs = True
        if claim is None:
            unclaimed = unclaimed + step
            continue
        share = claim.of(rows, slice(0, width), height, width).reshape(weight.shape)
        is_changed = step.any(-1, keepdims=True) if step.ndim == 3 else step != 0
        weight = weight + share * is_changed
        added = added + share * step
    return (unclaimed if differs else None), (weight, added)
