"""Label maps for a folder of photographs, made by a parser, so that pictures alone are enough to train with.

Every picture of images/ that has no label map gets one in labels/, unless it cannot be right; parsed.json says for
each what the parser made of it, so that an interrupted run goes on where it stopped and a person can look at those
that were left out. Label maps that somebody else made are never touched. Without torch: the parser is a function.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
import numpy as np

from engine.data.layout import check_text, files_below, in_json, stem_of
from engine.errors import BadFile, Cancelled, Message
from engine.files import cannot, check_name, read_bytes, write_text
from engine.labels.doubts import doubt_about
from engine.labels.label_maps import write_label_map
from engine.labels.label_sets import LabelSet, load_label_set
from engine.plain_data import BadText, parse_json
from engine.progress import Progress

Array = np.ndarray
Parse = Callable[[Path], tuple[Array, float]]
"""A picture file -> its label map (H, W) uint8 and the confidence 0..1. Raises BadFile for what is no picture."""

RECORD = "parsed.json"
SAVE_SECONDS, SAVE_BYTES = 20.0, 100 << 20
"""A run that is killed loses no more than what it did in so many seconds; so much waits in memory."""
UNSURE = "the parser is unsure"


class Parsed(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What became of one picture.

    confidence: 0..1, of the parser; 0 where the file could not be read, -1 where another parser looked at it.
    doubt: why its label map was left out, "" where it was written.
    """

    confidence: float
    doubt: str = ""


class Record(msgspec.Struct, forbid_unknown_fields=True):
    """parsed.json: the parser's name, the SHA-256 of its tensors, the confidence asked for; pictures by stem."""

    weights: str
    sha256: str
    sure: float
    pictures: dict[str, Parsed] = {}


@dataclass(frozen=True)
class ParsedFolder:
    """The outcome.

    written: stems whose label maps were written now; kept: those written by earlier runs; labelled_before: those that
    had a label map that no run wrote. left_out: stem -> why it has none. confidence: stem -> 0..1, of all that was
    parsed.
    """

    folder: Path
    written: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)
    labelled_before: list[str] = field(default_factory=list)
    left_out: dict[str, str] = field(default_factory=dict)
    confidence: dict[str, float] = field(default_factory=dict)


def parse_folder(
    folder: Path,
    parse: Parse,
    label_set: LabelSet,
    *,
    weights: str,
    sha256: str = "",
    sure: float = 0.75,
    on_progress: Progress | None = None,
    cancel: threading.Event | None = None,
) -> ParsedFolder:
    """Give the pictures of a dataset folder label maps.

    Args:
        folder: has images/; labels/, classes.json and parsed.json are made where they are missing.
        parse: see `Parse`.
        label_set: the parser's labels.
        weights, sha256: the parser's name and the SHA-256 of its tensors: maps of another parser are made again.
        sure: confidence 0..1 from which a label map is kept.
        on_progress: called with (fraction, text).
        cancel: set by another thread, it ends the work after the present picture, with everything so far recorded.

    Raises:
        BadFile: there are no pictures, or a file cannot be written, or parsed.json or classes.json is damaged.
        BadRequest: classes.json lists other labels than the parser knows.
        Cancelled.
    """
    outcome = ParsedFolder(folder)
    stems = _nameable(folder, _pictures(folder), outcome.left_out)
    _match_classes(folder, label_set)
    record = _continued_record(folder, weights, sha256, sure)
    waiting = _Waiting(folder, record, label_set)
    try:
        for picture_index, (stem, path) in enumerate(stems.items()):
            if cancel is not None and cancel.is_set():
                raise Cancelled
            if on_progress is not None:
                on_progress(picture_index / len(stems), Message("parsing {0}", stem))
            target = folder / "labels" / f"{stem}.png"
            earlier = record.pictures.get(stem)
            if target.is_file() and (earlier is None or earlier.doubt):
                record.pictures.pop(stem, None)
                outcome.labelled_before.append(stem)
                continue
            if earlier is None or not _stands(earlier, target, sure):
                label_map, parsed = _parse_one(path, parse, label_set, sure)
                waiting.add(stem, target, parsed, label_map)
                if not parsed.doubt:
                    outcome.written.append(stem)
            elif not earlier.doubt:
                outcome.kept.append(stem)
            parsed = record.pictures[stem]
            outcome.confidence[stem] = parsed.confidence
            if parsed.doubt:
                outcome.left_out[stem] = parsed.doubt
    finally:
        waiting.write()
    if on_progress is not None:
        on_progress(1.0, Message("parsed"))
    return outcome


def _nameable(folder: Path, pictures: dict[str, Path], left_out: dict[str, str]) -> dict[str, Path]:
    """The pictures whose label maps can be called as they are; why the others' cannot goes to `left_out`."""
    nameable: dict[str, Path] = {}
    for stem, path in pictures.items():
        try:
            check_text(stem)
            check_name(folder / "labels" / f"{stem}.png")
            nameable[stem] = path
        except BadFile as error:
            left_out[in_json(stem)] = str.__str__(error.message)
    return nameable


def _continued_record(folder: Path, weights: str, sha256: str, sure: float) -> Record:
    """The record of an earlier run to go on with. Pictures of another parser count as not parsed yet."""
    before = _read_record(folder / RECORD)
    if before is None:
        return Record(weights, sha256, sure, {})
    if (before.weights, before.sha256) == (weights, sha256):
        return Record(weights, sha256, sure, dict(before.pictures))
    unparsed = {stem: Parsed(-1.0, parsed.doubt) for stem, parsed in before.pictures.items()}
    return Record(weights, sha256, sure, unparsed)


class _Waiting:
    """Label maps that are written a handful at a time, after parsed.json knows of them.

    In this order a map without its line can only be somebody else's, and a line without its map is parsed again.
    """

    def __init__(self, folder: Path, record: Record, label_set: LabelSet) -> None:
        self.folder, self.record, self.label_set = folder, record, label_set
        self._maps: dict[Path, Array] = {}
        self._since = time.monotonic()

    def add(self, stem: str, target: Path, parsed: Parsed, label_map: Array | None) -> None:
        self.record.pictures[stem] = parsed
        if label_map is None:
            target.unlink(missing_ok=True)  # an earlier run's, which no longer stands
        else:
            self._maps[target] = label_map
        if time.monotonic() - self._since > SAVE_SECONDS or sum(m.size for m in self._maps.values()) > SAVE_BYTES:
            self.write()

    def write(self) -> None:
        """Raises BadFile."""
        record = msgspec.json.format(msgspec.json.encode(self.record), indent=1).decode()
        write_text(self.folder / RECORD, record + "\n")
        for target, label_map in self._maps.items():
            try:
                target.parent.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise cannot("create the folder", target.parent, error) from error
            write_label_map(target, label_map, self.label_set)
        self._maps.clear()
        self._since = time.monotonic()


def _pictures(folder: Path) -> dict[str, Path]:
    """Stem -> file. Raises BadFile: there are none, or two share a stem."""
    images = folder / "images"
    pictures: dict[str, Path] = {}
    for path in files_below(images) if images.is_dir() else ():
        stem = stem_of(path)
        if stem in pictures:
            raise BadFile('"{0}" has two pictures called {1}; rename one of them.', images, stem)
        pictures[stem] = images / path
    if not pictures:
        raise BadFile('"{0}" has no pictures to parse; put them into "{1}".', folder, images)
    return pictures


def _match_classes(folder: Path, label_set: LabelSet) -> None:
    """Write classes.json if there is none. Raises BadFile if the folder's labels are others."""
    path = folder / "classes.json"
    if not path.exists():
        write_text(path, json.dumps(label_set.to_dict(), ensure_ascii=False, indent=1) + "\n")
    elif not load_label_set(path).same_labels(label_set):
        raise BadFile(
            '"{0}" lists other labels than those of the parser ("{1}"); choose another one.',
            path, label_set.name,
        )


def _stands(earlier: Parsed, target: Path, sure: float) -> bool:
    """Whether an earlier run's word about a picture needs no second look."""
    if earlier.confidence < 0:  # another parser's
        return False
    if earlier.doubt:
        return earlier.confidence < sure or not earlier.doubt.startswith(UNSURE)
    return target.is_file() and earlier.confidence >= sure


def _parse_one(path: Path, parse: Parse, label_set: LabelSet, sure: float) -> tuple[Array | None, Parsed]:
    """The label map, None if it is left out, and what is recorded."""
    try:
        label_map, confidence = parse(path)
    except BadFile as error:
        return None, Parsed(0.0, str.__str__(error.message))  # JSON takes plain strings alone
    doubt = str.__str__(doubt_about(label_map, label_set))
    if not doubt and confidence < sure:
        doubt = f"{UNSURE} ({confidence:.2f})"
    return None if doubt else label_map, Parsed(round(confidence, 4), doubt)


def _read_record(path: Path) -> Record | None:
    """Raises BadFile for a file that is not ours: it is not overwritten."""
    if not path.exists():
        return None
    try:
        return msgspec.convert(parse_json(read_bytes(path)), Record)
    except (msgspec.ValidationError, BadText) as error:
        raise BadFile(
            '"{0}" is not what parsing writes; remove it to parse all pictures again.',
            path, details=repr(error),
        ) from error
