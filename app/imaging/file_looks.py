"""What a file looks like, small: a document's own thumbnail, or its picture."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtGui import QImage

from app.imaging.pixels import to_qimage
from app.imaging.thumbnail_folder import ThumbnailFolder
from engine.documents.archive import open_archive
from engine.documents.document_file import THUMBNAIL
from engine.errors import EngineError
from engine.pictures.images import read_image
from engine.pictures.sniffing import sniff

SIDE = 96


@dataclass(frozen=True)
class FileLook:
    """is_there: whether the file can be reached. image: SIDE x SIDE; None for one without a picture."""

    is_there: bool
    image: QImage | None = None


def look_of(path: Path, folder: ThumbnailFolder) -> FileLook:
    """For workers: what a file looks like; made once for each of its versions, and kept in a folder."""
    try:
        status = path.stat()
    except (OSError, ValueError):
        return FileLook(is_there=False)
    key_text = f"file|{path.absolute()}|{status.st_mtime_ns}|{status.st_size}"
    key = hashlib.sha256(key_text.encode("utf-8", "surrogatepass")).hexdigest()[:32]
    image = folder.load(key)
    if image is None:
        try:
            image = _made(path)
        except EngineError:  # damaged: opening it says what is wrong
            image = None
        if image is not None:
            folder.save(key, image)
    return FileLook(is_there=True, image=image)


def _made(path: Path) -> QImage | None:
    """Raises EngineError: the file is damaged."""
    kind = sniff(path)
    if kind == "document":
        with open_archive(path) as archive:
            return _square(QImage.fromData(archive.read(THUMBNAIL)))
    if kind in ("request_png", "image", "label_map"):
        pixels = read_image(path, max_side=4 * SIDE).pixels
        return _square(to_qimage(np.ascontiguousarray(pixels)))
    return None


def _square(image: QImage) -> QImage | None:
    """The middle of a picture; None where it does not read."""
    if image.isNull():
        return None
    side = min(image.width(), image.height())
    middle = image.copy((image.width() - side) // 2, (image.height() - side) // 2, side, side)
    return middle.scaled(SIDE, SIDE, Qt.AspectRatioMode.IgnoreAspectRatio, Qt.TransformationMode.SmoothTransformation)
