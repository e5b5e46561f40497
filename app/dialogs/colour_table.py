"""A table "this colour is that label" to fill in: the colours of a label map, each with a list of labels."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QColor, QIcon, QPixmap, QStandardItem, QStandardItemModel, QWheelEvent
from PySide6.QtWidgets import QComboBox, QWidget

from app.panels.table import ReadTable
from app.texts.label_names import label_name
from engine.labels.colour_tables import ColourTable
from engine.labels.label_sets import LabelSet

COLOUR, SHARE, LABEL = range(3)
SWATCH = QSize(28, 16)


class _LabelChoice(QComboBox):
    """A list of labels that the wheel leaves alone: it scrolls the table."""

    def wheelEvent(self, event: QWheelEvent) -> None:
        event.ignore()


class ColourTableView(ReadTable):
    """Shows a table of colours, the most frequent first; ``changed`` says that the user chose another label."""

    changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("", ["", "", ""], stretch=(LABEL,), parent=parent)
        self.setAccessibleName(self.tr("Which label each colour is"))
        self.setHorizontalHeaderLabels([self.tr("Colour"), self.tr("Share of the pixels"), self.tr("Label")])
        self.setIconSize(SWATCH)
        self._colours: list[int] = []
        self._label_set: LabelSet | None = None

    def show_table(self, pixel_counts: Mapping[int, int], table: ColourTable, label_set: LabelSet) -> None:
        """``pixel_counts``: by 0xRRGGBB; ``table``: the label that each of these colours is shown with."""
        self._label_set = label_set
        self._colours = sorted(pixel_counts, key=lambda colour: -pixel_counts[colour])
        labels = _as_model(label_set, self)
        total = max(1, sum(pixel_counts.values()))
        self.setRowCount(len(self._colours))
        for row, colour in enumerate(self._colours):
            colour_text = f"#{colour:06x}"
            share = pixel_counts[colour] / total
            cells = self.fill_row(row, (colour_text, f"{100 * share:.2f} %" if share else "–", ""))
            cells[COLOUR].setIcon(_swatch(colour_text))
            choice = _LabelChoice()
            choice.setModel(labels)
            choice.setAccessibleName(self.tr("Label of {0}").format(colour_text))
            choice.setCurrentIndex(table[colour])
            choice.activated.connect(self._chosen)
            self.setCellWidget(row, LABEL, choice)

    def shows(self, table: ColourTable, label_set: LabelSet) -> bool:
        """Whether this table is shown, with the labels of this set."""
        return self._label_set == label_set and self.table() == table

    def table(self) -> dict[int, int]:
        """0xRRGGBB -> the id of the label chosen for it."""
        choices = [self.cellWidget(row, LABEL) for row in range(len(self._colours))]
        return {
            colour: choice.currentIndex()
            for colour, choice in zip(self._colours, choices, strict=True)
            if isinstance(choice, QComboBox)
        }

    def _chosen(self, _: int) -> None:
        self.changed.emit()


def _as_model(label_set: LabelSet, parent: QWidget) -> QStandardItemModel:
    """The labels by their ids, for the lists of all rows."""
    model = QStandardItemModel(parent)
    for label in label_set.labels:
        item = QStandardItem(_swatch(label.hex), label_name(label))
        item.setData(label.id, Qt.ItemDataRole.UserRole)
        model.appendRow(item)
    return model


def _swatch(colour_text: str) -> QIcon:
    pixmap = QPixmap(SWATCH)
    pixmap.fill(QColor(colour_text))
    return QIcon(pixmap)
