"""The weights' window: import, check, remove, use."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QObject, QUrl, Slot
from PySide6.QtGui import QDesktopServices, QImage
from PySide6.QtWidgets import QMessageBox

from app.controllers.context import Context
from app.controllers.engine_menus import ModelController
from app.controllers.restyle import RestyleController
from app.dialogs.weights import Import, ImportDialog, WeightsDialog
from app.imaging.pixels import to_qimage
from app.jobs.preload import preload_torch
from app.jobs.work_lane import Work
from engine.labels.label_sets import load_label_set
from engine.pictures.images import read_image
from engine.weights.manage import is_removable, missing, problem_of, remove_weights
from engine.weights.store import user_weights_folder

FILES = "*.pth *.pt *.ckpt"


class WeightsController(QObject):
    """Opens the window and does what it asks for."""

    def __init__(
        self, context: Context, model: ModelController, restyle: RestyleController, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._context = context
        self._model = model
        self._restyle = restyle
        self._core = context.core
        self._dialog: WeightsDialog | None = None
        context.core.catalogue.changed.connect(self._fill)

    @Slot()
    def open(self) -> None:
        """Show what is installed."""
        if self._dialog is None:
            self._dialog = dialog = WeightsDialog(self._context.window)
            panel = dialog.panel
            panel.import_wanted.connect(self.import_file)
            panel.check_wanted.connect(self._check)
            panel.remove_wanted.connect(self._remove)
            panel.use_wanted.connect(self._model.use)
            panel.folder_wanted.connect(self._show_folder)
            panel.picture_wanted.connect(self._read_picture)
            dialog.finished.connect(self._closed)
            self._core.catalogue.reload()
        self._dialog.show()

    @Slot()
    def import_file(self, path: Path | None = None) -> None:
        """Ask how a published file is to be imported, and for the file unless it is given."""
        if path is None:
            path = self._context.ask.open(
                "weights", self.tr("Import weights"), self.tr("Published weights ({0})").format(FILES)
            )
        if path is not None:
            dialog = ImportDialog(path, self._dialog or self._context.window)
            dialog.chosen.connect(self._import)
            dialog.open()

    # --- inside -------------------------------------------------------------------------------------

    def _closed(self, *_: object) -> None:
        self._dialog = None

    def _fill(self) -> None:
        if self._dialog is not None:
            entries = self._core.catalogue.entries
            systems = {entry.card.system for entry in entries if entry.card is not None}
            removable = [entry.name for entry in entries if is_removable(entry.folder)]
            self._dialog.panel.show_entries(entries, missing(systems), removable)

    def _read_picture(self, path: Path) -> None:
        def read(image: QImage) -> None:
            if self._dialog is not None:
                self._dialog.panel.show_picture(path, image)

        self._core.work_lane.submit(
            lambda _: to_qimage(read_image(path, max_side=1024).pixels),
            text=self.tr("Reading samples"),
            on_done=read,
            on_failed=lambda _: None,  # a picture beside the weights is no part of them
        )

    def _import(self, wanted: Import) -> None:
        def imported(name: str) -> None:
            self._core.catalogue.reload()
            self._core.renew_session()
            if self._dialog is not None:
                self._dialog.panel.choose(name)
            else:
                self.open()
                self._dialog.panel.choose(name)  # type: ignore[attr-defined]
            self._core.hub.notice(self.tr("{0} can be used now.").format(name))
            if self._core.document.weights == name:  # others of that name were removed
                self._restyle.renew()

        self._core.submit(
            lambda work: _import_published(work, wanted),
            text=self.tr("Importing {0}").format(wanted.path.name),
            on_done=imported,
        )

    def _check(self, names: list[str]) -> None:
        folders = {entry.name: entry.folder for entry in self._core.catalogue.entries if entry.name in names}

        def run(work: Work) -> dict[str, str]:
            found = {}
            for number, (name, folder) in enumerate(folders.items()):
                work.progress(number / len(folders))
                found[name] = problem_of(folder)
            return found

        def checked(found: dict[str, str]) -> None:
            if self._dialog is not None:
                self._dialog.panel.show_checked(found)
            wrong = [name for name, problem in found.items() if problem]
            text = self.tr("All weights are as their cards say.")
            if wrong:
                text = self.tr("Something is wrong with {0}.").format(", ".join(wrong))
            self._core.hub.notice(text)

        self._core.submit(run, text=self.tr("Checking weights"), on_done=checked)

    def _remove(self, name: str) -> None:
        folder = next((entry.folder for entry in self._core.catalogue.entries if entry.name == name), None)
        if folder is None or not self.ask_remove(name, folder):
            return

        def removed(_: object) -> None:
            self._core.catalogue.reload()
            self._core.renew_session()
            if self._core.document.weights == name:
                self._core.hub.warning(
                    self.tr("This document painted with {0}; choose other weights from the Model menu.").format(name)
                )

        def run(work: Work) -> Path:
            work.commit()
            return remove_weights(folder)

        self._core.submit(run, text=self.tr("Removing {0}").format(name), on_done=removed)

    def ask_remove(self, name: str, folder: Path) -> bool:
        """Whether to delete; tests replace this question."""
        answer = QMessageBox.question(
            self._dialog or self._context.window,
            self.tr("Remove weights"),
            self.tr("Delete {0} from the disk? This cannot be taken back.\n{1}").format(name, folder),
            QMessageBox.StandardButton.Yes | QMessageBox.StandardButton.Cancel,
            QMessageBox.StandardButton.Cancel,
        )
        return answer == QMessageBox.StandardButton.Yes

    def _show_folder(self, folder: Path) -> None:
        while not folder.is_dir() and folder != folder.parent:
            folder = folder.parent
        if not QDesktopServices.openUrl(QUrl.fromLocalFile(str(folder))):
            self._core.hub.notice(str(folder))


def _import_published(work: Work, wanted: Import) -> str:
    work.progress(0.0, "reading")
    preload_torch()
    from engine.weights.published import import_published

    labels = load_label_set(wanted.label_set) if wanted.label_set is not None else None
    work.check()
    import_published(wanted.path, wanted.name, user_weights_folder(), label_set=labels)
    return wanted.name
