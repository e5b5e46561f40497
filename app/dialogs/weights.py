"""The weights' window, and the question how a published file is to be imported."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QLabel,
    QLineEdit,
    QVBoxLayout,
    QWidget,
)

from app.panels.weights import WeightsPanel
from engine.labels.label_sets import bundled_label_sets
from engine.weights.store import user_weights_folder

BAD_NAME = re.compile(r'[/\\:*?"<>|\x00-\x1f]')


class WeightsDialog(QDialog):
    """The panel in a window of its own."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(self.tr("Weights"))
        self.resize(980, 640)
        self.panel = WeightsPanel()
        box = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        box.button(QDialogButtonBox.StandardButton.Close).setAutoDefault(False)
        box.rejected.connect(self.reject)
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 16, 16, 12)
        column.setSpacing(12)
        column.addWidget(self.panel, 1)
        column.addWidget(box)


@dataclass(frozen=True)
class Import:
    """A published file, what it will be called, and which labels it has (None: told by their number)."""

    path: Path
    name: str
    label_set: str | None
    replace: bool


class ImportDialog(QDialog):
    """Asks for the name and the label set of a published file. ``chosen`` gives an Import."""

    chosen = Signal(object)

    def __init__(self, path: Path, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(self.tr("Import weights"))
        self.setMinimumWidth(480)
        self._path = path
        heading = QLabel(self.tr("{0} becomes weights for the editor and for every command.").format(path.name))
        heading.setProperty("heading", True)
        heading.setWordWrap(True)
        about = QLabel(
            self.tr("Only its tensors are read, no code in it is run. What the authors' licence allows still holds.")
        )
        about.setProperty("muted", True)
        about.setWordWrap(True)
        self.name = QLineEdit(_suggest(path))
        self.name.setAccessibleName(self.tr("Name"))
        self.labels = QComboBox()
        self.labels.setAccessibleName(self.tr("Labels"))
        self.labels.addItem(self.tr("By their number"), None)
        for name in bundled_label_sets():
            self.labels.addItem(name, name)
        self.replace = QCheckBox(self.tr("Replace the weights of that name"))
        self.problem = QLabel()
        self.problem.setWordWrap(True)
        self.problem.setAccessibleName(self.tr("What is wrong"))
        form = QFormLayout()
        form.setSpacing(8)
        form.addRow(self.tr("Name"), self.name)
        form.addRow(self.tr("Labels"), self.labels)
        form.addRow("", self.replace)
        box = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        self.take = box.addButton(self.tr("Import"), QDialogButtonBox.ButtonRole.AcceptRole)
        self.take.setProperty("primary", True)
        box.rejected.connect(self.reject)
        box.accepted.connect(self._accept)
        column = QVBoxLayout(self)
        column.setContentsMargins(18, 16, 18, 12)
        column.setSpacing(10)
        for part in (heading, about):
            column.addWidget(part)
        column.addLayout(form)
        column.addWidget(self.problem)
        column.addWidget(box)
        self.name.textChanged.connect(lambda _: self._check())
        self.replace.toggled.connect(lambda _: self._check())
        self._check()

    def _check(self) -> None:
        name = self.name.text().strip()
        there = bool(name) and (user_weights_folder() / name).exists()
        bad = not name or name.startswith(".") or BAD_NAME.search(name) is not None
        self.replace.setVisible(there)
        text = ""
        if bad:
            text = self.tr("Give a name of letters, digits, - and _.")
        elif there and not self.replace.isChecked():
            text = self.tr("There are weights of that name already.")
        self.problem.setText(text)
        self.problem.setVisible(bool(text))
        self.take.setEnabled(not text)

    def _accept(self) -> None:
        self.accept()
        self.chosen.emit(
            Import(self._path, self.name.text().strip(), self.labels.currentData(), self.replace.isChecked())
        )


def _suggest(path: Path) -> str:
    """A name from the file's and, for the authors' usual "latest_net_G.pth", from its folder's."""
    stem = path.stem
    if re.fullmatch(r"(latest|\d+)_net_\w+", stem) and path.parent.name:
        stem = path.parent.name
    return re.sub(r"[^\w.-]+", "-", stem).strip("-.") or "imported"
