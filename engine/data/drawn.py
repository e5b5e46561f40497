"""Small data folders that are drawn, of every kind: to measure training with where there is no other data.

Pictures are blocks in random labels' colours. Labels, classes and the words of sentences are those of a label set.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from engine.data.caption_files import CAPTIONS, LAYOUTS
from engine.files import write_bytes, write_text
from engine.labels.label_sets import LabelSet
from engine.pictures.images import encode_png

Array = np.ndarray
TRAINING, VALIDATION = 16, 4
"""Examples of the two splits."""
MOST_CLASSES = 4
BLOCK = 16
"""Side of a block in pixels."""


def draw_labelled(folder: Path, side: int, label_set: LabelSet) -> None:
    """Pictures, their label maps and classes.json."""
    stems = _plain_stems()
    for stem, (pixels, label_map) in zip(stems, _drawn_pairs(side, label_set)):
        _write_picture(folder / "images" / f"{stem}.png", pixels)
        _write_picture(folder / "labels" / f"{stem}.png", label_map)
    _write_json(folder / "classes.json", label_set.to_dict())
    _write_splits(folder, stems)


def draw_pictures(folder: Path, side: int, label_set: LabelSet) -> None:
    """Plain pictures."""
    _write_pictures(folder, _plain_stems(), side, label_set)


def draw_classes(folder: Path, side: int, label_set: LabelSet) -> None:
    """Pictures in a folder per class, called as the first labels."""
    class_names = [label.name.replace("/", " ") for label in label_set.labels[:MOST_CLASSES]]
    stems = [f"{class_names[number % len(class_names)]}/{stem}" for number, stem in enumerate(_plain_stems())]
    _write_pictures(folder, stems, side, label_set)


def draw_captioned(folder: Path, side: int, label_set: LabelSet) -> None:
    """Pictures, and two sentences about each."""
    stems = _plain_stems()
    _write_pictures(folder, stems, side, label_set)
    _write_json(folder / CAPTIONS, {stem: _sentences(number, label_set) for number, stem in enumerate(stems)})


def draw_layouts(folder: Path, side: int, label_set: LabelSet) -> None:
    """Sentences and boxes of pictures that are not there."""
    records = []
    for number in range(TRAINING + VALIDATION):
        label = number % len(label_set)
        boxes = [{"xyxy": [0, 0, side / 2, side / 2], "label": label}, {"xyxy": [0, 0, side, side], "label": 0}]
        records.append(
            {
                "width": side,
                "height": side,
                "captions": _sentences(number, label_set),
                "boxes": boxes,
                "split": "train" if number < TRAINING else "val",
            }
        )
    folder.mkdir(parents=True, exist_ok=True)
    _write_json(folder / LAYOUTS, {"classes": [label.name for label in label_set.labels], "records": records})


def _plain_stems() -> list[str]:
    return [f"{number:03d}" for number in range(TRAINING + VALIDATION)]


def _sentences(number: int, label_set: LabelSet) -> list[str]:
    names = [label_set.labels[(number + offset) % len(label_set)].name for offset in range(2)]
    return [f"a picture of {names[0]}", f"{names[0]} and {names[1]}"]


def _drawn_pairs(side: int, label_set: LabelSet) -> Iterator[tuple[Array, Array]]:
    """Endless pictures (side, side, 3) uint8 and their label maps (side, side) uint8, the same every time."""
    generator = np.random.default_rng(0)
    blocks_per_side = max(1, side // BLOCK)
    block_side = -(-side // blocks_per_side)
    while True:
        block_labels = generator.integers(0, len(label_set), (blocks_per_side, blocks_per_side), dtype=np.uint8)
        label_map = np.ascontiguousarray(block_labels.repeat(block_side, 0).repeat(block_side, 1)[:side, :side])
        colour_noise = generator.integers(-20, 20, (side, side, 1))
        yield np.clip(label_set.palette()[label_map] + colour_noise, 0, 255).astype(np.uint8), label_map


def _write_pictures(folder: Path, stems: list[str], side: int, label_set: LabelSet) -> None:
    for stem, (pixels, _) in zip(stems, _drawn_pairs(side, label_set)):
        _write_picture(folder / "images" / f"{stem}.png", pixels)
    _write_splits(folder, stems)


def _write_picture(picture_path: Path, pixels: Array) -> None:
    picture_path.parent.mkdir(parents=True, exist_ok=True)
    write_bytes(picture_path, encode_png(pixels))


def _write_splits(folder: Path, stems: list[str]) -> None:
    _write_json(folder / "splits.json", {"train": stems[:TRAINING], "val": stems[TRAINING:]})


def _write_json(json_path: Path, content: object) -> None:
    write_text(json_path, json.dumps(content, ensure_ascii=False))
