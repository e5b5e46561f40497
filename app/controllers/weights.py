"""The weights' window: import, check, remove, use."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QUrl, Slot
from PySide6.QtGui import QDesktopServices, QImage
from PySide6.QtWidgets import QMessageBox

from app.controllers.context import Context
from app.controllers.engine_menus import ModelController
from app.controllers.restyle import RestyleController
from app.errors_ui.hub import WEIGHTS
from app.imaging.pixels import to_qimage
from app.jobs.preload import preload_torch
from app.jobs.work_lane import Work
from engine.errors import Message
from engine.labels.label_sets import load_label_set
from engine.pictures.images import read_image
from engine.weights.store import user_weights_folder

if TYPE_CHECKING:
    from app.dialogs.weights import Import, WeightsDialog

PUBLISHED_FILES = "*.pth *.pt *.ckpt *.safetensors"


class WeightsController(QObject):
    """Opens the window and does what it asks for."""

    def __init__(
        self,
        context: Context,
        model_controller: ModelController,
        restyle_controller: RestyleController,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._context = context
        self._model = model_controller
        self._restyle = restyle_controller
        self._core = context.core
        self._dialog: WeightsDialog | None = None
        context.core.catalogue.changed.connect(self._fill)

    @Slot()
    def open(self) -> None:
        """Show what is installed."""
        from app.dialogs.weights import WeightsDialog

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
    def import_file(self, file_path: Path | None = None) -> None:
        """Ask how a published file is to be imported, and for the file unless it is given."""
        from app.dialogs.weights import ImportDialog

        if file_path is None:
            file_path = self._context.ask.open(
                "weights", self.tr("Import weights"), self.tr("Published weights ({0})").format(PUBLISHED_FILES)
            )
        if file_path is not None:
            dialog = ImportDialog(file_path, self._dialog or self._context.window)
            dialog.chosen.connect(self._import)
            dialog.open()

    # --- inside -------------------------------------------------------------------------------------

    def _closed(self, *_: object) -> None:
        self._dialog = None

    def _fill(self) -> None:
        if self._dialog is not None:
            from engine.weights.manage import is_removable, missing

            entries = self._core.catalogue.entries
            systems = {entry.card.system for entry in entries if entry.card is not None}
            removable = [entry.name for entry in entries if is_removable(entry.folder)]
            self._dialog.panel.show_entries(entries, missing(systems), removable)

    def _read_picture(self, file_path: Path) -> None:
        def show_image(image: QImage) -> None:
            if self._dialog is not None:
                self._dialog.panel.show_picture(file_path, image)

        self._core.work_lane.submit(
            lambda _: to_qimage(read_image(file_path, max_side=1024).pixels),
            text=self.tr("Reading samples"),
            on_done=show_image,
            on_failed=lambda _: None,  # a picture beside the weights is no part of them
        )

    def _import(self, chosen_import: Import) -> None:
        def imported(weights_name: str) -> None:
            self._core.catalogue.reload()
            self._core.renew_session()
            if self._dialog is not None:
                self._dialog.panel.choose(weights_name)
            else:
                self.open()
                self._dialog.panel.choose(weights_name)  # type: ignore[attr-defined]
            self._core.hub.notice(self.tr("{0} can be used now.").format(weights_name))
            if self._core.document.weights == weights_name:  # others of that name were removed
                self._restyle.renew()

        self._core.submit(
            lambda work: _import_published(work, chosen_import),
            text=self.tr("Importing {0}").format(chosen_import.path.name),
            topic=WEIGHTS,
            on_done=imported,
        )

    def _check(self, weights_names: list[str]) -> None:
        folders_by_name = {
            entry.name: entry.folder for entry in self._core.catalogue.entries if entry.name in weights_names
        }

        def run(work: Work) -> dict[str, str]:
            from engine.weights.manage import problem_of

            problems_by_name = {}
            for position, (weights_name, weights_folder) in enumerate(folders_by_name.items()):
                work.progress(position / len(folders_by_name))
                problems_by_name[weights_name] = problem_of(weights_folder)
            return problems_by_name

        def checked(problems_by_name: dict[str, str]) -> None:
            if self._dialog is not None:
                self._dialog.panel.show_checked(problems_by_name)
            damaged_names = [weights_name for weights_name, problem in problems_by_name.items() if problem]
            sentence = self.tr("All weights are as their cards say.")
            if damaged_names:
                sentence = self.tr("Something is wrong with {0}.").format(", ".join(damaged_names))
            self._core.hub.notice(sentence)

        self._core.submit(run, text=self.tr("Checking weights"), on_done=checked)

    def _remove(self, weights_name: str) -> None:
        weights_folder = next(
            (entry.folder for entry in self._core.catalogue.entries if entry.name == weights_name), None
        )
        if weights_folder is None or not self.ask_remove(weights_name, weights_folder):
            return

        def removed(_: object) -> None:
            self._core.catalogue.reload()
            self._core.renew_session()
            if self._core.document.weights == weights_name:
                self._core.hub.warning(
                    self.tr("This document was painted with {0}; choose other weights from the Model menu.").format(
                        weights_name
                    )
                )

        def run(work: Work) -> Path:
            from engine.weights.manage import remove_weights

            work.commit()
            return remove_weights(weights_folder)

        self._core.submit(run, text=self.tr("Removing {0}").format(weights_name), on_done=removed)

    def ask_remove(self, weights_name: str, weights_folder: Path) -> bool:
        """Whether to delete; tests replace this question."""
        answer = QMessageBox.question(
            self._dialog or self._context.window,
            self.tr("Remove weights"),
            self.tr("Delete {0} from the disk? This cannot be taken back.\n{1}").format(weights_name, weights_folder),
            QMessageBox.StandardButton.Yes | QMessageBox.StandardButton.Cancel,
            QMessageBox.StandardButton.Cancel,
        )
        return answer == QMessageBox.StandardButton.Yes

    def _show_folder(self, weights_folder: Path) -> None:
        while not weights_folder.is_dir() and weights_folder != weights_folder.parent:
            weights_folder = weights_folder.parent
        if not QDesktopServices.openUrl(QUrl.fromLocalFile(str(weights_folder))):
            self._core.hub.notice(str(weights_folder))


def _import_published(work: Work, chosen_import: Import) -> str:
    work.progress(0.0, Message("reading"))
    preload_torch()
    from engine.weights.published import import_published

    label_set = load_label_set(chosen_import.label_set) if chosen_import.label_set is not None else None
    work.check()
    import_published(chosen_import.path, chosen_import.name, user_weights_folder(), label_set=label_set)
    return chosen_import.name
