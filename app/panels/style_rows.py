"""The list of the styles panel: every label with its style's thumbnail and where that comes from."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import (
    QAbstractListModel,
    QMimeData,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QRect,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import QColor, QPainter, QPainterPath, QPalette, QPen, QPixmap
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from app.document.document import Document
from app.i18n import tr
from app.icons import tinted
from app.labels_text import name_of, style_source
from app.mime import may_be_useful, read_mime, style_mime
from app.thumbnails import Thumbnails
from engine.request import MeanStyle, Style

Index = QModelIndex | QPersistentModelIndex

LABEL_ROLE = Qt.ItemDataRole.UserRole + 1
ROW_ROLE = Qt.ItemDataRole.UserRole + 2
SIDE = 36


@dataclass(frozen=True)
class StyleRow:
    """What one row shows."""

    label: int
    name: str
    colour: tuple[int, int, int]
    source: str
    style: Style

    @property
    def mean(self) -> bool:
        return isinstance(self.style, MeanStyle)


class StyleModel(QAbstractListModel):
    """The labels that are in the map or have a style of their own, in the order of their ids."""

    incoming = Signal(int, object)  # label, Incoming

    def __init__(self, document: Document, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._document = document
        self._labels: list[int] = []
        document.replaced.connect(self._rebuild)
        document.styles_changed.connect(self._styles_changed)
        document.label_map_changed.connect(self._maybe_rebuild)
        self._rebuild()

    def index_of(self, label: int) -> QModelIndex:
        """The index of a label's row; invalid when the label is not listed."""
        return self.index(self._labels.index(label), 0) if label in self._labels else QModelIndex()

    def row(self, label: int) -> StyleRow:
        """What the row of ``label`` shows."""
        label_set = self._document.label_set
        style = self._document.style(label)
        source = style_source(style, label, label_set)
        return StyleRow(label, name_of(label_set, label), label_set.labels[label].colour, source, style)

    def redraw(self) -> None:
        """Thumbnails have changed."""
        if self._labels:
            self.dataChanged.emit(self.index(0, 0), self.index(len(self._labels) - 1, 0))

    def _wanted(self) -> list[int]:
        document = self._document
        styles = document.styles
        return [x.id for x in document.label_set.labels if document.areas[x.id] > 0 or x.id in styles]

    def _rebuild(self) -> None:
        self.beginResetModel()
        self._labels = self._wanted()
        self.endResetModel()

    def _styles_changed(self, labels: frozenset[int]) -> None:
        if self._wanted() != self._labels:
            self._rebuild()
        else:
            self.redraw()

    def _maybe_rebuild(self) -> None:
        if self._wanted() != self._labels:
            self._rebuild()

    # --- Qt's side ----------------------------------------------------------------------------------

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's signature
        return 0 if parent.isValid() else len(self._labels)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if not index.isValid() or index.row() >= len(self._labels):
            return None
        row = self.row(self._labels[index.row()])
        if role == Qt.ItemDataRole.DisplayRole:
            return row.name
        if role == ROW_ROLE:
            return row
        if role == LABEL_ROLE:
            return row.label
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return f"{row.name}, {row.source}"
        if role == Qt.ItemDataRole.ToolTipRole:
            return f"{row.name}\n{row.source}\n" + tr("Drop a picture here to use its style")
        return None

    def flags(self, index: Index) -> Qt.ItemFlag:
        if not index.isValid():
            return Qt.ItemFlag.NoItemFlags
        flags = Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable | Qt.ItemFlag.ItemIsDropEnabled
        row = self.row(self._labels[index.row()])
        return flags if row.mean else flags | Qt.ItemFlag.ItemIsDragEnabled

    def mimeTypes(self) -> list[str]:
        return ["text/uri-list", "application/x-qt-image", "application/x-tessera-style"]

    def mimeData(self, indexes: list[QModelIndex]) -> QMimeData:  # type: ignore[override]
        return style_mime(self._labels[indexes[0].row()])

    def supportedDropActions(self) -> Qt.DropAction:
        return Qt.DropAction.CopyAction

    def supportedDragActions(self) -> Qt.DropAction:
        return Qt.DropAction.CopyAction

    def canDropMimeData(self, data: QMimeData, action: Qt.DropAction, row: int, column: int, parent: Index) -> bool:
        return parent.isValid() and may_be_useful(data)

    def dropMimeData(self, data: QMimeData, action: Qt.DropAction, row: int, column: int, parent: Index) -> bool:
        incoming = read_mime(data)
        if not parent.isValid() or incoming.empty:
            return False
        self.incoming.emit(self._labels[parent.row()], incoming)
        return True


class StyleDelegate(QStyledItemDelegate):
    """Draws the thumbnail, the label's name over its source, and the label's colour."""

    def __init__(self, document: Document, thumbnails: Thumbnails, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._document = document
        self._thumbnails = thumbnails

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return QSize(220, max(SIDE + 10, 2 * option.fontMetrics.height() + 12))

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        row = index.data(ROW_ROLE)
        if not isinstance(row, StyleRow):
            return
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        palette: QPalette = option.palette
        rect: QRect = option.rect
        state: QStyle.StateFlag = option.state
        box = rect.adjusted(4, 1, -4, -1)
        self._ground(painter, box, palette, state)
        thumb = QRect(box.left() + 8, box.center().y() - SIDE // 2, SIDE, SIDE)
        self._thumb(painter, thumb, row, palette)
        text = QRect(thumb.right() + 11, box.top() + 3, box.right() - thumb.right() - 20, box.height() - 6)
        half = text.height() // 2
        painter.setPen(palette.color(QPalette.ColorRole.Text))
        metrics = painter.fontMetrics()
        bottom = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignBottom
        name = metrics.elidedText(row.name, Qt.TextElideMode.ElideRight, text.width())
        painter.drawText(text.adjusted(0, 0, 0, -half), bottom, name)
        painter.setPen(palette.color(QPalette.ColorRole.PlaceholderText))
        source = metrics.elidedText(row.source, Qt.TextElideMode.ElideMiddle, text.width())
        painter.drawText(
            text.adjusted(0, half + 1, 0, 0), Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop, source
        )
        painter.restore()

    def _ground(self, painter: QPainter, box: QRect, palette: QPalette, state: QStyle.StateFlag) -> None:
        painter.setPen(Qt.PenStyle.NoPen)
        selected = bool(state & QStyle.StateFlag.State_Selected)
        if not selected and not state & QStyle.StateFlag.State_MouseOver:
            return
        colour = QColor(palette.color(QPalette.ColorRole.Accent if selected else QPalette.ColorRole.Text))
        colour.setAlphaF(0.24 if selected else 0.07)
        painter.setBrush(colour)
        painter.drawRoundedRect(box, 6, 6)

    def _thumb(self, painter: QPainter, rect: QRect, row: StyleRow, palette: QPalette) -> None:
        ratio = painter.device().devicePixelRatioF()
        path = QPainterPath()
        path.addRoundedRect(rect, 6, 6)
        pixmap: QPixmap | None = self._thumbnails.pixmap(row.style, self._document.label_set, SIDE, ratio)
        painter.save()
        painter.setClipPath(path)
        if pixmap is not None:
            painter.drawPixmap(rect, pixmap)
        else:
            ground = QColor(*row.colour)
            ground.setAlphaF(0.35)
            painter.fillPath(path, ground)
            faint = palette.color(QPalette.ColorRole.PlaceholderText)
            icon = tinted("palette" if row.mean else "broken", faint, 18, ratio)
            painter.drawPixmap(rect.center().x() - 8, rect.center().y() - 8, icon)
        painter.fillRect(QRect(rect.left(), rect.bottom() - 3, rect.width(), 4), QColor(*row.colour))
        painter.restore()
        edge = QColor(palette.color(QPalette.ColorRole.Text))
        edge.setAlphaF(0.18)
        painter.setPen(QPen(edge, 1))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawPath(path)
