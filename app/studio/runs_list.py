"""The runs there are: choose one to see its history, or open a folder from elsewhere."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtWidgets import QListWidget, QListWidgetItem, QPushButton, QVBoxLayout, QWidget

from app.dialogs.folders import FolderAsker
from app.panels.widgets import muted_label
from app.texts.system_names import system_text
from app.training.run_folder import read_run
from app.training.training import Training
from engine.errors import EngineError


class RunsList(QWidget):
    """Names of run folders, the newest first."""

    problem_found = Signal(object)  # EngineError
    like_wanted = Signal(object)  # RunInfo of the run that a new one is to be like

    def __init__(self, training: Training, folder_asker: FolderAsker, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._training = training
        self._ask = folder_asker
        self.list = QListWidget()
        self.list.setObjectName("runs")
        self.list.setAccessibleName(self.tr("Runs"))
        self.list.setSpacing(1)
        self.list.currentItemChanged.connect(self._chosen)
        self.none = muted_label(self.tr("Nothing has been trained here yet."))
        self.none.setWordWrap(True)
        self.open = QPushButton(self.tr("Open a run folder..."))
        self.open.clicked.connect(self._open)
        self.like = QPushButton(self.tr("New run from this one..."))
        self.like.setToolTip(
            self.tr("The same recipe and data, from this run's best state: to go on with other rates or more steps")
        )
        self.like.clicked.connect(self._want_like)
        column_layout = QVBoxLayout(self)
        column_layout.setContentsMargins(14, 12, 14, 12)
        column_layout.setSpacing(8)
        column_layout.addWidget(self.none)
        column_layout.addWidget(self.list, 1)
        column_layout.addWidget(self.like)
        column_layout.addWidget(self.open)
        training.runs_changed.connect(self.fill)
        training.state_changed.connect(self._show_none)
        training.shown_changed.connect(self._show)
        self.fill()

    def fill(self) -> None:
        """Look for runs again (a few small files)."""
        with QSignalBlocker(self.list):
            self.list.clear()
            for run_folder in self._training.runs():
                list_item = QListWidgetItem(f"{run_folder.name}\n{_line(run_folder)}")
                list_item.setData(Qt.ItemDataRole.UserRole, run_folder)
                list_item.setToolTip(str(run_folder))
                self.list.addItem(list_item)
        self._show_none()
        self._show()

    def _show_none(self, *_: object) -> None:
        self.none.setVisible(self.list.count() == 0 and not self._training.active)

    def _show(self) -> None:
        shown_history, run_info = self._training.shown, self._training.info
        self.like.setEnabled(run_info is not None and run_info.has_best)
        with QSignalBlocker(self.list):
            shown_row = -1
            for row_number in range(self.list.count()):
                if (
                    shown_history is not None
                    and self.list.item(row_number).data(Qt.ItemDataRole.UserRole) == shown_history.folder
                ):
                    shown_row = row_number
            self.list.setCurrentRow(shown_row)
        if shown_history is not None and shown_row < 0 and shown_history.folder in self._training.runs():
            self.fill()

    def _want_like(self) -> None:
        if self._training.info is not None:
            self.like_wanted.emit(self._training.info)

    def _chosen(self, list_item: QListWidgetItem | None) -> None:
        if list_item is not None:
            self._training.show(list_item.data(Qt.ItemDataRole.UserRole))

    def _open(self) -> None:
        run_folder = self._ask.folder("run", self.tr("Open a run folder"))
        if run_folder is None:
            return
        try:
            read_run(run_folder)
        except EngineError as error:
            self.problem_found.emit(error)
            return
        self._training.show(run_folder)


def _line(run_folder: Path) -> str:
    try:
        run_info = read_run(run_folder)
    except EngineError:
        return ""
    return f"{system_text(run_info.system)} · {run_info.resolution} × {run_info.resolution} · {run_info.data.name}"
