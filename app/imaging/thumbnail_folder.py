"""The user's cache of little pictures: bounded in bytes and age, each file written in one step. For workers."""

from __future__ import annotations

import os
import time
from contextlib import suppress
from pathlib import Path

from PySide6.QtGui import QImage

from app.imaging.pixels import png_bytes
from engine.errors import EngineError
from engine.files import write_bytes

MAX_BYTES = 64 * 1024 * 1024  # about 1500 pictures
MAX_AGE_S = 90 * 24 * 3600.0  # since it was last used
_SAVES_BETWEEN = 64  # saves after which the folder is looked through again


class ThumbnailFolder:
    """Pictures by key. That the folder cannot be read or written only costs the cache: nothing here raises."""

    def __init__(self, folder: Path, *, max_bytes: int = MAX_BYTES, max_age_s: float = MAX_AGE_S) -> None:
        self._folder = folder
        self._max_bytes = max_bytes
        self._max_age_s = max_age_s
        self._saves = 0

    def load(self, key: str) -> QImage | None:
        """The kept picture; None where there is none that reads."""
        path = self._path(key)
        if not os.path.isfile(path):  # Path.is_file raises where the folder may not be looked into
            return None
        image = QImage(str(path))
        with suppress(OSError):
            if image.isNull():
                path.unlink()  # damaged: `save` writes it again
            else:
                os.utime(path)  # used today
        return None if image.isNull() else image

    def save(self, key: str, image: QImage) -> None:
        """Keep a picture, unless it is kept already."""
        with suppress(OSError, EngineError):  # a full disk, say
            if not self._path(key).is_file():
                self._folder.mkdir(parents=True, exist_ok=True)
                write_bytes(self._path(key), png_bytes(image))
        if self._saves % _SAVES_BETWEEN == 0:
            self.prune()
        self._saves += 1

    def prune(self) -> None:
        """Delete what has not been used for too long, and the longest unused until the rest is small enough."""
        oldest_first = sorted(self._files())
        total_bytes = sum(byte_count for _, byte_count, _ in oldest_first)
        for last_used, byte_count, file_path in oldest_first:
            if total_bytes <= self._max_bytes and time.time() - last_used <= self._max_age_s:
                return
            with suppress(OSError):
                file_path.unlink()
            total_bytes -= byte_count

    def _files(self) -> list[tuple[float, int, Path]]:
        """When each file was last used (seconds since 1970), its bytes and its path."""
        files = []
        with suppress(OSError):
            for folder_entry in os.scandir(self._folder):
                with suppress(OSError):  # another editor may have deleted it
                    status = folder_entry.stat()
                    files.append((status.st_mtime, status.st_size, Path(folder_entry.path)))
        return files

    def _path(self, key: str) -> Path:
        return self._folder / f"{key}.png"
