"""What requests have worked out and may need again: decoded photos, their regions, mattes, tones.

The same request gives the same bytes whatever is kept: a key says all that a value depends on.
"""

from __future__ import annotations

import os
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import fields, is_dataclass
from typing import Any, TypeVar

import numpy as np

from engine.files import PathLike

T = TypeVar("T")
FileIdentity = tuple[str, int, int, int]
"""Absolute path, time of the last change in nanoseconds, size in bytes, number on its disk."""

KEPT_BYTES = 512 << 20
"""Of all values together: a photo of the largest size that is read, 8 bits deep, its view and all that is small."""
LEAST_BYTES = 1 << 10
"""What a value counts at least."""


class Kept:
    """Values by key; the least recently used go when all together are over `limit` bytes."""

    def __init__(self, limit: int = KEPT_BYTES) -> None:
        self._limit = limit
        self._values: OrderedDict[Hashable, tuple[Any, int]] = OrderedDict()
        self._bytes = 0

    def get(self, key: Hashable, make: Callable[[], T]) -> T:
        """The value of a key, made where it is not there; one larger than the limit is given, not kept."""
        if key in self._values:
            self._values.move_to_end(key)
            value: T = self._values[key][0]
            return value
        value = make()
        size = max(LEAST_BYTES, _bytes_of(value))
        if size <= self._limit:
            self._values[key] = value, size
            self._bytes += size
        while self._bytes > self._limit:
            _, (_, freed) = self._values.popitem(last=False)
            self._bytes -= freed
        return value

    def clear(self) -> None:
        """Forget all."""
        self._values.clear()
        self._bytes = 0


def file_identity(path: PathLike) -> FileIdentity | None:
    """What tells a file from every other and from itself once it has changed; None where there is none."""
    try:
        status = os.stat(path)
    except (OSError, ValueError):
        return None
    return os.path.abspath(path), status.st_mtime_ns, status.st_size, status.st_ino


def _bytes_of(value: object) -> int:
    """Bytes of the arrays in a value."""
    if isinstance(value, np.ndarray):
        return value.nbytes
    if isinstance(value, bytes):
        return len(value)
    if is_dataclass(value):
        return sum(_bytes_of(getattr(value, each.name)) for each in fields(value))
    if isinstance(value, dict):
        return sum(map(_bytes_of, value.values()))
    return sum(map(_bytes_of, value)) if isinstance(value, list | tuple) else 0
