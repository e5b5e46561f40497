"""What a folder looks like, and what it plainly lacks: told at once by names of files alone, none of which is read."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from engine.data.layout import IMAGE_SUFFIXES, is_left_over
from engine.errors import Message
from engine.program import program

MOST_ENTRIES = 2000
"""Entries of folders that are looked at before a folder is taken at its word: windows ask, and must not wait."""


def has_label_maps(data_folder: Path) -> bool:
    """Whether there is any picture file in labels/."""
    return holds_file(data_folder / "labels", IMAGE_SUFFIXES)


def has_pictures(data_folder: Path) -> bool:
    """Whether there is any picture file in images/."""
    return holds_file(data_folder / "images", IMAGE_SUFFIXES)


def has_class_folders(data_folder: Path) -> bool:
    """Whether there is a folder with a picture in it, in images/ or in the folder itself."""
    for picture_folder in (data_folder / "images", data_folder):
        for class_folder in _subfolders(picture_folder):
            if class_folder.name not in ("images", "labels") and holds_file(class_folder, IMAGE_SUFFIXES, deep=False):
                return True
    return False


def lacks_of_pairs(data_folder: Path) -> Message | None:
    """What a folder of pictures with label maps lacks; None where there is neither of them."""
    has_maps = has_label_maps(data_folder)
    if not has_pictures(data_folder):
        if not has_maps:
            return None
        return Message(
            '"{0}" holds label maps but no pictures; put one of the same name for each of them into its folder '
            "images/.",
            data_folder,
        )
    if not has_maps:
        return Message(
            '"{0}" holds pictures but no label maps; put one of the same name as PNG for each of them into its folder '
            "labels/.",
            data_folder,
        )
    if not (data_folder / "classes.json").is_file():
        return Message(
            '"{0}" has no classes.json, which names the labels of its maps; "Make the missing lists" in the data '
            'report makes one of the maps, and so does {1} data "{0}" --make.',
            data_folder, program(),
        )
    return None


def holds_file(searched_folder: Path, suffixes: tuple[str, ...], *, deep: bool = True) -> bool:
    """Whether a file of these suffixes is in a folder or, where `deep`, in a folder below.

    Looks no further than the first one, nor through links to folders, which may lead in a circle. Also True where
    that cannot be seen at once: the data report counts.
    """
    looks_left, folders_below = MOST_ENTRIES, [str(searched_folder)]
    while folders_below:
        try:
            with os.scandir(folders_below.pop()) as directory_entries:
                for directory_entry in directory_entries:
                    looks_left -= 1
                    if looks_left < 0:
                        return True
                    if is_left_over(directory_entry.name):
                        continue
                    if directory_entry.is_dir(follow_symlinks=False):
                        if deep:
                            folders_below.append(directory_entry.path)
                    elif directory_entry.name.lower().endswith(suffixes):
                        return True
        except OSError:
            continue
    return False


def _subfolders(parent_folder: Path) -> Iterator[Path]:
    try:
        with os.scandir(parent_folder) as directory_entries:
            for directory_entry in directory_entries:
                if not is_left_over(directory_entry.name) and directory_entry.is_dir(follow_symlinks=False):
                    yield Path(directory_entry.path)
    except OSError:
        return
