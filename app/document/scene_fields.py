"""What the fields of a scene are for: each says it once, where it is defined, and everything else follows.

Undo, kept pictures, saved files, requests and equality ask here instead of naming fields.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Collection, Mapping
from dataclasses import MISSING, Field, dataclass, field, fields
from functools import cache, partial
from typing import Any, Generic, Literal, TypeVar

import msgspec
import numpy as np

from engine.labels.label_sets import LabelSet
from engine.labels.pieces import is_piece
from engine.requests.label_map_data import LabelMapData

_ROLE = "role"
T = TypeVar("T")


def _as_it_is(value: Any) -> Any:
    return value


def _unchecked(value: Any, label_set: LabelSet) -> Any:
    return value


def _new_value(old: Any, new: Any) -> Any:
    return new


def set_difference(old: frozenset[int], new: frozenset[int]) -> frozenset[int]:
    """The members that one has and the other has not: what a signal tells of a set of labels."""
    return old ^ new


@dataclass(frozen=True)
class Role:
    """What the rest of the program needs to know of a field.

    decides: the picture depends on it; what does is painted again when it changes, and comes back with a kept picture.
    recalled: comes back with a kept picture although the picture does not depend on it.
    of_photo: chosen for this very photo, or for the weights that restyle it: the same document of another photo has its
        own.
    of_frame: it belongs to one frame of a photo (`app.document.photo.frames`), and goes and comes with it.
    key: its name in requests, and so in every file that is saved; "" where it does not travel.
    pack, unpack: between its value here and the one in a request.
    by_label: its value says something of each label, and `tells` gives the labels for which two values differ; where it
    decides, a change of it shows in their regions alone.
    needs: what it says nothing without: "labels", the ids of this label set; with another it goes back to its default.
    checked: (value, label set) -> the value as the scene holds it; raises BadRequest or BadLabelMap.
    same: whether two values are equal.
    stored: whether a document file holds it where the request that makes the picture does not; a kind is told by that
        request. plain, unplain: between its value and plain data there; None for what msgspec makes of its type.
    text: what undo calls a change of it.
    signal: the document's signal that tells of a change; what it tells is made by `tells` of the old and new value.
    """

    decides: bool = False
    recalled: bool = False
    of_photo: bool = False
    of_frame: bool = False
    key: str = ""
    pack: Callable[[Any], Any] = _as_it_is
    unpack: Callable[[Any], Any] = _as_it_is
    by_label: bool = False
    needs: Literal["", "labels"] = ""
    checked: Callable[[Any, LabelSet], Any] = _unchecked
    same: Callable[[Any, Any], bool] = operator.eq
    stored: bool = True
    plain: Callable[[Any], Any] | None = None
    unplain: Callable[[Any], Any] | None = None
    text: str = ""
    signal: str = ""
    tells: Callable[[Any, Any], Any] = _new_value


def _map_of_data(data: LabelMapData | None) -> np.ndarray | None:
    return None if data is None else data.array()


of_photo = partial(Role, decides=True, of_photo=True)
"""Of what decides the picture, and is chosen for this very photo where there is one."""
of_frame = partial(of_photo, of_frame=True)
"""Of one of its frames (`app.document.photo.frames`)."""
of_labels = partial(Role, by_label=True, needs="labels", pack=tuple, unpack=frozenset, tells=set_difference)
"""Of labels for which something holds."""
map_or_none = partial(
    of_frame,
    needs="labels",
    pack=lambda frozen: None if frozen is None else frozen.data,
    unpack=_map_of_data,
    unplain=lambda plain: None if plain is None else _map_of_data(msgspec.convert(plain, LabelMapData)),
)
"""Of a map of the label map's size, a `FrozenMap`, that there need not be."""


def scene_field(role: Role | None = None, *, default: Any = MISSING, default_factory: Any = MISSING) -> Any:
    """A dataclass field with its role."""
    options = {"default": default, "default_factory": default_factory}
    defaults = {name: value for name, value in options.items() if value is not MISSING}
    return field(**defaults, metadata={_ROLE: role or Role()})


@cache
def _roles(holder: Any) -> Mapping[str, Role]:
    return {entry.name: entry.metadata.get(_ROLE) or Role() for entry in fields(holder)}


def roles(holder: type[Any]) -> Mapping[str, Role]:
    """The roles of a dataclass's fields, by name, in their order."""
    return _roles(holder)  # type: ignore[arg-type]  # mypy takes classes for unhashable


class SceneValue(Generic[T]):
    """An attribute of a document: the field of that name of its scene."""

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    def __get__(self, document: Any, owner: type) -> T:
        value: T = getattr(document._scene, self._name)
        return value


def default_of(holder: type[Any], name: str) -> Any:
    """The value that a field has unless given. Raises KeyError where it must be given."""
    entry: Field[Any] = holder.__dataclass_fields__[name]
    if entry.default is not MISSING:
        return entry.default
    if entry.default_factory is not MISSING:
        return entry.default_factory()
    raise KeyError(name)


def packed(holder: Any) -> dict[str, Any]:
    """The values that travel in requests, by their key there."""
    return {role.key: role.pack(getattr(holder, name)) for name, role in roles(type(holder)).items() if role.key}


def unpacked(holder: type[Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """What values by key say of a dataclass's fields, by their names here."""
    return {name: role.unpack(values[role.key]) for name, role in roles(holder).items() if role.key in values}


def checked_values(holder: type[Any], values: Mapping[str, Any], label_set: LabelSet) -> dict[str, Any]:
    """Values from outside, by field, as a dataclass holds them. Raises BadRequest or BadLabelMap where one is wrong."""
    return {name: roles(holder)[name].checked(value, label_set) for name, value in values.items()}


BY_REGION = ("styles", "strengths", "switched_off", "style_locks")
"""Keys of what is said of regions, labels and pieces alike."""


def of_regions(said: Collection[int], pieces: Collection[int]) -> Collection[int]:
    """What is said of labels and of these pieces alone: of a table by region, or of regions."""
    kept = [region for region in said if not is_piece(region) or region in pieces]
    return {region: said[region] for region in kept} if isinstance(said, Mapping) else tuple(kept)


def of_pieces_there(values: Mapping[str, Any]) -> dict[str, Any]:
    """Values by key, without what is kept of pieces that there are no more; without a map they lie nowhere."""
    pieces = {} if values["piece_map"] is None else values["pieces"]
    return {**values, "pieces": pieces, **{key: of_regions(values[key], pieces) for key in BY_REGION}}


def changed_keys(old: Mapping[int, Any], new: Mapping[int, Any]) -> frozenset[int]:
    """The keys whose values differ: what a signal tells of a table by label."""
    return frozenset(key for key in {*old, *new} if old.get(key) != new.get(key))
