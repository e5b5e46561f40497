"""Paints a row of the labels panel and answers clicks on its eye and lock."""

from __future__ import annotations

from PySide6.QtCore import QObject, QRect, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFont, QMouseEvent, QPainter, QPalette, QPen
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from app.panels.label_model import LabelRow
from app.panels.rows import ROW_ROLE, Index, paint_row_ground, row_box
from app.shell.icons import tinted

HEIGHT = 32
ICON = 16
GRIP = (-5, -8, 5, 8)  # eye and lock are easier to hit than to see
WARNING = QColor(217, 140, 32)


def parts(rect: QRect) -> dict[str, QRect]:
    """Where the things of a row are, from the row's rectangle."""
    middle = rect.center().y()

    def square(x: int, side: int) -> QRect:
        return QRect(x, middle - side // 2, side, side)

    right = rect.right() - 8
    return {
        "key": square(rect.left() + 8, 18),
        "swatch": square(rect.left() + 32, 18),
        "name": QRect(rect.left() + 60, rect.top(), max(0, right - 106 - rect.left() - 60), rect.height()),
        "hint": square(right - 120, ICON),
        "area": QRect(right - 104, rect.top(), 52, rect.height()),
        "lock": square(right - 42, ICON),
        "eye": square(right - 16, ICON),
    }


class LabelDelegate(QStyledItemDelegate):
    """Draws key, swatch, name, hint, area, lock and eye."""

    eye_clicked = Signal(int, bool)  # label, only this one
    lock_clicked = Signal(int)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._pixmaps: dict[tuple[str, str, float], object] = {}

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        height = max(HEIGHT, option.fontMetrics.height() + 14)
        return QSize(220, height)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        row = index.data(ROW_ROLE)
        if not isinstance(row, LabelRow):
            return
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        palette: QPalette = option.palette
        rect: QRect = option.rect
        state: QStyle.StateFlag = option.state
        self._paint_ground(painter, rect, palette, state)
        where = parts(rect)
        text = palette.color(QPalette.ColorRole.Text)
        faint = palette.color(QPalette.ColorRole.PlaceholderText)
        if row.key:
            self._paint_key(painter, where["key"], row.key, palette)
        self._paint_swatch(painter, where["swatch"], row, palette)
        painter.setPen(text if row.present else faint)
        font = QFont(option.font)
        font.setBold(bool(state & QStyle.StateFlag.State_Selected))
        painter.setFont(font)
        metrics = painter.fontMetrics()
        room = where["name"].width() - (ICON + 6 if row.hint else 0)
        name = metrics.elidedText(row.name, Qt.TextElideMode.ElideRight, room)
        left = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft
        painter.drawText(where["name"], left, name)
        painter.setFont(option.font)
        painter.setPen(faint)
        painter.drawText(where["area"], Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight, row.area)
        if row.hint:
            self._icon(painter, where["hint"], "warning", WARNING)
        dim = QColor(faint)
        dim.setAlphaF(0.55)
        self._icon(painter, where["eye"], "eye-off" if row.hidden else "eye", text if row.hidden else dim)
        pointed = state & (QStyle.StateFlag.State_MouseOver | QStyle.StateFlag.State_Selected)
        if row.locked or pointed:
            self._icon(painter, where["lock"], "lock" if row.locked else "unlock", text if row.locked else dim)
        painter.restore()

    def _paint_ground(self, painter: QPainter, rect: QRect, palette: QPalette, state: QStyle.StateFlag) -> None:
        paint_row_ground(painter, rect, palette, state)
        box = row_box(rect)
        if state & QStyle.StateFlag.State_Selected:
            painter.setBrush(palette.color(QPalette.ColorRole.Accent))
            painter.drawRoundedRect(QRect(box.left(), box.top() + 6, 3, box.height() - 12), 1.5, 1.5)
        if state & QStyle.StateFlag.State_HasFocus and state & QStyle.StateFlag.State_KeyboardFocusChange:
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(palette.color(QPalette.ColorRole.Accent), 1))
            painter.drawRoundedRect(box, 6, 6)

    def _paint_key(self, painter: QPainter, rect: QRect, key: str, palette: QPalette) -> None:
        edge = QColor(palette.color(QPalette.ColorRole.Text))
        edge.setAlphaF(0.22)
        painter.setPen(QPen(edge, 1))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRoundedRect(rect, 4, 4)
        font = painter.font()
        small = QFont(font)
        small.setPointSizeF(max(6.5, font.pointSizeF() - 2))
        painter.setFont(small)
        painter.setPen(palette.color(QPalette.ColorRole.PlaceholderText))
        painter.drawText(rect, Qt.AlignmentFlag.AlignCenter, key)
        painter.setFont(font)

    def _paint_swatch(self, painter: QPainter, rect: QRect, row: LabelRow, palette: QPalette) -> None:
        edge = QColor(palette.color(QPalette.ColorRole.Text))
        edge.setAlphaF(0.30)
        painter.setPen(QPen(edge, 1))
        painter.setBrush(QColor(*row.colour))
        painter.drawRoundedRect(rect, 4, 4)

    def _icon(self, painter: QPainter, rect: QRect, name: str, colour: QColor) -> None:
        ratio = painter.device().devicePixelRatioF()
        key = (name, colour.name(QColor.NameFormat.HexArgb), ratio)
        if key not in self._pixmaps:
            self._pixmaps[key] = tinted(name, colour, ICON, ratio)
        painter.drawPixmap(rect, self._pixmaps[key])  # type: ignore[call-overload]

    def click(self, event: QMouseEvent, rect: QRect, index: Index) -> None:
        """A click in a row: on the eye or on the lock it says so."""
        row = index.data(ROW_ROLE)
        if not isinstance(row, LabelRow):
            return
        where = parts(rect)
        point = event.position().toPoint()
        if where["eye"].adjusted(*GRIP).contains(point):
            self.eye_clicked.emit(row.label, bool(event.modifiers() & Qt.KeyboardModifier.AltModifier))
        elif where["lock"].adjusted(*GRIP).contains(point):
            self.lock_clicked.emit(row.label)
