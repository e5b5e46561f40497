"""Kinds of data that training takes: what a folder must hold, how it is recognised, opened and reported on.

A system names its kind by path (`System.data`), one of these or one of its own: training, the data report,
`tessera data` and the studio ask the kind and know no folder's contents. Imports no torch; `opens` does when called.
A folder is recognised among the kinds of all systems.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from engine.data.caption_files import CAPTIONS, LAYOUTS
from engine.data.drawn import draw_captioned, draw_classes, draw_labelled, draw_layouts, draw_pictures
from engine.data.findings import Report
from engine.data.lacks import has_class_folders, has_label_maps, has_pictures, lacks_of_pairs
from engine.data.make import CLASSES_FILE, SPLITS_FILE, Making, make_class_lists, make_pair_lists, make_splits
from engine.data.report import (
    Look,
    inspect_captions,
    inspect_classes,
    inspect_labelled,
    inspect_layouts,
    inspect_pictures,
)
from engine.data.summaries import (
    captions_summary,
    classes_summary,
    layouts_summary,
    pairs_summary,
    pictures_summary,
)
from engine.errors import BadFile, BadRequest, Message
from engine.labels.label_sets import LabelSet
from engine.progress import Progress
from engine.systems import all_systems
from engine.systems.base import load_part

if TYPE_CHECKING:
    from engine.data.dataset import DataSet

MEASURED_SPLITS = ("test", "val")
Make = Callable[[Path, Report, Making], list[Path]]
"""Writes the lists that a folder lacks and returns them. Raises BadFile or BadRequest, before anything is written,
saying what keeps the folder from being used."""


@dataclass(frozen=True, kw_only=True)
class DataKind:
    """One kind of data, and all that is said of it: commands and windows ask it and know no folder's contents.

    id: its name in reports. holds: what a folder must hold, a clause for sentences.
    fields: what its batches have (`engine.data.batch.Batch`).
    describes: whether a folder looks like it, judged by names of files alone.
    dataset: path of the class that opens one split, (folder, split, side, on_progress, memory) -> `DataSet`.
    draws: (folder, side, label set) writes a small folder of it with the splits "train" and "val", pictures of `side`
        pixels, to measure training with; labels, classes and words are the label set's.
    report: looks at every file, of whatever is in the folder.
    summary: how much there is, by its report: clauses for people.
    lacks: what keeps a folder from being trained on, judged by names of files alone, as a sentence; None if that is
        nothing, or if the folder holds nothing of this kind (`first_lack` says so).
    lists, make: files that a plain folder may lack, and what writes those; None where there is nothing to make.
    """

    id: str
    holds: Message
    fields: tuple[str, ...]
    describes: Callable[[Path], bool]
    dataset: str
    draws: Callable[[Path, int, LabelSet], None]
    report: Callable[[Path, Look], Report]
    summary: Callable[[Report], tuple[Message, ...]]
    lacks: Callable[[Path], Message | None] = lambda data_folder: None
    lists: tuple[str, ...] = ()
    make: Make | None = None

    def opens(self) -> type[DataSet]:
        """The class that opens one split."""
        dataset_class: type[DataSet] = load_part(self.dataset)
        return dataset_class

    @property
    def has_label_maps(self) -> bool:
        """Whether what is made depends on the label set that its maps were drawn for."""
        return "label_maps" in self.fields

    def missing_lists(self, data_folder: Path) -> list[str]:
        """Those of `lists` that a folder lacks."""
        return [name for name in self.lists if not (data_folder / name).exists()]


LABELLED = DataKind(
    id="pairs",
    holds=Message("pictures in images/, a label map of the same name for each in labels/, and classes.json"),
    fields=("pictures", "label_maps"),
    describes=has_label_maps,
    dataset="engine.data.labelled:LabelledFolder",
    draws=draw_labelled,
    report=inspect_labelled,
    summary=pairs_summary,
    lacks=lacks_of_pairs,
    lists=(CLASSES_FILE, SPLITS_FILE),
    make=make_pair_lists,
)
LAYOUT_FILE = DataKind(
    id="layouts",
    holds=Message("captions_boxes.json, with sentences and boxes of pictures that need not be there"),
    fields=("captions", "boxes", "domains"),
    describes=lambda folder: (folder / LAYOUTS).is_file(),
    dataset="engine.data.captions:Layouts",
    draws=draw_layouts,
    report=inspect_layouts,
    summary=layouts_summary,
)
CAPTIONED = DataKind(
    id="captions",
    holds=Message("pictures in images/, and captions.json with sentences about each"),
    fields=("pictures", "captions"),
    describes=lambda folder: (folder / CAPTIONS).is_file(),
    dataset="engine.data.captions:CaptionFolder",
    draws=draw_captioned,
    report=inspect_captions,
    summary=captions_summary,
    lists=(SPLITS_FILE,),
    make=make_splits,
)
CLASSES = DataKind(
    id="classes",
    holds=Message("pictures in a folder per class"),
    fields=("pictures", "classes"),
    describes=has_class_folders,
    dataset="engine.data.pictures:ClassFolder",
    draws=draw_classes,
    report=inspect_classes,
    summary=classes_summary,
    lists=(CLASSES_FILE, SPLITS_FILE),
    make=make_class_lists,
)
PICTURES = DataKind(
    id="pictures",
    holds=Message("pictures in images/"),
    fields=("pictures",),
    describes=has_pictures,
    dataset="engine.data.pictures:PictureFolder",
    draws=draw_pictures,
    report=partial(inspect_pictures, layout="pictures"),
    summary=pictures_summary,
    lists=(SPLITS_FILE,),
    make=make_splits,
)
KINDS = (LABELLED, LAYOUT_FILE, CAPTIONED, CLASSES, PICTURES)
"""In the order in which a folder is recognised: what says more comes first."""


def recognised(data_folder: Path) -> Iterator[DataKind]:
    """The kinds that a folder looks like: those that systems bring of their own, then ours, what says most first."""
    kind_paths = dict.fromkeys(system.data for system in all_systems())
    own_kinds = [kind for kind in map(load_part, kind_paths) if kind not in KINDS]
    return (kind for kind in (*own_kinds, *KINDS) if kind.describes(data_folder))


def _is_folder(path: Path) -> bool:
    return os.path.isdir(path)  # False too where it cannot be looked at


def kind_of(data_folder: Path, expected: DataKind | None = None) -> DataKind:
    """The kind to report a folder as: `expected` if it looks like that, else what it looks like.

    Raises BadFile: there is no such folder.
    """
    if not _is_folder(data_folder):
        raise BadFile(_no_folder(data_folder, expected))
    if expected is not None and expected.describes(data_folder):
        return expected
    return next(recognised(data_folder), expected or LABELLED)


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
    if not _is_folder(data_folder):
        raise BadFile(_no_folder(data_folder, kind))
    kind = kind or kind_of(data_folder)
    report = kind.report(data_folder, Look(quick, on_progress, cancel))
    report.lacks = first_lack(data_folder, kind)
    return report


def first_lack(data_folder: Path, kind: DataKind) -> Message | None:
    """What plainly keeps a folder from being trained on as data of this kind, as a sentence, told without reading a
    file; None if nothing does at first sight. The data report reads them.
    """
    if (mismatch := _mismatch(data_folder, kind)) is not None:
        return mismatch
    if (lack := kind.lacks(data_folder)) is not None or kind.describes(data_folder):
        return lack
    return Message('"{0}" does not hold what this system trains on: {1}.', data_folder, kind.holds)


def check_kind(data_folder: Path, kind: DataKind) -> None:
    """Raises BadFile for a folder that plainly cannot be trained on; what else is wrong shows when it is read."""
    if (lack := first_lack(data_folder, kind)) is not None:
        raise BadFile(lack)


def check_described(data_folder: Path, kind: DataKind) -> None:
    """Raises BadFile for no folder, and for one that plainly holds another kind of data. It may lack what training
    alone needs: weights that are measured on it have labels of their own."""
    if (mismatch := _mismatch(data_folder, kind)) is not None:
        raise BadFile(mismatch)


def measured_split(data_folder: Path, kind: DataKind) -> str:
    """The split that weights are measured on unless another is asked for: "test" where there is one, else "val".

    "test" where there is neither: a folder without splits is measured whole, and a broken list is named later.
    """
    dataset_class = kind.opens()
    return next((name for name in MEASURED_SPLITS if dataset_class.has_split(data_folder, name)), MEASURED_SPLITS[0])


def make_lists(data_folder: Path, kind: DataKind, report: Report, making: Making) -> list[Path]:
    """Write what a folder lacks of the lists of its kind (classes.json, splits.json); returns the files written.

    Raises:
        BadFile, BadRequest: nothing is written; the sentence says what keeps the folder from being used.
    """
    if kind.make is None:
        raise BadFile('"{0}" holds {1}: there are no lists to make for it.', data_folder, kind.holds)
    if making.label_set is not None and not kind.has_label_maps:
        raise BadRequest(
            '"{0}" holds {1}, which have no label maps; leave out the label set.', data_folder, kind.holds
        )
    return kind.make(data_folder, report, making)


def _mismatch(data_folder: Path, kind: DataKind) -> Message | None:
    """Why a folder is plainly none of this kind, as a sentence; None where it may be."""
    if not _is_folder(data_folder):
        return _no_folder(data_folder, kind)
    if not kind.describes(data_folder):
        other_kind = next(recognised(data_folder), None)
        if other_kind is not None and not set(other_kind.fields) <= set(kind.fields):  # which would be a part of it
            return Message('"{0}" holds {1}; this system trains on {2}.', data_folder, other_kind.holds, kind.holds)
    return None


def _no_folder(data_folder: Path, kind: DataKind | None) -> Message:
    if kind is None:
        return Message('"{0}" is not a folder; give a folder of training data.', data_folder)
    return Message('"{0}" is not a folder; give one with {1}.', data_folder, kind.holds)
