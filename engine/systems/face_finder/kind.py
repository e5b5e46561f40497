"""What its folders of data hold. Imports no torch."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from engine.data.drawn import draw_labelled, draw_pictures
from engine.data.findings import Report
from engine.data.kinds import LABELLED
from engine.data.lacks import has_label_maps
from engine.data.report import Look, inspect_labelled
from engine.errors import Message
from engine.files import write_bytes
from engine.labels.label_sets import LabelSet, load_label_set
from engine.pictures.images import encode_png

PLACES = "backgrounds"
"""The folder of pictures that show no face, in a folder of portraits."""


def _describes(data_folder: Path) -> bool:
    return has_label_maps(data_folder) and (data_folder / PLACES).is_dir()


def _inspect(data_folder: Path, look: Look) -> Report:
    report = inspect_labelled(data_folder, look)
    report.layout = BLENDED_FACES.id
    return report


def _draw(folder: Path, side: int, label_set: LabelSet) -> None:
    """Of labels that have eyes and a mouth, whatever others are asked for: these are where a portrait has them."""
    faces = load_label_set("faces")
    draw_labelled(folder, side, faces)
    draw_pictures(folder / PLACES, side, label_set)
    label_map = np.full((side, side), faces.find("skin"), np.uint8)
    for name, x, y in (("right eye", 0.38, 0.48), ("left eye", 0.62, 0.48), ("upper lip", 0.5, 0.75)):
        reach = max(1, side // 20)
        rows, columns = (slice(round(at * side) - reach, round(at * side) + reach) for at in (y, x))
        label_map[rows, columns] = faces.find(name)
    for path in (folder / "labels").iterdir():
        write_bytes(path, encode_png(label_map))


BLENDED_FACES = replace(
    LABELLED,
    id="blended faces",
    holds=Message("portraits in images/ with label maps in labels/, and pictures without faces in backgrounds/images/"),
    fields=("pictures", "faces"),
    describes=_describes,
    dataset="engine.systems.face_finder.data:BlendedFaces",
    draws=_draw,
    report=_inspect,
)
