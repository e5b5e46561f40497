"""The pipette: the next click takes a colour from the canvas or from any picture of the window."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from PySide6.QtCore import QEvent, QObject, QPoint, QPointF, QRect, QSize, Qt, Signal
from PySide6.QtGui import QColor, QKeyEvent, QMouseEvent
from PySide6.QtWidgets import QApplication, QWidget


@runtime_checkable
class Coloured(Protocol):
    """A widget that knows the colours of the picture in it better than what is painted on the screen."""

    def colour_at(self, point: QPointF) -> QColor | None:
        """The picture's colour under a point of the widget; None where there is none."""
        ...


class Pipette(QObject):
    """While it is in hand it takes all clicks of the application: the left one picks; any other, Esc and a window that
    closes lay it down. Widgets hear of neither half of a click, and say nothing of what a click on them would do."""

    picked = Signal(QColor)
    hovered = Signal(QColor)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._in_hand = False
        self._awaits_release = False  # of the click that picked

    def take(self) -> None:
        """Let the next click pick a colour."""
        if not self._in_hand:
            self._in_hand = True
            QApplication.setOverrideCursor(Qt.CursorShape.CrossCursor)
            self._awaits_release = False
            self._watch(True)  # again is no harm: a filter is installed once

    def lay_down(self) -> None:
        """Clicks do what they always do again."""
        if self._in_hand:
            self._in_hand = False
            QApplication.restoreOverrideCursor()
            self._watch(False)

    def _watch(self, watching: bool) -> None:
        application = QApplication.instance()
        assert application is not None
        if watching:
            application.installEventFilter(self)
        else:
            application.removeEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if not isinstance(watched, QWidget):
            return False
        if self._awaits_release:
            return self._let_go(event)
        kind = event.type()
        if kind in (QEvent.Type.KeyPress, QEvent.Type.ShortcutOverride) and isinstance(event, QKeyEvent):
            if event.key() == Qt.Key.Key_Escape:
                self.lay_down()
                return True
        elif kind == QEvent.Type.MouseMove and isinstance(event, QMouseEvent):
            colour = _colour_under(watched, event.position())
            if colour is not None:
                self.hovered.emit(colour)
            return True
        elif kind == QEvent.Type.MouseButtonPress and isinstance(event, QMouseEvent):
            self._press(watched, event)
            return True
        elif kind == QEvent.Type.Close and watched.isWindow() and watched.windowType() != Qt.WindowType.ToolTip:
            self.lay_down()
        return kind == QEvent.Type.ToolTip

    def _press(self, watched: QWidget, event: QMouseEvent) -> None:
        colour = _colour_under(watched, event.position())
        if event.button() != Qt.MouseButton.LeftButton:
            self.lay_down()
        elif colour is not None:
            self.lay_down()
            self._awaits_release = True
            self._watch(True)
            self.picked.emit(colour)

    def _let_go(self, event: QEvent) -> bool:
        """The other half of the click: a list would take it for a click on the row that was pressed last."""
        if event.type() not in (QEvent.Type.MouseButtonRelease, QEvent.Type.MouseButtonPress):
            return False
        self._awaits_release = False
        self._watch(False)
        return event.type() == QEvent.Type.MouseButtonRelease


def _colour_under(widget: QWidget, point: QPointF) -> QColor | None:
    if isinstance(widget, Coloured):
        return widget.colour_at(point)
    pixel = QRect(QPoint(int(point.x()), int(point.y())), QSize(1, 1))
    return widget.grab(pixel).toImage().pixelColor(0, 0)
