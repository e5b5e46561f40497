"""Files of sentences about pictures, read and checked; without torch.

captions.json: {"STEM": ["a sentence", ...], ...}. captions_boxes.json (COCO's annotations, without its pictures):
{"classes": [names], "records": [{"width", "height", "captions": [...], "boxes": [{"xyxy", "label"}], "split"}]}.
"""

from __future__ import annotations

from pathlib import Path

import msgspec

from engine.errors import BadFile
from engine.files import read_bytes
from engine.plain_data import BadText, parse_json

CAPTIONS = "captions.json"
LAYOUTS = "captions_boxes.json"


class Box(msgspec.Struct):
    """xyxy: left, top, right, bottom in pixels; label: number of a class."""

    xyxy: tuple[float, float, float, float]
    label: int


class Record(msgspec.Struct):
    """What is known about one picture: its size in pixels, sentences, boxes."""

    width: int
    height: int
    captions: list[str]
    boxes: list[Box]
    split: str = "train"


class LayoutFile(msgspec.Struct):
    """The contents of captions_boxes.json."""

    classes: list[str]
    records: list[Record]


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
