"""One open dialog of variations: what is painted for it, and what becomes of the one that is taken."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import cv2
import numpy as np
from PySide6.QtGui import QImage

from app.controllers.context import Context
from app.controllers.dice import new_seed
from app.dialogs.variations import SIDE, VariationsDialog
from app.document.scene import Scene
from app.imaging.pixels import region_box, region_colour, to_qimage
from app.imaging.thumbnails import Place
from app.jobs.work_lane import Work, cancel_all
from app.raster.colours import lab
from app.shell.i18n import tr
from app.texts.translate import translate
from engine.errors import EngineError
from engine.requests.styles import MAX_SEED, SampleStyle

COUNT = 6
AROUND = 0.35  # of the region's side is shown around it: it is judged in its place
APART = 10.0  # CIE Lab: mean colours of regions that are this far apart are not taken for the same
DRAWS = 3  # styles that are painted for a tile at most, until one is apart from those that are there


@dataclass(frozen=True)
class Variation:
    """A drawn style and the picture, (H, W, 3) uint8, that is painted with it."""

    seed: int
    pixels: np.ndarray


@dataclass
class _Batch:
    """What the variations of one page share, in the worker: the seeds still to be drawn, and the mean colours, CIE
    Lab, of those that are shown."""

    seeds: Iterator[int]
    colours: list[np.ndarray] = field(default_factory=list)

    def distance(self, colour: np.ndarray) -> float:
        return min((float(np.linalg.norm(colour - shown_colour)) for shown_colour in self.colours), default=np.inf)


class VariationsRun:
    """Paints variations of a label's style for a dialog, each unlike the others, in the background."""

    def __init__(self, context: Context, dialog: VariationsDialog, label_id: int) -> None:
        self._context = context
        self._dialog = dialog
        self._scope = context.core.scope
        self._label = label_id  # or a piece
        self._scene = self._looked_at(context.core.document.scene)
        self._works: list[Work] = []

    def begin(self) -> None:
        """Six new ones; those that are still being painted are dropped."""
        self.stop()
        self._dialog.begin()
        first_seed = new_seed()
        batch = _Batch(seed % (MAX_SEED + 1) for seed in itertools.count(first_seed))
        for position in range(COUNT):
            work = self._context.core.submit(
                lambda work: self._paint(work, batch),
                text=tr("Painting variations"),
                on_done=self._shower(position),
                on_failed=self._failed,
            )
            self._works.append(work)

    def stop(self) -> None:
        """The dialog goes, or wants others."""
        cancel_all(self._works)

    def take(self, seed: int) -> None:
        """The document takes one of them: one step."""
        undo_text = tr("Variation of {0}").format(self._scope.name(self._label))
        self._scope.put(self._label, SampleStyle(seed), text=undo_text)

    def _looked_at(self, scene: Scene) -> Scene:
        """The scene; that of a photo no larger than the region fills its tile."""
        box = region_box(scene.region_map() == self._label, margin=AROUND)
        if not scene.kind.shows_photo or box is None:
            return scene
        factor = SIDE * self._dialog.devicePixelRatioF() / max(box[2] - box[0], box[3] - box[1])
        height, width = (max(1, round(side * factor)) for side in scene.label_map.shape)
        return scene.reduced(height, width) if factor < 1 else scene

    def _with_style(self, seed: int) -> Scene:
        scene, labels = self._scene, self._scope.labels(self._label)
        return scene.with_checked(
            styles={**scene.styles, **dict.fromkeys(labels, SampleStyle(seed))},
            switched_off=scene.switched_off - set(labels),
        )

    def _paint(self, work: Work, batch: _Batch) -> Variation:
        """A variation apart from those of the batch that are there; else the one of a few that is furthest."""
        drawn: list[tuple[float, Variation, np.ndarray]] = []
        while len(drawn) < DRAWS and (not drawn or drawn[-1][0] < APART):
            seed = next(batch.seeds)
            scene = self._with_style(seed)
            with work.session() as engine_session:
                result = engine_session.run(scene.to_request(), work.progress, work.cancel_event)
            pixels = scene.picture_of(result).pixels
            region = np.ones(pixels.shape[:2], bool) if self._scope.whole_picture else self._region(pixels)
            colour = lab([region_colour(pixels, region, True) or (0, 0, 0)])[0]
            drawn.append((batch.distance(colour), Variation(seed, pixels), colour))
        _, variation, colour = max(drawn, key=lambda each: each[0])
        batch.colours.append(colour)
        return variation

    def _region(self, pixels: np.ndarray) -> np.ndarray:
        """(H, W) bool: the region in a picture of any size."""
        region = self._scene.region_map() == self._label
        height, width = pixels.shape[:2]
        size, nearest = (width, height), cv2.INTER_NEAREST
        return cv2.resize(region.astype(np.uint8), size, interpolation=nearest).astype(bool)

    def _shower(self, tile_position: int) -> Callable[[Variation], object]:
        def show(variation: Variation) -> None:
            region, pixels = self._region(variation.pixels), variation.pixels
            label = self._scene.pieces.get(self._label, self._label)
            place = Place(self._scene.weights, label, self._scene.fingerprint)
            as_map = np.where(region, np.uint8(label), np.uint8(255))
            self._context.core.thumbnails.put_drawn([(place, variation.seed)], pixels, as_map)
            self._dialog.show_variation(tile_position, variation.seed, self._look(pixels, region))

        return show

    def _look(self, pixels: np.ndarray, region: np.ndarray) -> QImage:
        """The region with some of its surroundings; all of a picture that has one style."""
        look_box = None if self._scope.whole_picture else region_box(region, margin=AROUND)
        height, width = pixels.shape[:2]
        if look_box is None:
            shorter_side = min(height, width)
            left, top_row = (width - shorter_side) // 2, (height - shorter_side) // 2
            look_box = left, top_row, left + shorter_side, top_row + shorter_side
        x0, y0, x1, y1 = look_box
        return to_qimage(pixels[y0:y1, x0:x1])

    def _failed(self, error: EngineError) -> None:
        self.stop()
        self._dialog.fail(translate(str(error)))
