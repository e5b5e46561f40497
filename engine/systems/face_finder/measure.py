"""How weights that find faces are measured (`engine.systems.measuring`).

Portraits of a split are blended as in training into pictures of up to 12 megapixels, with frames from 80 pixels to
nearly the whole picture, and looked for there; and it is counted in how many of the places, which show no face, one is
found.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np

from engine.data.layout import evenly
from engine.errors import Message
from engine.progress import Progress
from engine.systems.face_finder.blending import Blending, Scene, compose
from engine.systems.face_finder.data import BlendedFaces
from engine.systems.face_finder.finder import FaceFinder
from engine.systems.face_finder.scoring import Tally, drawn_faces
from engine.systems.measuring import Cell, Column, Figures, MeasureOptions, Row, Table

Array = np.ndarray
SIDES = (640, 1280, 2048, 3464)
"""Of the square pictures, in turns; the last is one of 12 megapixels."""
LEAST_FRAME, MOST_FRAME, MOST_OF_SIDE, TURN = 80, 2000, 0.95, 40.0
NO_FACES = np.zeros((0, 7), np.float32)
PATCHES = 4
"""Pictures of places along the side of the largest picture, so that it is not all blur."""
LARGEST = "seconds_12_megapixels"
TABLE = Table(
    "Faces",
    (
        Column("pictures", ("pictures",), 0, None),
        Column("found", ("found",), 3, True),
        Column("false alarms", ("false_alarms",), 3, False),
        Column("eyes off", ("eyes_off",), 4, False),
        Column("seconds for 12 megapixels", (LARGEST,), 2, False),
    ),
)


def measure(finder: FaceFinder, data_folder: Path, options: MeasureOptions, report: Progress) -> Figures:
    """found, false_alarms, strays and eyes_off (`scoring.Tally`), seconds of the largest pictures.

    Raises BadFile, Cancelled.
    """
    dataset = BlendedFaces(data_folder, options.split, 256)
    tally, seconds = Tally(), []
    portraits = evenly(len(dataset.usable), options.limit or len(dataset.usable))
    places = evenly(len(dataset.places), options.limit or len(dataset.places))
    for count, (scene, side) in enumerate(scenes(dataset, portraits)):
        report(0.7 * count / len(portraits), Message("finding faces"))
        started = time.perf_counter()
        faces = finder.find(scene.pixels)
        if side == SIDES[-1]:
            seconds.append(time.perf_counter() - started)
        tally.add(faces, scene.rows())
    for count, index in enumerate(places):
        report(0.7 + 0.3 * count / len(places), Message("finding faces"))
        tally.add(finder.find(dataset.places.images[index]), NO_FACES)
    return {
        "pictures": len(portraits),
        "faces": tally.faces,
        "places": len(places),
        **tally.numbers(),
        LARGEST: float(np.median(seconds)) if seconds else None,
        "networks": {},
        "missing": {},
    }


def sheet(finder: FaceFinder, data_folder: Path, options: MeasureOptions, report: Progress) -> list[Row]:
    """Pictures with what was found in them."""
    dataset = BlendedFaces(data_folder, options.split, 256)
    portraits = evenly(len(dataset.usable), options.limit or len(dataset.usable))
    rows = []
    for count, (scene, side) in enumerate(scenes(dataset, portraits)):
        report(count / len(portraits), Message("pictures for the report"))
        factor = min(1.0, 512 / side)
        small = cv2.resize(scene.pixels, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
        small_faces = [face.scaled(factor) for face in finder.find(scene.pixels)]
        cells = (Cell(finder.card.name, drawn_faces(small, small_faces)),)
        rows.append(Row(f"{portraits[count]}, {side} x {side}", (Cell("picture", small),), cells))
    return rows


def scenes(dataset: BlendedFaces, portraits: list[int]) -> Iterator[tuple[Scene, int]]:
    """A picture for each of the portraits, with one or two others beside some, always the same; and its side."""
    for number in portraits:
        chance = np.random.default_rng((11, number))
        side = SIDES[number % len(SIDES)]
        most = min(MOST_FRAME, MOST_OF_SIDE * side)
        blending = Blending(least=LEAST_FRAME, most=most, turn=TURN, empty=0, crowd=0, whole=0, covered=0)
        shown = [number, *chance.integers(len(dataset.usable), size=int(chance.integers(3))).tolist()]
        place = _mosaic(dataset, side, chance)
        others = [dataset.drawn_other(chance)]
        yield compose(chance, blending, place, [dataset.portrait(index, chance) for index in shown], others), side


def _mosaic(dataset: BlendedFaces, side: int, chance: np.random.Generator) -> Array:
    """Places side by side, more of them in larger pictures."""
    across = max(1, round(PATCHES * side / SIDES[-1]))
    rows = []
    for _ in range(across):
        places = chance.integers(len(dataset.places), size=across)
        rows.append(np.hstack([dataset.places.images[int(index)] for index in places]))
    return cv2.resize(np.vstack(rows), (side, side), interpolation=cv2.INTER_CUBIC)
