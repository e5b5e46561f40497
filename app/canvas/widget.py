"""The canvas: the view of the document, plus what mouse, pen and keys do to it.

It hands what the pointer does to the tools in `app.canvas.tools`, and keeps nothing of the document itself.
"""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QEvent, QPointF, Qt, Signal
from PySide6.QtGui import (
    QHideEvent,
    QInputEvent,
    QMouseEvent,
    QNativeGestureEvent,
    QPointingDevice,
    QTabletEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QWidget

from app.canvas.keys import CanvasKeys
from app.canvas.tools import (
    BrushTool,
    BucketTool,
    EraserTool,
    Host,
    PanTool,
    PickTool,
    Pointer,
    ResizeGesture,
    Tool,
    ToolId,
    WipeGesture,
)
from app.document.document import Document
from app.raster import strokes, view
from app.raster.view import Mode
from engine.errors import EngineError

_DIVIDER_GRIP = 5  # widget pixels on either side of the wipe's divider
_START_DIAMETER = 24


class CanvasWidget(CanvasKeys):
    """See the module's docstring. Drops are told by `app.canvas.drops`."""

    brush_changed = Signal(int)  # diameter in image pixels
    tool_changed = Signal(str)  # a ToolId's value
    failed = Signal(object)  # EngineError: what a tool was asked cannot be done

    def __init__(self, document: Document, parent: QWidget | None = None) -> None:
        super().__init__(document, parent)
        self._brush_diameter = _START_DIAMETER
        self.bucket = BucketTool()
        self._tools: dict[ToolId, Tool] = {
            tool.id: tool for tool in (BrushTool(), EraserTool(), self.bucket, PickTool(), PanTool())
        }
        self._tool = self._tools[ToolId.BRUSH]
        self._gesture: Tool | None = None  # what the pressed button does
        self._gesture_button = Qt.MouseButton.NoButton
        self._pen_down = False
        self._pen_near = False
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self.setAttribute(Qt.WidgetAttribute.WA_TabletTracking)
        self._name()
        self.show_tool_cursor()

    def _name(self) -> None:
        self.setAccessibleName(self.tr("Canvas"))
        self.setAccessibleDescription(
            self.tr(
                "Label map and picture. Arrow keys move the view, + and - zoom, [ and ] change the brush, "
                "Tab held hides the label map, Shift+Tab leaves the canvas."
            )
        )

    # ------------------------------------------------------------ tools and brush

    @property
    def tool_id(self) -> str:
        return self._tool.id.value

    def set_tool(self, tool_id: str) -> None:
        """ "brush", "eraser", "bucket", "pick" or "pan"; see `app.canvas.tools.TOOLS`."""
        tool = self._tools[ToolId(tool_id)]
        if tool is not self._tool:
            self.finish_gesture()
            self._tool = tool
            self.show_tool_cursor()
            self._move_outline()
            self.tool_changed.emit(tool.id.value)

    @property
    def brush_diameter(self) -> int:
        return self._brush_diameter

    def set_brush_diameter(self, diameter: float) -> None:
        """In image pixels, rounded and kept within 1-1024."""
        diameter = strokes.clamp_diameter(diameter)
        if diameter != self._brush_diameter:
            self._brush_diameter = diameter
            self._move_outline()
            self.brush_changed.emit(diameter)

    def step_brush(self, direction: int, large: bool = False) -> None:
        """`[` (-1) and `]` (+1); `large` with Shift."""
        self.set_brush_diameter(strokes.step_diameter(diameter=self._brush_diameter, direction=direction, large=large))

    def outline_diameter(self) -> int | None:
        tool = self._gesture or self._tool
        return self._brush_diameter if tool.paints and not self._space else None

    # ------------------------------------------------------------ gestures

    @property
    def gesturing(self) -> bool:
        return self._gesture is not None

    def _pointer(self, point: QPointF, *, pressure: float = 1.0, erase: bool = False) -> Pointer:
        x, y = self._to_image(point)
        return Pointer(x, y, point.x(), point.y(), pressure=pressure, erase=erase)

    def _begin(self, event: QInputEvent, point: QPointF, button: Qt.MouseButton, pressure: float, erase: bool) -> None:
        if self._gesture is not None:
            return  # a second button during a drag does nothing
        tool = self._tool_for(point, button, event.modifiers())
        if tool is None:
            return
        self._gesture, self._gesture_button = tool, button
        self._held_pane = self._pane_at(point)
        self._cursor = point
        if tool.cursor_pressed is not None or tool is not self._tool:
            self.setCursor(tool.cursor_pressed or tool.cursor)
        self._ask(tool.press, self._pointer(point, pressure=pressure, erase=erase))
        self._move_outline()

    def _tool_for(self, point: QPointF, button: Qt.MouseButton, keys: Qt.KeyboardModifier) -> Tool | None:
        left = button == Qt.MouseButton.LeftButton
        if button == Qt.MouseButton.MiddleButton or (left and self._space):
            return self._tools[ToolId.PAN]
        if left and self._on_divider(point):
            return WipeGesture(self._wipe)
        if left and keys & Qt.KeyboardModifier.AltModifier:
            return self._tools[ToolId.PICK]
        if left and keys & Qt.KeyboardModifier.ShiftModifier and self._tool.paints:
            return ResizeGesture(self._brush_diameter, self._view.scale)
        return self._tool if left or button == Qt.MouseButton.RightButton else None

    def _ask(self, action: Callable[[Host, Pointer], None], at: Pointer) -> None:
        """Lets a tool act; what cannot be done is told, never raised into Qt."""
        try:
            action(self, at)
        except EngineError as error:
            self.failed.emit(error)

    def _drag(self, point: QPointF, pressure: float = 1.0, erase: bool = False) -> None:
        gesture = self._gesture
        # A brush that is being resized keeps its outline where it was pressed.
        if not isinstance(gesture, ResizeGesture):
            self._cursor = point
        if gesture is not None:
            self._ask(gesture.move, self._pointer(point, pressure=pressure, erase=erase))
        self._move_outline()
        self._look_under_cursor()

    def finish_gesture(self, point: QPointF | None = None) -> None:
        """Ends what the button did; what was painted stays."""
        gesture = self._gesture
        if gesture is None:
            return
        at = self._pointer(point if point is not None else (self._cursor or QPointF()))
        self._clear_gesture()
        self._ask(gesture.release, at)

    def cancel_gesture(self) -> None:
        gesture = self._gesture
        if gesture is not None:
            self._clear_gesture()
            gesture.cancel(self)

    def _clear_gesture(self) -> None:
        self._gesture = None
        self._held_pane = None
        self._gesture_button = Qt.MouseButton.NoButton
        self._pen_down = False
        self.show_tool_cursor()
        self._move_outline()

    def _on_divider(self, point: QPointF) -> bool:
        return self._mode is Mode.WIPE and abs(point.x() - self._wipe * self.width()) <= _DIVIDER_GRIP

    def show_tool_cursor(self) -> None:
        over = self._cursor is not None and self._on_divider(self._cursor)
        if self._space:
            self.setCursor(Qt.CursorShape.OpenHandCursor)
        else:
            self.setCursor(Qt.CursorShape.SplitHCursor if over else self._tool.cursor)

    # ------------------------------------------------------------ mouse and pen

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if not self._made_from_pen(event):
            erase = event.button() == Qt.MouseButton.RightButton
            self._begin(event, event.position(), event.button(), 1.0, erase)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._made_from_pen(event):
            return
        if self._gesture is not None and not event.buttons() & self._gesture_button:
            self.finish_gesture(event.position())  # the release went elsewhere
        erase = self._gesture_button == Qt.MouseButton.RightButton
        self._drag(event.position(), erase=erase)
        if self._gesture is None:
            self.show_tool_cursor()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if not self._made_from_pen(event) and event.button() == self._gesture_button:
            self.finish_gesture(event.position())

    def _made_from_pen(self, event: QMouseEvent) -> bool:
        """Whether a mouse event repeats what the pen has already told (Qt and Windows make such events)."""
        made = event.source() != Qt.MouseEventSource.MouseEventNotSynthesized
        if not made and not self._pen_down:
            self._pen_near = False  # a real mouse moves again
        return self._pen_down or (self._pen_near and made)

    def tabletEvent(self, event: QTabletEvent) -> None:
        """Accepts everything, so that Qt makes no mouse events of it: each stroke is painted once."""
        event.accept()
        self._pen_near = True
        erase = event.pointerType() == QPointingDevice.PointerType.Eraser
        kind = event.type()
        if kind == QEvent.Type.TabletPress:
            self._pen_down = True
            erase = erase or event.button() == Qt.MouseButton.RightButton
            self._begin(event, event.position(), event.button(), event.pressure(), erase)
        elif kind == QEvent.Type.TabletMove:
            pressure = event.pressure() if self._pen_down else 1.0
            self._drag(event.position(), pressure, erase)
        elif kind == QEvent.Type.TabletRelease:
            self._pen_down = False
            self.finish_gesture(event.position())

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Zooms at the cursor, with and without Ctrl; a sideways wheel moves sideways."""
        turn = event.angleDelta()
        if turn.y():
            self._zoom_to(self._view.scale * view.WHEEL_STEP ** (turn.y() / 120), event.position())
        elif turn.x():
            self.pan_by(turn.x() / 2, 0)
        event.accept()

    def leaveEvent(self, event: QEvent) -> None:
        if self._gesture is None:
            self._cursor = None
            self._pen_near = False
            self._move_outline()
            self._look_under_cursor()
        super().leaveEvent(event)

    # ------------------------------------------------------------ other events

    def hideEvent(self, event: QHideEvent) -> None:
        self.finish_gesture()
        super().hideEvent(event)

    def changeEvent(self, event: QEvent) -> None:
        if event.type() == QEvent.Type.LanguageChange:
            self._name()
        super().changeEvent(event)

    def event(self, event: QEvent) -> bool:
        pinch = Qt.NativeGestureType.ZoomNativeGesture
        if isinstance(event, QNativeGestureEvent) and event.gestureType() == pinch:
            self._zoom_to(self._view.scale * (1 + event.value()), event.position())
            return True
        return super().event(event)
