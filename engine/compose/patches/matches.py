"""For each patch that shows a hole, the known patch that looks most like it: a randomised search.

PatchMatch (Barnes et al., SIGGRAPH 2009): what suits a pixel, moved by one, is likely to suit its neighbour, and
random places ever closer to the best one find the rest. All pixels are asked at once, in numpy.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

Array = np.ndarray
PATCH = 7
"""Side of a patch in pixels."""
REACH = PATCH // 2
STEPS = ((0, 4), (4, 0), (0, 1), (1, 0))
"""From how far away, in rows and columns, and on both sides, a pixel hears of good places."""
UPRIGHT = 2.0
"""Distances between rows count so much more: what lies at the same height of a photo is likelier to be alike."""
_ROWS, _COLUMNS = (field.ravel() for field in np.mgrid[-REACH : REACH + 1, -REACH : REACH + 1])
OFFSETS = [(int(row), int(column)) for row, column in zip(_ROWS, _COLUMNS, strict=True)]
_COMPARED = np.flatnonzero((_ROWS + _COLUMNS) % 2 == 0)
"""Every second pixel of a patch, as on a chessboard, says as much and costs half."""


@dataclass(frozen=True)
class Places:
    """Where patches are looked for, in a padded picture of `shape` (h, w).

    targets: (N,) flat places of the middles of patches that show a hole. number: (h * w,) which of them a place is, or
    -1. usable: (h * w,) bool, middles of patches that are known as a whole.
    """

    shape: tuple[int, int]
    targets: Array
    number: Array
    usable: Array
    sources: Array

    @classmethod
    def of(cls, hole: Array, usable: Array) -> Places:
        """hole, usable: (h, w) bool, nothing of either within `REACH` of the sides."""
        kernel = np.ones((PATCH, PATCH), np.uint8)
        shows = cv2.dilate(hole.astype(np.uint8), kernel) > 0
        shows[:REACH], shows[-REACH:], shows[:, :REACH], shows[:, -REACH:] = False, False, False, False
        targets = np.flatnonzero(shows)
        number = np.full(hole.size, -1, np.int64)
        number[targets] = np.arange(len(targets))
        return cls(hole.shape, targets, number, usable.ravel(), np.flatnonzero(usable))

    @property
    def offsets(self) -> Array:
        """(PATCH * PATCH,) of a patch's pixels from its middle, in flat places."""
        return _ROWS * self.shape[1] + _COLUMNS


class Matches:
    """The best places found so far for a picture as it is now.

    found: (N,) flat place of the middle of each target's best patch. distances: (N,) the mean square they differ by.
    """

    def __init__(self, places: Places, picture: Array, chosen: Array, farness: float) -> None:
        """picture: (h, w, C) float32. farness: see `distance_costs`."""
        self.places, self.found = places, chosen
        self._pixels = picture.reshape(-1, picture.shape[2])
        self._compared = places.offsets[_COMPARED]
        self._wanted = self._pixels[places.targets[:, None] + self._compared]  # (N, 25, C)
        self._farness = farness
        self.distances = self._distances_of(np.arange(len(chosen)), chosen)

    def search(self, random: np.random.Generator, rounds: int, radius: int) -> None:
        """Look for better places: those of neighbours, then random ones up to `radius` away, so many times over."""
        places, width = self.places, self.places.shape[1]
        height, farthest = places.shape[0], radius
        for _ in range(rounds):
            for down, right in STEPS:
                for sign in (1, -1):
                    step = sign * (down * width + right)
                    beside = places.targets + step
                    inside = (beside >= 0) & (beside < places.number.size)
                    neighbours = np.where(inside, places.number[np.where(inside, beside, 0)], -1)
                    self._try(np.where(neighbours >= 0, self.found[neighbours] - step, -1))
            radius = farthest
            while radius >= 1:
                rows, columns = np.divmod(self.found, width)
                rows = np.clip(rows + random.integers(-radius, radius + 1, len(rows)), 0, height - 1)
                columns = np.clip(columns + random.integers(-radius, radius + 1, len(columns)), 0, width - 1)
                self._try(rows * width + columns)
                radius //= 3

    def _try(self, candidates: Array) -> None:
        """Take those of the candidates (N,) that are usable and better than what is found; -1 is none."""
        possible = (candidates >= 0) & (candidates < self.places.usable.size) & (candidates != self.found)
        possible[possible] = self.places.usable[candidates[possible]]
        asked = np.flatnonzero(possible)
        distances = self._distances_of(asked, candidates[asked])
        better = distances < self.distances[asked]
        chosen = asked[better]
        self.found[chosen], self.distances[chosen] = candidates[chosen], distances[better]

    def _distances_of(self, numbers: Array, candidates: Array) -> Array:
        """(M,) how much the patches at those places differ from those of targets of these numbers."""
        difference = self._pixels[candidates[:, None] + self._compared]
        difference -= self._wanted[numbers]
        np.square(difference, out=difference)
        distances: Array = difference.sum((1, 2)) / len(self._compared)
        distances += distance_costs(self.places.targets[numbers], candidates, self.places.shape, self._farness)
        return distances


def distance_costs(targets: Array, sources: Array, shape: tuple[int, int], farness: float) -> Array:
    """What sources count less for how far they lie from targets, both flat places, broadcast: `farness` at a distance
    of the longer side."""
    (rows, columns), (source_rows, source_columns) = np.divmod(targets, shape[1]), np.divmod(sources, shape[1])
    squares = (UPRIGHT * (rows - source_rows)) ** 2 + (columns - source_columns) ** 2
    costs: Array = (farness / max(shape) ** 2 * squares).astype(np.float32)
    return costs
