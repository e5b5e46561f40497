"""The steps of a document's history. Each goes back and forth through a function of the document that it is given."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field, fields, is_dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from app.document.origin import Held, Origin
from app.document.results import Result
from app.document.scene import Scene
from app.document.scene_fields import roles
from app.document.undo import Command, Step
from app.raster.changes import PixelChange, PixelRuns
from app.raster.frozen_maps import FrozenMap


@dataclass(frozen=True)
class PixelStep(Step):
    """Pixels of the label map as they are on the other side of the step."""

    change: PixelChange


@dataclass(frozen=True)
class ValuesStep(Step):
    """Fields of the scene before and after."""

    old: Mapping[str, Any]
    new: Mapping[str, Any]


@dataclass(frozen=True)
class SceneStep(Step):
    """The whole scene on the other side of the step; `scene` may have to unpack it: for workers. plain: what has been
    made of it for a file."""

    scene: Callable[[], Scene]
    plain: dict[str, Any] = field(default_factory=dict)


class PixelCommand:
    """A stroke, a fill, a relabelling: pixels of the label map changed inside a box."""

    merge_key: Hashable | None = None

    def __init__(self, swap: Callable[[PixelChange], PixelChange], change: PixelChange, text: str) -> None:
        """`swap` puts kept pixels back and returns what they replaced."""
        self._swap = swap
        self._change = change
        self.text = text

    @property
    def nbytes(self) -> int:
        return self._change.nbytes

    @property
    def stored(self) -> PixelStep:
        return PixelStep(self.text, self._change)

    def undo(self) -> None:
        # What was there before changes places with what is there now, so one command goes both ways.
        self._change = self._swap(self._change)

    redo = undo

    def absorb(self, later: Command) -> None:
        raise NotImplementedError("pixel steps carry no merge key")


class ValuesCommand:
    """Values of the scene changed: styles, seed, weights, locks ..."""

    def __init__(
        self,
        put: Callable[[Mapping[str, Any]], None],
        *,
        old: Mapping[str, Any],
        new: Mapping[str, Any],
        text: str,
        merge_key: Hashable | None = None,
    ) -> None:
        """`put` gives fields of the scene other values, by name."""
        self._put = put
        self._old = dict(old)
        self._new = dict(new)
        self.text = text
        self.merge_key = merge_key

    @property
    def nbytes(self) -> int:
        return sum(_unshared_bytes(old_value, self._new[field_name]) for field_name, old_value in self._old.items())

    @property
    def stored(self) -> ValuesStep:
        return ValuesStep(self.text, self._old, self._new)

    def undo(self) -> None:
        self._put(self._old)

    def redo(self) -> None:
        self._put(self._new)

    def absorb(self, later: Command) -> None:
        assert isinstance(later, ValuesCommand)
        self._old = {**later._old, **self._old}
        self._new = {**self._new, **later._new}


@dataclass
class _Packed:
    """A whole document with its label map in runs."""

    held: Held
    runs: PixelRuns
    plain: dict[str, Any] = field(default_factory=dict)  # of the scene, once a file holds it

    @classmethod
    def pack(cls, held: Held) -> _Packed:
        label_map = held.scene.label_map.array()
        runs = PixelRuns(old=label_map, changed=np.ones(label_map.shape, dtype=bool))
        return cls(replace(held, scene=replace(held.scene, label_map=_NOTHING)), runs)

    def unpack(self) -> Held:
        scene = replace(self.held.scene, label_map=FrozenMap.of(self.runs.decode()[0]))
        return replace(self.held, scene=scene)

    @cached_property
    def nbytes(self) -> int:
        values = [getattr(self.held.scene, name) for name in roles(type(self.held.scene))]
        return self.runs.nbytes + sum(map(bytes_of, [*values, self.held.picture]))


_NOTHING = FrozenMap.of(np.empty((0, 0), np.uint8))


class ReplaceCommand:
    """The document became another one: new, from a photo, restored from a picture, another size."""

    merge_key: Hashable | None = None

    def __init__(self, exchange: Callable[[Held], Held], before: Held, present: Origin, text: str) -> None:
        """`exchange` makes the document another one and returns what it was; `present`: which one it is now."""
        self._exchange = exchange
        self._other = _Packed.pack(before)
        self._present = present
        self.text = text

    @property
    def nbytes(self) -> int:
        kept_origin = self._other.held.origin
        return self._other.nbytes + (0 if kept_origin is self._present else kept_origin.results.nbytes)

    @property
    def stored(self) -> SceneStep | None:
        packed = self._other
        if packed.held.origin is not self._present:
            return None
        return SceneStep(self.text, lambda: packed.unpack().scene, packed.plain)

    def undo(self) -> None:
        coming_back = self._other.unpack()
        self._other = _Packed.pack(self._exchange(coming_back))
        self._present = coming_back.origin

    redo = undo

    def absorb(self, later: Command) -> None:
        raise NotImplementedError("replacing steps carry no merge key")


class DeleteResultsCommand:
    """Kept pictures were deleted."""

    merge_key: Hashable | None = None

    def __init__(self, origin: Origin, removed: tuple[Result, ...], tell: Callable[[], None], text: str) -> None:
        """`tell` says that the kept pictures are others now."""
        self._origin = origin
        self._removed = removed
        self._tell = tell
        self.text = text

    @property
    def nbytes(self) -> int:
        return sum(result.nbytes for result in self._removed)

    @property
    def stored(self) -> Step:
        return Step(self.text)

    def undo(self) -> None:
        self._origin.results.put_back(self._removed)
        self._tell()

    def redo(self) -> None:
        self._removed = self._origin.results.remove(result.number for result in self._removed)
        self._tell()

    def absorb(self, later: Command) -> None:
        raise NotImplementedError("deleting steps carry no merge key")


def bytes_of(value: Any) -> int:
    """About how much memory a value of the scene holds: arrays, and the text in styles (paths, maps, codes)."""
    if isinstance(value, np.ndarray | FrozenMap):
        return value.nbytes
    if isinstance(value, str | bytes):
        return len(value)
    if isinstance(value, tuple | list):
        return sum(map(bytes_of, value))
    if isinstance(value, Mapping):
        return sum(map(bytes_of, value.values()))
    if is_dataclass(value):
        return 64 + sum(bytes_of(getattr(value, entry.name)) for entry in fields(value))
    if hasattr(value, "__struct_fields__"):  # msgspec
        return 64 + sum(bytes_of(getattr(value, name)) for name in value.__struct_fields__)
    return 8


def _unshared_bytes(old: Any, new: Any) -> int:
    """What an old and a new value hold together: of tables by label, which share most, only what differs."""
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        differing = [key for key in {*old, *new} if old.get(key) is not new.get(key)]
        return 64 + sum(bytes_of(table[key]) for table in (old, new) for key in differing if key in table)
    return 128 + bytes_of(old) + bytes_of(new)
