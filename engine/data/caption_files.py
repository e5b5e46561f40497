"""Files of sentences about pictures, read and checked; without torch.

captions.json: {"STEM": ["a sentence", ...], ...}. captions_boxes.json (COCO's annotations, without its pictures):
{"classes": [names], "records": [{"width", "height", "captions": [...], "boxes": [{"xyxy", "label"}], "split"}]},
and, where several folders were joined to one, "domains": {name: [classes]} and the "domain" of each record.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import msgspec

from engine.errors import BadFile
from engine.files import read_bytes
from engine.plain_data import BadText, parse_json

CAPTIONS = "captions.json"
LAYOUTS = "captions_boxes.json"


class Box(msgspec.Struct, omit_defaults=True):
    """xyxy: left, top, right, bottom in pixels; label: number of a class."""

    xyxy: tuple[float, float, float, float]
    label: int


class Record(msgspec.Struct, omit_defaults=True):
    """What is known about one picture: its size in pixels, sentences, boxes.

    stated: where sentences were written by `engine.data.captioning`, the attributes that each states.
    domain: in a file of several folders, which of its domains the picture belongs to.
    """

    width: int
    height: int
    captions: list[str]
    boxes: list[Box]
    split: str = "train"
    stated: list[list[str]] = []
    domain: str = ""


class LayoutFile(msgspec.Struct, omit_defaults=True):
    """The contents of captions_boxes.json.

    domains: in a file of several folders, the classes that may stand in each folder's pictures; else nothing.
    """

    classes: list[str]
    records: list[Record]
    domains: dict[str, list[int]] = {}


def read_captions(data_folder: Path) -> dict[str, list[str]]:
    """The sentences of captions.json by stem, one or more each. Raises BadFile."""
    captions_path = data_folder / CAPTIONS
    try:
        captions = msgspec.convert(parse_json(read_bytes(captions_path)), dict[str, list[str] | str])
    except (msgspec.ValidationError, BadText) as error:
        raise BadFile(
            '"{0}" is not a list of sentences per picture ({1}); write it again.', captions_path, error
        ) from error
    sentence_lists = {stem: [entry] if isinstance(entry, str) else entry for stem, entry in captions.items()}
    return {stem: sentences for stem, sentences in sentence_lists.items() if sentences}


def read_layouts(data_folder: Path) -> LayoutFile:
    """The contents of captions_boxes.json, each record with a sentence. Raises BadFile."""
    layouts_path = data_folder / LAYOUTS
    try:
        layouts = msgspec.convert(parse_json(read_bytes(layouts_path)), LayoutFile)
    except (msgspec.ValidationError, BadText) as error:
        raise BadFile('"{0}" does not hold captions and boxes ({1}); write it again.', layouts_path, error) from error
    layouts.records = [record for record in layouts.records if record.captions]
    return layouts


def join_layouts(data_folders: Mapping[str, Path]) -> LayoutFile:
    """Layouts of several folders as one, each folder a domain by the name that it is given here.

    Classes of one name are one class. Raises BadFile.
    """
    classes: dict[str, int] = {}
    joined = LayoutFile([], [])
    for domain, data_folder in data_folders.items():
        layouts = read_layouts(data_folder)
        numbers = [classes.setdefault(name, len(classes)) for name in layouts.classes]
        joined.domains[domain] = sorted({numbers[box.label] for record in layouts.records for box in record.boxes})
        for record in layouts.records:
            boxes = [Box(box.xyxy, numbers[box.label]) for box in record.boxes]
            joined.records.append(msgspec.structs.replace(record, boxes=boxes, domain=domain))
    joined.classes = list(classes)
    return joined
