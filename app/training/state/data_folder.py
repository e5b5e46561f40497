"""Whether a folder looks like data to train on, told at once and without reading a file; the data report reads them."""

from __future__ import annotations

import os
from pathlib import Path

from app.shell.i18n import mark, tr
from app.texts.translate import translate
from engine.data.kinds import LABELLED, DataKind
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


OTHER_KIND = mark('"{0}" does not hold what this system trains on: {1}.')


def lacks(data_folder: Path, kind: DataKind = LABELLED) -> str:
    """What keeps a folder from being trained on as data of this kind, as a sentence; "" if nothing does at first
    sight."""
    if kind is not LABELLED:
        if data_folder.is_dir() and kind.describes(data_folder):
            return ""
        return tr(OTHER_KIND).format(data_folder, translate(kind.holds))
    if not data_folder.is_dir():
        return tr(NO_FOLDER).format(data_folder)
    if not _holds(data_folder / "images", IMAGE_SUFFIXES):
        return tr(NO_PICTURES).format(data_folder)
    if not _holds(data_folder / "labels", (".png",)):
        return tr(NO_MAPS).format(data_folder)
    if not (data_folder / "classes.json").is_file():
        return tr(NO_LABELS).format(data_folder)
    return ""


def _holds(searched_folder: Path, suffixes: tuple[str, ...]) -> bool:
    """Whether a file of this kind is there or in a folder below; looks no further than the first one, nor through
    links to folders, which may lead in a circle. Also True where that cannot be seen at once: the data report counts.
    """
    looks_left, folders_below = MOST_ENTRIES, [str(searched_folder)]
    while folders_below:
        try:
            with os.scandir(folders_below.pop()) as directory_entries:
                for directory_entry in directory_entries:
                    looks_left -= 1
                    if looks_left < 0:
                        return True
                    if directory_entry.name.startswith("."):
                        continue
                    if directory_entry.is_dir(follow_symlinks=False):
                        folders_below.append(directory_entry.path)
                    elif directory_entry.name.lower().endswith(suffixes):
                        return True
        except OSError:
            continue
    return False
