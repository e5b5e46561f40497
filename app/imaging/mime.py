"""What a drop or the clipboard carries: files, a picture, a colour, or a style dragged inside the editor."""

from __future__ import annotations

import hashlib
import os
import re
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QByteArray, QMimeData, QSysInfo, QUrl
from PySide6.QtGui import QColor, QImage

from app.imaging.pixels import png_bytes
from app.shell.paths import user_dir
from engine.files import make_folder, read_bytes, write_bytes

STYLE_MIME = "application/x-tessera-style"  # the label id whose style is dragged, as decimal text
LONGEST_TEXT = 8192
"""A text of more characters is no list of files."""


@dataclass(frozen=True)
class Incoming:
    """The usable content of a drop: a dragged style, else a colour ("#rrggbb"), else files on this computer, else a
    picture."""

    files: tuple[Path, ...] = ()
    image: QImage | None = None
    style_of: int | None = None
    colour: str | None = None

    @property
    def empty(self) -> bool:
        """True when there is nothing the editor could use."""
        return not self.files and self.image is None and self.style_of is None and self.colour is None


def read_mime(mime: QMimeData | None) -> Incoming:
    """Reads a drop or the clipboard. Files come before pictures: file managers offer both."""
    if mime is None:  # an empty clipboard, on some platforms
        return Incoming()
    if mime.hasFormat(STYLE_MIME):
        text = bytes(mime.data(STYLE_MIME).data()).decode("ascii", "replace")
        return Incoming(style_of=int(text) if text.isdecimal() else None)
    if mime.hasColor():
        return Incoming(colour=QColor(mime.colorData()).name())
    files = tuple(path for path in map(_local_path, mime.urls()) if path is not None)
    if files:
        return Incoming(files=files)
    if mime.hasImage():
        image = mime.imageData()
        if isinstance(image, QImage) and not image.isNull():
            return Incoming(image=image)
    if mime.hasText():  # some programs copy a colour or a file as text
        if re.fullmatch("#[0-9a-fA-F]{6}", mime.text().strip()):
            return Incoming(colour=mime.text().strip().lower())
        return Incoming(files=_files_of_text(mime.text()))
    return Incoming()


def _local_path(url: QUrl) -> Path | None:
    """The file on this computer, or on a share, that a link leads to; None for a link into the net."""
    if url.host().lower() in ("localhost", QSysInfo.machineHostName().lower()):
        url = QUrl(url)
        url.setHost("")  # Qt would look for a share of that computer
    return Path(url.toLocalFile()) if url.isLocalFile() and url.toLocalFile() else None


def _files_of_text(text: str) -> tuple[Path, ...]:
    """The files that a text is a list of, one a line: paths, in quotation marks or not, or links; else nothing."""
    if len(text) > LONGEST_TEXT:
        return ()
    paths: list[Path] = []
    for line in filter(None, map(str.strip, text.splitlines())):
        written = line[1:-1] if len(line) > 2 and line[0] == line[-1] and line[0] in "\"'" else line
        path = _local_path(QUrl(written)) if written.startswith("file:") else Path(written)
        if path is None or not path.is_absolute() or not os.path.isfile(path):  # a text may be no path at all
            return ()
        paths.append(path)
    return tuple(paths)


def may_be_useful(mime: QMimeData) -> bool:
    """A quick look for drag-enter events: no file is touched. Links into the net are no use: the editor is offline."""
    links_to_files = any(_local_path(url) is not None for url in mime.urls())
    return links_to_files or mime.hasFormat(STYLE_MIME) or mime.hasColor() or mime.hasImage()


def style_mime(label: int) -> QMimeData:
    """The mime data of a style dragged from the styles panel."""
    mime = QMimeData()
    mime.setData(STYLE_MIME, QByteArray(str(label).encode("ascii")))
    return mime


def colour_mime(colour: str) -> QMimeData:
    """The mime data of a colour, "#rrggbb", for this editor and other programs."""
    mime = QMimeData()
    mime.setColorData(QColor(colour))
    mime.setText(colour)
    return mime


def file_mime(path: Path) -> QMimeData:
    """The mime data of a file dragged from inside the editor, as a file manager would drag it."""
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(path))])
    return mime


def keep_image(image: QImage) -> Path:
    """Write a picture that has no file (clipboard, a browser's drag) into the user's cache and return its path. Takes
    seconds where it is large.

    The name comes from the content, so pasting the same picture twice gives the same file; one that was damaged since
    is written again.

    Raises:
        EngineError: the cache folder cannot be written.
    """
    plain = image.convertToFormat(QImage.Format.Format_RGBA8888)
    digest = hashlib.sha256(bytes(plain.constBits())).hexdigest()[:16]
    path = make_folder(user_dir("cache") / "pasted") / f"pasted-{digest}.png"
    data = png_bytes(image)
    if not path.is_file() or read_bytes(path) != data:
        write_bytes(path, data)
    return path
