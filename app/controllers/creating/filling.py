"""Fill: something is taken out of the picture, and its place is filled from what is around it."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QObject, QPoint, Slot

from app.canvas.widget import CanvasWidget
from app.controllers.context import CloseOnChange, Context
from app.controllers.dice import new_seed
from app.document.holes import HoleDocument, piece_at, region_of, with_filling
from app.document.kinds import EDIT
from app.document.scene import Scene
from app.imaging.pixels import region_box, to_qimage
from app.jobs.filling import Candidate, candidate_for, photo_of_picture
from app.jobs.originals import read_original
from app.jobs.work_lane import Work, cancel_all
from app.shell.i18n import tr
from app.texts.translate import translate
from engine.errors import EngineError
from engine.labels.label_sets import LabelSet
from engine.requests.edit import EditRequest
from engine.requests.photo_reference import PhotoReference
from engine.requests.styles import MAX_SEED

if TYPE_CHECKING:
    from app.dialogs.creating.fill import FillDialog

TEXTURE = ""  # `engine.requests.inpaint.BY_TEXTURE`
AROUND = 0.4
"""Of the hole's side is shown around it in a tile."""


class FillController(QObject):
    """Opens the dialog in which a hole is marked, on the region that the user means if there is one."""

    def __init__(self, context: Context, canvas: CanvasWidget, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._context = context
        self._document = context.core.document
        self._canvas = canvas
        self._asked_at: tuple[int, int] | None = None  # the pixel whose region was right-clicked last
        canvas.menu_wanted.connect(self._remember)
        self._document.current_label_changed.connect(self._forget)
        self._document.replaced.connect(self._forget)

    @Slot()
    def open(self) -> FillDialog | None:
        """Mark the chosen region, if any, fill it, and let the user choose."""
        document, core = self._document, self._context.core
        if document.picture is None or document.picture.shape[:2] != document.label_map.shape:
            core.hub.notice(self.tr("There is no picture to fill a hole of yet; wait until it is painted."))
            return None
        if document.origin.awaits_regions:
            core.hub.notice(self.tr("The regions of the photo are still being found; fill a hole of it afterwards."))
            return None
        if not document.kind.shows_photo and self._photo_weights() is None:
            sentence = self.tr("A filled painting becomes a photo; no weights that edit such photos are installed.")
            core.hub.notice(sentence)
            return None
        from app.dialogs.creating.fill import FillDialog

        document.pixels.end_stroke()
        hole = HoleDocument(document.picture)
        label_map = document.label_map.copy()
        dialog = FillDialog(hole, partial(piece_at, label_map), self._sources(), self._context.window)
        run = FillRun(self._context, dialog, self._photo_weights())
        dialog.finished.connect(lambda _: run.stop())
        CloseOnChange(dialog, core)
        dialog.open()
        if hole.add(self._meant(label_map)):
            run.begin()
        return dialog

    # --- inside -------------------------------------------------------------------------------------

    def _sources(self) -> list[tuple[str, str]]:
        """What fills holes: weights that are installed, then the picture's own texture."""
        from engine.requests.inpaint import InpaintRequest

        names = [weights for weights, _ in self._context.core.catalogue.serving(InpaintRequest)]
        return [*((name, name) for name in names), (TEXTURE, self.tr("The picture's own texture"))]

    def _photo_weights(self) -> str | None:
        """Weights that edit a photo with the document's labels; None where there are none."""
        served = self._context.core.catalogue.sets_serving(EditRequest, self._document.weights)
        labels: LabelSet = self._document.label_set
        return next((weights for label_set, weights in served if label_set.same_labels(labels)), None)

    def _meant(self, label_map: np.ndarray) -> np.ndarray:
        """(H, W) bool: the piece of the chosen label under the pointer, or where the menu was asked for; else all of
        the label, unless that is most of the picture or the background."""
        label = self._document.current_label
        for pixel in (self._canvas.pointed_pixel, self._asked_at):
            if pixel is not None and label and label_map[pixel[1], pixel[0]] == label:
                return piece_at(label_map, *pixel)
        return region_of(label_map, label) if label else np.zeros(label_map.shape, bool)

    def _remember(self, label: int, screen_point: QPoint) -> None:
        point = self._canvas.mapFromGlobal(screen_point).toPointF()
        pixel = self._canvas.pixel_at(point)
        self._asked_at = pixel if self._canvas.label_at(point) == label else None

    def _forget(self, *_: object) -> None:
        self._asked_at = None


class FillRun:
    """One open dialog: what is filled for it, and what becomes of the filling that is taken."""

    def __init__(self, context: Context, dialog: FillDialog, photo_weights: str | None) -> None:
        self._context = context
        self._document = context.core.document
        self._dialog = dialog
        self._photo_weights = photo_weights
        self._scene: Scene = self._document.scene
        self._picture = self._document.picture
        self._photo: PhotoReference | None = self._scene.photo if self._scene.kind.shows_photo else None
        self._works: list[Work] = []
        self._candidates: dict[int, Candidate] = {}
        dialog.fill_wanted.connect(self.begin)
        dialog.hole_changed.connect(self._hole_changed)
        dialog.looked_at.connect(self._look)
        dialog.taken.connect(self._take)
        self._tell_source()

    def begin(self) -> None:
        """Fill the hole that is marked, in several ways, in the background."""
        self.stop()
        self._candidates.clear()
        hole, weights, first_seed = self._dialog.document.hole, self._dialog.source.currentData(), new_seed()
        self._dialog.begin()
        for position in range(len(self._dialog.tiles)):
            seed = (first_seed + position) % (MAX_SEED + 1)
            work = self._context.core.submit(
                partial(self._candidate, hole=hole, weights=weights, seed=seed),
                text=tr("Filling"),
                on_done=partial(self._show, position),
                on_failed=self._failed,
            )
            self._works.append(work)

    def stop(self) -> None:
        """The dialog goes, or another hole is filled."""
        cancel_all(self._works)

    # --- inside -------------------------------------------------------------------------------------

    def _candidate(self, work: Work, *, hole: np.ndarray, weights: str, seed: int) -> Candidate:
        """In the worker."""
        if self._photo is None:
            assert self._picture is not None
            self._photo = photo_of_picture(self._picture, tr("Painting") + ".png")
        return candidate_for(work, self._photo, self._scene.filled_holes, hole, weights, seed)

    def _show(self, position: int, candidate: Candidate) -> None:
        assert self._picture is not None
        seed = candidate.filled.seed
        self._candidates[seed] = candidate
        shown = candidate.over(self._picture)
        marked = np.zeros(shown.shape[:2], bool)
        marked[candidate.rows, candidate.columns] = candidate.inside
        x0, y0, x1, y1 = region_box(marked, margin=AROUND) or (0, 0, shown.shape[1], shown.shape[0])
        self._dialog.show_candidate(position, seed, to_qimage(shown[y0:y1, x0:x1]))

    def _look(self, seed: int) -> None:
        if self._picture is None:
            return
        candidate = self._candidates.get(seed)
        shown = self._picture if candidate is None else candidate.over(self._picture)
        self._dialog.show_picture(shown, marked=candidate is None)

    def _hole_changed(self) -> None:
        self.stop()
        self._candidates.clear()
        self._tell_source()

    def _tell_source(self) -> None:
        weights = self._dialog.source.currentData()
        if weights != TEXTURE:
            sentence = tr("A network paints it: the weights {0}.").format(weights)
        elif self._dialog.source.count() > 1:
            sentence = tr("Nothing learnt is asked: patches of the picture around the hole are put together.")
        else:
            sentence = tr(
                "No weights that fill holes are installed, so patches of the picture around the hole are put together. "
                "The training studio trains such weights."
            )
        self._dialog.about.setText(sentence)

    def _failed(self, error: EngineError) -> None:
        self.stop()
        self._dialog.fail(translate(str(error)))

    def _take(self, seed: int) -> None:
        """The document takes one: a step, in which its regions take the hole's place too."""
        candidate, document = self._candidates[seed], self._document
        scene = with_filling(document.scene, candidate.filled, self._dialog.document.hole)
        if document.photo is None or not document.kind.shows_photo:
            assert self._photo is not None
            self._context.core.originals.keep(read_original(self._photo))
            scene = replace(
                scene, kind=EDIT, photo=self._photo, weights=self._photo_weights or scene.weights, styles={}
            )
            note = tr("The painting has become a photo, so that the filling stays; undo brings it back.")
            self._context.core.hub.notice(note)
        assert self._picture is not None
        document.become(scene, candidate.over(self._picture), tr("Fill"))
