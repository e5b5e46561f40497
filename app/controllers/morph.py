"""Morphing in the editor: previews that follow the slider, and the export, both in the background."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
from PySide6.QtCore import QObject

from app.controllers.context import CloseOnChange, Context
from app.controllers.dice import new_seed
from app.controllers.styles import StylesController, Target
from app.dialogs.morph import GIF, STRIP, MorphDialog
from app.document.opening import stride_of
from app.document.scene import Scene
from app.imaging.pixels import to_qimage
from app.imaging.thumbnails import Place
from app.jobs.work_lane import Work
from app.panels.styles.looks import placeholder_icon, placeholder_tint
from app.shell.i18n import tr
from app.texts.label_names import style_source
from app.texts.translate import translate
from engine.errors import EngineError
from engine.painting.sizes import encoded_size
from engine.pictures.images import write_image
from engine.pictures.montage import strip
from engine.progress import Progress
from engine.requests.animation import Spool, paint_all, paint_each, write_gif, write_sequence
from engine.requests.morph import morph
from engine.requests.render import RenderRequest, RenderResult
from engine.requests.styles import MEAN, MeanStyle, SampleStyle, Style, mix
from engine.requests.variations import with_style

KEPT_BYTES = 64 * 1024 * 1024  # of previews
LARGEST = 512  # side of a preview, unless the weights paint larger pictures at best
PAINTING = 0.95  # share of the export that is painting; the rest is writing


class MorphSession(QObject):
    """One open dialog: from the style that the label has to one that the user chooses in it."""

    def __init__(self, context: Context, styles_controller: StylesController, label_id: int) -> None:
        scope = context.core.scope
        self.dialog = MorphDialog(scope.name(label_id), scope.abilities, scope.locked(label_id), context.window)
        super().__init__(self.dialog)
        self._context = context
        self._document = context.core.document
        self._scope = scope
        self._styles = styles_controller
        self._label = label_id  # or a piece
        self._shown_as = self._document.regions.label_of(label_id)
        self._scene = self._document.scene
        self._request = cache(self._scene.to_request)  # called in the worker: it compresses the label map
        self._look_at = self._reduced()
        self._look_request = cache(self._look_at.to_request)
        self._from = self._document.style(label_id)
        self._to: Style = MEAN
        self._painted: dict[tuple[Style, float], np.ndarray] = {}
        self._preview: Work | None = None
        self._export: Work | None = None
        self._open = True  # a file that is being written when the dialog closes is written to its end
        dialog = self.dialog
        dialog.amount_changed.connect(lambda _: self._look())
        dialog.dice_wanted.connect(lambda: self._set_end(SampleStyle(new_seed())))
        dialog.mean_wanted.connect(lambda: self._set_end(MEAN))
        dialog.picture_wanted.connect(self._ask_picture)
        dialog.take_wanted.connect(self._take)
        dialog.export_wanted.connect(self.export)
        dialog.cancel_wanted.connect(self.cancel_export)
        dialog.finished.connect(lambda _: self._stop())
        CloseOnChange(dialog, context.core)
        drawn_end = SampleStyle(new_seed()) if scope.abilities.samples else None
        self._show_end(dialog.first.show_end, self._from)
        self._set_end(drawn_end if drawn_end is not None else MEAN)
        dialog.open()
        if drawn_end is None and isinstance(self._from, MeanStyle):
            dialog.show_message(self.tr("Both ends are the mean style: choose a picture for the second."))

    def painted(self, amount: float) -> np.ndarray | None:
        """The picture (H, W, 3) uint8 with that share, 0 to 1, of the second style; None until it is painted."""
        return self._painted.get((self._to, amount))

    def cancel_export(self) -> None:
        """Drop the export; nothing is written. One that is writing already goes on to its end."""
        if self._export is not None and not self._export.settled and self._export.cancel():
            self.dialog.show_progress(None)
            self.dialog.show_message(self.tr("Cancelled, nothing was written."))

    def export(self, export_kind: str, frame_count: int) -> None:
        """Ask for a name, paint all pictures of the way and write them."""
        target_path = self._ask_target(export_kind)
        if target_path is None:
            return
        self.dialog.show_message("")
        self.dialog.show_progress(0.0)
        self._export = self._context.core.submit(
            self._export_job(export_kind, target_path, frame_count, self._to),
            text=self.tr("Writing {0}").format(target_path.name),
            on_done=lambda _: self._written(target_path),
            on_failed=self._export_failed,
            on_progress=lambda fraction, _: self._show_progress(fraction),
        )

    # --- ends ---------------------------------------------------------------------------------------

    def _set_end(self, style: Style) -> None:
        self._to = style
        self.dialog.show_message("")
        self._show_end(self.dialog.second.show_end, style)
        self._look()

    def _show_end(self, show_end: Callable[..., None], style: Style) -> None:
        document = self._document
        place = Place(self._scene.weights, self._shown_as, self._scene.fingerprint)
        pixmap = self._context.core.thumbnails.pixmap(
            style, document.label_set, 64, self.dialog.devicePixelRatioF(), place=place
        )
        tint = placeholder_tint(style, document.label_set.labels[self._shown_as])
        show_end(pixmap, placeholder_icon(style), tint, style_source(style, self._shown_as, document.label_set))

    def _ask_picture(self) -> None:
        picture_path = self._styles.ask_picture(Target(self._label))
        if picture_path is not None:
            self._styles.pick(picture_path, self._label, self._picked)

    def _picked(self, style: Style) -> None:
        if self.dialog.isVisible():
            self._set_end(style)

    def _take(self, end_share: float) -> None:
        undo_text = self.tr("Morph {0}").format(self._scope.name(self._label))
        try:
            self._scope.put(self._label, between(self._from, self._to, end_share), text=undo_text)
        except EngineError as error:  # a mix of too many mixes
            self._context.core.hub.error(error)

    # --- preview ------------------------------------------------------------------------------------

    def _look(self) -> None:
        """Show the picture at the slider's place: at once if it is known, else the newest wish is painted next."""
        preview_key = (self._to, self.dialog.amount)
        if preview_key in self._painted:
            self.dialog.show_picture(to_qimage(self._painted[preview_key]))
            preview_key = (self._to, 1.0)  # nothing else to do: find out what a drawn end looks like
            if preview_key in self._painted or not isinstance(self._to, SampleStyle):
                return
        if self._preview is None or self._preview.settled:
            try:
                job = self._preview_job(*preview_key)
            except EngineError as error:  # a mix of too many mixes
                self.dialog.show_message(translate(str(error)))
                return
            self._preview = self._context.core.submit(
                job,
                text=self.tr("Painting a preview"),
                on_done=lambda pixels: self._previewed(preview_key, pixels),
                on_failed=lambda error: self.dialog.show_message(translate(str(error))),
            )

    def _previewed(self, preview_key: tuple[Style, float], pixels: np.ndarray) -> None:
        self._painted[preview_key] = pixels
        while (
            len(self._painted) > 1
            and sum(preview_pixels.nbytes for preview_pixels in self._painted.values()) > KEPT_BYTES
        ):
            del self._painted[next(iter(self._painted))]  # the oldest
        end_style, end_share = preview_key
        if end_share == 1.0 and isinstance(end_style, SampleStyle):
            place = Place(self._scene.weights, self._shown_as, self._scene.fingerprint)
            self._context.core.thumbnails.put_drawn([(place, end_style.seed)], pixels, self._look_at.label_map.array())
            self._show_end(self.dialog.second.show_end, self._to)
        elif end_style == self._to:
            self.dialog.show_picture(to_qimage(pixels))
        self._look()  # the slider may have moved on

    def _reduced(self) -> Scene:
        """What previews are painted from: the document, or a large one smaller."""
        longest_side = max(LARGEST, self._context.core.catalogue.abilities(self._scene.weights).resolution)
        height, width = self._scene.label_map.shape
        scale_factor = longest_side / max(height, width)
        if scale_factor >= 1:
            return self._scene
        return self._scene.reduced(*encoded_size(height, width, stride_of(self._scope.abilities), longest_side))

    def _preview_job(self, end_style: Style, end_share: float) -> Callable[[Work], np.ndarray]:
        style, label_ids = between(self._from, end_style, end_share), self._scope.labels(self._label)

        def paint(work: Work) -> np.ndarray:
            with work.session() as engine_session:
                render_result = engine_session.run(
                    with_style(self._look_request(), label_ids, style), work.progress, work.cancel_event
                )
            return render_result.pixels

        return paint

    # --- export -------------------------------------------------------------------------------------

    def _ask_target(self, export_kind: str) -> Path | None:
        filters = {
            GIF: self.tr("Animated GIF (*.gif)"),
            STRIP: self.tr("PNG (*.png)"),
        }.get(export_kind, self.tr("New folder (*)"))
        name_ending = {GIF: ".gif", STRIP: ".png"}.get(export_kind, "")
        chosen_target = self._context.ask.save("export", self.tr("Export morph"), f"morph{name_ending}", filters)
        return None if chosen_target is None else chosen_target[0]

    def _export_job(
        self, export_kind: str, target_path: Path, frame_count: int, end_style: Style
    ) -> Callable[[Work], None]:
        start_style, label_ids = self._from, self._scope.labels(self._label)

        def write(work: Work) -> None:
            def run(request: RenderRequest, report: Progress, cancel: threading.Event) -> RenderResult:
                with work.session() as engine_session:  # one picture at a time: previews of the window get in between
                    return engine_session.run(request, report, cancel)

            requests = morph(self._request(), label_ids, start_style, end_style, frame_count)

            def report(fraction: float, progress_text: str) -> None:
                work.progress(PAINTING * fraction, progress_text)

            if export_kind == STRIP:
                pictures, _ = paint_all(run, requests, report, work.cancel_event)
                work.commit()
                write_image(target_path, strip(pictures))
                return
            with Spool() as frame_spool:  # hundreds of large pictures do not fit into memory
                for render_result in paint_each(run, requests, report, work.cancel_event):
                    frame_spool.append(render_result.pixels)
                work.commit()
                if export_kind == GIF:
                    write_gif(target_path, frame_spool)
                else:
                    write_sequence(target_path, frame_spool, requests)

        return write

    def _show_progress(self, fraction: float | None) -> None:
        if self._open:
            self.dialog.show_progress(fraction)

    def _written(self, target_path: Path) -> None:
        self._show_progress(None)
        if self._open:
            self.dialog.show_message(tr("Written: {0}").format(target_path.name))
        self._context.status.show_message(tr("Written: {0}").format(target_path.name))

    def _export_failed(self, error: EngineError) -> None:
        self._show_progress(None)
        if self._open:
            self.dialog.show_message(translate(str(error)))
        else:
            self._context.core.hub.error(error)

    def _stop(self) -> None:
        self._open = False
        for work in (self._preview, self._export):
            if work is not None and not work.settled:
                work.cancel()


def between(start_style: Style, end_style: Style, end_share: float) -> Style:
    """The style at a place of the way from `start_style` (0) to `end_style` (1)."""
    return start_style if end_share <= 0 else end_style if end_share >= 1 else mix(start_style, end_style, end_share)
