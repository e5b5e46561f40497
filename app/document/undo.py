"""The undo stack and what a step keeps. Plain Python and numpy, no Qt.

A step is a command: it knows its text for the menu, how many bytes it holds, and how to go back and forth on
the document that made it. Steps of pixels keep the bounding box, which pixels changed and their old values,
as runs: a label map is made of large flat areas, so a step on a 2048 x 2048 map takes kilobytes, not
megabytes.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from app.raster.strokes import Box

MAX_STEPS = 500
MAX_BYTES = 256 * 1024 * 1024

_RUN_BYTES = 6  # start uint32, value uint8, changed or not


class Command(Protocol):
    """One step of the history; `target` is the document's own state object, which only it and its commands
    know.
    """

    text: str
    merge_key: Hashable | None

    @property
    def nbytes(self) -> int: ...

    def undo(self) -> None: ...

    def redo(self) -> None: ...

    def absorb(self, later: Command) -> None:
        """Takes over what `later`, a command of the same kind and merge key, changed."""
        ...


class PixelRuns:
    """The changed pixels of a block of a label map and the values they had, run-length coded.

    Falls back to a bit mask and the raw values where runs would be larger (noise).
    """

    def __init__(self, *, old: np.ndarray, changed: np.ndarray) -> None:
        """`old`: (h, w) uint8 block before the change; `changed`: (h, w) bool."""
        self._shape = old.shape
        values, flags = old.ravel(), changed.ravel()
        step = values[1:] != values[:-1]
        step |= flags[1:] != flags[:-1]
        starts = np.flatnonzero(step)
        self._runs: tuple[np.ndarray, np.ndarray, np.ndarray] | None = None
        self._raw: tuple[np.ndarray, np.ndarray] | None = None
        if (starts.size + 1) * _RUN_BYTES <= flags.size // 8 + int(np.count_nonzero(flags)):
            starts = np.concatenate(([0], starts + 1)).astype(np.uint32)
            self._runs = starts, values[starts], flags[starts]
        else:
            self._raw = np.packbits(flags), old[changed]

    @property
    def nbytes(self) -> int:
        return sum(part.nbytes for part in (self._runs or self._raw or ()))

    def decode(self) -> tuple[np.ndarray, np.ndarray]:
        """Returns (values (h, w) uint8, valid only where changed; changed (h, w) bool)."""
        size = self._shape[0] * self._shape[1]
        if self._runs is not None:
            starts, run_values, run_flags = self._runs
            lengths = np.append(starts[1:], np.uint32(size)).astype(np.int64) - starts
            return (
                np.repeat(run_values, lengths).reshape(self._shape),
                np.repeat(run_flags, lengths).reshape(self._shape),
            )
        assert self._raw is not None
        bits, olds = self._raw
        changed = np.unpackbits(bits, count=size).astype(bool).reshape(self._shape)
        values = np.zeros(self._shape, dtype=np.uint8)
        values[changed] = olds
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
    """What differs between two (H, W) maps inside `box`, shrunk to what really differs; None where nothing
    does.
    """
    if box.empty:
        return None
    changed = before[box.slices] != after[box.slices]
    rows = np.flatnonzero(changed.any(axis=1))
    if rows.size == 0:
        return None
    columns = np.flatnonzero(changed.any(axis=0))
    tight = Box(
        box.x0 + int(columns[0]),
        box.y0 + int(rows[0]),
        box.x0 + int(columns[-1]) + 1,
        box.y0 + int(rows[-1]) + 1,
    )
    inner = changed[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    return PixelChange(tight, PixelRuns(old=before[tight.slices], changed=inner))


class UndoStack:
    """Linear history within a number of steps and of bytes; the oldest steps go first."""

    def __init__(self, *, max_steps: int = MAX_STEPS, max_bytes: int = MAX_BYTES) -> None:
        self._max_steps = max_steps
        self._max_bytes = max_bytes
        self._done: list[Command] = []
        self._undone: list[Command] = []
        self._clean: int | None = 0  # number of done steps at the last save; None: no longer reachable
        self._sealed = False  # the next push starts a step of its own

    def push(self, command: Command) -> None:
        """Adds a step that has already happened; what could be redone is forgotten.

        It joins the step before it where both carry the same merge key and nothing sealed that one (a slider
        that is being dragged makes one step).
        """
        if self._clean is not None and self._clean > len(self._done):
            self._clean = None
        self._undone.clear()
        last = self._done[-1] if self._done else None
        joins = (
            last is not None
            and not self._sealed
            and command.merge_key is not None
            and last.merge_key == command.merge_key
            and type(last) is type(command)
            and self._clean != len(self._done)  # never change a step that the saved file ends with
        )
        if joins and last is not None:
            last.absorb(command)
        else:
            self._done.append(command)
        self._sealed = False
        self._trim()

    def _trim(self) -> None:
        """Drops the oldest steps over the limits; the last one stays, whatever it weighs."""
        total = self.nbytes
        dropped = 0
        while len(self._done) - dropped > 1 and (
            len(self._done) - dropped > self._max_steps or total > self._max_bytes
        ):
            total -= self._done[dropped].nbytes
            dropped += 1
        if dropped:
            del self._done[:dropped]
            if self._clean is not None:
                self._clean = self._clean - dropped if self._clean >= dropped else None

    def undo(self) -> bool:
        if not self._done:
            return False
        command = self._done.pop()
        command.undo()
        self._undone.append(command)
        self._sealed = True
        return True

    def redo(self) -> bool:
        if not self._undone:
            return False
        command = self._undone.pop()
        command.redo()
        self._done.append(command)
        self._sealed = True
        return True

    def seal(self) -> None:
        """Ends merging: the next step with the same key is a new one (the slider was released)."""
        self._sealed = True

    def clear(self) -> None:
        self._done.clear()
        self._undone.clear()
        self._clean = 0
        self._sealed = False

    def set_clean(self, clean: bool = True) -> None:
        """Marks the present state as the saved one; `False`: as one that no step leads to."""
        self._clean = len(self._done) if clean else None

    @property
    def clean(self) -> bool:
        return self._clean == len(self._done)

    @property
    def undo_text(self) -> str:
        """Text of the step that `undo` takes back; empty where there is none."""
        return self._done[-1].text if self._done else ""

    @property
    def redo_text(self) -> str:
        return self._undone[-1].text if self._undone else ""

    @property
    def count(self) -> int:
        return len(self._done)

    @property
    def redo_count(self) -> int:
        return len(self._undone)

    @property
    def nbytes(self) -> int:
        return sum(command.nbytes for command in self._done) + sum(command.nbytes for command in self._undone)
