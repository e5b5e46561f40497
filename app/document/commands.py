"""The steps of a document's history. Each knows how to go back and forth through the document's private
doors.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from app.document.results import Result
from app.document.state import Origin, State, style_bytes
from app.document.undo import Command, PixelChange, PixelRuns
from engine.requests.styles import Style

if TYPE_CHECKING:
    from app.document.base import DocumentBase


class PixelCommand:
    """A stroke, a fill, a relabelling: pixels of the label map changed inside a box."""

    merge_key: Hashable | None = None

    def __init__(self, document: DocumentBase, change: PixelChange, text: str) -> None:
        self._document = document
        self._change = change
        self.text = text

    @property
    def nbytes(self) -> int:
        return self._change.nbytes

    def undo(self) -> None:
        # What was there before changes places with what is there now, so one command goes both ways.
        self._change = self._document._swap_pixels(self._change)

    redo = undo

    def absorb(self, later: Command) -> None:
        raise NotImplementedError("pixel steps carry no merge key")


class FieldCommand:
    """One plain value of the state changed: seed, weights, locks, visibility."""

    def __init__(
        self,
        document: DocumentBase,
        field: str,
        *,
        old: Any,
        new: Any,
        text: str,
        merge_key: Hashable | None = None,
    ) -> None:
        self._document = document
        self._field = field
        self._old = old
        self._new = new
        self.text = text
        self.merge_key = merge_key

    @property
    def nbytes(self) -> int:
        return 256

    def undo(self) -> None:
        self._document._set_field(self._field, self._old)

    def redo(self) -> None:
        self._document._set_field(self._field, self._new)

    def absorb(self, later: Command) -> None:
        assert isinstance(later, FieldCommand)
        self._new = later._new


class StylesCommand:
    """The styles of some labels changed; None stands for the mean style."""

    def __init__(
        self,
        document: DocumentBase,
        *,
        old: Mapping[int, Style | None],
        new: Mapping[int, Style | None],
        text: str,
        merge_key: Hashable | None = None,
    ) -> None:
        self._document = document
        self._old = dict(old)
        self._new = dict(new)
        self.text = text
        self.merge_key = merge_key

    @property
    def nbytes(self) -> int:
        return sum(style_bytes(style) for side in (self._old, self._new) for style in side.values())

    def undo(self) -> None:
        self._document._put_styles(self._old)

    def redo(self) -> None:
        self._document._put_styles(self._new)

    def absorb(self, later: Command) -> None:
        assert isinstance(later, StylesCommand)
        self._old = {**later._old, **self._old}
        self._new = {**self._new, **later._new}


@dataclass
class _Packed:
    """A whole state with its label map in runs."""

    state: State
    runs: PixelRuns
    shape: tuple[int, int]

    @classmethod
    def pack(cls, state: State) -> _Packed:
        label_map = state.label_map
        runs = PixelRuns(old=label_map, changed=np.ones(label_map.shape, dtype=bool))
        return cls(replace(state, label_map=np.empty((0, 0), np.uint8)), runs, label_map.shape)

    def unpack(self) -> State:
        return replace(self.state, label_map=np.ascontiguousarray(self.runs.decode()[0]))

    @property
    def nbytes(self) -> int:
        pixels = sum(array.nbytes for array in (self.state.photo, self.state.picture) if array is not None)
        return self.runs.nbytes + pixels + sum(style_bytes(style) for style in self.state.styles.values())


class ReplaceCommand:
    """The document became another one: new, from a photo, restored from a picture, another size."""

    merge_key: Hashable | None = None

    def __init__(self, document: DocumentBase, before: State, text: str) -> None:
        self._document = document
        self._other = _Packed.pack(before)
        self.text = text

    @property
    def nbytes(self) -> int:
        own = self._document.origin.results
        other = self._other.state.origin.results
        return self._other.nbytes + (0 if other is own else other.nbytes)

    def undo(self) -> None:
        present = _Packed.pack(self._document._state)
        self._document._put_state(self._other.unpack())
        self._other = present

    redo = undo

    def absorb(self, later: Command) -> None:
        raise NotImplementedError("replacing steps carry no merge key")


class DeleteResultsCommand:
    """Kept pictures were deleted."""

    merge_key: Hashable | None = None

    def __init__(self, document: DocumentBase, origin: Origin, removed: tuple[Result, ...], text: str) -> None:
        self._document = document
        self._origin = origin
        self._removed = removed
        self.text = text

    @property
    def nbytes(self) -> int:
        return sum(result.nbytes for result in self._removed)

    def undo(self) -> None:
        self._origin.results.put_back(self._removed)
        self._document.results_changed.emit()

    def redo(self) -> None:
        self._removed = self._origin.results.remove(result.number for result in self._removed)
        self._document.results_changed.emit()

    def absorb(self, later: Command) -> None:
        raise NotImplementedError("deleting steps carry no merge key")
