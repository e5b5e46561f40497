"""Writes sentences about the pictures of a labelled folder: captions.json, what each sentence states, and the boxes of
its labels (captions_boxes.json), all in the form in which the other kinds of data are read.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import msgspec

from engine.data.caption_files import CAPTIONS, LAYOUTS, Box, LayoutFile, Record
from engine.data.captioning.attributes import Attribute, Region, measured, regions_of
from engine.data.captioning.nouns import BACKGROUND, scene_of
from engine.data.captioning.sentences import Sentence, sentences_about
from engine.data.dataset import ONLY_SPLIT
from engine.data.layout import PairFiles, read_splits, split_stems
from engine.errors import BadFile, Cancelled, Message
from engine.files import read_bytes, write_bytes, write_text
from engine.labels.label_maps import read_data_map
from engine.labels.label_sets import LabelSet, load_label_set
from engine.pictures.images import read_image, resize_image
from engine.plain_data import BadText, parse_json
from engine.progress import Progress

STATED = "captions_stated.json"
FACTS = "facts.json"
"""What is known of the person in a picture besides, by stem; see `engine.data.captioning.attributes.measured`."""
PER_PICTURE = 5
MOST_BOXES = 24
"""Of a picture: the largest pieces of all its labels."""


@dataclass(frozen=True)
class Captioning:
    """How sentences are written: how many about each picture, and the seed that they follow from."""

    per_picture: int = PER_PICTURE
    seed: int = 0


@dataclass(frozen=True)
class CaptionedPicture:
    """One picture: its size (height, width), what was measured, its sentences and the boxes of its labels."""

    size: tuple[int, int]
    attributes: tuple[Attribute, ...]
    sentences: list[Sentence]
    boxes: list[Box]


def caption_folder(
    data_folder: Path,
    captioning: Captioning | None = None,
    *,
    on_progress: Progress | None = None,
    cancel: threading.Event | None = None,
) -> list[Path]:
    """Write captions.json, captions_stated.json and captions_boxes.json of pictures with label maps; returns them.

    captions_stated.json: by stem, the attributes "measured" and, for each sentence in turn, those "stated", as text
    (`Attribute.read`). A facts.json in the folder adds what is known of people.

    Raises:
        BadFile: sentences are there already, or a picture, a label map or a list cannot be read or written.
        BadLabelMap, Cancelled.
    """
    captioning = captioning or Captioning()
    for name in (CAPTIONS, LAYOUTS):
        if (data_folder / name).exists():
            raise BadFile('"{0}" is there already; remove it to have new sentences written.', data_folder / name)
    label_set, facts = load_label_set(data_folder), read_facts(data_folder)
    split_of = _splits_by_stem(data_folder)
    captioned: dict[str, CaptionedPicture] = {}
    files = PairFiles(data_folder)
    for number, stem in enumerate(split_of):
        if cancel is not None and cancel.is_set():
            raise Cancelled
        if on_progress is not None:
            on_progress(number / len(split_of), Message("describing {0}", stem))
        captioned[stem] = caption_picture(files, stem, label_set, facts.get(stem, {}), captioning)
    return _write(data_folder, label_set, split_of, captioned)


def caption_picture(
    files: PairFiles, stem: str, label_set: LabelSet, facts: Mapping[str, object], captioning: Captioning
) -> CaptionedPicture:
    """Look at one picture and its label map. Raises BadFile, BadLabelMap."""
    label_map = read_data_map(files.label_map(stem), label_set).label_map
    pixels = read_image(files.image(stem)).pixels
    if pixels.shape[:2] != label_map.shape:
        pixels = resize_image(pixels, *label_map.shape)
    regions = regions_of(label_map, label_set, pixels)
    attributes = measured(regions, label_set, facts)
    sentences = sentences_about(
        attributes, scene_of(label_set), captioning.per_picture, seed=captioning.seed, name=stem
    )
    height, width = label_map.shape
    return CaptionedPicture((height, width), attributes, sentences, boxes_of(regions, label_set, height, width))


def boxes_of(regions: Mapping[str, Region], label_set: LabelSet, height: int, width: int) -> list[Box]:
    """The largest pieces of all labels but the background, in pixels."""
    pieces = [(piece, name) for name, region in regions.items() if name != BACKGROUND for piece in region.pieces]
    largest = sorted(pieces, key=lambda entry: (-entry[0].share, entry[1], entry[0].box))[:MOST_BOXES]
    scale = (width, height, width, height)
    boxes = []
    for piece, name in largest:
        left, top, right, bottom = (round(share * side) for share, side in zip(piece.box, scale, strict=True))
        boxes.append(Box((left, top, right, bottom), label_set.find(name)))
    return boxes


def read_facts(data_folder: Path) -> dict[str, dict[str, object]]:
    """facts.json by stem; nothing where there is none. Raises BadFile."""
    facts_path = data_folder / FACTS
    if not facts_path.exists():
        return {}
    try:
        return msgspec.convert(parse_json(read_bytes(facts_path)), dict[str, dict[str, object]])
    except (msgspec.ValidationError, BadText) as error:
        raise BadFile('"{0}" is not a table of facts by picture ({1}); write it again.', facts_path, error) from error


def _splits_by_stem(data_folder: Path) -> dict[str, str]:
    """The split of each picture; `ONLY_SPLIT` without splits.json. Raises BadFile."""
    if not (data_folder / "splits.json").is_file():
        return dict.fromkeys(split_stems(data_folder, ONLY_SPLIT), ONLY_SPLIT)
    return {stem: split for split, stems in read_splits(data_folder).items() for stem in stems}


def _write(
    data_folder: Path, label_set: LabelSet, split_of: Mapping[str, str], captioned: Mapping[str, CaptionedPicture]
) -> list[Path]:
    captions = {stem: [sentence.text for sentence in picture.sentences] for stem, picture in captioned.items()}
    stated = {
        stem: {
            "measured": list(map(str, picture.attributes)),
            "stated": [list(map(str, sentence.states)) for sentence in picture.sentences],
        }
        for stem, picture in captioned.items()
    }
    records = [
        Record(
            width=picture.size[1],
            height=picture.size[0],
            captions=captions[stem],
            boxes=picture.boxes,
            split=split_of[stem],
            stated=[list(map(str, sentence.states)) for sentence in picture.sentences],
        )
        for stem, picture in captioned.items()
    ]
    layouts = LayoutFile([label.name for label in label_set.labels], records)
    paths = [data_folder / name for name in (CAPTIONS, STATED, LAYOUTS)]
    write_text(paths[0], json.dumps(captions, ensure_ascii=False, indent=0) + "\n")
    write_text(paths[1], json.dumps(stated, ensure_ascii=False, indent=0) + "\n")
    write_bytes(paths[2], msgspec.json.encode(layouts))
    return paths
