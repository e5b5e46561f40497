"""Keys of pictures: equal bytes for equal values, wherever and in whatever order these were made."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from typing import Any

from app.document.kinds import Kind
from app.document.photo.frames import FrameState
from app.raster.frozen_maps import FrozenMap
from engine.requests.photo_reference import PhotoReference


def key_of(values: Iterable[Any], inputs: Any, label_map: FrozenMap) -> bytes:
    """The key, 32 bytes (SHA-256), of the picture that a scene's values make with the inputs of its kind."""
    plain_values = [_plain(value) for value in values]
    digest = hashlib.sha256(repr((plain_values, inputs)).encode("utf-8", "surrogatepass"))
    digest.update(label_map.digest())
    return digest.digest()


def _plain(value: Any) -> Any:
    """What has equal text for equal values: tables and sets as lists, in whatever order they were filled."""
    if isinstance(value, Kind):
        return value.name
    if isinstance(value, FrozenMap):
        return value.digest()
    if isinstance(value, PhotoReference):
        return value.sha256 or value.path  # wherever the very same file is
    if isinstance(value, FrameState):
        return sorted((name, _plain(held)) for name, held in value.values.items())
    if isinstance(value, tuple):
        return tuple(map(_plain, value))
    if isinstance(value, Mapping):
        return sorted(value.items())
    return sorted(value) if isinstance(value, frozenset) else value
