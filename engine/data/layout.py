"""Where things are in a dataset folder: images/STEM.*, labels/STEM.png, classes.json, splits.json. Without torch."""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Iterator
from pathlib import Path

from engine.errors import BadFile
from engine.plain_data import read_json

IMAGE_SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".tif", ".tiff", ".bmp", ".heic", ".heif")


class PairFiles:
    """The files of a folder of pictures with label maps, by stem: what every reader of one looks them up in.

    Listed once; a file that was removed since is missing like one that was never there.
    """

    def __init__(self, data_folder: Path) -> None:
        self.folder = data_folder
        self.images = files_by_stem(data_folder / "images")
        self.label_maps = files_by_stem(data_folder / "labels", preferred_suffix=".png")

    def image(self, stem: str) -> Path:
        """The picture of a stem, whatever its suffix. Raises BadFile."""
        path = self.folder / "images" / self.images.get(stem, stem)
        if stem not in self.images or not path.is_file():
            raise BadFile(
                "{0} has no picture for the label map {1}.png; add it or remove the map.", self.folder / "images", stem
            )
        return path

    def label_map(self, stem: str) -> Path:
        """The label map of a stem. Raises BadFile."""
        path = self.folder / "labels" / self.label_maps.get(stem, stem)
        if stem not in self.label_maps or not path.is_file():
            raise BadFile(
                "{0} has no label map {1}.png for the picture {1}; add it or remove the picture.",
                self.folder / "labels", stem,
            )
        return path


def files_by_stem(parent_folder: Path, *, preferred_suffix: str = "") -> dict[str, Path]:
    """Picture files below a folder, relative to it, by stem; of two of one stem that with the suffix, else the first
    by name."""
    paths_by_stem: dict[str, Path] = {}
    for relative_path in files_below(parent_folder):
        stem = stem_of(relative_path)
        if stem not in paths_by_stem or (
            relative_path.suffix.lower() == preferred_suffix != paths_by_stem[stem].suffix.lower()
        ):
            paths_by_stem[stem] = relative_path
    return paths_by_stem


def split_stems(data_folder: Path, split_name: str) -> list[str]:
    """The stems of a split in splits.json; without that file, those of all label maps. Raises BadFile."""
    splits_path = data_folder / "splits.json"
    if splits_path.is_file():
        splits = read_splits(data_folder)
        if split_name not in splits:
            known_splits = ", ".join(sorted(splits))
            raise BadFile("{0} has no split {1}; it has: {2}.", splits_path, repr(split_name), known_splits)
        stems = splits[split_name]
    else:
        stems = sorted(files_by_stem(data_folder / "labels"))
    if not stems:
        raise BadFile("The split {0} of {1} is empty; add pairs in images/ and labels/.", repr(split_name), data_folder)
    return stems


def read_splits(data_folder: Path) -> dict[str, list[str]]:
    """Stems by split. Raises BadFile for a splits.json that is missing or no list of stems per split."""
    splits_path = data_folder / "splits.json"
    try:
        splits = read_json(splits_path)
        if not isinstance(splits, dict) or not all(isinstance(stems, list) for stems in splits.values()):
            raise TypeError("no lists of stems")
        return {str(split_name): [composed(str(stem)) for stem in stems] for split_name, stems in splits.items()}
    except (BadFile, TypeError) as error:
        raise BadFile(
            "{0} is not a list of stems per split; write it again.", splits_path, details=str(error)
        ) from error


def picture_paths(data_folder: Path) -> dict[str, Path]:
    """Pictures by stem, in images/ where there is one, else in the folder itself, and in the folders in it."""
    picture_folder = data_folder / "images" if (data_folder / "images").is_dir() else data_folder
    return {stem_of(relative_path): picture_folder / relative_path for relative_path in files_below(picture_folder)}


def class_folders(data_folder: Path) -> dict[str, list[Path]]:
    """Pictures by class, relative to images/ (or to the folder itself), where they lie in one folder per class."""
    for picture_folder in (data_folder / "images", data_folder):
        if not picture_folder.is_dir():
            continue
        paths_by_class: dict[str, list[Path]] = {}
        for relative_path in files_below(picture_folder):
            if len(relative_path.parts) == 2 and relative_path.parts[0] not in ("images", "labels"):
                paths_by_class.setdefault(relative_path.parts[0], []).append(relative_path)
        if paths_by_class:
            return paths_by_class
    return {}


def files_below(top_folder: Path) -> Iterator[Path]:
    """All picture files in a folder and the folders in it, relative to it, in the order of their names; what other
    programs leave there (hidden files, thumbnails) is passed over."""
    for directory, subfolders, file_names in os.walk(top_folder):
        subfolders[:] = sorted(subfolder for subfolder in subfolders if not is_left_over(subfolder))
        for file_name in sorted(file_names):
            if not file_name.startswith(".") and file_name.lower().endswith(IMAGE_SUFFIXES):
                yield Path(directory, file_name).relative_to(top_folder)


def stem_of(relative_path: Path) -> str:
    """What splits.json calls a file of images/ or labels/: its path there without suffix, with "/" on any system and
    composed accents, whichever of Unicode's forms the file system or an archive gave them."""
    return composed(relative_path.with_suffix("").as_posix())


def composed(name: str) -> str:
    """A name in Unicode's composed form (NFC): macOS writes the other one, and both look the same."""
    return unicodedata.normalize("NFC", name)


def is_left_over(name: str) -> bool:
    """Whether a folder of this name was left by another program: hidden, of a Mac, a network disk."""
    return name.startswith(".") or name in ("__MACOSX", "@eaDir", "#recycle", "lost+found")


def stem_in_folder(file_name: str) -> str:
    """The stem of a picture or label map that is named from the data folder, in images/ and labels/ or beside them."""
    relative_path = Path(file_name)
    in_subfolder = relative_path.parts[0] in ("images", "labels")
    return stem_of(Path(*relative_path.parts[1:]) if in_subfolder else relative_path)


def evenly(length: int, count: int) -> list[int]:
    """At most `count` of the numbers below `length`, evenly spread and in order: neighbours in a film look alike."""
    count = min(count, length)
    return [round(position * (length - 1) / max(1, count - 1)) for position in range(count)]


def in_json(name: str) -> str:
    """A file's name as a JSON file can hold it: bytes that are no UTF-8 are escaped."""
    return name.encode("utf-8", "backslashreplace").decode()


def check_text(name: str) -> None:
    """Raises BadFile: a file's name is not UTF-8, so no JSON file can hold it."""
    if in_json(name) != name:
        raise BadFile("{0} has a name that is not UTF-8; rename it.", ascii(name))
