"""Morphing in the editor: previews that follow the slider, and the export, both in the background."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from PySide6.QtCore import QObject

from app.controllers.context import Context, close_on_change
from app.controllers.dice import new_seed
from app.controllers.styles import StylesController
from app.dialogs.morph import GIF, STRIP, MorphDialog
from app.document.scene import Scene
from app.imaging.pixels import to_qimage
from app.imaging.thumbnails import Place
from app.jobs.work_lane import Work
from app.panels.styles.looks import placeholder_icon, placeholder_tint
from app.shell.i18n import tr
from app.texts.label_names import style_source
from app.texts.translate import translate
from engine.errors import EngineError
from engine.pictures.images import write_image
from engine.pictures.montage import strip
from engine.requests.animation import Spool, paint_all, paint_each, write_gif, write_sequence
from engine.requests.morph import morph
from engine.requests.render import RenderRequest
from engine.requests.styles import MEAN, MeanStyle, SampleStyle, Style, mix
from engine.requests.variations import with_style

KEPT_BYTES = 64 * 1024 * 1024  # of previews
LARGEST = 512  # side of a preview, unless the weights paint larger pictures at best
PAINTING = 0.95  # share of the export that is painting; the rest is writing


class MorphSession(QObject):
    """One open dialog: from the style that the label has to one that the user chooses in it."""

    def __init__(self, context: Context, styles: StylesController, label: int) -> None:
        scope = context.core.scope
        self.dialog = MorphDialog(scope.name(label), scope.abilities, scope.locked(label), context.window)
        super().__init__(self.dialog)
        self._context = context
        self._document = context.core.document
        self._scope = scope
        self._styles = styles
        self._label = label
        self._scene = self._document.scene
        self._request = cache(self._scene.to_request)  # called in the worker: it compresses the label map
        self._look_at = self._reduced()
        self._look_request = cache(self._look_at.to_request)
        self._from = self._document.style(label)
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
        close_on_change(dialog, context.core)
        drawn = SampleStyle(new_seed()) if scope.abilities.samples else None
        self._show_end(dialog.first.show_end, self._from)
        self._set_end(drawn if drawn is not None else MEAN)
        dialog.open()
        if drawn is None and isinstance(self._from, MeanStyle):
            dialog.show_message(self.tr("Both ends are the mean style: choose a picture for the second."))

    def cancel_export(self) -> None:
        """Drop the export; nothing is written. One that is writing already goes on to its end."""
        if self._export is not None and not self._export.settled and self._export.cancel():
            self.dialog.show_progress(None)
            self.dialog.show_message(self.tr("Cancelled, nothing was written."))

    def export(self, kind: str, frames: int) -> None:
        """Ask for a name, paint all pictures of the way and write them."""
        path = self._ask_target(kind)
        if path is None:
            return
        self.dialog.show_message("")
        self.dialog.show_progress(0.0)
        self._export = self._context.core.submit(
            self._export_job(kind, path, frames, self._to),
            text=self.tr("Writing {0}").format(path.name),
            on_done=lambda _: self._written(path),
            on_failed=self._export_failed,
            on_progress=lambda part, _: self._show_progress(part),
        )

    # --- ends ---------------------------------------------------------------------------------------

    def _set_end(self, style: Style) -> None:
        self._to = style
        self.dialog.show_message("")
        self._show_end(self.dialog.second.show_end, style)
        self._look()

    def _show_end(self, show: Callable[..., None], style: Style) -> None:
        document = self._document
        place = Place(self._scene.weights, self._label, self._scene.fingerprint)
        pixmap = self._context.core.thumbnails.pixmap(
            style, document.label_set, 64, self.dialog.devicePixelRatioF(), place=place
        )
        tint = placeholder_tint(style, document.label_set.labels[self._label])
        show(pixmap, placeholder_icon(style), tint, style_source(style, self._label, document.label_set))

    def _ask_picture(self) -> None:
        path = self._styles.ask_picture(self._label)
        if path is not None:
            self._styles.pick(path, self._label, self._picked)

    def _picked(self, style: Style) -> None:
        if self.dialog.isVisible():
            self._set_end(style)

    def _take(self, amount: float) -> None:
        text = self.tr("Morph {0}").format(self._scope.name(self._label))
        try:
            self._scope.put(self._label, between(self._from, self._to, amount), text=text)
        except EngineError as error:  # a mix of too many mixes
            self._context.core.hub.error(error)

    # --- preview ------------------------------------------------------------------------------------

    def _look(self) -> None:
        """Show the picture at the slider's place: at once if it is known, else the newest wish is painted next."""
        key = (self._to, self.dialog.amount)
        if key in self._painted:
            self.dialog.show_picture(to_qimage(self._painted[key]))
            key = (self._to, 1.0)  # nothing else to do: find out what a drawn end looks like
            if key in self._painted or not isinstance(self._to, SampleStyle):
                return
        if self._preview is None or self._preview.settled:
            try:
                job = self._preview_job(*key)
            except EngineError as error:  # a mix of too many mixes
                self.dialog.show_message(translate(str(error)))
                return
            self._preview = self._context.core.submit(
                job,
                text=self.tr("Painting a preview"),
                on_done=lambda pixels: self._previewed(key, pixels),
                on_failed=lambda error: self.dialog.show_message(translate(str(error))),
            )

    def _previewed(self, key: tuple[Style, float], pixels: np.ndarray) -> None:
        self._painted[key] = pixels
        while len(self._painted) > 1 and sum(known.nbytes for known in self._painted.values()) > KEPT_BYTES:
            del self._painted[next(iter(self._painted))]  # the oldest
        end, amount = key
        if amount == 1.0 and isinstance(end, SampleStyle):
            place = Place(self._scene.weights, self._label, self._scene.fingerprint)
            self._context.core.thumbnails.put_drawn([(place, end.seed)], pixels, self._look_at.label_map.array())
            self._show_end(self.dialog.second.show_end, self._to)
        elif end == self._to:
            self.dialog.show_picture(to_qimage(pixels))
        self._look()  # the slider may have moved on meanwhile

    def _reduced(self) -> Scene:
        """What previews are painted from: the document, or a large one smaller."""
        side = max(LARGEST, self._context.core.catalogue.resolution(self._scene.weights))
        height, width = self._scene.label_map.shape
        part = side / max(height, width)
        if part >= 1:
            return self._scene
        return self._scene.reduced(*(max(32, round(length * part / 32) * 32) for length in (height, width)))

    def _preview_job(self, end: Style, amount: float) -> Callable[[Work], np.ndarray]:
        style, labels = between(self._from, end, amount), self._scope.labels(self._label)

        def paint(work: Work) -> np.ndarray:
            with work.session() as session:
                result: Any = session.run(
                    with_style(self._look_request(), labels, style), work.progress, work.cancel_event
                )
            pixels: np.ndarray = result.pixels
            return pixels

        return paint

    # --- export -------------------------------------------------------------------------------------

    def _ask_target(self, kind: str) -> Path | None:
        filters = {
            GIF: self.tr("Animated GIF (*.gif)"),
            STRIP: self.tr("PNG (*.png)"),
        }.get(kind, self.tr("New folder (*)"))
        ending = {GIF: ".gif", STRIP: ".png"}.get(kind, "")
        chosen = self._context.ask.save("export", self.tr("Export morph"), f"morph{ending}", filters)
        return None if chosen is None else chosen[0]

    def _export_job(self, kind: str, path: Path, frames: int, end: Style) -> Callable[[Work], None]:
        start, labels = self._from, self._scope.labels(self._label)

        def write(work: Work) -> None:
            def run(request: RenderRequest, report: Any, cancel: Any) -> Any:
                with work.session() as session:  # one picture at a time: previews of the window get in between
                    return session.run(request, report, cancel)

            requests = morph(self._request(), labels, start, end, frames)

            def report(part: float, text: str) -> None:
                work.progress(PAINTING * part, text)

            if kind == STRIP:
                pictures, _ = paint_all(run, requests, report, work.cancel_event)
                work.commit()
                write_image(path, strip(pictures))
                return
            with Spool() as spool:  # hundreds of large pictures do not fit into memory
                for result in paint_each(run, requests, report, work.cancel_event):
                    spool.append(result.pixels)
                work.commit()
                if kind == GIF:
                    write_gif(path, spool)
                else:
                    write_sequence(path, spool, requests)

        return write

    def _show_progress(self, part: float | None) -> None:
        if self._open:
            self.dialog.show_progress(part)

    def _written(self, path: Path) -> None:
        self._show_progress(None)
        if self._open:
            self.dialog.show_message(tr("Written: {0}").format(path.name))
        self._context.status.show_message(tr("Written: {0}").format(path.name))

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


def between(a: Style, b: Style, amount: float) -> Style:
    """The style at a place of the way from `a` (0) to `b` (1)."""
    return a if amount <= 0 else b if amount >= 1 else mix(a, b, amount)
