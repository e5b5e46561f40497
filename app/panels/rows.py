"""What the lists of the labels and styles panels share: rows of labels that take dropped pictures, and their looks."""

from __future__ import annotations

from typing import Any, Protocol

from PySide6.QtCore import QAbstractListModel, QMimeData, QModelIndex, QPersistentModelIndex, QRect, Qt, Signal
from PySide6.QtGui import QColor, QKeyEvent, QPainter, QPalette
from PySide6.QtWidgets import QAbstractItemView, QListView, QStyle, QWidget

from app.imaging.mime import may_be_useful, read_mime

Index = QModelIndex | QPersistentModelIndex

LABEL_ROLE = Qt.ItemDataRole.UserRole + 1
ROW_ROLE = Qt.ItemDataRole.UserRole + 2


class LabelRow(Protocol):
    """What one row shows, at least."""

    @property
    def label(self) -> int: ...

    @property
    def name(self) -> str: ...


class LabelRowsModel(QAbstractListModel):
    """Rows of labels, in the order of ``_labels``; what is dropped on one is emitted with its label."""

    incoming = Signal(int, object)  # label, Incoming

    _labels: list[int]

    def index_of(self, label: int) -> QModelIndex:
        """The index of a label's row; invalid when the label is not listed."""
        return self.index(self._labels.index(label), 0) if label in self._labels else QModelIndex()

    def redraw(self, *_: object) -> None:
        """What the rows show has changed, not which rows there are."""
        if self._labels:
            self.dataChanged.emit(self.index(0, 0), self.index(len(self._labels) - 1, 0))

    def row(self, label_id: int) -> LabelRow:
        """What the row of a label shows."""
        raise NotImplementedError

    def told(self, row: Any, role: int) -> str | None:
        """What the row says in a role of texts other than its name: tooltip, screen reader."""
        raise NotImplementedError

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if not index.isValid() or index.row() >= len(self._labels):
            return None
        row = self.row(self._labels[index.row()])
        if role == Qt.ItemDataRole.DisplayRole:
            return row.name
        if role == LABEL_ROLE:
            return row.label
        return row if role == ROW_ROLE else self.told(row, role)

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's signature
        return 0 if parent.isValid() else len(self._labels)

    def mimeTypes(self) -> list[str]:
        return ["text/uri-list", "application/x-qt-image", "application/x-color", "application/x-tessera-style"]

    def supportedDropActions(self) -> Qt.DropAction:
        return Qt.DropAction.CopyAction

    def canDropMimeData(self, data: QMimeData, action: Qt.DropAction, row: int, column: int, parent: Index) -> bool:
        return parent.isValid() and may_be_useful(data)

    def dropMimeData(self, data: QMimeData, action: Qt.DropAction, row: int, column: int, parent: Index) -> bool:
        if not parent.isValid():
            return False
        incoming = read_mime(data)
        if incoming.empty:
            return False
        self.incoming.emit(self._labels[parent.row()], incoming)
        return True


class LabelRowsView(QListView):
    """A list of such rows: one is chosen, and letters and digits stay the window's shortcuts."""

    def __init__(self, accessible_name: str, parent: QWidget | None = None) -> None:
        """``accessible_name`` is what a screen reader says."""
        super().__init__(parent)
        self.setAccessibleName(accessible_name)
        self.setMouseTracking(True)
        self.setUniformItemSizes(True)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if is_for_window(event):
            event.ignore()
            return
        super().keyPressEvent(event)


def is_for_window(event: QKeyEvent) -> bool:
    """Whether a key that a list gets types something: it is the window's shortcut, and the list would search for it."""
    return bool(event.text()) and event.key() not in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space)


def row_box(row: QRect) -> QRect:
    """Where the ground of a row is painted, from the row's rectangle."""
    return row.adjusted(4, 1, -4, -1)


def paint_row_ground(painter: QPainter, row: QRect, palette: QPalette, row_state: QStyle.StateFlag) -> None:
    """The ground of a row that is chosen or under the pointer; of others none."""
    painter.setPen(Qt.PenStyle.NoPen)
    selected = bool(row_state & QStyle.StateFlag.State_Selected)
    if selected or row_state & QStyle.StateFlag.State_MouseOver:
        colour = QColor(palette.color(QPalette.ColorRole.Accent if selected else QPalette.ColorRole.Text))
        colour.setAlphaF(0.24 if selected else 0.07)
        painter.setBrush(colour)
        painter.drawRoundedRect(row_box(row), 6, 6)
