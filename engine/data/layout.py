"""Where things are in a dataset folder: images/STEM.*, labels/STEM.png, classes.json, splits.json. Without torch."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

from engine.errors import BadFile

IMAGE_SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".tif", ".tiff", ".bmp")


def split_stems(folder: Path, split: str) -> list[str]:
    """The stems of a split in splits.json; without that file, those of all label maps. Raises BadFile."""
    path = folder / "splits.json"
    if path.is_file():
        splits = read_splits(folder)
        if split not in splits:
            raise BadFile("{0} has no split {1}; it has: {2}.", path, repr(split), ", ".join(sorted(splits)))
        stems = splits[split]
    else:
        stems = sorted(p.stem for p in (folder / "labels").glob("*.png"))
    if not stems:
        raise BadFile("The split {0} of {1} is empty; add pairs in images/ and labels/.", repr(split), folder)
    return stems


def read_splits(folder: Path) -> dict[str, list[str]]:
    """Stems by split. Raises BadFile for a splits.json that is missing or no list of stems per split."""
    path = folder / "splits.json"
    try:
        splits = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(splits, dict) or not all(isinstance(stems, list) for stems in splits.values()):
            raise TypeError("no lists of stems")
        return {str(name): [str(stem) for stem in stems] for name, stems in splits.items()}
    except (OSError, ValueError, TypeError) as error:
        raise BadFile("{0} is no list of stems per split; write it again.", path, details=str(error)) from error


def measured_split(folder: Path) -> str:
    """The split that weights are measured on unless another is asked for: "test" where there is one, else "val"."""
    try:
        splits = read_splits(folder)
    except BadFile:
        return "test"  # without splits.json all pairs belong to every split; a broken one is named later
    return "val" if "test" not in splits and "val" in splits else "test"


def image_path(folder: Path, stem: str) -> Path:
    """The picture of a stem, whatever its suffix. Raises BadFile."""
    for suffix in IMAGE_SUFFIXES:
        path = folder / "images" / f"{stem}{suffix}"
        if path.is_file():
            return path
    raise BadFile("{0} has no picture for the label map {1}.png; add it or remove the map.", folder / "images", stem)


def picture_paths(folder: Path) -> dict[str, Path]:
    """Pictures by stem, in images/ where there is one, else in the folder itself, and in the folders in it."""
    place = folder / "images" if (folder / "images").is_dir() else folder
    return {stem_of(path): place / path for path in files_below(place)}


def class_folders(folder: Path) -> dict[str, list[Path]]:
    """Pictures by class, relative to images/ (or to the folder itself), where they lie in one folder per class."""
    for place in (folder / "images", folder):
        if not place.is_dir():
            continue
        classes: dict[str, list[Path]] = {}
        for path in files_below(place):
            if len(path.parts) == 2 and path.parts[0] not in ("images", "labels"):
                classes.setdefault(path.parts[0], []).append(path)
        if classes:
            return classes
    return {}


def files_below(folder: Path) -> Iterator[Path]:
    """All picture files in a folder and the folders in it, relative to it, in the order of their names."""
    for place, folders, names in os.walk(folder):
        folders.sort()
        for name in sorted(names):
            if not name.startswith(".") and name.lower().endswith(IMAGE_SUFFIXES):
                yield Path(place, name).relative_to(folder)


def stem_of(path: Path) -> str:
    """What splits.json calls a file of images/ or labels/: its path there without suffix, with "/" on any system."""
    return path.with_suffix("").as_posix()


def evenly(length: int, count: int) -> list[int]:
    """At most `count` of the numbers below `length`, evenly spread and in order: neighbours in a film look alike."""
    count = min(count, length)
    return [round(n * (length - 1) / max(1, count - 1)) for n in range(count)]
