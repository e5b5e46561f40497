"""Which label a region should be from now on: a list with a search field, for nine labels as for two hundred."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QSize, Qt, Signal
from PySide6.QtGui import QColor, QIcon, QKeyEvent, QPainter, QPixmap
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QLabel,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QVBoxLayout,
    QWidget,
)

from app.texts.label_names import label_name
from engine.labels.label_sets import LabelSet

SWATCH = 18
ROW = 34
LABEL = Qt.ItemDataRole.UserRole


class ChangeLabelDialog(QDialog):
    """Offers all labels but one."""

    chosen = Signal(int)

    def __init__(self, label_set: LabelSet, source: int, share: str, parent: QWidget | None = None) -> None:
        """``share``: how much of the picture the region is, as text."""
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        name = label_name(label_set.labels[source])
        self.setWindowTitle(self.tr("Make {0} another label").format(name))
        self.resize(360, 460)
        self._label_set = label_set
        hint = QLabel(
            self.tr("All of {0} ({1} of the picture) becomes the label you choose and takes its style.").format(
                name, share
            )
        )
        hint.setProperty("muted", True)
        hint.setWordWrap(True)
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
                item = QListWidgetItem(_swatch(label.colour, self.devicePixelRatioF()), label_name(label))
                item.setData(LABEL, label.id)
                item.setSizeHint(QSize(0, ROW))
                self.list.addItem(item)
        self.list.itemActivated.connect(self.accept)
        box = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        self.change = box.addButton(self.tr("Change the label"), QDialogButtonBox.ButtonRole.AcceptRole)
        self.change.setProperty("primary", True)
        self.change.setAccessibleName(self.tr("Change the label"))
        box.accepted.connect(self.accept)
        box.rejected.connect(self.reject)
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 14, 16, 12)
        column.setSpacing(10)
        column.addWidget(hint)
        column.addWidget(self.search)
        column.addWidget(self.list, 1)
        column.addWidget(box)
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
        """Give the chosen label to whoever opened the dialog."""
        item = self.list.currentItem()
        if item is None or item.isHidden():
            return
        super().accept()
        self.chosen.emit(int(item.data(LABEL)))

    def _filter(self, text: str) -> None:
        needle = text.strip().casefold()
        for i in range(self.list.count()):
            item = self.list.item(i)
            label = self._label_set.labels[int(item.data(LABEL))]
            names = (label.name.casefold(), (label.name_zh or "").casefold())
            item.setHidden(not any(needle in name for name in names) and needle != str(label.id))
        self._step(0)

    def _step(self, by: int) -> None:
        shown = [i for i in range(self.list.count()) if not self.list.item(i).isHidden()]
        self.change.setEnabled(bool(shown))
        if shown:
            now = self.list.currentRow()
            place = shown.index(now) + by if now in shown else 0
            self.list.setCurrentRow(shown[min(max(0, place), len(shown) - 1)])


def _swatch(colour: tuple[int, int, int], ratio: float) -> QIcon:
    pixmap = QPixmap(round(SWATCH * ratio), round(SWATCH * ratio))
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(*colour))
    painter.drawRoundedRect(pixmap.rect(), 4 * ratio, 4 * ratio)
    painter.end()
    pixmap.setDevicePixelRatio(ratio)
    icon = QIcon(pixmap)
    icon.addPixmap(pixmap, QIcon.Mode.Selected)  # a label's colour is never tinted
    return icon
