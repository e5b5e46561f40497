"""Variations of a region, and regions that become another label."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numpy as np
from PySide6.QtCore import QObject, Slot
from PySide6.QtGui import QImage

from app.controllers.context import Context, close_on_change
from app.controllers.dice import new_seed
from app.controllers.morph import MorphSession
from app.controllers.styles import StylesController
from app.dialogs.change_label import ChangeLabelDialog
from app.dialogs.variations import VariationsDialog
from app.imaging.pixels import region_box, to_qimage
from app.imaging.thumbnails import Place
from app.jobs.work_lane import Work
from app.panels.styles.panel import StylesPanel
from app.shell.i18n import tr
from app.texts.label_names import area_text, name_of
from app.texts.translate import translate
from engine.errors import EngineError
from engine.requests.render import RenderRequest
from engine.requests.styles import SampleStyle
from engine.requests.variations import with_style

COUNT = 6
AROUND = 0.35  # of the region's side is shown around it: it is judged in its place


class VarietyController(QObject):
    """Opens the dialogs of variety on the chosen label, and paints for them in the background."""

    def __init__(
        self,
        context: Context,
        styles_controller: StylesController,
        styles_panel: StylesPanel,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._context = context
        self._document = context.core.document
        self._scope = context.core.scope
        self._styles = styles_controller
        styles_panel.variations_wanted.connect(self.variations)
        styles_panel.morph_wanted.connect(self.morph)

    # --- commands -----------------------------------------------------------------------------------

    @Slot()
    def variations(self) -> VariationsDialog | None:
        """Six random styles for the chosen region, painted one by one."""
        label_id = self._document.current_label
        if not self._varies():
            return None
        if not self._scope.abilities.samples:
            self._cannot(self.tr('The weights "{0}" cannot draw styles; take styles from pictures.'))
            return None
        if not self._scope.whole_picture and not self._has_region(label_id):
            return None
        if not self._scope.may_change(label_id):
            return None
        dialog = VariationsDialog(self._scope.name(label_id), COUNT, self._scope.whole_picture, self._context.window)
        run = _VariationsRun(self._context, dialog, label_id)
        dialog.more_wanted.connect(run.begin)
        dialog.taken.connect(lambda seed: run.take(seed))
        dialog.finished.connect(lambda _: run.stop())
        close_on_change(dialog, self._context.core)
        dialog.open()
        run.begin()
        return dialog

    @Slot()
    def morph(self) -> MorphSession | None:
        """From the chosen label's style to another one, in steps."""
        label_id = self._document.current_label
        if not self._varies():
            return None
        if not self._scope.abilities.styles:
            self._cannot(self.tr('The weights "{0}" have no styles to morph between.'))
            return None
        if not self._scope.whole_picture and not self._has_region(label_id):
            return None
        return MorphSession(self._context, self._styles, label_id)

    @Slot()
    def change_label(self) -> ChangeLabelDialog | None:
        """Give all pixels of the chosen label to another one."""
        document, label_id = self._document, self._document.current_label
        if not self._has_region(label_id):
            return None
        if label_id in document.locked:
            sentence = self.tr("The pixels of {0} are locked; unlock the label first.")
            self._context.core.hub.notice(sentence.format(name_of(document.label_set, label_id)))
            return None
        area_share = area_text(document.area(label_id))
        dialog = ChangeLabelDialog(document.label_set, label_id, area_share, self._context.window)
        dialog.chosen.connect(lambda target_label: self._change(label_id, target_label))
        dialog.open()
        return dialog

    # --- inside -------------------------------------------------------------------------------------

    def _change(self, source_label: int, target_label: int) -> None:
        if self._document.pixels.relabel(source_label, target_label):
            self._document.set_current_label(target_label)

    def _varies(self) -> bool:
        """Whether variations and morphs can be painted; the user is told where they cannot."""
        if not self._document.kind.varies:
            self._context.core.hub.notice(
                self.tr("This works with painted pictures, not with photos: roll the dice, or change the strength.")
            )
        return self._document.kind.varies

    def _has_region(self, label_id: int) -> bool:
        if self._document.areas[label_id] > 0:
            return True
        sentence = self.tr("There is no region of {0} in the label map; choose another label or paint one.")
        self._context.core.hub.notice(sentence.format(name_of(self._document.label_set, label_id)))
        return False

    def _cannot(self, sentence: str) -> None:
        self._context.core.hub.notice(sentence.format(self._document.weights))


class _VariationsRun:
    """One open dialog of variations: what is painted for it, and what becomes of the one that is taken."""

    def __init__(self, context: Context, dialog: VariationsDialog, label_id: int) -> None:
        self._context = context
        self._dialog = dialog
        self._document = context.core.document
        self._scope = context.core.scope
        self._label = label_id
        self._scene = self._document.scene
        self._label_map = self._scene.label_map.array()
        self._request = cache(self._scene.to_request)  # called in the worker: it compresses the label map
        self._works: list[Work] = []

    def begin(self) -> None:
        """Six new ones; those that are still being painted are dropped."""
        self.stop()
        first_seed = new_seed()
        self._dialog.begin([first_seed + position for position in range(COUNT)])
        for position in range(COUNT):
            work = self._context.core.submit(
                self._job(first_seed + position),
                text=tr("Painting variations"),
                on_done=self._shower(position, first_seed + position),
                on_failed=self._failed,
            )
            self._works.append(work)

    def stop(self) -> None:
        """The dialog goes, or wants others."""
        for work in self._works:
            if not work.settled:
                work.cancel()
        self._works.clear()

    def take(self, seed: int) -> None:
        """The document takes one of them: one step."""
        undo_text = tr("Variation of {0}").format(self._scope.name(self._label))
        self._scope.put(self._label, SampleStyle(seed), text=undo_text)

    def _job(self, seed: int) -> Callable[[Work], np.ndarray]:
        labels = self._scope.labels(self._label)

        def paint(work: Work) -> np.ndarray:
            request: RenderRequest = with_style(self._request(), labels, SampleStyle(seed))
            with work.session() as engine_session:
                render_result = engine_session.run(request, work.progress, work.cancel_event)
            return render_result.pixels

        return paint

    def _shower(self, tile_position: int, seed: int) -> Callable[[np.ndarray], object]:
        def show(pixels: np.ndarray) -> None:
            thumbnail_place = Place(self._scene.weights, self._label, self._scene.fingerprint)
            self._context.core.thumbnails.put_drawn([(thumbnail_place, seed)], pixels, self._label_map)
            self._dialog.show_variation(tile_position, self._look(pixels))

        return show

    def _look(self, pixels: np.ndarray) -> QImage:
        """The region with some of its surroundings; all of a picture that has one style."""
        region_mask = self._label_map == self._label
        look_box = None if self._scope.whole_picture else region_box(region_mask, margin=AROUND)
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
