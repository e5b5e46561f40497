"""The data report: what is in a dataset folder and what is wrong with it, each with its name.

Nothing is written. Files are read by a few threads, a bounded number at a time; of each file only names and numbers
are kept, about a kilobyte a pair.
"""

from __future__ import annotations

import threading
from collections import Counter, deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import chain, islice
from pathlib import Path

import numpy as np

from engine.data.caption_files import CAPTIONS, LAYOUTS, read_captions, read_layouts
from engine.data.findings import (
    BROKEN,
    DUPLICATE,
    NEAR_EMPTY,
    NO_CAPTION,
    NO_LABEL_MAP,
    NO_PICTURE,
    NOTE,
    ORDER,
    OTHER_SHAPE,
    SPLIT,
    TURNED,
    UNFIT,
    UNUSED_LABEL,
    Finding,
    FindingKind,
    Report,
)
from engine.data.layout import (
    PairFiles,
    class_folders,
    files_below,
    picture_paths,
    read_splits,
    stem_in_folder,
    stem_of,
)
from engine.data.make import why_no_classes
from engine.data.scan import FileFacts, scan_label_map, scan_picture
from engine.devices import usable_cores
from engine.errors import BadFile, Cancelled, EngineError, Message
from engine.labels.colour_tables import table_fields
from engine.labels.label_colours import nearest_labels
from engine.labels.label_maps import MOST_ASKED
from engine.labels.label_sets import LabelSet, load_label_set
from engine.progress import Progress

NEARLY_ALL = 0.995
"""A map with a larger share of one label teaches next to nothing."""
WAITING = 64
"""Files per thread that are being read or wait to be counted."""


@dataclass(frozen=True)
class Look:
    """How a folder is looked at.

    quick: read only the headers of pictures (label maps are always read whole).
    on_progress: called with (fraction, text). cancel: set it from any thread to stop.
    """

    quick: bool = False
    on_progress: Progress | None = None
    cancel: threading.Event | None = None


def inspect_labelled(data_folder: Path, options: Look) -> Report:
    """Look at every file of a folder of pictures with label maps. Raises Cancelled."""
    report = Report(data_folder)
    label_set = _read_label_set(data_folder, report)
    files = PairFiles(data_folder)
    image_paths, map_paths = files.images, files.label_maps
    _report_namesakes(data_folder / "images", image_paths, report)
    _report_namesakes(data_folder / "labels", map_paths, report)
    report.layout = "pairs" if image_paths or map_paths else "empty"
    for stem in map_paths.keys() - image_paths.keys():
        complaint = Message("has no picture in images/")
        report.findings.append(Finding(NO_PICTURE, f"labels/{map_paths[stem].as_posix()}", complaint))
    for stem in image_paths.keys() - map_paths.keys():
        complaint = Message("has no map in labels/")
        report.findings.append(Finding(NO_LABEL_MAP, f"images/{image_paths[stem].as_posix()}", complaint))
    images, maps = data_folder / "images", data_folder / "labels"
    scan_jobs = chain(
        (partial(scan_picture, images / path, decode=not options.quick) for path in image_paths.values()),
        (
            partial(scan_label_map, maps / path, label_set, images / image_paths[stem] if stem in image_paths else None)
            for stem, path in map_paths.items()
        ),
    )
    file_facts = _scan_in_threads(scan_jobs, len(image_paths) + len(map_paths), options)
    _FileCounter(report, data_folder, label_set).count_files(file_facts, len(image_paths))
    if label_set is not None and len(report.seen.foreign) <= MOST_ASKED:
        report.nearest_colours = table_fields(nearest_labels(report.seen.foreign, label_set), label_set)
    report.seen.stems = sorted(image_paths.keys() & map_paths.keys())
    report.examples = report.pairs = len(report.seen.stems)
    report.pictures, report.label_maps = len(image_paths), len(map_paths)
    _check_splits(data_folder, image_paths.keys() & map_paths.keys(), report)
    _notes(report, data_folder, label_set)
    report.findings.sort(key=lambda finding: (ORDER.index(finding.kind), finding.file))
    return report


def _notes(report: Report, data_folder: Path, label_set: LabelSet | None) -> None:
    """What keeps a folder without any broken file from being trained on, or makes it less than it could be."""

    def note(file_name: str, remark: Message) -> None:
        report.findings.append(Finding(NOTE, file_name, remark))

    loose_count = 0 if report.pictures else sum(1 for path in files_below(data_folder) if len(path.parts) == 1)
    if loose_count:
        note("", Message("pictures beside images/ and labels/ are not looked at: {0}", loose_count))
    if not report.pairs:
        note("", Message("no pair of a picture and a label map; put pairs of one name into images/ and labels/"))
        return
    if label_set is None and not (data_folder / "classes.json").exists():
        if (obstacle := why_no_classes(data_folder, report)) is not None:
            report.findings.append(Finding(UNFIT, "", obstacle))
        else:
            note("classes.json", Message("is missing; one can be made from the label maps"))
    if _may_count_from_one(report, label_set):
        note(
            "labels/",
            Message("no map has the value 0: where they count from 1, subtract 1, or each label is read as its next"),
        )
    if report.pairs == 1:
        note("", Message("one pair alone: nothing is left to validate on"))


def _may_count_from_one(report: Report, label_set: LabelSet | None) -> bool:
    """Whether numbers, whose meaning nothing proves, leave out the first label of all, and more than one is there."""
    numbers = {"raw", "indexed"} if label_set is None else {"raw"}  # Tessera's own indexed maps have the set's palette
    explained = label_set is not None and (label_set.order is not None or label_set.ignore == 0)
    ids = report.seen.ids
    return set(report.seen.how) <= numbers and not explained and not ids[0] and bool(np.count_nonzero(ids) > 1)


def _read_label_set(data_folder: Path, report: Report) -> LabelSet | None:
    if not (data_folder / "classes.json").exists():
        return None
    try:
        label_set = load_label_set(data_folder / "classes.json")
    except EngineError as error:
        report.findings.append(Finding(BROKEN, "classes.json", error.message))
        return None
    report.label_set, report.labels = label_set.name, len(label_set)
    return label_set


def _report_namesakes(parent_folder: Path, paths_by_stem: dict[str, Path], report: Report) -> None:
    """Two files of one stem are reported."""
    for relative_path in files_below(parent_folder):
        first_path = paths_by_stem[stem_of(relative_path)]
        if relative_path != first_path:
            complaint = Message("has the name of {0}; which of them counts is left to chance", first_path.name)
            report.findings.append(Finding(SPLIT, f"{parent_folder.name}/{relative_path.as_posix()}", complaint))


def _scan_in_threads(scan_jobs: Iterator[partial[FileFacts]], file_count: int, options: Look) -> Iterator[FileFacts]:
    """Results in order. No more than WAITING files per thread are in memory. Raises Cancelled."""
    thread_count = min(8, usable_cores())
    pending: deque[Future[FileFacts]] = deque()
    pool = ThreadPoolExecutor(thread_count, thread_name_prefix="data-report")
    try:
        for done_count in range(file_count):
            if options.cancel is not None and options.cancel.is_set():
                raise Cancelled
            for scan_job in islice(scan_jobs, WAITING * thread_count - len(pending)):
                pending.append(pool.submit(scan_job))
            yield pending.popleft().result()
            if options.on_progress is not None and done_count % 100 == 0:
                options.on_progress(done_count / file_count, Message("reading file {0} of {1}", done_count, file_count))
    finally:
        pool.shutdown(cancel_futures=True)


class _FileCounter:
    """Takes one file after the other into the report."""

    def __init__(self, report: Report, data_folder: Path, label_set: LabelSet | None) -> None:
        self.report, self.folder, self.label_set = report, data_folder, label_set
        self.pixels, self.shown = np.zeros(256, np.int64), np.zeros(256, np.int64)
        self.first: dict[bytes, str] = {}
        self.shapes: dict[str, tuple[int, int]] = {}

    def count_files(self, facts_of_files: Iterable[FileFacts], picture_count: int) -> None:
        """Pictures come first, `picture_count` of them."""
        for file_index, file_facts in enumerate(facts_of_files):
            file_name = file_facts.path.relative_to(self.folder).as_posix()
            if file_facts.problem is not None:
                kind = UNFIT if file_facts.unfit else BROKEN
                self._add_finding(kind, file_name, file_facts.problem.as_predicate())
                self.report.seen.foreign.update(file_facts.foreign)
            if file_facts.digest:
                self._check_duplicate(file_facts.digest, file_name, file_index < picture_count)
            if file_facts.size != (0, 0):
                self.report.modes[file_facts.mode if file_index < picture_count else f"{file_facts.mode} (labels)"] += 1
                self._count_size(file_facts, file_name, file_index < picture_count)
            if file_facts.counts is not None or file_facts.colours:
                self._count_labels(file_facts, file_name)
        self._finish_shares()

    def _add_finding(self, kind: FindingKind, file_name: str, sentence: Message) -> None:
        self.report.findings.append(Finding(kind, file_name, sentence))

    def _check_duplicate(self, digest: bytes, file_name: str, is_picture: bool) -> None:
        first_name = self.first.setdefault(digest, file_name)
        if first_name != file_name and is_picture:  # two pictures may well have equal label maps
            self._add_finding(DUPLICATE, file_name, Message("is the same file as {0}", first_name))

    def _count_size(self, file_facts: FileFacts, file_name: str, is_picture: bool) -> None:
        width, height = file_facts.size
        (self.report.picture_sizes if is_picture else self.report.map_sizes)[f"{width} x {height}"] += 1
        stem = stem_in_folder(file_name)
        if is_picture:
            self.shapes[stem] = file_facts.size
            return
        picture_width, picture_height = self.shapes.pop(stem, file_facts.size)
        if file_facts.turned is not None:
            self._add_finding(TURNED, file_name, file_facts.turned.as_predicate())
        elif abs(picture_width * height - picture_height * width) > 0.02 * picture_height * width:
            sizes = (width, height, picture_width, picture_height)
            self._add_finding(OTHER_SHAPE, file_name, Message("is {0} x {1}, its picture {2} x {3}", *sizes))

    def _count_labels(self, file_facts: FileFacts, file_name: str) -> None:
        map_contents = self.report.seen
        map_contents.how[file_facts.how] += 1
        if file_facts.palette:
            map_contents.palettes[file_facts.palette] += 1
        pixel_counts = file_facts.counts
        if pixel_counts is None:
            map_contents.colours.update(file_facts.colours)
            largest_share = max(file_facts.colours.values()) / sum(file_facts.colours.values())
            largest_label = f"#{max(file_facts.colours, key=lambda colour: file_facts.colours[colour]):06x}"
        else:
            self.pixels += pixel_counts
            self.shown += pixel_counts > 0
            largest_share = pixel_counts.max() / pixel_counts.sum()
            largest_label = self._label_name(int(pixel_counts.argmax()))
        if largest_share > NEARLY_ALL:
            self._add_finding(NEAR_EMPTY, file_name, Message("is {0} {1}", f"{largest_share:.1%}", largest_label))

    def _label_name(self, label_id: int) -> str:
        is_named = self.label_set is not None and label_id < len(self.label_set)
        return self.label_set[label_id].name if is_named and self.label_set is not None else str(label_id)

    def _finish_shares(self) -> None:
        report = self.report
        report.seen.ids += self.pixels
        if total_pixels := int(self.pixels.sum()):
            label_ids = range(len(self.label_set)) if self.label_set else np.flatnonzero(self.pixels).tolist()
            for label_id in label_ids:
                report.label_shares[self._label_name(label_id)] = float(self.pixels[label_id] / total_pixels)
                report.label_pictures[self._label_name(label_id)] = int(self.shown[label_id])
                if not self.pixels[label_id]:
                    self._add_finding(UNUSED_LABEL, "", Message("no map shows {0}", self._label_name(label_id)))
        elif total_pixels := sum(report.seen.colours.values()):
            for colour, pixel_count in report.seen.colours.most_common(256):
                report.label_shares[f"#{colour:06x}"] = pixel_count / total_pixels


def _check_splits(data_folder: Path, pair_stems: set[str], report: Report) -> None:
    if not (data_folder / "splits.json").exists():
        return
    try:
        splits = read_splits(data_folder)
    except BadFile as error:
        report.findings.append(Finding(SPLIT, "splits.json", error.message))
        return
    report.splits = {split_name: len(stems) for split_name, stems in splits.items()}
    split_by_stem: dict[str, str] = {}
    for split_name, stems in splits.items():
        for stem in stems:
            if stem not in pair_stems:
                complaint = Message("is in {0}, but there is no such pair", split_name)
                report.findings.append(Finding(SPLIT, stem, complaint))
            elif stem in split_by_stem:
                complaint = Message("is in {0} and in {1}", split_by_stem[stem], split_name)
                if split_by_stem[stem] == split_name:
                    complaint = Message("is twice in {0}", split_name)
                report.findings.append(Finding(SPLIT, stem, complaint))
            split_by_stem[stem] = split_name
    _across_splits(report, split_by_stem)
    if unused_count := len(pair_stems - split_by_stem.keys()):
        remark = Message("{0} pairs are in no split and are not used", unused_count)
        report.findings.append(Finding(NOTE, "splits.json", remark))


def _across_splits(report: Report, split_by_stem: dict[str, str]) -> None:
    """Duplicates of which one is trained on and the other measured make numbers look better than they are."""
    for finding_index, finding in enumerate(report.findings):
        if finding.kind is DUPLICATE:
            first_name = str(finding.what.arguments[0])
            own_split, first_split = (
                split_by_stem.get(stem_in_folder(file_name)) for file_name in (finding.file, first_name)
            )
            if own_split is not None and first_split is not None and own_split != first_split:
                remark = Message(
                    "is the same file as {0}, one in {1} and one in {2}", first_name, own_split, first_split
                )
                report.findings[finding_index] = Finding(DUPLICATE, finding.file, remark)


def inspect_pictures(data_folder: Path, options: Look, layout: str) -> Report:
    """Look at every picture of a folder without label maps; `layout` is the kind's id. Raises Cancelled."""
    report = Report(data_folder, layout=layout)
    _read_label_set(data_folder, report)
    paths_by_stem = picture_paths(data_folder)
    scan_jobs = (partial(scan_picture, path, decode=not options.quick) for path in paths_by_stem.values())
    file_facts = _scan_in_threads(scan_jobs, len(paths_by_stem), options)
    _FileCounter(report, data_folder, None).count_files(file_facts, len(paths_by_stem))
    report.examples = report.pictures = len(paths_by_stem)
    report.seen.stems = list(paths_by_stem)
    _check_splits(data_folder, set(paths_by_stem), report)
    if layout == "pictures":
        remark = Message("pictures alone, without label maps: systems that paint label maps cannot train on them")
        report.findings.append(Finding(NOTE, "labels/", remark))
    return report


def inspect_classes(data_folder: Path, options: Look) -> Report:
    """Look at every picture of a folder with one folder per class. Raises Cancelled."""
    report = inspect_pictures(data_folder, options, "classes")
    paths_by_class = class_folders(data_folder)
    report.labels = report.labels or len(paths_by_class)
    report.label_pictures = {class_name: len(paths) for class_name, paths in paths_by_class.items()}
    report.label_shares = {class_name: len(paths) / report.pictures for class_name, paths in paths_by_class.items()}
    remark = Message(
        "pictures in a folder per class, without label maps: systems that paint label maps cannot train on them",
    )
    report.findings.append(Finding(NOTE, "", remark))
    return report


def inspect_captions(data_folder: Path, options: Look) -> Report:
    """Look at every picture and every sentence of a folder with captions.json. Raises Cancelled."""
    report = inspect_pictures(data_folder, options, "captions")
    try:
        captions = read_captions(data_folder)
    except BadFile as error:
        report.findings.append(Finding(BROKEN, CAPTIONS, error.message.as_predicate()))
        return report
    report.captions = sum(map(len, captions.values()))
    for stem in sorted(set(report.seen.stems) - captions.keys()):
        report.findings.append(Finding(NO_CAPTION, stem, Message("has no sentence in captions.json")))
    for stem in sorted(captions.keys() - set(report.seen.stems)):
        report.findings.append(Finding(NO_PICTURE, stem, Message("has sentences but no picture")))
    return report


def inspect_layouts(data_folder: Path, options: Look) -> Report:
    """Look at the records of captions_boxes.json."""
    report = Report(data_folder, layout="layouts")
    try:
        layouts = read_layouts(data_folder)
    except BadFile as error:
        report.findings.append(Finding(BROKEN, LAYOUTS, error.message.as_predicate()))
        return report
    report.labels, report.examples = len(layouts.classes), len(layouts.records)
    report.layouts = report.examples
    report.captions = sum(len(record.captions) for record in layouts.records)
    report.splits = dict(Counter(record.split for record in layouts.records))
    box_counts = Counter(box.label for record in layouts.records for box in record.boxes)
    for class_id, class_name in enumerate(layouts.classes):
        report.label_pictures[class_name] = box_counts[class_id]
        report.label_shares[class_name] = box_counts[class_id] / max(1, box_counts.total())
    for class_id in sorted(box_counts.keys() - set(range(len(layouts.classes)))):
        remark = Message("has boxes of a class {0} that it does not name", class_id)
        report.findings.append(Finding(UNFIT, LAYOUTS, remark))
    return report
