"""The results strip's business: which pictures are kept, and going back to them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PySide6.QtCore import QObject, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QAction, QGuiApplication
from PySide6.QtWidgets import QDockWidget

from app.controllers.context import Context
from app.controllers.render import RenderController
from app.controllers.restyle import RestyleController
from app.document.results import MANY_BYTES, Result
from app.document.scene import Scene
from app.imaging.pixels import to_qimage
from app.jobs.work_lane import Work
from app.jobs.writing import write_picture
from app.panels.results import ResultsPanel
from engine.requests.styles import Style

SETTLED_MS = 400  # a picture that nothing has changed for so long was meant, and not passed through


class ResultsController(QObject):
    """Keeps each picture that the user comes to rest on: equal ones once, none in the middle of a stroke or a drag."""

    exported = Signal(object)  # Path

    def __init__(
        self,
        context: Context,
        render: RenderController,
        restyle: RestyleController,
        panel: ResultsPanel,
        dock: QDockWidget,
        actions: dict[str, QAction],
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._context = context
        self._document = context.core.document
        self._render = render
        self._restyle = restyle
        self._panel = panel
        self._dock = dock
        self._auto = actions["result_auto"]
        self._shown = actions["results_show"]
        self._gone = False
        self._looked_for: tuple[Scene, bytes] | None = None
        self._settled = QTimer(self)
        self._settled.setSingleShot(True)
        self._settled.setInterval(SETTLED_MS)
        self._settled.timeout.connect(self._keep_settled)
        self._auto.setChecked(context.core.settings.keep_results)
        dock.visibilityChanged.connect(lambda _: self._show_toggle())
        render.rendered.connect(self._wait)
        for signal in (self._document.replaced, self._document.results_changed, render.rendered):
            signal.connect(self._mark_present)
        for changed in (self._document.styles_changed, self._document.seed_changed, self._document.undo_changed):
            changed.connect(self._mark_present)
        panel.recall_wanted.connect(self.recall)
        panel.star_wanted.connect(self._star)
        panel.delete_wanted.connect(self._document.delete_results)
        panel.copy_wanted.connect(self._copy)
        panel.export_wanted.connect(self.export)

    def stop(self) -> None:
        """The window goes: another one keeps what comes."""
        self._gone = True
        self._settled.stop()

    # --- commands -----------------------------------------------------------------------------------

    @Slot()
    def keep(self) -> None:
        """Keep the present picture: with a star."""
        result = self._keep()
        if result is None:
            self._context.core.hub.notice(self.tr("The picture is still being painted; keep it when it is ready."))
            return
        self._star([result.number], True)
        self._panel.choose(result.number)
        self._context.status.show_message(self.tr("Picture {0} kept").format(result.number))

    @Slot()
    def toggle_auto(self) -> None:
        """Keep every finished picture by itself, or only those asked for."""
        self._context.core.settings.keep_results = self._auto.isChecked()

    @Slot()
    def toggle(self) -> None:
        """Show or hide the strip."""
        self._dock.setVisible(not self._dock.isVisible())

    # --- from the strip -----------------------------------------------------------------------------

    def recall(self, number: int) -> None:
        """Become what made a kept picture. Where its weights were published anew since, its pictures are encoded
        again first."""
        result, document = self._result(number), self._document
        if result is None:
            return
        made_with = result.scene

        def recalled(styles: dict[int, Style]) -> None:
            if not document.recall_result(number, styles):
                return
            self._context.status.show_message(self.tr("Picture {0} brought back").format(number))
            if document.fingerprint != made_with.fingerprint:
                sentence = self.tr("The weights {0} have changed since picture {1}: it is painted anew with them.")
                self._context.core.hub.notice(sentence.format(made_with.weights, number))

        self._restyle.fresh(made_with.styles, made_with.weights, recalled)

    def export(self, number: int) -> None:
        """Ask for a name and write a kept picture; a PNG carries what made it."""
        result = self._result(number)
        if result is None:
            return
        filters = ";;".join(
            (
                self.tr("PNG, restores everything when opened (*.png)"),
                self.tr("JPEG (*.jpg *.jpeg)"),
                self.tr("WebP (*.webp)"),
                self.tr("TIFF (*.tiff *.tif)"),
            )
        )
        path = self._document.path
        name = f"{path.stem if path is not None else 'tessera'}-{number}.png"
        chosen = self._context.ask.save("export", self.tr("Export picture"), name, filters)
        if chosen is not None:
            self._write(chosen[0], result)

    # --- inside -------------------------------------------------------------------------------------

    def _result(self, number: int) -> Result | None:
        return next((result for result in self._document.results if result.number == number), None)

    def _wait(self, *_: object) -> None:
        if not self._gone:
            self._settled.start()

    def _keep_settled(self) -> None:
        if not self._auto.isChecked():
            return
        if self._document.stroking or QGuiApplication.mouseButtons() != Qt.MouseButton.NoButton:
            self._wait()  # a stroke or a slider is held: what counts is where it is let go
            return
        self._keep()

    def _keep(self) -> Result | None:
        """Keep the document's picture, if it shows the document as it is."""
        document, shown = self._document, self._render.shown
        if document.picture is None or shown is None or not self._render.up_to_date:
            return None
        return document.keep_result(shown, document.picture)

    def _mark_present(self, *_: object) -> None:
        """Which of the strip's pictures the document is."""
        shown, present = self._render.shown, 0
        if shown is not None and self._render.up_to_date:
            if self._looked_for is None or self._looked_for[0] is not shown:
                self._looked_for = shown, shown.picture_key()  # reads the whole label map: once for each picture
            key = self._looked_for[1]
            present = next((result.number for result in self._document.results if result.known_as(key)), 0)
        self._panel.model.set_present(present)

    def _star(self, numbers: list[int], starred: bool) -> None:
        for number in numbers:
            self._document.star_result(number, starred)
        results = self._document.origin.results
        if starred and results.starred_bytes > MANY_BYTES:
            sentence = self.tr("Pictures with a star take {0} MB of memory now; export some and delete them.")
            self._context.core.hub.notice(sentence.format(results.starred_bytes // (1024 * 1024)))

    def _copy(self, number: int) -> None:
        result = self._result(number)
        if result is not None:
            QGuiApplication.clipboard().setImage(to_qimage(result.pixels))
            self._context.status.show_message(self.tr("Picture copied"))

    def _write(self, path: Path, result: Result) -> None:
        def written(_: object) -> None:
            self._context.status.show_message(self.tr("Written: {0}").format(path.name))
            self.exported.emit(path)

        self._context.core.submit(
            lambda work: _write_job(work, path, result),
            text=self.tr("Writing {0}").format(path.name),
            on_done=written,
        )

    def _show_toggle(self) -> None:
        self._shown.setChecked(not self._dock.isHidden())


def _write_job(work: Work, path: Path, result: Result) -> None:
    request = result.to_request()
    work.commit()
    write_picture(path, np.asarray(result.pixels), request)
