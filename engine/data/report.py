"""The data report: what is in a dataset folder and what is wrong with it, each with its name.

Nothing is written. Files are read by a few threads, a bounded number at a time; of each file only names and numbers
are kept, about a kilobyte a pair.
"""

from __future__ import annotations

import threading
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import chain, islice
from pathlib import Path

import numpy as np

from engine.data.caption_files import CAPTIONS, LAYOUTS, read_captions, read_layouts
from engine.data.findings import KINDS, Finding, Report
from engine.data.layout import class_folders, files_below, picture_paths, read_splits, stem_of
from engine.data.scan import FileFacts, scan_label_map, scan_picture
from engine.devices import usable_cores
from engine.errors import BadFile, Cancelled, EngineError, Message
from engine.labels.label_sets import LabelSet, load_label_set

Progress = Callable[[float, str], None]

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


def inspect_labelled(folder: Path, look: Look) -> Report:
    """Look at every file of a folder of pictures with label maps. Raises Cancelled."""
    report = Report(folder)
    label_set = _label_set(folder, report)
    images, maps = _listed(folder / "images", report), _listed(folder / "labels", report)
    report.layout = "pairs" if images or maps else "empty"
    for stem in maps.keys() - images.keys():
        what = Message("has no picture in images/")
        report.findings.append(Finding("no picture", f"labels/{maps[stem].as_posix()}", what))
    for stem in images.keys() - maps.keys():
        what = Message("has no map in labels/")
        report.findings.append(Finding("no label map", f"images/{images[stem].as_posix()}", what))
    jobs = chain(
        (partial(scan_picture, folder / "images" / path, decode=not look.quick) for path in images.values()),
        (partial(scan_label_map, folder / "labels" / path, label_set) for path in maps.values()),
    )
    facts = _in_threads(jobs, len(images) + len(maps), look)
    _Count(report, folder, label_set).all(facts, len(images))
    report.seen.stems = sorted(images.keys() & maps.keys())
    report.pairs, report.pictures, report.label_maps = len(report.seen.stems), len(images), len(maps)
    _check_splits(folder, images.keys() & maps.keys(), report)
    _notes(report, folder, has_set=label_set is not None)
    order = {kind: n for n, kind in enumerate(KINDS)}
    report.findings.sort(key=lambda f: (order[f.kind], f.file))
    return report


def _notes(report: Report, folder: Path, has_set: bool) -> None:
    """What keeps a folder without any broken file from being trained on, or makes it less than it could be."""

    def note(file: str, what: str) -> None:
        report.findings.append(Finding("note", file, what))

    if not report.pictures and (loose := sum(1 for path in files_below(folder) if len(path.parts) == 1)):
        note("", Message("pictures beside images/ and labels/ are not looked at: {0}", loose))
    if not report.pairs:
        note("", Message("no pair of a picture and a label map; put pairs of one name into images/ and labels/"))
        return
    if not has_set and not (folder / "classes.json").exists():
        note("classes.json", Message("is missing; --make writes one from the label maps"))
    if report.pairs == 1:
        note("", Message("one pair alone: nothing is left to validate on"))


def _label_set(folder: Path, report: Report) -> LabelSet | None:
    if not (folder / "classes.json").exists():
        return None
    try:
        label_set = load_label_set(folder / "classes.json")
    except EngineError as error:
        report.findings.append(Finding("broken", "classes.json", str(error)))
        return None
    report.label_set, report.labels = label_set.name, len(label_set)
    return label_set


def _listed(place: Path, report: Report) -> dict[str, Path]:
    """Files by stem; two files of one stem are told."""
    files: dict[str, Path] = {}
    for path in files_below(place):
        stem = stem_of(path)
        if stem in files:
            text = Message("has the name of {0}; which of them counts is left to chance", files[stem].name)
            report.findings.append(Finding("split", f"{place.name}/{path.as_posix()}", text))
        else:
            files[stem] = path
    return files


def _in_threads(jobs: Iterator[partial[FileFacts]], total: int, look: Look) -> Iterator[FileFacts]:
    """Results in order. No more than WAITING files per thread are in memory. Raises Cancelled."""
    threads = min(8, usable_cores())
    waiting: deque[Future[FileFacts]] = deque()
    pool = ThreadPoolExecutor(threads, thread_name_prefix="data-report")
    try:
        for done in range(total):
            if look.cancel is not None and look.cancel.is_set():
                raise Cancelled
            for job in islice(jobs, WAITING * threads - len(waiting)):
                waiting.append(pool.submit(job))
            yield waiting.popleft().result()
            if look.on_progress is not None and done % 100 == 0:
                look.on_progress(done / total, Message("reading file {0} of {1}", done, total))
    finally:
        pool.shutdown(cancel_futures=True)


class _Count:
    """Takes one file after the other into the report."""

    def __init__(self, report: Report, folder: Path, label_set: LabelSet | None) -> None:
        self.report, self.folder, self.label_set = report, folder, label_set
        self.pixels, self.shown = np.zeros(256, np.int64), np.zeros(256, np.int64)
        self.first: dict[bytes, str] = {}
        self.shapes: dict[str, tuple[int, int]] = {}

    def all(self, facts: Iterable[FileFacts], pictures: int) -> None:
        """Pictures come first, `pictures` of them."""
        for number, one in enumerate(facts):
            name = one.path.relative_to(self.folder).as_posix()
            if one.problem is not None:
                self._find("unfit" if one.unfit else "broken", name, one.problem.as_predicate())
            if one.digest:
                self._duplicate(one.digest, name, number < pictures)
            if one.size != (0, 0):
                self.report.modes[one.mode if number < pictures else f"{one.mode} (labels)"] += 1
                self._sizes(one, name, number < pictures)
            if one.counts is not None or one.colours:
                self._labels(one, name)
        self._shares()

    def _find(self, kind: str, name: str, what: str) -> None:
        self.report.findings.append(Finding(kind, name, what))

    def _duplicate(self, digest: bytes, name: str, picture: bool) -> None:
        first = self.first.setdefault(digest, name)
        if first != name and picture:  # two pictures may well have equal label maps
            self._find("duplicate", name, Message("is the same file as {0}", first))

    def _sizes(self, one: FileFacts, name: str, picture: bool) -> None:
        width, height = one.size
        (self.report.picture_sizes if picture else self.report.map_sizes)[f"{width} x {height}"] += 1
        stem = stem_of(Path(*Path(name).parts[1:]))
        if picture:
            self.shapes[stem] = one.size
            return
        wide, high = self.shapes.pop(stem, one.size)
        if abs(wide * height - high * width) > 0.02 * high * width:
            self._find("other shape", name, Message("is {0} x {1}, its picture {2} x {3}", width, height, wide, high))

    def _labels(self, one: FileFacts, name: str) -> None:
        seen = self.report.seen
        seen.how[one.how] += 1
        if one.palette:
            seen.palettes[one.palette] += 1
        if one.path.suffix != ".png":
            self._find("unfit", name, Message("has another ending than .png, which training looks for; save it as PNG"))
        values = one.counts
        if values is None:
            seen.colours.update(one.colours)
            share = max(one.colours.values()) / sum(one.colours.values())
            what = f"#{max(one.colours, key=lambda c: one.colours[c]):06x}"
        else:
            self.pixels += values
            self.shown += values > 0
            share, what = values.max() / values.sum(), self._name(int(values.argmax()))
        if share > NEARLY_ALL:
            self._find("near-empty", name, Message("is {0} {1}", f"{share:.1%}", what))

    def _name(self, label: int) -> str:
        known = self.label_set is not None and label < len(self.label_set)
        return self.label_set[label].name if known and self.label_set is not None else str(label)

    def _shares(self) -> None:
        report = self.report
        report.seen.ids += self.pixels
        if total := int(self.pixels.sum()):
            ids = range(len(self.label_set)) if self.label_set else np.flatnonzero(self.pixels).tolist()
            report.label_shares = {self._name(n): float(self.pixels[n] / total) for n in ids}
            report.label_pictures = {self._name(n): int(self.shown[n]) for n in ids}
            for n in ids:
                if not self.pixels[n]:
                    self._find("unused label", "", Message("no map shows {0}", self._name(n)))
        elif total := sum(report.seen.colours.values()):
            for colour, count in report.seen.colours.most_common(256):
                report.label_shares[f"#{colour:06x}"] = count / total


def _check_splits(folder: Path, pairs: set[str], report: Report) -> None:
    if not (folder / "splits.json").exists():
        return
    try:
        splits = read_splits(folder)
    except BadFile as error:
        report.findings.append(Finding("split", "splits.json", str(error)))
        return
    report.splits = {name: len(stems) for name, stems in splits.items()}
    owner: dict[str, str] = {}
    for name, stems in splits.items():
        for stem in stems:
            if stem not in pairs:
                report.findings.append(Finding("split", stem, Message("is in {0}, but there is no such pair", name)))
            elif stem in owner:
                where = Message("is in {0} and in {1}", owner[stem], name)
                if owner[stem] == name:
                    where = Message("is twice in {0}", name)
                report.findings.append(Finding("split", stem, where))
            owner[stem] = name
    _across_splits(report, owner)
    if rest := len(pairs - owner.keys()):
        what = Message("{0} pairs are in no split and are not used", rest)
        report.findings.append(Finding("note", "splits.json", what))


def _across_splits(report: Report, owner: dict[str, str]) -> None:
    """Duplicates of which one is trained on and the other measured make numbers look better than they are."""
    for n, finding in enumerate(report.findings):
        if finding.kind == "duplicate":
            first = finding.what.removeprefix("is the same file as ")
            here, there = (owner.get(stem_of(Path(*Path(name).parts[1:]))) for name in (finding.file, first))
            if here is not None and there is not None and here != there:
                what = Message("is the same file as {0}, one in {1} and one in {2}", first, here, there)
                report.findings[n] = Finding("duplicate", finding.file, what)


def inspect_pictures(folder: Path, look: Look, layout: str) -> Report:
    """Look at every picture of a folder without label maps; `layout` is the kind's id. Raises Cancelled."""
    report = Report(folder, layout=layout)
    _label_set(folder, report)
    paths = picture_paths(folder)
    jobs = (partial(scan_picture, path, decode=not look.quick) for path in paths.values())
    _Count(report, folder, None).all(_in_threads(jobs, len(paths), look), len(paths))
    report.pictures, report.seen.stems = len(paths), list(paths)
    _check_splits(folder, set(paths), report)
    return report


def inspect_classes(folder: Path, look: Look) -> Report:
    """Look at every picture of a folder with one folder per class. Raises Cancelled."""
    report = inspect_pictures(folder, look, "classes")
    classes = class_folders(folder)
    report.labels = report.labels or len(classes)
    report.label_pictures = {name: len(files) for name, files in classes.items()}
    report.label_shares = {name: len(files) / report.pictures for name, files in classes.items()}
    what = Message(
        "pictures in a folder per class, without label maps: systems that paint label maps cannot train on them",
    )
    report.findings.append(Finding("note", "", what))
    return report


def inspect_captions(folder: Path, look: Look) -> Report:
    """Look at every picture and every sentence of a folder with captions.json. Raises Cancelled."""
    report = inspect_pictures(folder, look, "captions")
    try:
        captions = read_captions(folder)
    except BadFile as error:
        report.findings.append(Finding("broken", CAPTIONS, error.message.as_predicate()))
        return report
    report.captions = sum(map(len, captions.values()))
    for stem in sorted(set(report.seen.stems) - captions.keys()):
        report.findings.append(Finding("no caption", stem, Message("has no sentence in captions.json")))
    for stem in sorted(captions.keys() - set(report.seen.stems)):
        report.findings.append(Finding("no picture", stem, Message("has sentences but no picture")))
    return report


def inspect_layouts(folder: Path, look: Look) -> Report:
    """Look at the records of captions_boxes.json."""
    report = Report(folder, layout="layouts")
    try:
        layouts = read_layouts(folder)
    except BadFile as error:
        report.findings.append(Finding("broken", LAYOUTS, error.message.as_predicate()))
        return report
    report.labels, report.layouts = len(layouts.classes), len(layouts.records)
    report.captions = sum(len(record.captions) for record in layouts.records)
    report.splits = dict(Counter(record.split for record in layouts.records))
    shown = Counter(box.label for record in layouts.records for box in record.boxes)
    for number, name in enumerate(layouts.classes):
        report.label_pictures[name] = shown[number]
        report.label_shares[name] = shown[number] / max(1, shown.total())
    for number in sorted(shown.keys() - set(range(len(layouts.classes)))):
        what = Message("has boxes of a class {0} that it does not name", number)
        report.findings.append(Finding("unfit", LAYOUTS, what))
    return report
