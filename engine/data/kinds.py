"""Kinds of data that training takes: what a folder must hold, how it is recognised, opened and reported on.

A system names its kind by path (`System.data`), one of these or one of its own: training, the data report,
`tessera data` and the studio ask the kind and know no folder's contents. Imports no torch; `opens` does when called.
A folder is recognised among the kinds of all systems.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from engine.data.caption_files import CAPTIONS, LAYOUTS
from engine.data.drawn import draw_captioned, draw_classes, draw_labelled, draw_layouts, draw_pictures
from engine.data.findings import Report
from engine.data.layout import class_folders, files_below, picture_paths
from engine.data.report import (
    Look,
    Progress,
    inspect_captions,
    inspect_classes,
    inspect_labelled,
    inspect_layouts,
    inspect_pictures,
)
from engine.errors import BadFile, Message
from engine.labels.label_sets import LabelSet
from engine.systems import all_systems
from engine.systems.base import load_part

if TYPE_CHECKING:
    from engine.data.dataset import DataSet


@dataclass(frozen=True)
class DataKind:
    """One kind of data.

    id: its name in reports. holds: what a folder must hold, a clause for sentences.
    fields: what its batches have (`engine.data.batch.Batch`).
    describes: whether a folder looks like it, judged by names of files alone.
    opens: gives the class that opens one split, (folder, split, side, on_progress, memory) -> `DataSet`.
    inspect: looks at every file.
    draws: (folder, side, label set) writes a small folder of it with the splits "train" and "val", pictures of `side`
        pixels, to measure training with; labels, classes and words are the label set's.
    lacks: a file that training cannot do without and that is plainly not there, as a sentence; None if there is none.
    """

    id: str
    holds: Message
    fields: tuple[str, ...]
    describes: Callable[[Path], bool]
    opens: Callable[[], type[DataSet]]
    inspect: Callable[[Path, Look], Report]
    draws: Callable[[Path, int, LabelSet], None]
    lacks: Callable[[Path], Message | None] = lambda data_folder: None


def _has_label_maps(data_folder: Path) -> bool:
    return any(True for _ in files_below(data_folder / "labels"))


def _lacks_classes(data_folder: Path) -> Message | None:
    if (data_folder / "classes.json").is_file():
        return None
    return Message(
        '"{0}" has no classes.json, which names the labels of its maps; tessera data "{0}" --make writes one.',
        data_folder,
    )


def _has_pictures(data_folder: Path) -> bool:
    return (data_folder / "images").is_dir() and bool(picture_paths(data_folder))


def _labelled_folder() -> type[DataSet]:
    from engine.data.labelled import LabelledFolder

    return LabelledFolder


def _class_folder() -> type[DataSet]:
    from engine.data.pictures import ClassFolder

    return ClassFolder


def _caption_folder() -> type[DataSet]:
    from engine.data.captions import CaptionFolder

    return CaptionFolder


def _layouts() -> type[DataSet]:
    from engine.data.captions import Layouts

    return Layouts


def _picture_folder() -> type[DataSet]:
    from engine.data.pictures import PictureFolder

    return PictureFolder


LABELLED = DataKind(
    id="pairs",
    holds=Message("pictures in images/, a label map of the same name for each in labels/, and classes.json"),
    fields=("pictures", "label_maps"),
    describes=_has_label_maps,
    opens=_labelled_folder,
    inspect=inspect_labelled,
    draws=draw_labelled,
    lacks=_lacks_classes,
)
LAYOUT_FILE = DataKind(
    id="layouts",
    holds=Message("captions_boxes.json, with sentences and boxes of pictures that need not be there"),
    fields=("captions", "boxes"),
    describes=lambda folder: (folder / LAYOUTS).is_file(),
    opens=_layouts,
    inspect=inspect_layouts,
    draws=draw_layouts,
)
CAPTIONED = DataKind(
    id="captions",
    holds=Message("pictures in images/, and captions.json with sentences about each"),
    fields=("pictures", "captions"),
    describes=lambda folder: (folder / CAPTIONS).is_file(),
    opens=_caption_folder,
    inspect=inspect_captions,
    draws=draw_captioned,
)
CLASSES = DataKind(
    id="classes",
    holds=Message("pictures in a folder per class"),
    fields=("pictures", "classes"),
    describes=lambda folder: bool(class_folders(folder)),
    opens=_class_folder,
    inspect=inspect_classes,
    draws=draw_classes,
)
PICTURES = DataKind(
    id="pictures",
    holds=Message("pictures in images/"),
    fields=("pictures",),
    describes=_has_pictures,
    opens=_picture_folder,
    inspect=partial(inspect_pictures, layout="pictures"),
    draws=draw_pictures,
)
KINDS = (LABELLED, LAYOUT_FILE, CAPTIONED, CLASSES, PICTURES)
"""In the order in which a folder is recognised: what says more comes first."""


def recognised(data_folder: Path) -> Iterator[DataKind]:
    """The kinds that a folder looks like: those that systems bring of their own, then ours, what says most first."""
    kind_paths = dict.fromkeys(system.data for system in all_systems())
    own_kinds = [kind for kind in map(load_part, kind_paths) if kind not in KINDS]
    return (kind for kind in (*own_kinds, *KINDS) if kind.describes(data_folder))


def inspect_folder(
    data_folder: Path,
    kind: DataKind | None = None,
    *,
    quick: bool = False,
    on_progress: Progress | None = None,
    cancel: threading.Event | None = None,
) -> Report:
    """Look at every file of a data folder.

    Args:
        data_folder: the folder.
        kind: what it should hold; what it looks like unless given.
        quick: read only the headers of pictures (label maps are always read whole).
        on_progress: called with (fraction, text).
        cancel: set it from any thread to stop.

    Raises:
        BadFile: there is no such folder. Cancelled.
    """
    data_folder = Path(data_folder)
    if not data_folder.is_dir():
        if kind is None:
            raise BadFile('"{0}" is not a folder; give a folder of training data.', data_folder)
        raise BadFile('"{0}" is not a folder; give one with {1}.', data_folder, kind.holds)
    kind = kind or next(recognised(data_folder), LABELLED)
    return kind.inspect(data_folder, Look(quick, on_progress, cancel))


def check_kind(data_folder: Path, kind: DataKind) -> None:
    """As `check_described`. Raises BadFile, too, for a folder that lacks a file that training cannot do without."""
    check_described(data_folder, kind)
    if (lacking := kind.lacks(data_folder)) is not None:
        raise BadFile(lacking)


def check_described(data_folder: Path, kind: DataKind) -> None:
    """Raises BadFile for what is no folder or plainly holds another kind of data; what else is wrong shows when it is
    read.
    """
    if not data_folder.is_dir():
        raise BadFile('"{0}" is not a folder; give one with {1}.', data_folder, kind.holds)
    if not kind.describes(data_folder):
        recognised_kind = next(recognised(data_folder), None)
        if recognised_kind is not None:
            raise BadFile('"{0}" holds {1}; this system trains on {2}.', data_folder, recognised_kind.holds, kind.holds)
