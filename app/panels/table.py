"""A table to read, not to edit: rows are chosen whole, and Tab leaves it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from PySide6.QtCore import Qt
from PySide6.QtGui import QBrush
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableWidget, QTableWidgetItem, QWidget


class ReadTable(QTableWidget):
    """Columns are as wide as what they hold; those that stretch share the rest."""

    def __init__(
        self,
        accessible_name: str,
        headings: Sequence[str],
        *,
        stretch: Iterable[int] = (),
        parent: QWidget | None = None,
    ) -> None:
        """`accessible_name` is what a screen reader says; `stretch` are the columns that share what room is left."""
        super().__init__(0, len(headings), parent)
        self.setObjectName("spaced")
        self.setAccessibleName(accessible_name)
        self.setHorizontalHeaderLabels(list(headings))
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setShowGrid(False)
        self.setAlternatingRowColors(True)
        self.setTabKeyNavigation(False)
        self.verticalHeader().hide()
        header = self.horizontalHeader()
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft)
        header.setHighlightSections(False)
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        for column in stretch:
            header.setSectionResizeMode(column, QHeaderView.ResizeMode.Stretch)

    def fill_row(self, row: int, cell_texts: Iterable[str], *, colour: QBrush | None = None) -> list[QTableWidgetItem]:
        """Put texts into a row; each is its own tool tip, as a narrow column cuts it off. Returns the cells."""
        cell_items = [QTableWidgetItem(cell_text) for cell_text in cell_texts]
        for column, cell_item in enumerate(cell_items):
            cell_item.setToolTip(cell_item.text())
            if colour is not None:
                cell_item.setForeground(colour)
            self.setItem(row, column, cell_item)
        return cell_items
