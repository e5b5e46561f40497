"""The pixels of a label map as they are painted: locks respected, areas counted along. No Qt."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from app.raster import strokes
from app.raster.boxes import EMPTY, Box
from app.raster.changes import PixelChange, PixelRuns, record_change
from app.raster.counting import count_labels
from app.raster.frozen_maps import FrozenMap, LiveMap


class LabelPixels:
    """A live label map; `areas`, (256,) int64, are the pixels of each label."""

    def __init__(self, frozen: FrozenMap, locked: frozenset[int]) -> None:
        self._live = LiveMap(frozen)
        self.label_map = self._live.pixels  # (H, W) uint8, written by the methods here alone
        self.areas = frozen.areas.copy()
        self.set_locked(locked)

    def set_locked(self, locked: frozenset[int]) -> None:
        """The labels whose pixels `paint` leaves alone."""
        self._any_locked = bool(locked)
        self._locked = np.zeros(256, dtype=bool)
        self._locked[list(locked)] = True

    @property
    def whole(self) -> Box:
        return Box(0, 0, self.label_map.shape[1], self.label_map.shape[0])

    def freeze(self) -> FrozenMap:
        """The map as it is now; copies only what was painted on since the last one."""
        return self._live.freeze()

    def paint(self, box: Box, mask: np.ndarray, label: int) -> Box:
        """Writes `label` where `mask` (bool, of the box's shape) is set, except over locked labels.

        Returns the box, or an empty one where nothing changed.
        """
        if box.empty:
            return EMPTY
        block = self.label_map[box.slices]
        changed = block != label
        changed &= mask
        if self._any_locked:
            changed &= ~self._locked[block]
        lost_counts = count_labels(block, changed)
        gained_count = int(lost_counts.sum())
        if gained_count == 0:
            return EMPTY
        self.areas -= lost_counts
        self.areas[label] += gained_count
        np.copyto(block, np.uint8(label), where=changed)
        self._live.touch(box)
        return box

    def take(self, frozen: FrozenMap) -> None:
        """Puts the whole of a map of the same size into this one's place, locks or not."""
        self._live.take(frozen)
        self.areas[...] = frozen.areas

    def write(self, box: Box, values: np.ndarray) -> None:
        """Puts `values`, (h, w) uint8, into the box, locks or not."""
        block = self.label_map[box.slices]
        self.areas += count_labels(values) - count_labels(block)
        block[...] = values
        self._live.touch(box)

    def swap(self, change: PixelChange) -> PixelChange:
        """Puts the kept values back; returns what they replaced."""
        values, changed = change.runs.decode()
        block = self.label_map[change.box.slices]
        replaced = PixelChange(change.box, PixelRuns(old=block, changed=changed))
        self.areas -= count_labels(block, changed)
        np.copyto(block, values, where=changed)
        self.areas += count_labels(block, changed)
        self._live.touch(change.box)
        return replaced

    def change_since(self, before: FrozenMap, box: Box) -> PixelChange | None:
        """What differs inside `box` from an earlier version of the map; None where nothing does."""
        return record_change(before=before.block(box), after=self.label_map[box.slices], box=box)


class Stroke:
    """A brush stroke between press and release."""

    def __init__(self, pixels: LabelPixels, label: int, text: str) -> None:
        """`text` names it in the history."""
        self.text = text
        self._pixels = pixels
        self._label = label
        self._before = pixels.freeze()
        self._box = EMPTY
        self._last: tuple[float, float, float] | None = None  # x, y, radius

    def extend(self, points: Sequence[tuple[float, float]], radii: Sequence[float]) -> Box:
        """Paints on to each point in turn; the very first one is a dot. Returns where pixels changed."""
        height, width = self._pixels.label_map.shape
        dirty = EMPTY
        for (x, y), wanted_radius in zip(points, radii, strict=True):
            radius = min(strokes.MAX_DIAMETER / 2, max(strokes.MIN_DIAMETER / 2, wanted_radius))
            from_x, from_y, from_radius = self._last or (x, y, radius)
            self._last = (x, y, radius)
            box, mask = strokes.segment_mask(
                start=(from_x, from_y),
                end=(x, y),
                start_radius=from_radius,
                end_radius=radius,
                height=height,
                width=width,
            )
            dirty = dirty.union(self._pixels.paint(box, mask, self._label))
        self._box = self._box.union(dirty)
        return dirty

    def change(self) -> PixelChange | None:
        """What the stroke changed since the press; None where nothing."""
        return self._pixels.change_since(self._before, self._box)

    def take_back(self) -> Box:
        """Restores the label map as it was at the press. Returns where."""
        if not self._box.empty:
            self._pixels.write(self._box, self._before.block(self._box))
        return self._box
