"""The runs there are: choose one to see its history, or open a folder from elsewhere."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtWidgets import QLabel, QListWidget, QListWidgetItem, QPushButton, QVBoxLayout, QWidget

from app.dialogs.folders import FolderAsker
from app.texts.system_names import system_text
from app.training.state.run_folder import read_run
from app.training.state.training import Training
from engine.errors import EngineError


class RunsList(QWidget):
    """Names of run folders, the newest first."""

    problem_found = Signal(object)  # EngineError
    like_wanted = Signal(object)  # RunInfo of the run that a new one is to be like

    def __init__(self, training: Training, ask: FolderAsker, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._training = training
        self._ask = ask
        self.list = QListWidget()
        self.list.setObjectName("runs")
        self.list.setAccessibleName(self.tr("Runs"))
        self.list.setSpacing(1)
        self.list.currentItemChanged.connect(self._chosen)
        self.none = QLabel(self.tr("Nothing has been trained here yet."))
        self.none.setProperty("muted", True)
        self.none.setWordWrap(True)
        self.open = QPushButton(self.tr("Open a run folder..."))
        self.open.clicked.connect(self._open)
        self.like = QPushButton(self.tr("New run from this one..."))
        self.like.setToolTip(
            self.tr("The same recipe and data, from this run's best state: to go on with other rates or more steps")
        )
        self.like.clicked.connect(self._want_like)
        column = QVBoxLayout(self)
        column.setContentsMargins(14, 12, 14, 12)
        column.setSpacing(8)
        column.addWidget(self.none)
        column.addWidget(self.list, 1)
        column.addWidget(self.like)
        column.addWidget(self.open)
        training.runs_changed.connect(self.fill)
        training.state_changed.connect(self._show_none)
        training.shown_changed.connect(self._show)
        self.fill()

    def fill(self) -> None:
        """Look for runs again (a few small files)."""
        with QSignalBlocker(self.list):
            self.list.clear()
            for folder in self._training.runs():
                item = QListWidgetItem(f"{folder.name}\n{_line(folder)}")
                item.setData(Qt.ItemDataRole.UserRole, folder)
                item.setToolTip(str(folder))
                self.list.addItem(item)
        self._show_none()
        self._show()

    def _show_none(self, *_: object) -> None:
        self.none.setVisible(self.list.count() == 0 and not self._training.active)

    def _show(self) -> None:
        shown, info = self._training.shown, self._training.info
        self.like.setEnabled(info is not None and info.has_best)
        with QSignalBlocker(self.list):
            row = -1
            for i in range(self.list.count()):
                if shown is not None and self.list.item(i).data(Qt.ItemDataRole.UserRole) == shown.folder:
                    row = i
            self.list.setCurrentRow(row)
        if shown is not None and row < 0 and shown.folder in self._training.runs():
            self.fill()

    def _want_like(self) -> None:
        if self._training.info is not None:
            self.like_wanted.emit(self._training.info)

    def _chosen(self, item: QListWidgetItem | None) -> None:
        if item is not None:
            self._training.show(item.data(Qt.ItemDataRole.UserRole))

    def _open(self) -> None:
        folder = self._ask.folder("run", self.tr("Open a run folder"))
        if folder is None:
            return
        try:
            read_run(folder)
        except EngineError as error:
            self.problem_found.emit(error)
            return
        self._training.show(folder)


def _line(folder: Path) -> str:
    try:
        info = read_run(folder)
    except EngineError:
        return ""
    return f"{system_text(info.system)} · {info.resolution} × {info.resolution} · {info.data.name}"
