"""What is done to a document's pixels: strokes, fills and masks, each one step of the history."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from PySide6.QtCore import QRect

from app.document.checks import checked_map, read_only
from app.document.commands import PixelCommand
from app.document.scene import Scene
from app.raster import fill as fills
from app.raster.boxes import Box
from app.raster.changes import PixelChange
from app.raster.frozen_maps import FrozenMap
from app.raster.label_pixels import LabelPixels, Stroke
from app.shell.i18n import tr
from engine.errors import BadRequest, Message
from engine.labels.label_maps import check_label_map, resize_label_map

if TYPE_CHECKING:
    from app.document.document import Document


class PixelEditor:
    """The live label map of a document, and the stroke that is open, between press and release.

    Wrong input raises BadRequest and changes nothing.
    """

    def __init__(self, document: Document) -> None:
        self._document = document
        self._stroke: Stroke | None = None

    def bind(self, scene: Scene) -> None:
        """Edits the map of another scene from now on; no stroke is open."""
        self._stroke = None
        self._pixels = LabelPixels(scene.label_map, scene.locked)
        self.label_map = read_only(self._pixels.label_map)  # (H, W) uint8, follows what is painted

    @property
    def areas(self) -> np.ndarray:
        """(256,) int64, read-only: number of pixels of each label id."""
        return read_only(self._pixels.areas)

    @property
    def stroke_text(self) -> str:
        """What the open stroke does; empty where there is none."""
        return "" if self._stroke is None else self._stroke.text

    def set_locked(self, locked: frozenset[int]) -> None:
        """The labels whose pixels brush and fills leave alone."""
        self._pixels.set_locked(locked)

    def freeze(self) -> FrozenMap:
        """The map as it is now; copies only what was painted on since the last one."""
        return self._pixels.freeze()

    # ------------------------------------------------------------ strokes

    def begin_stroke(self, label: int, *, text: str | None = None) -> None:
        """Starts a stroke; all of it until `end_stroke` is one step. A stroke still open is ended first."""
        label = self._document.checked(label)
        self.end_stroke()
        self._stroke = Stroke(self._pixels, label, text or tr("Paint {0}").format(self._document.regions.name(label)))
        self._document.announce()

    def stroke_to(self, points: Sequence[tuple[float, float]], radius: float | Sequence[float]) -> None:
        """Draws the round brush through `points` (continuous image coordinates), from where it last was.

        `radius`: image pixels, one for all points or one for each (pen pressure); in between it changes
        evenly. The first point of a stroke paints a dot. Without an open stroke nothing happens: it may have
        been taken back while the button was still down.
        """
        if self._stroke is None:
            return
        radii = [float(radius)] * len(points) if isinstance(radius, (int, float)) else [float(r) for r in radius]
        stroke_points = [(float(x), float(y)) for x, y in points]
        if len(radii) != len(stroke_points) or not np.isfinite([*radii, *np.ravel(stroke_points)]).all():
            raise BadRequest("A brush stroke needs finite points and a radius for each of them.")
        self._tell(self._stroke.extend(stroke_points, radii))

    def end_stroke(self) -> None:
        """Closes the stroke that is open, if any; it becomes one step if it changed anything."""
        stroke, self._stroke = self._stroke, None
        if stroke is None:
            return
        change = stroke.change()
        if change is None:
            self._document.announce()
        else:
            self._document.push(PixelCommand(self._swap, change, stroke.text))

    def cancel_stroke(self) -> None:
        """Takes the open stroke back as if it had never begun."""
        stroke, self._stroke = self._stroke, None
        if stroke is not None:
            self._tell(stroke.take_back())
            self._document.announce()

    # ------------------------------------------------------------ other changes

    def fill(
        self, x: int, y: int, label: int, *, contiguous: bool = True, by_picture: bool = False, tolerance: int = 16
    ) -> bool:
        """Bucket: paints `label` over the area around pixel (x, y) that has its label, or about its colour.

        By colour it looks at the picture that is seen; `tolerance` is 0-255 in each channel. Returns whether anything
        changed.
        """
        label = self._document.checked(label)
        height, width = self.label_map.shape
        if not (0 <= x < width and 0 <= y < height):
            raise BadRequest(
                "The point ({0}, {1}) lies outside the label map of {2} x {3} pixels.", x, y, width, height
            )
        if by_picture:
            mask = fills.colour_mask(
                picture=self._coloured_pixels(), x=x, y=y, tolerance=tolerance, contiguous=contiguous
            )
        else:
            mask = fills.label_mask(label_map=self._pixels.label_map, x=x, y=y, contiguous=contiguous)
        return self.apply_mask(mask, label, text=tr("Fill with {0}").format(self._document.regions.name(label)))

    def _coloured_pixels(self) -> np.ndarray:
        """The picture that is seen, (H, W, 3) uint8. Raises BadRequest where there is none."""
        document = self._document
        pixels = document.picture
        if pixels is None or pixels.shape[:2] != self.label_map.shape:
            raise BadRequest("There is no picture to take the colour from; wait for the picture, then fill again.")
        return pixels

    def apply_mask(self, mask: np.ndarray, label: int, *, text: str | None = None) -> bool:
        """Paints `label` where `mask`, (H, W) bool, is set, except over locked labels.

        Returns whether anything changed.
        """
        label = self._document.checked(label)
        if mask.shape != self.label_map.shape:
            raise BadRequest(
                "The selection has {0} x {1} pixels, but the label map {2} x {3}; select again.",
                *mask.shape[::-1],
                *self.label_map.shape[::-1],
            )
        self.end_stroke()
        before = self._pixels.freeze()
        box = self._pixels.paint(self._pixels.whole, mask.astype(bool), label)
        return self._record(before, box, text or tr("Paint {0}").format(self._document.regions.name(label)))

    def relabel(self, source: int, target: int) -> bool:
        """Gives a whole region another label. Returns whether anything changed; a locked region does not."""
        source, target = self._document.checked(source), self._document.checked(target)
        names = self._document.regions.name(source), self._document.regions.name(target)
        return self.apply_mask(self.label_map == source, target, text=tr("Change {0} to {1}").format(*names))

    def replace_label_map(self, label_map: np.ndarray, *, text: str | None = None) -> None:
        """Takes another label map, (H, W) integers of this label set, of any size; locks do not hold it back.

        BadLabelMap names ids that the label set does not have. With another size the picture goes; a photo keeps its
        size, and the map is brought to it.
        """
        document = self._document
        check_label_map(label_map, document.label_set, Message("the new label map"))
        text = text or tr("Replace label map")
        document.origin.awaits_regions = False
        if document.kind.shows_photo:
            label_map = resize_label_map(label_map, *self.label_map.shape)
        same_size = label_map.shape == self.label_map.shape
        if not same_size or document.looked_at is not None:  # this map says what all of the photo shows
            scene = document.scene.on_other_ground(label_map=FrozenMap.of(label_map), looked_at=None)
            document.become(scene, document.picture if same_size else None, text)
            return
        self.end_stroke()
        before = self._pixels.freeze()
        self._pixels.write(self._pixels.whole, np.array(label_map, np.uint8, order="C"))
        self._record(before, self._pixels.whole, text)

    def take_regions(self, regions: FrozenMap, beside: Mapping[str, Any]) -> None:
        """The label map of the document's size that was found in a photo, and by scene fields what was found along
        with it: the part that was looked at, frames of faces. What was painted on the empty map meanwhile stays. It
        belongs to the step that began the document, unless later ones need the map that they were painted on: then it
        is one of its own."""
        document = self._document
        regions = checked_map(regions, document.label_set)
        document.origin.awaits_regions = False
        self.end_stroke()
        document.take_found(beside)
        before, is_step = self._pixels.freeze(), document.label_map_is_kept
        if self.areas[0] < self.label_map.size:  # else nothing was painted, and nothing is compared
            below_painted = regions.array()
            np.copyto(below_painted, self.label_map, where=self.label_map > 0)
            regions = FrozenMap.of(below_painted)
        self._pixels.take(regions)
        if is_step:
            self._record(before, self._pixels.whole, tr("Regions of the photo"))
            return
        self._tell(self._pixels.whole)
        if not document.dirty:
            document.mark_saved()

    def _record(self, before: FrozenMap, box: Box, text: str) -> bool:
        """Makes a step of what differs from `before` inside the box. Returns whether anything does."""
        change = self._pixels.change_since(before, box)
        if change is None:
            return False
        self._tell(change.box)
        self._document.push(PixelCommand(self._swap, change, text))
        return True

    def command(self, change: PixelChange, text: str) -> PixelCommand:
        """A step that a file holds."""
        return PixelCommand(self._swap, change, text)

    def _swap(self, change: PixelChange) -> PixelChange:
        replaced = self._pixels.swap(change)
        self._tell(change.box)
        return replaced

    def _tell(self, box: Box) -> None:
        if not box.empty:
            self._document.label_map_changed.emit(QRect(box.x0, box.y0, box.width, box.height))
            self._document.picture_outdated.emit()
