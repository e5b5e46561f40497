"""Which label each colour is in the label maps of a data folder: asked once, kept in its classes.json."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QDialog, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from app.dialogs.colour_table import ColourTableView
from app.panels.widgets import set_primary
from engine.labels.label_colours import nearest_labels
from engine.labels.label_sets import LabelSet


class FolderColoursDialog(QDialog):
    """Offers the nearest label for each colour of which nothing was said yet. ``chosen`` gives the table; an empty one
    takes back what was said."""

    chosen = Signal(object)  # dict[int, int]: 0xRRGGBB -> id

    def __init__(
        self, folder_name: str, label_set: LabelSet, pixel_counts: Mapping[int, int], parent: QWidget | None = None
    ) -> None:
        """``pixel_counts``: by 0xRRGGBB, of maps that show colours of no label."""
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(self.tr("Colours of the label maps in {0}").format(folder_name))
        self.resize(560, 480)
        said = dict(label_set.colours)
        sentence = self.tr("Say which label of {0} each colour is; the nearest is offered. It is kept for this folder.")
        explanation_label = QLabel(sentence.format(label_set.name))
        explanation_label.setWordWrap(True)
        self.table = ColourTableView()
        all_counts = dict.fromkeys(said, 0) | dict(pixel_counts)
        self.table.show_table(all_counts, nearest_labels(all_counts, label_set) | said, label_set)
        self.forget = QPushButton(self.tr("Take back what was said"))
        self.forget.setEnabled(bool(said))
        self.forget.clicked.connect(self._forget)
        cancel_button = QPushButton(self.tr("Cancel"))
        cancel_button.clicked.connect(self.reject)
        self.use = QPushButton(self.tr("Read the maps so"))
        self.use.clicked.connect(self.accept)
        button_row = QHBoxLayout()
        button_row.addWidget(self.forget)
        button_row.addStretch(1)
        button_row.addWidget(cancel_button)
        button_row.addWidget(self.use)
        column_layout = QVBoxLayout(self)
        column_layout.setContentsMargins(18, 16, 18, 12)
        column_layout.setSpacing(10)
        column_layout.addWidget(explanation_label)
        column_layout.addWidget(self.table, 1)
        column_layout.addLayout(button_row)
        set_primary(self.use)

    def accept(self) -> None:
        """Give the table and close."""
        self.chosen.emit(self.table.table())
        super().accept()

    def _forget(self) -> None:
        self.chosen.emit({})
        super().accept()
