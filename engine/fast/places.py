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
    styled: the codes in the picture at this size that have a style.
    """

    level: Level
    neighbourhoods: Neighbourhoods
    slots: Index | None
    index: Tensor
    styled: list[int]

    @classmethod
    def of(
        cls, level: Level, neighbourhoods: Neighbourhoods, coding: Coding, time_stamp: int, device: torch.device
    ) -> Place:
        """Find or make slots for `neighbourhoods` at time `time_stamp`."""
        slots = level.assign(neighbourhoods, time_stamp)
        pixel_rows = neighbourhoods.index if slots is None else slots[neighbourhoods.index]
        styled = [int(code) for code in np.unique(neighbourhoods.codes[:, TAPS // 2]) if coding.is_styled(code)]
        return cls(level, neighbourhoods, slots, on_device(pixel_rows, device), styled)


def kept_rows(layer: Layer, place: Place, time_stamp: int, workspace: Workspace) -> Rows:
    """The layer's kept rows, brought up to date."""
    assert place.slots is not None
    row_table = layer.table(place.level, place.neighbourhoods, place.slots, time_stamp, workspace)
    return lambda first, last: (row_table, place.index[first:last])


class PassingRows:
    """Rows of one stretch of pixels at a time, asked for in order."""

    def __init__(self, layer: Layer, neighbourhoods: Neighbourhoods, workspace: Workspace) -> None:
        self._layer, self._neighbourhoods, self._work = layer, neighbourhoods, workspace
        self._first = self._last = 0
        self._table = torch.empty(0)
        self._index = torch.empty(0)

    def __call__(self, first_pixel: int, end_pixel: int) -> tuple[Tensor, Tensor]:
        """See `engine.fast.pixels.Rows`."""
        if not self._first <= first_pixel <= end_pixel <= self._last:
            stretch_length = max(end_pixel - first_pixel, PASSING_BYTES // (2 * self._layer.channels * 4))
            self._first, self._last = first_pixel, min(first_pixel + stretch_length, len(self._neighbourhoods.index))
            stretch_index = self._neighbourhoods.index[self._first : self._last]
            distinct_rows, pixel_rows = np.unique(stretch_index, return_inverse=True)
            self._table = self._layer.passing(self._neighbourhoods, distinct_rows, self._work)
            self._index = on_device(pixel_rows.reshape(-1), self._table.device)
        return self._table, self._index[first_pixel - self._first : end_pixel - self._first]
