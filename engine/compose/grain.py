"""Fine detail of a filled hole: as much as there is around it, taken from places of the photo that look alike.

A network paints at a size of its own. Enlarged, its picture is smooth where the photo has grain and texture, and the
eye sees the patch. Detail is what a small blur takes away; its energy is the mean square of its luma.
"""

from __future__ import annotations

import math

import cv2
import numpy as np

Array = np.ndarray
FINE = 1.2
"""Standard deviation in pixels of the blur that fine detail is the rest of."""
MARGIN = 8
"""Pixels around a hole that its fine detail depends on: more than the blur reaches."""
BLOCK = 16
"""Side in pixels of the pieces that detail is copied in; they overlap by half."""
CELLS = 4
"""A piece is told by its mean colours in so many rows and columns."""
MOST_SOURCES = 4096
ALIKE = 16
"""Of so many places that look the most alike one is drawn: always the same one would repeat as a pattern."""
NEAR_ENOUGH = 0.02
"""The energy in a hole may be off by this share."""
TOGETHER = 512
"""Places that are compared at once."""
LOOKED = 24
"""Halvings in the search for how much is added."""
LUMA = np.array([0.299, 0.587, 0.114], np.float32)


def fine_detail(colours: Array) -> Array:
    """(h, w, 3) float32 -> the same: what a small blur takes away."""
    detail: Array = colours - cv2.GaussianBlur(colours, (0, 0), FINE, borderType=cv2.BORDER_REFLECT)
    return detail


def fine_energy(colours: Array, where: Array) -> float:
    """Mean square of the luma of fine detail at the pixels `where` (h, w) bool; 0 where there is none."""
    luma = fine_detail(colours)[where] @ LUMA
    return float(np.square(luma).mean()) if luma.size else 0.0


def ring_around(hole: Array, known: Array) -> Array:
    """(h, w) bool: the known pixels that are close to a hole, about as many as it has."""
    width = max(4.0, np.sqrt(float(hole.sum())) / 4)
    distance = cv2.distanceTransform((~hole).astype(np.uint8), cv2.DIST_L2, 5)
    ring: Array = known & (distance <= width) & ~hole
    return ring


def with_grain(colours: Array, hole: Array, known: Array, seed: int, most: float = math.inf) -> Array:
    """Colours whose hole has as much fine detail as the known pixels around it; all else as it is.

    Where it has too little, detail of the photo is added; where it has too much, its own is weakened.

    Args:
        colours: (h, w, 3) float32 in 0..1, the photo with its hole filled. It is not changed.
        hole: (h, w) bool. known: (h, w) bool, whose colours are the photo's own.
        seed: decides among places that look alike.
        most: energy that the hole is to have at most, whatever is around it.
    """
    ring = ring_around(hole, known)
    if not ring.any() or not hole.any():
        return colours
    wanted, has = min(fine_energy(colours, ring), most), fine_energy(colours, hole)
    if abs(has - wanted) <= NEAR_ENOUGH * wanted:
        return colours
    if has < wanted:
        added = borrowed_detail(colours, hole, known, seed)
        top = 4.0
    else:
        added, top = -fine_detail(colours), 1.0
    box = _box_around(hole)
    changed = colours.copy()
    changed[box] = _by_energy(colours[box], added[box], hole[box], wanted, top)
    return changed


def _box_around(hole: Array) -> tuple[slice, slice]:
    """Rows and columns of a hole and of all that its fine detail depends on."""
    spans = (np.flatnonzero(hole.any(axis)) for axis in (1, 0))
    rows, columns = (slice(max(0, int(span[0]) - MARGIN), int(span[-1]) + 1 + MARGIN) for span in spans)
    return rows, columns


def _by_energy(colours: Array, added: Array, hole: Array, wanted: float, top: float) -> Array:
    """Colours with that share, 0 to `top`, of `added` in the hole that comes closest to the energy `wanted`."""

    def with_share(share: float) -> Array:
        changed: Array = np.where(hole[..., None], np.clip(colours + np.float32(share) * added, 0, 1), colours)
        return changed

    low, high, rises = 0.0, top, fine_energy(with_share(top), hole) > fine_energy(colours, hole)
    for _ in range(LOOKED):
        middle = (low + high) / 2
        changed = with_share(middle)
        energy = fine_energy(changed, hole)
        if abs(energy - wanted) <= NEAR_ENOUGH * wanted:
            break
        if (energy < wanted) == rises:
            low = middle
        else:
            high = middle
    return changed


def borrowed_detail(colours: Array, hole: Array, known: Array, seed: int) -> Array:
    """(h, w, 3) float32: in the hole, fine detail of known places whose coarse colours are the most alike.

    Pieces overlap and are put together so that their energy stays. Zero where no place is known as a whole.
    """
    height, width = hole.shape
    if min(height, width) < BLOCK:
        return _shuffled_detail(colours, hole, known, seed)
    coarse = cv2.GaussianBlur(colours, (0, 0), FINE, borderType=cv2.BORDER_REFLECT)
    sources = _sources(known, seed)
    if not len(sources):
        return _shuffled_detail(colours, hole, known, seed)
    targets = _targets(hole)
    nearest = _alike(_descriptions(coarse, targets), _descriptions(coarse, sources), seed)
    detail = colours - coarse
    ramp = np.sin((np.arange(BLOCK, dtype=np.float32) + 0.5) * np.pi / BLOCK)
    window = np.outer(ramp, ramp)[..., None]
    summed, squares = np.zeros_like(colours), np.zeros((height, width, 1), np.float32)
    for (row, column), source in zip(targets, sources[nearest]):
        piece = detail[source[0] : source[0] + BLOCK, source[1] : source[1] + BLOCK]
        summed[row : row + BLOCK, column : column + BLOCK] += piece * window
        squares[row : row + BLOCK, column : column + BLOCK] += window**2
    borrowed: Array = summed / np.sqrt(np.maximum(squares, 1e-6))
    return borrowed


def _shuffled_detail(colours: Array, hole: Array, known: Array, seed: int) -> Array:
    """Fine detail of known pixels in another order: for pictures too small, or too full of holes, for pieces."""
    own = fine_detail(colours)[known]
    chosen = np.random.default_rng(seed).integers(0, len(own), hole.shape)
    shuffled: Array = own[chosen]
    return shuffled


def _sources(known: Array, seed: int) -> Array:
    """(N, 2) rows and columns of pieces that are known as a whole, at most `MOST_SOURCES`, drawn."""
    known_pieces = cv2.erode(known.astype(np.uint8), np.ones((BLOCK, BLOCK), np.uint8), anchor=(0, 0), borderValue=0)
    known_pieces = known_pieces[: known.shape[0] - BLOCK + 1, : known.shape[1] - BLOCK + 1]
    places = np.flatnonzero(known_pieces)
    if len(places) > MOST_SOURCES:
        places = places[np.random.default_rng(seed).integers(0, len(places), MOST_SOURCES)]
    return np.stack(np.unravel_index(places, known_pieces.shape), axis=1)


def _targets(hole: Array) -> Array:
    """(N, 2) rows and columns of the pieces, half a piece apart, that cover a hole."""
    height, width = hole.shape
    rows = [*range(0, height - BLOCK, BLOCK // 2), height - BLOCK]
    columns = [*range(0, width - BLOCK, BLOCK // 2), width - BLOCK]
    covering = [(y, x) for y in rows for x in columns if hole[y : y + BLOCK, x : x + BLOCK].any()]
    return np.array(covering)


def _descriptions(coarse: Array, places: Array) -> Array:
    """(N, CELLS * CELLS * 3) float32: the mean colours of pieces of a coarse picture, cell by cell."""
    cell = BLOCK // CELLS
    means = cv2.blur(coarse, (cell, cell), anchor=(0, 0), borderType=cv2.BORDER_REFLECT)
    offsets = np.arange(CELLS) * cell
    rows = places[:, 0, None, None] + offsets[:, None]
    columns = places[:, 1, None, None] + offsets
    return means[rows, columns].reshape(len(places), -1)


def _alike(targets: Array, sources: Array, seed: int) -> Array:
    """(N,) for each target the number of a source that is among those closest to it, in the sum of squares."""
    count, lengths = min(ALIKE, len(sources)), np.square(sources).sum(1)
    drawn = np.random.default_rng(seed).integers(0, count, len(targets))
    chosen = []
    for first in range(0, len(targets), TOGETHER):
        rows = slice(first, first + TOGETHER)
        distances = lengths - 2 * targets[rows] @ sources.T
        closest = np.argpartition(distances, count - 1, axis=1)[:, :count]
        chosen.append(np.take_along_axis(closest, drawn[rows, None], axis=1)[:, 0])
    return np.concatenate(chosen)
