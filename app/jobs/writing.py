"""What an export writes, without any widget. Every write replaces its target in one step or leaves it alone."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol, cast

import numpy as np

from engine.compose.samples import as_seen
from engine.errors import MissingPhoto
from engine.files import write_bytes
from engine.labels.label_maps import MapKind, write_label_map
from engine.labels.label_sets import LabelSet
from engine.pictures.images import QUALITY, write_image
from engine.pictures.photo_files import write_photo
from engine.pictures.photos import Photo
from engine.requests.base import Request
from engine.requests.json_text import to_json
from engine.requests.label_map_data import LabelMapData
from engine.requests.photo_reference import PhotoReference

JPEG_SUFFIXES = (".jpg", ".jpeg")
LOSSY_SUFFIXES = (*JPEG_SUFFIXES, ".webp")


def write_picture(path: Path, pixels: np.ndarray, request: Request[Any], quality: int = QUALITY) -> None:
    """The picture by the name's suffix; a PNG carries the request, JPEG and WebP have a quality, 1 to 100.

    Raises:
        BadFile: the suffix is unknown, or the file cannot be written; nothing partial stays.
    """
    carried = to_json(request.as_in_file(path)) if path.suffix.lower() == ".png" else None
    write_image(path, pixels, request_json=carried, quality=quality)


def write_request(path: Path, request: Request[Any]) -> None:
    """The request alone, as JSON that the command line reads too. Raises BadFile."""
    write_bytes(path, (to_json(request.as_in_file(path), indent=1) + "\n").encode("utf-8"))


def write_map(path: Path, label_map: np.ndarray, label_set: LabelSet, kind: MapKind) -> None:
    """The label map as "indexed", "raw" or "colour" PNG. Raises BadFile."""
    write_label_map(path, label_map, label_set, kind=kind)


# ---------------------------------------------------------------- photos made of photos


class PhotoRequest(Protocol):
    """A request that makes a photo of another one. label_map: of the whole photo, None where a parser finds it."""

    @property
    def weights(self) -> str: ...

    @property
    def photo(self) -> PhotoReference: ...

    @property
    def label_map(self) -> LabelMapData | None: ...

    def replace(self, **changes: Any) -> Any: ...

    def as_in_file(self, target: Path) -> Any: ...


class PhotoResult(Protocol):
    """What such a request gives, a frozen dataclass. samples: of the new photo. photo: the old one, of the same size,
    with what its file brought along. request: that they are the result of."""

    @property
    def samples(self) -> np.ndarray: ...

    @property
    def photo(self) -> Photo: ...

    @property
    def request(self) -> Any: ...

    @property
    def seconds(self) -> float: ...

    @property
    def notes(self) -> tuple[str, ...]: ...

    def save(self, path: Path, *, keep_place: bool = False) -> None:
        """Write the new photo; a PNG carries the request, with the photo inside only with `keep_place`."""
        ...


def with_data(photo: PhotoReference) -> PhotoReference:
    """The photo with its file's bytes. Raises MissingPhoto or BadFile: it cannot be had."""
    if photo.data is not None:
        return photo
    current_photo = PhotoReference.of(photo.path, embed=True)
    if photo.sha256 and current_photo.sha256 != photo.sha256:
        raise MissingPhoto(photo.path, changed=True)
    return current_photo.replace(path=photo.name)


@dataclass(frozen=True)
class PhotoExport:
    """How a photo that was made of a photo is written.

    keep_place: with GPS data and serial numbers. quality: of a JPEG, 1 to 100; None for the photo's own.
    with_before: the photo as it was to its left.
    """

    keep_place: bool = False
    quality: int | None = None
    with_before: bool = False


def write_photo_result(path: Path, result: PhotoResult, export: PhotoExport) -> None:
    """The new photo by the name's suffix; a PNG of it alone carries its request. Raises BadFile."""
    if export.quality is not None:
        recompressed = replace(result.photo, jpeg={"quality": export.quality, "subsampling": 0})
        result = replace(cast(Any, result), photo=recompressed)
    if export.with_before:
        before, after = result.photo.samples, result.samples
        if before.shape != after.shape or before.dtype != after.dtype:  # an edit brings colour into a grey photo
            before, after = as_seen(before), as_seen(after)
        both = np.concatenate([before, after], axis=1)  # not what the request makes: it is not carried
        write_photo(path, both, result.photo, keep_place=export.keep_place)
        return
    result.save(path, keep_place=export.keep_place)


def save_photo_result(path: Path, result: PhotoResult, *, photo_inside: bool) -> None:
    """The same picture as a PNG that a document is saved as: its request refers to the photo, or has it inside, the
    place where it was taken included. Raises BadFile, MissingPhoto."""
    request: PhotoRequest = result.request
    if photo_inside:
        request = request.replace(photo=with_data(request.photo))
    keep_place = request.photo.data is not None
    request_json = to_json(request.as_in_file(path))
    write_photo(path, result.samples, result.photo, keep_place=keep_place, request_json=request_json)
