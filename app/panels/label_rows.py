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


def parts(rectangle: QRect) -> dict[str, QRect]:
    """Where the things of a row are, from the row's rectangle."""
    middle_y = rectangle.center().y()

    def square(x: int, side_pixels: int) -> QRect:
        return QRect(x, middle_y - side_pixels // 2, side_pixels, side_pixels)

    right_edge = rectangle.right() - 8
    return {
        "key": square(rectangle.left() + 8, 18),
        "swatch": square(rectangle.left() + 32, 18),
        "name": QRect(
            rectangle.left() + 60, rectangle.top(), max(0, right_edge - 106 - rectangle.left() - 60), rectangle.height()
        ),
        "hint": square(right_edge - 120, ICON),
        "area": QRect(right_edge - 104, rectangle.top(), 52, rectangle.height()),
        "lock": square(right_edge - 42, ICON),
        "eye": square(right_edge - 16, ICON),
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
        rectangle: QRect = option.rect
        state: QStyle.StateFlag = option.state
        self._paint_ground(painter, rectangle, palette, state)
        part_rectangles = parts(rectangle)
        text_colour = palette.color(QPalette.ColorRole.Text)
        faint_text = palette.color(QPalette.ColorRole.PlaceholderText)
        if row.key:
            self._paint_key(painter, part_rectangles["key"], row.key, palette)
        self._paint_swatch(painter, part_rectangles["swatch"], row, palette)
        painter.setPen(text_colour if row.present else faint_text)
        name_font = QFont(option.font)
        name_font.setBold(bool(state & QStyle.StateFlag.State_Selected))
        painter.setFont(name_font)
        font_metrics = painter.fontMetrics()
        name_width = part_rectangles["name"].width() - (ICON + 6 if row.hint else 0)
        elided_name = font_metrics.elidedText(row.name, Qt.TextElideMode.ElideRight, name_width)
        left_middle = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft
        painter.drawText(part_rectangles["name"], left_middle, elided_name)
        painter.setFont(option.font)
        painter.setPen(faint_text)
        painter.drawText(part_rectangles["area"], Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight, row.area)
        if row.hint:
            self._icon(painter, part_rectangles["hint"], "warning", WARNING)
        dimmed = QColor(faint_text)
        dimmed.setAlphaF(0.55)
        self._icon(
            painter, part_rectangles["eye"], "eye-off" if row.hidden else "eye", text_colour if row.hidden else dimmed
        )
        under_pointer = state & (QStyle.StateFlag.State_MouseOver | QStyle.StateFlag.State_Selected)
        if row.locked or under_pointer:
            self._icon(
                painter,
                part_rectangles["lock"],
                "lock" if row.locked else "unlock",
                text_colour if row.locked else dimmed,
            )
        painter.restore()

    def _paint_ground(self, painter: QPainter, rectangle: QRect, palette: QPalette, state: QStyle.StateFlag) -> None:
        paint_row_ground(painter, rectangle, palette, state)
        ground_box = row_box(rectangle)
        if state & QStyle.StateFlag.State_Selected:
            painter.setBrush(palette.color(QPalette.ColorRole.Accent))
            painter.drawRoundedRect(
                QRect(ground_box.left(), ground_box.top() + 6, 3, ground_box.height() - 12), 1.5, 1.5
            )
        if state & QStyle.StateFlag.State_HasFocus and state & QStyle.StateFlag.State_KeyboardFocusChange:
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(palette.color(QPalette.ColorRole.Accent), 1))
            painter.drawRoundedRect(ground_box, 6, 6)

    def _paint_key(self, painter: QPainter, rectangle: QRect, digit_key: str, palette: QPalette) -> None:
        edge_colour = QColor(palette.color(QPalette.ColorRole.Text))
        edge_colour.setAlphaF(0.22)
        painter.setPen(QPen(edge_colour, 1))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRoundedRect(rectangle, 4, 4)
        name_font = painter.font()
        small_font = QFont(name_font)
        small_font.setPointSizeF(max(6.5, name_font.pointSizeF() - 2))
        painter.setFont(small_font)
        painter.setPen(palette.color(QPalette.ColorRole.PlaceholderText))
        painter.drawText(rectangle, Qt.AlignmentFlag.AlignCenter, digit_key)
        painter.setFont(name_font)

    def _paint_swatch(self, painter: QPainter, rectangle: QRect, row: LabelRow, palette: QPalette) -> None:
        edge_colour = QColor(palette.color(QPalette.ColorRole.Text))
        edge_colour.setAlphaF(0.30)
        painter.setPen(QPen(edge_colour, 1))
        painter.setBrush(QColor(*row.colour))
        painter.drawRoundedRect(rectangle, 4, 4)

    def _icon(self, painter: QPainter, rectangle: QRect, icon_name: str, colour: QColor) -> None:
        ratio = painter.device().devicePixelRatioF()
        pixmap_key = (icon_name, colour.name(QColor.NameFormat.HexArgb), ratio)
        if pixmap_key not in self._pixmaps:
            self._pixmaps[pixmap_key] = tinted(icon_name, colour, ICON, ratio)
        painter.drawPixmap(rectangle, self._pixmaps[pixmap_key])  # type: ignore[call-overload]

    def click(self, event: QMouseEvent, rectangle: QRect, index: Index) -> None:
        """A click in a row: on the eye or on the lock it says so."""
        row = index.data(ROW_ROLE)
        if not isinstance(row, LabelRow):
            return
        part_rectangles = parts(rectangle)
        click_point = event.position().toPoint()
        if part_rectangles["eye"].adjusted(*GRIP).contains(click_point):
            self.eye_clicked.emit(row.label, bool(event.modifiers() & Qt.KeyboardModifier.AltModifier))
        elif part_rectangles["lock"].adjusted(*GRIP).contains(click_point):
            self.lock_clicked.emit(row.label)
