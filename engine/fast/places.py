"""Where the rows of one picture's pixels are: in a level's tables, or evaluated in passing.

Usually every row of a picture fits into the memory granted to its level. Where it does not (a map of noise, in
which every pixel has surroundings of its own; a small limit), rows are evaluated for a stretch of pixels, used and
dropped: as exact, and never more than `PASSING_BYTES` of them at a time.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from engine.fast.levels import Level
from engine.fast.modulation import Layer
from engine.fast.neighbourhoods import TAPS, Coding, Index, Neighbourhoods, on_device
from engine.fast.pixels import Rows, Workspace

PASSING_BYTES = 8 << 20


@dataclass(frozen=True)
class Place:
    """One level of one picture.

    slots: of the neighbourhoods, None if the level cannot hold them.
    index: (H * W,) each pixel's slot, or without slots each pixel's neighbourhood.
    labels: the ids in the picture at this size.
    """

    level: Level
    found: Neighbourhoods
    slots: Index | None
    index: Tensor
    labels: list[int]

    @classmethod
    def of(cls, level: Level, found: Neighbourhoods, coding: Coding, now: int, device: torch.device) -> Place:
        """Find or make slots for `found` at time `now`."""
        slots = level.assign(found, now)
        index = found.index if slots is None else slots[found.index]
        labels = [int(code) for code in np.unique(found.codes[:, TAPS // 2]) if code < coding.labels]
        return cls(level, found, slots, on_device(index, device), labels)


def kept_rows(layer: Layer, place: Place, now: int, work: Workspace) -> Rows:
    """The layer's kept rows, brought up to date."""
    assert place.slots is not None
    table = layer.table(place.level, place.found, place.slots, now, work)
    return lambda first, last: (table, place.index[first:last])


class PassingRows:
    """Rows of one stretch of pixels at a time, asked for in order."""

    def __init__(self, layer: Layer, found: Neighbourhoods, work: Workspace) -> None:
        self._layer, self._found, self._work = layer, found, work
        self._first = self._last = 0
        self._table = torch.empty(0)
        self._index = torch.empty(0)

    def __call__(self, first: int, last: int) -> tuple[Tensor, Tensor]:
        """See `engine.fast.pixels.Rows`."""
        if not self._first <= first <= last <= self._last:
            stretch = max(last - first, PASSING_BYTES // (2 * self._layer.channels * 4))
            self._first, self._last = first, min(first + stretch, len(self._found.index))
            which, index = np.unique(self._found.index[self._first : self._last], return_inverse=True)
            self._table = self._layer.passing(self._found, which, self._work)
            self._index = on_device(index.reshape(-1), self._table.device)
        return self._table, self._index[first - self._first : last - self._first]
