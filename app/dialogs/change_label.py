"""Which label a region should be from now on: a list with a search field, for nine labels as for two hundred."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QSize, Qt, Signal
from PySide6.QtGui import QColor, QIcon, QKeyEvent, QPainter, QPixmap
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QVBoxLayout,
    QWidget,
)

from app.panels.widgets import muted_label, set_primary
from app.texts.label_names import label_name
from engine.labels.label_sets import LabelSet

SWATCH = 18
ROW = 34
LABEL = Qt.ItemDataRole.UserRole


class ChangeLabelDialog(QDialog):
    """Offers all labels but one."""

    chosen = Signal(int)

    def __init__(self, label_set: LabelSet, source: int, area_share: str, parent: QWidget | None = None) -> None:
        """``area_share``: how much of the picture the region is, as text."""
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        label_text = label_name(label_set.labels[source])
        self.setWindowTitle(self.tr("Make {0} another label").format(label_text))
        self.resize(360, 460)
        self._label_set = label_set
        hint_label = muted_label(
            self.tr("All of {0} ({1} of the picture) becomes the label you choose and takes its style.").format(
                label_text, area_share
            )
        )
        hint_label.setWordWrap(True)
        self.search = QLineEdit()
        self.search.setPlaceholderText(self.tr("Find a label"))
        self.search.setAccessibleName(self.tr("Find a label"))
        self.search.setClearButtonEnabled(True)
        self.search.textChanged.connect(self._filter)
        self.search.installEventFilter(self)
        self.list = QListWidget()
        self.list.setObjectName("choices")
        self.list.setAccessibleName(self.tr("Labels"))
        self.list.setIconSize(QSize(SWATCH, SWATCH))
        for label in label_set.labels:
            if label.id != source:
                list_item = QListWidgetItem(_swatch(label.colour, self.devicePixelRatioF()), label_name(label))
                list_item.setData(LABEL, label.id)
                list_item.setSizeHint(QSize(0, ROW))
                self.list.addItem(list_item)
        self.list.itemActivated.connect(self.accept)
        button_box = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        self.change = button_box.addButton(self.tr("Change the label"), QDialogButtonBox.ButtonRole.AcceptRole)
        self.change.setAccessibleName(self.tr("Change the label"))
        button_box.accepted.connect(self.accept)
        button_box.rejected.connect(self.reject)
        column_layout = QVBoxLayout(self)
        column_layout.setContentsMargins(16, 14, 16, 12)
        column_layout.setSpacing(10)
        column_layout.addWidget(hint_label)
        column_layout.addWidget(self.search)
        column_layout.addWidget(self.list, 1)
        column_layout.addWidget(button_box)
        set_primary(self.change)
        self.list.setCurrentRow(0)
        self.search.setFocus()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Arrow keys in the search field move through the list."""
        if watched is self.search and isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
            if event.key() in (Qt.Key.Key_Up, Qt.Key.Key_Down):
                self._step(-1 if event.key() == Qt.Key.Key_Up else 1)
                return True
        return super().eventFilter(watched, event)

    def accept(self, *_: object) -> None:
        """Emit ``chosen`` with the label, and close."""
        list_item = self.list.currentItem()
        if list_item is None or list_item.isHidden():
            return
        super().accept()
        self.chosen.emit(int(list_item.data(LABEL)))

    def _filter(self, search_text: str) -> None:
        needle = search_text.strip().casefold()
        for row in range(self.list.count()):
            list_item = self.list.item(row)
            label = self._label_set.labels[int(list_item.data(LABEL))]
            searched_names = (label.name.casefold(), (label.name_zh or "").casefold())
            list_item.setHidden(
                not any(needle in searched_name for searched_name in searched_names) and needle != str(label.id)
            )
        self._step(0)

    def _step(self, steps: int) -> None:
        shown_rows = [row for row in range(self.list.count()) if not self.list.item(row).isHidden()]
        self.change.setEnabled(bool(shown_rows))
        if shown_rows:
            current_row = self.list.currentRow()
            shown_place = shown_rows.index(current_row) + steps if current_row in shown_rows else 0
            self.list.setCurrentRow(shown_rows[min(max(0, shown_place), len(shown_rows) - 1)])


def _swatch(colour: tuple[int, int, int], pixel_ratio: float) -> QIcon:
    pixmap = QPixmap(round(SWATCH * pixel_ratio), round(SWATCH * pixel_ratio))
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(*colour))
    painter.drawRoundedRect(pixmap.rect(), 4 * pixel_ratio, 4 * pixel_ratio)
    painter.end()
    pixmap.setDevicePixelRatio(pixel_ratio)
    icon = QIcon(pixmap)
    icon.addPixmap(pixmap, QIcon.Mode.Selected)  # a label's colour is never tinted
    return icon
