"""Which modulation rows are kept: slots for the neighbourhoods of one depth of the network, least recent out first.

A level is the part of a generator that works at one size (8 x 8, 16 x 16, ...). Its normalisation layers see the
same label map, so they share one assignment of neighbourhoods to slots; each layer keeps its numbers in tables
that are indexed by slot (`engine.fast.modulation`). A pixel then needs one index for all layers of its level.

Memory: a level's tables never hold more rows than it was granted. `grant` divides a number of bytes among the
levels of a picture; a level that cannot hold all rows of the picture keeps none of it and evaluates in passing.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from engine.fast.neighbourhoods import TAPS, Codes, Coding, Index, Inner, Keys, Neighbourhoods

Stamps = NDArray[np.int64]

BOOKKEEPING = 2 * TAPS + 5 * 8  # bytes per slot: codes, key, two stamps, key and slot in order
SLACK = 1.2


class Table(Protocol):
    """What a layer keeps per slot."""

    row_bytes: int

    def resize(self, slot_count: int, kept_slots: Index | None) -> None:
        """Make room for `slot_count` rows; row n of the new table is row kept_slots[n] of the old (all if None)."""


class Level:
    """Slots for the neighbourhoods that one level has met.

    born[slot]: the time from which the slot belongs to its present neighbourhood; rows written before are another's.
    used[slot]: when a picture last needed it.
    """

    def __init__(self, tables: Sequence[Table]) -> None:
        self.tables = list(tables)
        self.row_bytes = sum(table.row_bytes for table in tables) + BOOKKEEPING
        self.ceiling = 0
        self.clear()

    def clear(self) -> None:
        """Forget everything and free the memory."""
        self.keys: Keys = np.empty(0, np.uint64)
        self.codes: Codes = np.empty((0, TAPS), np.int16)
        self.born: Stamps = np.empty(0, np.int64)
        self.used: Stamps = np.empty(0, np.int64)
        self._inner: dict[bytes, Inner] = {}
        self.count = 0  # slots 0 .. count - 1 are taken
        self._sorted: Keys = np.empty(0, np.uint64)
        self._order: Index = np.empty(0, np.int64)
        for table in self.tables:
            table.resize(0, None)

    @property
    def capacity(self) -> int:
        """Slots there is room for."""
        return len(self.keys)

    def find(self, keys: Keys) -> Index:
        """Slot of each key, -1 where it has none."""
        if not self.count:
            return np.full(len(keys), -1, np.int64)
        positions = np.minimum(np.searchsorted(self._sorted, keys), self.count - 1)
        return np.where(self._sorted[positions] == keys, self._order[positions], -1)

    def assign(self, neighbourhoods: Neighbourhoods, time_stamp: int) -> Index | None:
        """A slot for each neighbourhood at time `time_stamp`, or None if they are more than the level was granted."""
        if len(neighbourhoods) > self.ceiling:
            return None
        self._inner.clear()
        slots = self.find(neighbourhoods.keys)
        self.used[slots[slots >= 0]] = time_stamp
        missing = np.flatnonzero(slots < 0)
        if len(missing):
            new_slots = self._free_slots(len(missing), time_stamp)
            slots[missing] = new_slots
            self.keys[new_slots], self.codes[new_slots] = neighbourhoods.keys[missing], neighbourhoods.codes[missing]
            self.born[new_slots] = self.used[new_slots] = time_stamp
            self._order = np.argsort(self.keys[: self.count], kind="stable")
            self._sorted = self.keys[self._order]
        return slots

    def inner(self, slots: Index, coding: Coding) -> Inner:
        """The 3 x 3 neighbourhoods within those at `slots`; the level's layers ask for the same ones in turn."""
        slots_key = self.keys[slots].tobytes()
        if slots_key not in self._inner:
            self._inner[slots_key] = Inner.of(self.codes[slots], coding)
        return self._inner[slots_key]

    def forget_inner(self) -> None:
        """Let go of what `inner` keeps for the layers of one picture."""
        self._inner.clear()

    def _free_slots(self, wanted_count: int, time_stamp: int) -> Index:
        """Slots for `wanted_count` new neighbourhoods: empty ones, then more memory, then the least recently used."""
        if self.count + wanted_count > self.capacity < self.ceiling:
            self._resize(min(self.ceiling, int(SLACK * (self.count + wanted_count)) + 16))
        fresh_slots = np.arange(self.count, min(self.count + wanted_count, self.capacity))
        self.count += len(fresh_slots)
        shortage = wanted_count - len(fresh_slots)
        if not shortage:
            return fresh_slots
        idle_slots = np.flatnonzero(self.used[: self.count - len(fresh_slots)] < time_stamp)
        oldest_slots = idle_slots[np.argsort(self.used[idle_slots], kind="stable")[:shortage]]
        return np.concatenate([fresh_slots, oldest_slots])

    def shrink(self) -> None:
        """Give back what exceeds the ceiling, keeping the most recently used rows."""
        if self.capacity <= self.ceiling:
            return
        if self.ceiling == 0:
            self.clear()
            return
        recent_slots = np.argsort(-self.used[: self.count], kind="stable")[: self.ceiling]
        self._resize(self.ceiling, np.sort(recent_slots))
        self._order = np.argsort(self.keys[: self.count], kind="stable")
        self._sorted = self.keys[self._order]

    def _resize(self, slot_count: int, kept_slots: Index | None = None) -> None:
        kept_indices = np.arange(self.count) if kept_slots is None else kept_slots
        for array_name in ("keys", "codes", "born", "used"):
            old_array = getattr(self, array_name)
            new_array = np.zeros((slot_count, *old_array.shape[1:]), old_array.dtype)
            new_array[: len(kept_indices)] = old_array[kept_indices]
            setattr(self, array_name, new_array)
        self.count = len(kept_indices)
        for table in self.tables:
            table.resize(slot_count, kept_slots)


def hold_to(levels: Sequence[Level], byte_limit: int) -> None:
    """Make levels that a picture does not need yet hold `byte_limit` bytes at most, each in proportion."""
    held_bytes = sum(level.ceiling * level.row_bytes for level in levels)
    if held_bytes > byte_limit:
        for level in levels:
            level.ceiling = level.ceiling * byte_limit // held_bytes
            level.shrink()


def grant(levels: Sequence[Level], row_counts: Sequence[int], byte_limit: int) -> None:
    """Divide `byte_limit` bytes among `levels`, of which a picture needs `row_counts` rows.

    Levels that need least memory are served first; one whose rows do not fit gets nothing. What is left over is
    room for the past, in proportion to what each needs.
    """
    held_bytes = sum(level.ceiling * level.row_bytes for level in levels)
    suffices = all(level.ceiling >= row_count for level, row_count in zip(levels, row_counts, strict=True))
    if held_bytes <= byte_limit and suffices:
        return  # the last division will do; moving rows about for every brush stroke would not
    bytes_left = byte_limit
    served_levels: list[tuple[Level, int]] = []
    for level, row_count in sorted(zip(levels, row_counts, strict=True), key=lambda pair: pair[1] * pair[0].row_bytes):
        level.ceiling = 0
        if row_count * level.row_bytes <= bytes_left:
            bytes_left -= row_count * level.row_bytes
            served_levels.append((level, row_count))
    served_bytes = sum(row_count * level.row_bytes for level, row_count in served_levels)
    for level, row_count in served_levels:
        level.ceiling = int(row_count * (1 + bytes_left / max(served_bytes, 1)))
    for level in levels:
        level.shrink()
