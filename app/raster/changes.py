"""What changed in a label map, and what was there before: runs of equal pixels inside a box.

A label map is made of large flat areas, so a change of a 2048 x 2048 map takes kilobytes, not megabytes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from app.raster.boxes import Box

_RUN_BYTES = 6  # start uint32, value uint8, changed or not


class PixelRuns:
    """The changed pixels of a block of a label map and the values they had, run-length coded.

    Falls back to a bit mask and the raw values where runs would be larger (noise).
    """

    def __init__(self, *, old: np.ndarray, changed: np.ndarray) -> None:
        """`old`: (h, w) uint8 block before the change; `changed`: (h, w) bool."""
        self._shape = old.shape
        flat_values, flat_changed = old.ravel(), changed.ravel()
        run_begins = flat_values[1:] != flat_values[:-1]
        run_begins |= flat_changed[1:] != flat_changed[:-1]
        starts = np.flatnonzero(run_begins)
        self._runs: tuple[np.ndarray, np.ndarray, np.ndarray] | None = None
        self._raw: tuple[np.ndarray, np.ndarray] | None = None
        if (starts.size + 1) * _RUN_BYTES <= flat_changed.size // 8 + int(np.count_nonzero(flat_changed)):
            starts = np.concatenate(([0], starts + 1)).astype(np.uint32)
            self._runs = starts, flat_values[starts], flat_changed[starts]
        else:
            self._raw = np.packbits(flat_changed), old[changed]

    @property
    def nbytes(self) -> int:
        return sum(array.nbytes for array in (self._runs or self._raw or ()))

    def to_plain(self) -> dict[str, Any]:
        """As plain data; `from_plain` reads it back."""
        arrays = self._runs or self._raw or ()
        way = "runs" if self._runs is not None else "raw"
        return {"shape": list(self._shape), way: [array.tobytes() for array in arrays]}

    @classmethod
    def from_plain(cls, plain: dict[str, Any]) -> PixelRuns:
        """Raises ValueError, KeyError or TypeError for what `to_plain` never gives."""
        height, width = plain["shape"]
        runs = cls.__new__(cls)
        runs._shape, runs._runs, runs._raw = (int(height), int(width)), None, None
        if "raw" in plain:
            bits, values = (np.frombuffer(data, np.uint8) for data in plain["raw"])
            count = height * width
            sound = bits.size == -(-count // 8) and int(np.unpackbits(bits, count=count).sum()) == values.size
            runs._raw = bits, values
        else:
            starts, values, flags = (
                np.frombuffer(data, kind)
                for data, kind in zip(plain["runs"], (np.uint32, np.uint8, np.uint8), strict=True)
            )
            ends = np.append(starts[1:], height * width)
            sound = values.size == flags.size == starts.size > 0 == starts[0] and bool((ends > starts).all())
            runs._runs = starts, values, flags != 0
        if not sound:
            raise ValueError("no pixels that were changed")
        return runs

    def decode(self) -> tuple[np.ndarray, np.ndarray]:
        """Returns (values (h, w) uint8, valid only where changed; changed (h, w) bool)."""
        pixel_count = self._shape[0] * self._shape[1]
        if self._runs is not None:
            starts, run_values, run_flags = self._runs
            lengths = np.append(starts[1:], np.uint32(pixel_count)).astype(np.int64) - starts
            return (
                np.repeat(run_values, lengths).reshape(self._shape),
                np.repeat(run_flags, lengths).reshape(self._shape),
            )
        assert self._raw is not None
        changed_bits, old_values = self._raw
        changed = np.unpackbits(changed_bits, count=pixel_count).astype(bool).reshape(self._shape)
        values = np.zeros(self._shape, dtype=np.uint8)
        values[changed] = old_values
        return values, changed


@dataclass(frozen=True)
class PixelChange:
    """Where pixels changed, and what they were."""

    box: Box
    runs: PixelRuns

    @property
    def nbytes(self) -> int:
        return self.runs.nbytes


def record_change(*, before: np.ndarray, after: np.ndarray, box: Box) -> PixelChange | None:
    """What differs between two blocks, (h, w) uint8, that lie at `box`; None where nothing does."""
    if box.empty:
        return None
    changed = before != after
    rows = np.flatnonzero(changed.any(axis=1))
    if rows.size == 0:
        return None
    columns = np.flatnonzero(changed.any(axis=0))
    tight_box = Box(
        box.x0 + int(columns[0]),
        box.y0 + int(rows[0]),
        box.x0 + int(columns[-1]) + 1,
        box.y0 + int(rows[-1]) + 1,
    )
    changed_block = slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)
    return PixelChange(tight_box, PixelRuns(old=before[changed_block], changed=changed[changed_block]))
