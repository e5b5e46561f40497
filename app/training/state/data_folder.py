"""Whether a folder looks like data to train on, told at once and without reading a file; the data report reads them."""

from __future__ import annotations

import os
from pathlib import Path

from app.shell.i18n import mark, tr
from engine.data.layout import IMAGE_SUFFIXES

MOST_ENTRIES = 2000  # looked at in the GUI thread before a folder is taken at its word
NO_FOLDER = mark('"{0}" is not a folder; choose one with images/ and labels/.')
NO_PICTURES = mark(
    '"{0}" holds no pictures; put them into its folder images/, and for each a label map of the same name as PNG into '
    "its folder labels/."
)
NO_MAPS = mark(
    '"{0}" holds pictures but no label maps; put one of the same name as PNG for each of them into its folder labels/.'
)
NO_LABELS = mark(
    '"{0}" does not say which labels its maps have: it has no classes.json; "Look at the data..." can make one.'
)


def lacks(folder: Path) -> str:
    """What keeps a folder from being trained on, as a sentence; "" if nothing does at first sight."""
    if not folder.is_dir():
        return tr(NO_FOLDER).format(folder)
    if not _holds(folder / "images", IMAGE_SUFFIXES):
        return tr(NO_PICTURES).format(folder)
    if not _holds(folder / "labels", (".png",)):
        return tr(NO_MAPS).format(folder)
    if not (folder / "classes.json").is_file():
        return tr(NO_LABELS).format(folder)
    return ""


def _holds(folder: Path, suffixes: tuple[str, ...]) -> bool:
    """Whether a file of this kind is there or in a folder below; looks no further than the first one, nor through
    links to folders, which may lead in a circle. True too where that cannot be told at once: the data report counts.
    """
    left, below = MOST_ENTRIES, [str(folder)]
    while below:
        try:
            with os.scandir(below.pop()) as entries:
                for entry in entries:
                    left -= 1
                    if left < 0:
                        return True
                    if entry.name.startswith("."):
                        continue
                    if entry.is_dir(follow_symlinks=False):
                        below.append(entry.path)
                    elif entry.name.lower().endswith(suffixes):
                        return True
        except OSError:
            continue
    return False
