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
from app.panels.widgets import heading_label, muted_label, set_primary
from app.texts.translate import translate
from engine.errors import BadFile
from engine.files import check_name
from engine.labels.label_sets import bundled_label_sets
from engine.weights.folder import is_taken
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
        button_box = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        button_box.rejected.connect(self.reject)
        column_layout = QVBoxLayout(self)
        column_layout.setContentsMargins(16, 16, 16, 12)
        column_layout.setSpacing(12)
        column_layout.addWidget(self.panel, 1)
        column_layout.addWidget(button_box)
        set_primary(self.panel.use_button)


@dataclass(frozen=True)
class Import:
    """A published file, what it will be called, and which labels it has (None: told by their number)."""

    path: Path
    name: str
    label_set: str | None


class ImportDialog(QDialog):
    """Asks for the name and the label set of a published file. ``chosen`` gives an Import."""

    chosen = Signal(object)

    def __init__(self, file_path: Path, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(self.tr("Import weights"))
        self.setMinimumWidth(480)
        self._path = file_path
        heading_text = heading_label(
            self.tr("{0} becomes weights for the editor and for every command.").format(file_path.name)
        )
        heading_text.setWordWrap(True)
        about_label = muted_label(
            self.tr("Only its tensors are read, no code in it is run. What the authors' licence allows still holds.")
        )
        about_label.setWordWrap(True)
        self.name = QLineEdit(_suggest(file_path))
        self.name.setAccessibleName(self.tr("Name"))
        self.labels = QComboBox()
        self.labels.setAccessibleName(self.tr("Labels"))
        self.labels.addItem(self.tr("By their number"), None)
        for set_name in bundled_label_sets():
            self.labels.addItem(set_name, set_name)
        self.replace = QCheckBox(self.tr("Replace the weights of that name"))
        self.problem = QLabel()
        self.problem.setWordWrap(True)
        self.problem.setAccessibleName(self.tr("What is wrong"))
        form_layout = QFormLayout()
        form_layout.setSpacing(8)
        form_layout.addRow(self.tr("Name"), self.name)
        form_layout.addRow(self.tr("Labels"), self.labels)
        form_layout.addRow("", self.replace)
        button_box = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        self.take = button_box.addButton(self.tr("Import"), QDialogButtonBox.ButtonRole.AcceptRole)
        button_box.rejected.connect(self.reject)
        button_box.accepted.connect(self._accept)
        column_layout = QVBoxLayout(self)
        column_layout.setContentsMargins(18, 16, 18, 12)
        column_layout.setSpacing(10)
        for text_label in (heading_text, about_label):
            column_layout.addWidget(text_label)
        column_layout.addLayout(form_layout)
        column_layout.addWidget(self.problem)
        column_layout.addWidget(button_box)
        set_primary(self.take)
        self.name.textChanged.connect(lambda _: self._check())
        self.replace.toggled.connect(lambda _: self._check())
        self._check()

    def _check(self) -> None:
        weights_name = self.name.text().strip()
        holds_weights = bool(weights_name) and is_taken(user_weights_folder() / weights_name)
        is_bad_name = not weights_name or weights_name.startswith(".") or BAD_NAME.search(weights_name) is not None
        self.replace.setVisible(holds_weights)
        problem = ""
        if is_bad_name:
            problem = self.tr("Give a name of letters, digits, - and _.")
        elif holds_weights and not self.replace.isChecked():
            problem = self.tr("There are weights of that name already.")
        try:
            check_name(user_weights_folder() / weights_name)
        except BadFile as error:
            problem = problem or translate(str(error))
        self.problem.setText(problem)
        self.problem.setVisible(bool(problem))
        self.take.setEnabled(not problem)

    def _accept(self) -> None:
        self.accept()
        self.chosen.emit(Import(self._path, self.name.text().strip(), self.labels.currentData()))


def _suggest(file_path: Path) -> str:
    """A name from the file's and, for the authors' usual "latest_net_G.pth", from its folder's."""
    stem = file_path.stem
    if re.fullmatch(r"(latest|\d+)_net_\w+", stem) and file_path.parent.name:
        stem = file_path.parent.name
    return re.sub(r"[^\w.-]+", "-", stem).strip("-.") or "imported"
