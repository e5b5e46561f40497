"""Mouse, pen and drag events for a widget, as Qt would send them. Points are widget coordinates."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from PySide6.QtCore import QEvent, QMimeData, QPoint, QPointF, Qt
from PySide6.QtGui import (
    QDragEnterEvent,
    QDragLeaveEvent,
    QDragMoveEvent,
    QDropEvent,
    QMouseEvent,
    QPointingDevice,
    QTabletEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QApplication, QWidget

LEFT, RIGHT, MIDDLE = Qt.MouseButton.LeftButton, Qt.MouseButton.RightButton, Qt.MouseButton.MiddleButton
NONE = Qt.MouseButton.NoButton
PLAIN = Qt.KeyboardModifier.NoModifier
SHIFT, ALT = Qt.KeyboardModifier.ShiftModifier, Qt.KeyboardModifier.AltModifier
CTRL = Qt.KeyboardModifier.ControlModifier


class Mouse:
    """A mouse over one widget."""

    def __init__(self, widget: QWidget) -> None:
        self.widget = widget
        self.held = NONE

    def _send(self, kind, point, button, keys, source=None) -> None:
        at = QPointF(*point)
        shared = (kind, at, at, QPointF(self.widget.mapToGlobal(at)), button, self.held, keys)
        event = QMouseEvent(*shared) if source is None else QMouseEvent(*shared, source)
        QApplication.sendEvent(self.widget, event)

    def press(self, point, button=LEFT, keys=PLAIN, source=None) -> None:
        self.held = self.held | button
        self._send(QEvent.Type.MouseButtonPress, point, button, keys, source)

    def move(self, *points, keys=PLAIN, source=None) -> None:
        for point in points:
            self._send(QEvent.Type.MouseMove, point, NONE, keys, source)

    def release(self, point, button=LEFT, keys=PLAIN, source=None) -> None:
        self.held = self.held & ~button
        self._send(QEvent.Type.MouseButtonRelease, point, button, keys, source)

    def drag(self, *points, button=LEFT, keys=PLAIN) -> None:
        self.press(points[0], button, keys)
        self.move(*points[1:], keys=keys)
        self.release(points[-1], button, keys)

    def click(self, point, button=LEFT, keys=PLAIN) -> None:
        self.drag(point, button=button, keys=keys)

    def wheel(self, point, notches: float, keys=PLAIN) -> None:
        at = QPointF(*point)
        turn = QPoint(0, round(120 * notches))
        phase = Qt.ScrollPhase.NoScrollPhase
        globally = QPointF(self.widget.mapToGlobal(at))
        QApplication.sendEvent(self.widget, QWheelEvent(at, globally, QPoint(), turn, self.held, keys, phase, False))


class Pen:
    """A pen on a tablet; `eraser`: held the other way round."""

    def __init__(self, widget: QWidget, *, eraser: bool = False) -> None:
        self.widget = widget
        kind = QPointingDevice.PointerType.Eraser if eraser else QPointingDevice.PointerType.Pen
        self.device = QPointingDevice(
            "pen",
            1,
            QPointingDevice.DeviceType.Stylus,
            kind,
            QPointingDevice.Capability.Position | QPointingDevice.Capability.Pressure,
            1,
            1,
        )

    def send(self, kind, point, pressure, button=NONE, held=NONE) -> bool:
        """Returns whether the widget took the event: then Qt makes no mouse event of it."""
        at = QPointF(*point)
        globally = QPointF(self.widget.mapToGlobal(at))
        event = QTabletEvent(kind, self.device, at, globally, pressure, 0.0, 0.0, 0.0, 0.0, 0.0, PLAIN, button, held)
        event.ignore()
        QApplication.sendEvent(self.widget, event)
        return event.isAccepted()

    def press(self, point, pressure, button=LEFT) -> bool:
        return self.send(QEvent.Type.TabletPress, point, pressure, button, button)

    def move(self, point, pressure, button=LEFT) -> bool:
        return self.send(QEvent.Type.TabletMove, point, pressure, NONE, button)

    def release(self, point, button=LEFT) -> bool:
        return self.send(QEvent.Type.TabletRelease, point, 0.0, button, NONE)


class Drag:
    """Something dragged over a widget from another program."""

    def __init__(self, widget: QWidget, data: QMimeData) -> None:
        self.widget, self.data = widget, data
        self._shared = (Qt.DropAction.CopyAction, data, LEFT, PLAIN)

    def enter(self, point) -> bool:
        event = QDragEnterEvent(QPoint(*point), *self._shared)
        event.ignore()
        QApplication.sendEvent(self.widget, event)
        return event.isAccepted()

    def move(self, point) -> None:
        QApplication.sendEvent(self.widget, QDragMoveEvent(QPoint(*point), *self._shared))

    def leave(self) -> None:
        QApplication.sendEvent(self.widget, QDragLeaveEvent())

    def drop(self, point) -> bool:
        event = QDropEvent(QPointF(*point), *self._shared)
        event.ignore()
        QApplication.sendEvent(self.widget, event)
        return event.isAccepted()


@contextmanager
def held_key(qtbot, widget: QWidget, key: Qt.Key) -> Iterator[None]:
    """Presses a key, and lets it go at the end."""
    qtbot.keyPress(widget, key)
    try:
        yield
    finally:
        qtbot.keyRelease(widget, key)
