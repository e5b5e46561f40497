"""A scene as plain data: the request that makes its picture, and beside it what that does not carry.

Which those are, the roles of the scene's fields say: a new field is written and read without a line here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, get_type_hints

import msgspec

from app.document.checks import checked_map
from app.document.kinds import opens
from app.document.scene import Scene
from app.document.scene_fields import Role, default_of, roles
from app.raster.frozen_maps import FrozenMap
from engine.documents.document_file import request_in
from engine.documents.parts import PartsIn
from engine.errors import BadRequest, EngineError
from engine.labels.label_sets import LabelSet
from engine.requests.base import Request
from engine.requests.json_text import to_fields
from engine.requests.label_map_data import LabelMapData
from engine.requests.photo_reference import PhotoReference


def scene_data(scene: Scene, photo: PhotoReference | None) -> dict[str, Any]:
    """A scene as plain data; `photo`: as the file refers to it. Compresses the label map: for workers."""
    request = scene.to_request()
    carried = scene.kind.unpack(request)
    if photo is not None and "photo" in carried:
        request = request.replace(photo=photo)
    beside = {
        name: plain_value(role, getattr(scene, name) if name != "photo" else photo)
        for name, role in roles(type(scene)).items()
        if role.stored and not _is_carried(scene, name, carried)
    }
    return {"request": to_fields(request), "beside": beside}


def _is_carried(scene: Scene, name: str, carried: Mapping[str, Any]) -> bool:
    """Whether a field is read from the request, by key, or from nothing. What says something of labels may be carried
    in part: the strength of a change that is not there, say."""
    role = roles(type(scene))[name]
    if role.key not in carried:
        return _is_default(scene, name)
    if not role.by_label:
        return True
    return bool(role.same(role.checked(role.unpack(carried[role.key]), scene.label_set), getattr(scene, name)))


@dataclass(frozen=True)
class ReadScene:
    """A scene that was read, not yet checked: its request, and what that does not carry, by field."""

    request: Request[Any]
    beside: Mapping[str, Any]

    @property
    def label_set(self) -> LabelSet:
        label_set: LabelSet = self.beside["label_set"]
        return label_set

    def values(self) -> dict[str, Any]:
        """Of all fields but the label set. Raises BadRequest or BadFile: the request's data is damaged."""
        beside = {name: value for name, value in self.beside.items() if name != "label_set"}
        return {**Scene.values_of(self.request), "inputs": {}, **beside}  # those that were chosen stand beside it

    def scene(self, maps: dict[str, FrozenMap]) -> Scene:
        """The scene; `maps` has label maps that were read before, by their data. Raises EngineError as `checked`."""
        values = self.values()
        held = (getattr(self.request, name) for name in self.request.__struct_fields__)
        pngs = " ".join(value.png for value in held if isinstance(value, LabelMapData))
        if pngs not in maps:
            maps[pngs] = checked_map(values["label_map"], self.label_set)
        return Scene.checked(label_set=self.label_set, **{**values, "label_map": maps[pngs]})


def read_scene(data: Any, parts: PartsIn) -> ReadScene:
    """The scene of plain data. Raises EngineError: something is damaged, or of a newer Tessera."""
    request = request_in(data, parts)
    can_open = opens(request) and getattr(request, "label_map", None) is not None
    if not can_open:
        raise BadRequest("The document holds a request that cannot be opened.")
    beside = data.get("beside")
    if not isinstance(beside, dict) or "label_set" not in beside:
        raise BadRequest("The document does not say which labels it has.")
    return ReadScene(request, {name: read_value(name, value) for name, value in parts.put(beside).items()})


def plain_value(role: Role, value: Any) -> Any:
    """A field's value as plain data."""
    if role.plain is not None:
        return role.plain(value)
    return msgspec.to_builtins(role.pack(value), str_keys=True, builtin_types=(bytes,))


def read_value(name: str, plain: Any) -> Any:
    """The other way round, to be checked. Raises BadRequest: there is no such field, or it does not hold such data."""
    role = roles(Scene).get(name)
    if role is None:
        raise BadRequest('The document has an unknown key "{0}"; open it with a newer Tessera.', name)
    try:
        if role.unplain is not None:
            return role.unplain(plain)
        return msgspec.convert(plain, get_type_hints(Scene)[name], str_keys=True)
    except EngineError:
        raise
    except (msgspec.ValidationError, KeyError, TypeError, ValueError, AttributeError) as error:
        raise BadRequest('The document has a wrong value in "{0}".', name, details=repr(error)) from error


def _is_default(scene: Scene, name: str) -> bool:
    try:
        return bool(roles(type(scene))[name].same(getattr(scene, name), default_of(type(scene), name)))
    except KeyError:
        return False
