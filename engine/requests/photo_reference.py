"""Which photo a request is about: a file known by path and hash, or its bytes inside the request."""

from __future__ import annotations

import hashlib
import os
import re
from pathlib import Path

from msgspec import structs

from engine.errors import BadRequest, MissingPhoto
from engine.files import PathLike, read_bytes
from engine.pictures.photos import Photo, read_photo
from engine.requests.base import Frozen
from engine.requests.kept import FileIdentity, Kept, file_identity
from engine.requests.styles import absolute_path, file_name_of, relative_path


class PhotoReference(Frozen, frozen=True):
    """A photo's file.

    path: where it is; beside `data` only its name. sha256: of the file's bytes, "" where it is not known: then
    whatever stands at the path is meant. data: the file's bytes, where the photo travels with the request (base64 in
    JSON), else None.
    """

    path: str
    sha256: str = ""
    data: bytes | None = None

    def __post_init__(self) -> None:
        sha256 = self.sha256.lower()
        if not re.fullmatch(r"(?:[0-9a-f]{64})?", sha256):
            raise BadRequest('The key "sha256" of a photo is {0}; give 64 hexadecimal digits.', repr(self.sha256))
        if self.data is not None and not sha256:
            sha256 = _digest(self.data)
        structs.force_setattr(self, "sha256", sha256)

    @classmethod
    def of(cls, path: PathLike, *, embed: bool = False) -> PhotoReference:
        """The file that stands at `path` now; `embed`: with its bytes. Raises BadFile."""
        data = read_bytes(path)
        return cls(os.path.abspath(path), _digest(data), data if embed else None)

    @property
    def name(self) -> str:
        """The file's name, for sentences."""
        return file_name_of(self.path)

    def source(self) -> Path | bytes:
        """What a reader of pictures takes."""
        return Path(self.path) if self.data is None else self.data

    def located(self, folder: Path) -> PhotoReference:
        """As `Request.located`."""
        if self.data is not None:
            return self
        return self.replace(path=absolute_path(self.path, folder))

    def as_in_file(self, target: PathLike) -> PhotoReference:
        """As `Request.as_in_file`."""
        return self if self.data is not None else self.replace(path=relative_path(self.path, target))

    def check_data(self) -> None:
        """Raise BadRequest where the bytes inside are not those that the hash is of."""
        if self.data is not None and _digest(self.data) != self.sha256:
            raise BadRequest('The photo "{0}" inside the request is damaged; save the request again.', self.path)

    def identity(self, kept: Kept) -> str | FileIdentity:
        """What tells this photo from every other, and from the same file once it has changed: its hash where that is
        known, else what the file system says. The hash of a file that stays as it is is made once.

        Raises MissingPhoto: the file is gone, or is another one than the hash is of; BadFile: it cannot be read.
        """
        if self.data is not None:
            return self.sha256
        stands_there = file_identity(self.path)
        if stands_there is None:
            raise MissingPhoto(self.path, changed=False)
        if not self.sha256:
            return stands_there
        if kept.get(("sha256", stands_there), lambda: _digest(read_bytes(self.path))) != self.sha256:
            raise MissingPhoto(self.path, changed=True)
        return self.sha256

    def read(self, kept: Kept, identity: str | FileIdentity) -> Photo:
        """The decoded photo, read once while it stays the same. identity: what `identity` said. Raises BadFile."""
        name = None if self.data is None else f'"{self.name}"'
        return kept.get(("photo", identity), lambda: read_photo(self.source(), name=name))


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
