"""A hole while it is marked: a document of two labels over the picture, so that brush, eraser and undo work on it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import cv2
import numpy as np
from PySide6.QtCore import QObject

from app.document.document import Document
from app.document.photo.frames import FrameState
from app.document.scene import Scene
from app.raster.boxes import Box
from app.raster.fill import label_mask
from app.raster.frozen_maps import FrozenMap, LiveMap
from app.shell.i18n import tr
from engine.labels.label_sets import Label, LabelSet
from engine.requests.editing.filled_hole import FilledHole

KEPT, HOLE = 0, 1
HOLE_LABELS = LabelSet("hole", (Label(KEPT, "kept", "保留", (0, 0, 0)), Label(HOLE, "hole", "空洞", (236, 64, 122))))
GROWN = 1 / 150
"""Share of the picture's longer side by which a region grows: its border is half something else, and is coarse."""
REGION_MAPS = ("label_map", "photo_map")
"""Fields of a scene, and of each of its frames, that say what the photo shows where."""
MOST_CHOSEN = 0.5
"""Share of the picture that a chosen region may cover to be a hole without being asked for."""


class HoleDocument(Document):
    """The picture under the hole that is marked in it."""

    def __init__(self, picture: np.ndarray, parent: QObject | None = None) -> None:
        """picture: (H, W, 3) uint8."""
        super().__init__(HOLE_LABELS, parent=parent)
        blank = np.zeros(picture.shape[:2], np.uint8)
        self.new(label_set=HOLE_LABELS, label_map=blank, picture=picture, hidden={KEPT}, undoable=False)
        self.set_current_label(HOLE)

    @property
    def hole(self) -> np.ndarray:
        """(H, W) bool, a copy."""
        marked: np.ndarray = self.label_map == HOLE
        return marked

    def add(self, region: np.ndarray) -> bool:
        """Mark a region (H, W) bool and a little around it; one that is marked already is taken out. One step. Returns
        whether anything changed."""
        if not region.any():
            return False
        grown = _grown(region)
        if (self.label_map[region] == HOLE).all():
            return self.pixels.apply_mask(grown, KEPT, text=tr("Keep the region"))
        return self.pixels.apply_mask(grown, HOLE, text=tr("Mark the region"))


def piece_at(label_map: np.ndarray, x: int, y: int) -> np.ndarray:
    """(H, W) bool: the connected part of a region that a pixel is of."""
    return label_mask(label_map=label_map, x=x, y=y)


def region_of(label_map: np.ndarray, label: int) -> np.ndarray:
    """(H, W) bool: all of a label; nothing where that is too much of the picture to be meant."""
    region: np.ndarray = label_map == label
    return region if region.mean() <= MOST_CHOSEN else np.zeros_like(region)


def relabelled(label_map: np.ndarray, hole: np.ndarray) -> np.ndarray:
    """(H, W) uint8: the map with the labels of what lies nearest around a hole (H, W) bool inside it."""
    _, nearest = cv2.distanceTransformWithLabels(
        hole.astype(np.uint8), cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
    )
    label_of = np.zeros(int(nearest.max()) + 1, np.uint8)
    label_of[nearest[~hole]] = label_map[~hole]
    filled = label_map.copy()
    filled[hole] = label_of[nearest[hole]]
    return filled


def with_filling(scene: Scene, filled: FilledHole, hole: np.ndarray) -> Scene:
    """The scene with one more hole (H, W) bool of its photo filled: in every frame, the regions around the hole go on
    in it."""
    rows, columns = np.flatnonzero(hole.any(1)), np.flatnonzero(hole.any(0))
    height, width = hole.shape
    box = Box(max(0, int(columns[0]) - 1), max(0, int(rows[0]) - 1),
              min(width, int(columns[-1]) + 2), min(height, int(rows[-1]) + 2))  # fmt: skip
    others = tuple(
        FrameState({**state.values, **_relabelled_maps(state.values, hole, box)}) for state in scene.other_frames
    )
    own: dict[str, Any] = _relabelled_maps({name: getattr(scene, name) for name in REGION_MAPS}, hole, box)
    return replace(scene, **own, other_frames=others, filled_holes=(*scene.filled_holes, filled))


def _relabelled_maps(values: Mapping[str, Any], hole: np.ndarray, box: Box) -> dict[str, FrozenMap]:
    """Those of a frame's maps of regions that it has, relabelled in a hole with `box` around it and its border."""
    return {name: _relabelled_map(values[name], hole, box) for name in REGION_MAPS if values.get(name) is not None}


def _relabelled_map(frozen: FrozenMap, hole: np.ndarray, box: Box) -> FrozenMap:
    live = LiveMap(frozen)
    live.pixels[box.slices] = relabelled(live.pixels[box.slices], hole[box.slices])
    live.touch(box)
    return live.freeze()


def _grown(region: np.ndarray) -> np.ndarray:
    reach = max(2, round(GROWN * max(region.shape)))
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1, 2 * reach + 1))
    grown: np.ndarray = cv2.dilate(region.astype(np.uint8), kernel) > 0
    return grown
