"""A line of text that is cut short instead of widening its panel, with three dots where it is."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QLabel, QSizePolicy, QStyle, QStyleOption, QWidget


class ElidedLabel(QLabel):
    """Plain text on one line; the whole of it is in the tooltip."""

    def __init__(self, accessible_name: str, *, muted: bool = True, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        if muted:
            self.setProperty("muted", True)
        self.setAccessibleName(accessible_name)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.setTextFormat(Qt.TextFormat.PlainText)

    def show_text(self, shown_text: str, *, tip: str = "") -> None:
        """Show ``shown_text``; the tooltip has ``tip`` or the same."""
        self.setText(shown_text)
        self.setToolTip(tip or shown_text)
        self.setAccessibleDescription(tip or shown_text)

    def paintEvent(self, event: QPaintEvent) -> None:
        shown_text = self.fontMetrics().elidedText(
            self.text(), Qt.TextElideMode.ElideRight, self.contentsRect().width()
        )
        painter = QPainter(self)
        style_option = QStyleOption()
        style_option.initFrom(self)
        self.style().drawPrimitive(QStyle.PrimitiveElement.PE_Widget, style_option, painter, self)
        left_middle = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        self.style().drawItemText(
            painter,
            self.contentsRect(),
            left_middle,
            style_option.palette,
            self.isEnabled(),
            shown_text,
            self.foregroundRole(),
        )
        painter.end()
