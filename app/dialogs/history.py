"""The steps of the document in a window beside it; a click goes to one."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QPalette
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QListWidget, QListWidgetItem, QVBoxLayout, QWidget

from app.document.document import Document


class HistoryDialog(QDialog):
    """Lists the steps, the first state on top; those that are undone are grey."""

    def __init__(self, document: Document, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(self.tr("History"))
        self.resize(300, 420)
        self._document = document
        self.list = QListWidget()
        self.list.setAccessibleName(self.tr("History"))
        self.list.setUniformItemSizes(True)
        self.list.itemClicked.connect(lambda item: self._go_to(self.list.row(item)))
        self.list.itemActivated.connect(lambda item: self._go_to(self.list.row(item)))
        button_box = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        button_box.rejected.connect(self.reject)
        column_layout = QVBoxLayout(self)
        column_layout.setContentsMargins(12, 12, 12, 10)
        column_layout.addWidget(self.list, 1)
        column_layout.addWidget(button_box)
        document.undo_changed.connect(self._show)
        self._show()

    def _show(self) -> None:
        timeline = self._document.timeline
        texts = [self.tr("At the beginning"), *timeline.texts]
        while self.list.count() > len(texts):
            self.list.takeItem(self.list.count() - 1)
        grey = self.palette().color(QPalette.ColorGroup.Disabled, QPalette.ColorRole.Text)
        for row, text in enumerate(texts):
            item = self.list.item(row)
            if item is None:
                item = QListWidgetItem()
                self.list.addItem(item)
            item.setText(text)
            item.setData(Qt.ItemDataRole.ForegroundRole, QColor(grey) if row > timeline.position else None)
        self.list.setCurrentRow(timeline.position)

    def _go_to(self, position: int) -> None:
        if position != self._document.timeline.position:
            self._document.timeline.go_to(position)
