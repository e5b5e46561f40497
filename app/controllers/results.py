"""The results strip's business: which pictures are kept, and going back to them."""

from __future__ import annotations

from PySide6.QtCore import QObject, Qt, QTimer, Slot
from PySide6.QtGui import QAction, QGuiApplication
from PySide6.QtWidgets import QDockWidget

from app.controllers.context import Context
from app.controllers.exports import ExportController
from app.controllers.render import RenderController
from app.controllers.restyle import RestyleController
from app.document.results import MANY_BYTES, Result, Results
from app.document.scene import Scene
from app.imaging.pixels import to_qimage
from app.panels.results import ResultsPanel, limit_text
from engine.requests.styles import Style

SETTLED_MS = 400  # a picture that nothing has changed for so long was meant, and not passed through


class ResultsController(QObject):
    """Keeps each picture that the user comes to rest on: equal ones once, none in the middle of a stroke or a drag."""

    def __init__(
        self,
        context: Context,
        render_controller: RenderController,
        restyle_controller: RestyleController,
        export_controller: ExportController,
        results_panel: ResultsPanel,
        results_dock: QDockWidget,
        actions_by_id: dict[str, QAction],
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._context = context
        self._document = context.core.document
        self._render = render_controller
        self._restyle = restyle_controller
        self._exports = export_controller
        self._panel = results_panel
        self._dock = results_dock
        self._auto = actions_by_id["result_auto"]
        self._shown = actions_by_id["results_show"]
        self._gone = False
        self._looked_for: tuple[Scene, bytes] | None = None
        self._told_dropped: Results | None = None  # the document's whose limit was told of
        self._settled = QTimer(self)
        self._settled.setSingleShot(True)
        self._settled.setInterval(SETTLED_MS)
        self._settled.timeout.connect(self._keep_settled)
        self._auto.setChecked(context.core.settings.keep_results)
        results_dock.visibilityChanged.connect(lambda _: self._show_toggle())
        render_controller.rendered.connect(self._wait)
        for signal in (self._document.replaced, self._document.results_changed, render_controller.rendered):
            signal.connect(self._mark_present)
        for changed in (self._document.styles_changed, self._document.seed_changed, self._document.undo_changed):
            changed.connect(self._mark_present)
        self._document.results_changed.connect(self._tell_dropped)
        results_panel.recall_wanted.connect(self.recall)
        results_panel.star_wanted.connect(self._star)
        results_panel.delete_wanted.connect(self._document.kept.delete)
        results_panel.copy_wanted.connect(self._copy)
        results_panel.export_wanted.connect(self.export)
        results_panel.compare_wanted.connect(self.compare)

    def stop(self) -> None:
        """The window goes: another one keeps what comes."""
        self._gone = True
        self._settled.stop()

    # --- commands -----------------------------------------------------------------------------------

    @Slot()
    def keep(self) -> None:
        """Keep the present picture: with a star."""
        kept_result = self._keep()
        if kept_result is None:
            self._context.core.hub.notice(self.tr("The picture is still being painted; keep it when it is ready."))
            return
        self._star([kept_result.number], True)
        self._panel.choose(kept_result.number)
        self._context.status.show_message(self.tr("Picture {0} kept").format(kept_result.number))

    @Slot()
    def toggle_auto(self) -> None:
        """Keep every finished picture by itself, or only those asked for."""
        self._context.core.settings.keep_results = self._auto.isChecked()

    @Slot()
    def toggle(self) -> None:
        """Show or hide the strip."""
        self._dock.setVisible(not self._dock.isVisible())

    # --- from the strip -----------------------------------------------------------------------------

    def recall(self, picture_number: int) -> None:
        """Become what made a kept picture. Where its weights were published again since, its pictures are encoded
        again first."""
        kept_result, document = self._result(picture_number), self._document
        if kept_result is None:
            return
        made_with = kept_result.scene

        def recalled(styles: dict[int, Style]) -> None:
            if not document.kept.recall(picture_number, styles):
                return
            self._context.status.show_message(self.tr("Picture {0} brought back").format(picture_number))
            if document.fingerprint != made_with.fingerprint:
                sentence = self.tr("The weights {0} have changed since picture {1}: it is painted again with them.")
                self._context.core.hub.notice(sentence.format(made_with.weights, picture_number))

        self._restyle.fresh(made_with.styles, made_with.weights, recalled)

    def export(self, picture_number: int) -> None:
        """Write a kept picture to a file that the user names. A photo is made again from its own samples, wherever its
        file is now, with the styles' codes as `recall` has them."""
        kept_result = self._result(picture_number)
        if kept_result is None:
            return
        made_with = kept_result.scene.with_photo_of(self._document.scene)

        def refreshed(styles: dict[int, Style]) -> None:
            scene = made_with.with_checked(styles=styles)
            self._exports.export_kept(scene, kept_result.pixels, picture_number)

        if made_with.kind.shows_photo:
            self._restyle.fresh(made_with.styles, made_with.weights, refreshed)
        else:
            self._exports.export_kept(made_with, kept_result.pixels, picture_number)

    def compare(self, picture_numbers: list[int]) -> None:
        """Show two kept pictures, or one and the present picture, over or beside each other."""
        from app.dialogs.compare import Compared, CompareDialog

        kept_results = [self._result(number) for number in sorted(picture_numbers)]
        compared = [
            Compared(self.tr("Picture {0}").format(kept.number), kept.pixels, kept.number)
            for kept in kept_results
            if kept is not None
        ]
        if len(compared) == 1 and self._document.picture is not None:
            compared.append(Compared(self.tr("Present picture"), self._document.picture))
        if len(compared) != 2:
            self._context.core.hub.notice(self.tr("Choose two pictures in the strip to compare them (Ctrl+click)."))
            return
        dialog = CompareDialog(compared[0], compared[1], self._context.window)
        dialog.recall_wanted.connect(self.recall)
        dialog.open()

    # --- inside -------------------------------------------------------------------------------------

    def _result(self, picture_number: int) -> Result | None:
        return next(
            (kept_result for kept_result in self._document.results if kept_result.number == picture_number), None
        )

    def _wait(self, *_: object) -> None:
        if not self._gone:
            self._settled.start()

    def _keep_settled(self) -> None:
        if not self._auto.isChecked():
            return
        held = self._document.stroking or self._document.trial.under_way
        if held or QGuiApplication.mouseButtons() != Qt.MouseButton.NoButton:
            self._wait()  # a stroke, a slider or a colour being tried: what counts is where it is let go
            return
        self._keep()

    def _keep(self) -> Result | None:
        """Keep the document's picture, if it shows the document as it is."""
        document, painted_scene = self._document, self._render.shown
        if document.picture is None or painted_scene is None or not self._render.up_to_date:
            return None
        return document.kept.keep(painted_scene, document.picture)

    def _mark_present(self, *_: object) -> None:
        """Which of the strip's pictures the document is."""
        painted_scene, present_number = self._render.shown, 0
        if painted_scene is not None and self._render.up_to_date:
            if self._looked_for is None or self._looked_for[0] is not painted_scene:
                picture_key = painted_scene.picture_key()  # reads the whole label map: once for each picture
                self._looked_for = painted_scene, picture_key
            picture_key = self._looked_for[1]
            present_number = next(
                (kept_result.number for kept_result in self._document.results if kept_result.known_as(picture_key)), 0
            )
        self._panel.model.set_present(present_number)

    def _star(self, picture_numbers: list[int], starred: bool) -> None:
        for picture_number in picture_numbers:
            self._document.kept.star(picture_number, starred)
        results = self._document.origin.results
        if starred and results.starred_bytes > MANY_BYTES:
            sentence = self.tr("Pictures with a star take {0} MB of memory now; export some and delete them.")
            self._context.core.hub.notice(sentence.format(results.starred_bytes // (1024 * 1024)))

    def _tell_dropped(self) -> None:
        """The strip is full: once for each document what it keeps; its head says how many have gone."""
        results = self._document.origin.results
        if results.dropped_count and self._told_dropped is not results:
            self._told_dropped = results
            self._context.core.hub.notice(limit_text(results))

    def _copy(self, picture_number: int) -> None:
        kept_result = self._result(picture_number)
        if kept_result is not None:
            QGuiApplication.clipboard().setImage(to_qimage(kept_result.pixels))
            self._context.status.show_message(self.tr("Picture copied"))

    def _show_toggle(self) -> None:
        self._shown.setChecked(not self._dock.isHidden())
