"""What is large in plain data stands beside it as parts of its own, named by their content.

Requests hold label maps, style codes and photos as base64 in JSON. In a document each is a part, once, however many
styles, results and steps of the history hold it; where it stood, the plain data has a pointer to it.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Callable
from typing import Any

from engine.errors import BadFile

POINTER = "$part"
LEAST = 256
"""Characters of text that may be base64 of something worth a part."""
FOLDER = "parts"

_SUFFIXES = {b"\x89PNG": ".png", b"\xff\xd8\xff": ".jpg", b"RIFF": ".webp", b"II*\0": ".tiff", b"MM\0*": ".tiff"}


def part_name(content: bytes) -> str:
    """The name of a part: equal for equal content alone."""
    suffix = next((suffix for start, suffix in _SUFFIXES.items() if content.startswith(start)), ".bin")
    return f"{FOLDER}/{hashlib.sha256(content).hexdigest()[:40]}{suffix}"


class PartsOut:
    """Takes parts out of plain data; `contents` has them by name."""

    def __init__(self) -> None:
        self.contents: dict[str, bytes] = {}
        self._names: dict[int, tuple[object, str | None]] = {}  # of long texts that were seen, kept alive

    def take(self, data: Any) -> Any:
        """The data with pointers in place of long base64 texts, and of bytes."""
        if isinstance(data, dict):
            return {key: self.take(entry) for key, entry in data.items()}
        if isinstance(data, list | tuple):
            return [self.take(entry) for entry in data]
        if isinstance(data, bytes) or (isinstance(data, str) and len(data) >= LEAST):
            name = self._name_of(data)
            return data if name is None else {POINTER: name}
        return data

    def _name_of(self, data: str | bytes) -> str | None:
        """Of the part that the data becomes; None for text that is no base64."""
        if id(data) not in self._names:
            content = data if isinstance(data, bytes) else _decoded(data)
            name = None if content is None else part_name(content)
            if content is not None and name is not None:
                self.contents[name] = content
            self._names[id(data)] = data, name
        return self._names[id(data)][1]


def _decoded(text: str) -> bytes | None:
    try:
        content = base64.b64decode(text.encode("ascii"), validate=True)
    except (binascii.Error, UnicodeEncodeError):
        return None
    return content if base64.b64encode(content).decode("ascii") == text else None


class PartsIn:
    """Puts them in again: equal pointers give the same string. `read`: the bytes of a part; raises BadFile."""

    def __init__(self, read: Callable[[str], bytes]) -> None:
        self._read = read
        self._texts: dict[str, str] = {}

    def put(self, data: Any) -> Any:
        """The data as it was before `PartsOut.take`. Raises BadFile: a part is damaged or missing."""
        if isinstance(data, dict):
            return self._text(data[POINTER]) if set(data) == {POINTER} else {k: self.put(v) for k, v in data.items()}
        return [self.put(entry) for entry in data] if isinstance(data, list) else data

    def _text(self, name: object) -> str:
        if not isinstance(name, str):
            raise BadFile("A pointer to a part of the document is no name.")
        if name not in self._texts:
            self._texts[name] = base64.b64encode(self._read(name)).decode("ascii")
        return self._texts[name]
