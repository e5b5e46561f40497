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

    def resize(self, slots: int, keep: Index | None) -> None:
        """Make room for `slots` rows; row n of the new table is row keep[n] of the old (all, in order, if None)."""


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

    @property
    def bytes(self) -> int:
        """Memory of the level's tables."""
        return self.capacity * self.row_bytes

    def find(self, keys: Keys) -> Index:
        """Slot of each key, -1 where it has none."""
        if not self.count:
            return np.full(len(keys), -1, np.int64)
        place = np.minimum(np.searchsorted(self._sorted, keys), self.count - 1)
        return np.where(self._sorted[place] == keys, self._order[place], -1)

    def assign(self, found: Neighbourhoods, now: int) -> Index | None:
        """A slot for each of `found` at time `now`, or None if they are more than the level was granted."""
        if len(found) > self.ceiling:
            return None
        self._inner.clear()
        slots = self.find(found.keys)
        self.used[slots[slots >= 0]] = now
        missing = np.flatnonzero(slots < 0)
        if len(missing):
            new = self._room(len(missing), now)
            slots[missing] = new
            self.keys[new], self.codes[new] = found.keys[missing], found.codes[missing]
            self.born[new] = self.used[new] = now
            self._order = np.argsort(self.keys[: self.count], kind="stable")
            self._sorted = self.keys[self._order]
        return slots

    def inner(self, slots: Index, coding: Coding) -> Inner:
        """The 3 x 3 neighbourhoods within those at `slots`; the level's layers ask for the same ones in turn."""
        key = self.keys[slots].tobytes()
        if key not in self._inner:
            self._inner[key] = Inner.of(self.codes[slots], coding)
        return self._inner[key]

    def forget_inner(self) -> None:
        """Let go of what `inner` keeps for the layers of one picture."""
        self._inner.clear()

    def _room(self, wanted: int, now: int) -> Index:
        """Slots for `wanted` new neighbourhoods: empty ones, then more memory, then the least recently used."""
        if self.count + wanted > self.capacity < self.ceiling:
            self._resize(min(self.ceiling, int(SLACK * (self.count + wanted)) + 16))
        fresh = np.arange(self.count, min(self.count + wanted, self.capacity))
        self.count += len(fresh)
        short = wanted - len(fresh)
        if not short:
            return fresh
        idle = np.flatnonzero(self.used[: self.count - len(fresh)] < now)
        oldest = idle[np.argsort(self.used[idle], kind="stable")[:short]]
        return np.concatenate([fresh, oldest])

    def shrink(self) -> None:
        """Give back what exceeds the ceiling, keeping the most recently used rows."""
        if self.capacity <= self.ceiling:
            return
        if self.ceiling == 0:
            self.clear()
            return
        recent = np.argsort(-self.used[: self.count], kind="stable")[: self.ceiling]
        self._resize(self.ceiling, np.sort(recent))
        self._order = np.argsort(self.keys[: self.count], kind="stable")
        self._sorted = self.keys[self._order]

    def _resize(self, slots: int, keep: Index | None = None) -> None:
        kept = np.arange(self.count) if keep is None else keep
        for name in ("keys", "codes", "born", "used"):
            old = getattr(self, name)
            new = np.zeros((slots, *old.shape[1:]), old.dtype)
            new[: len(kept)] = old[kept]
            setattr(self, name, new)
        self.count = len(kept)
        for table in self.tables:
            table.resize(slots, keep)


def hold_to(levels: Sequence[Level], limit: int) -> None:
    """Make levels that a picture does not need yet hold `limit` bytes at most, each in proportion."""
    held = sum(level.ceiling * level.row_bytes for level in levels)
    if held > limit:
        for level in levels:
            level.ceiling = level.ceiling * limit // held
            level.shrink()


def grant(levels: Sequence[Level], needs: Sequence[int], limit: int) -> None:
    """Divide `limit` bytes among `levels`, of which a picture needs `needs` rows.

    Levels that need least memory are served first; one whose rows do not fit gets nothing. What is left over is
    room for the past, in proportion to what each needs.
    """
    held = sum(level.ceiling * level.row_bytes for level in levels)
    if held <= limit and all(level.ceiling >= rows for level, rows in zip(levels, needs, strict=True)):
        return  # the last division will do; moving rows about for every brush stroke would not
    left = limit
    served: list[tuple[Level, int]] = []
    for level, rows in sorted(zip(levels, needs, strict=True), key=lambda pair: pair[1] * pair[0].row_bytes):
        level.ceiling = 0
        if rows * level.row_bytes <= left:
            left -= rows * level.row_bytes
            served.append((level, rows))
    total = sum(rows * level.row_bytes for level, rows in served)
    for level, rows in served:
        level.ceiling = int(rows * (1 + left / max(total, 1)))
    for level in levels:
        level.shrink()
