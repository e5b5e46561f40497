"""What comes with Tessera to take styles from: pictures and colours, by label set (`resources/styles/samples.json`)."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from app.shell.i18n import CHINESE, language
from engine.files import read_text, resource
from engine.labels.label_maps import read_label_map
from engine.labels.label_sets import LabelSet, load_label_set


@dataclass(frozen=True)
class SampleColour:
    """A colour with a name: "#rrggbb"."""

    name: str
    name_zh: str
    colour: str

    def text(self) -> str:
        """Its name in the language of the user interface."""
        if language() == CHINESE:
            return self.name_zh
        return self.name[:1].upper() + self.name[1:]


@cache
def _tables() -> dict[str, dict[str, Any]]:
    tables: dict[str, dict[str, Any]] = json.loads(read_text(resource("styles", "samples.json")))
    return tables


@cache  # label sets are read to compare them
def _table_of(label_set: LabelSet) -> dict[str, Any]:
    """What there is for a label set, whatever it is called; nothing for one that is not known."""
    for set_name, table in _tables().items():
        if load_label_set(set_name).same_labels(label_set):
            return table
    return {"pictures": [], "colours": {}}


def sample_pictures(label_set: LabelSet) -> list[Path]:
    """Pictures of these labels; beside NAME.png stands its label map, NAME.labels.png."""
    return [resource("styles", f"{name}.png") for name in _table_of(label_set)["pictures"]]


@cache
def _shown_labels(picture: Path, label_set: LabelSet) -> frozenset[int]:
    """The labels that a sample picture shows."""
    label_map = read_label_map(label_map_path(picture), label_set).label_map
    return frozenset(np.flatnonzero(np.bincount(label_map.ravel())).tolist())


def label_map_path(picture: Path) -> Path:
    """Where a sample picture's label map is."""
    return picture.with_name(f"{picture.stem}.labels.png")


def pictures_showing(label_set: LabelSet, label: int) -> list[Path]:
    """The sample pictures that have a region of a label."""
    return [picture for picture in sample_pictures(label_set) if label in _shown_labels(picture, label_set)]


def sample_name(picture: Path) -> str:
    """What a sample picture is called."""
    words = picture.stem.replace("_", " ").replace("-", " ")
    return words[:1].upper() + words[1:]


def sample_colours(label_set: LabelSet, label: int) -> list[SampleColour]:
    """Colours that such regions have."""
    entries = _table_of(label_set)["colours"].get(label_set[label].name, [])
    return [SampleColour(entry["name"], entry["name_zh"], entry["colour"]) for entry in entries]
