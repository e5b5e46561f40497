"""What mouse and pen do on the canvas: which tool a press begins, and that each stroke is painted once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from PySide6.QtCore import QEvent, QPointF, Qt
from PySide6.QtGui import QGuiApplication, QInputEvent, QMouseEvent, QPointingDevice, QTabletEvent

from app.canvas.tools import (
    BrushTool,
    BucketTool,
    Host,
    PanTool,
    PickTool,
    PieceTool,
    Pointer,
    ResizeGesture,
    Tool,
    ToolId,
    WipeGesture,
)
from app.raster.view import View
from engine.errors import EngineError

_LEFT, _RIGHT = Qt.MouseButton.LeftButton, Qt.MouseButton.RightButton
_MIDDLE, _NONE = Qt.MouseButton.MiddleButton, Qt.MouseButton.NoButton


class GestureHost(Host, Protocol):
    """What gestures need of the canvas."""

    @property
    def view(self) -> View: ...

    @property
    def wipe(self) -> float:
        """Where the wipe's divider stands, 0-1."""
        ...

    @property
    def space_held(self) -> bool:
        """Whether the key is held that makes every tool pan."""
        ...

    def on_divider(self, point: QPointF) -> bool:
        """Whether a point of the widget is on the wipe's divider."""
        ...

    def to_image(self, point: QPointF) -> tuple[float, float]:
        """Continuous image coordinates of a point of the widget."""
        ...

    def hold_pane(self, point: QPointF | None) -> None:
        """A drag stays in the pane where it began; None: it has ended."""
        ...

    def show_cursor_at(self, point: QPointF | None) -> None:
        """The brush's outline is drawn there; None: nowhere."""
        ...

    def show_tool_cursor(self) -> None:
        """Shows what the pointer would do, or does, now."""
        ...


class Gestures:
    """Turns presses, moves and releases into what tools do."""

    def __init__(
        self,
        host: GestureHost,
        *,
        tell_failed: Callable[[EngineError], object],
        ask_menu: Callable[[QPointF], object],
    ) -> None:
        """`tell_failed`: says what a tool was asked and cannot do. `ask_menu`: the right button was clicked there."""
        self._host = host
        self._tell_failed = tell_failed
        self._ask_menu = ask_menu
        self._menu_point: QPointF | None = None  # the right button was pressed there: a click, unless a drag follows
        self.bucket = BucketTool()
        self._tools: dict[ToolId, Tool] = {
            tool.id: tool
            for tool in (BrushTool(), BrushTool(ToolId.ERASER), self.bucket, PieceTool(), PickTool(), PanTool())
        }
        self.tool = self._tools[ToolId.BRUSH]
        self.gesture: Tool | None = None  # what the pressed button does
        self._button = _NONE  # that was pressed
        self._last_point = QPointF()
        self._pen_down = False
        self._pen_near = False

    @property
    def shows_outline(self) -> bool:
        """Whether what the pointer does paints."""
        return (self.gesture or self.tool).paints

    @property
    def cursor(self) -> Qt.CursorShape:
        """The pointer's shape while a button is held, or before."""
        if self.gesture is None:
            return self.tool.cursor
        return self.gesture.cursor_pressed or self.gesture.cursor

    def choose(self, tool_id: str) -> bool:
        """Chooses the tool for the left button; returns whether it was another one."""
        tool = self._tools[ToolId(tool_id)]
        if tool is self.tool:
            return False
        self.finish()
        self.tool = tool
        return True

    # ------------------------------------------------------------ a gesture from press to release

    def finish(self, point: QPointF | None = None) -> None:
        """Ends what the button did; what was painted stays."""
        gesture = self.gesture
        if gesture is None:
            return
        erase = self._button == _RIGHT
        pointer = self._pointer(self._last_point if point is None else point, erase=erase)
        self._clear()
        self._ask(gesture.release, pointer)

    def cancel(self) -> None:
        """Takes back what the button did."""
        gesture = self.gesture
        if gesture is not None:
            self._clear()
            gesture.cancel(self._host)

    def _begin(self, event: QInputEvent, point: QPointF, button: Qt.MouseButton, pressure: float, erase: bool) -> None:
        if self.gesture is not None:
            return  # a second button during a drag does nothing
        tool = self._tool_for(point, button, event.modifiers())
        if tool is None:
            return
        self.gesture, self._button = tool, button
        self._host.hold_pane(point)
        self._host.show_tool_cursor()
        self._ask(tool.press, self._pointer(point, pressure=pressure, erase=erase))
        self._point_at(point)

    def _drag(self, point: QPointF, pressure: float = 1.0, erase: bool = False) -> None:
        if self.gesture is not None:
            self._ask(self.gesture.move, self._pointer(point, pressure=pressure, erase=erase))
        if isinstance(self.gesture, ResizeGesture):
            self._host.show_cursor_at(self._last_point)  # it keeps its outline where it was pressed
        else:
            self._point_at(point)

    def _clear(self) -> None:
        self.gesture, self._button = None, _NONE
        self._pen_down = False
        self._host.hold_pane(None)
        self._host.show_tool_cursor()
        self._host.show_cursor_at(self._last_point)

    def _point_at(self, point: QPointF) -> None:
        self._last_point = point
        self._host.show_cursor_at(point)

    def _tool_for(self, point: QPointF, button: Qt.MouseButton, keys: Qt.KeyboardModifier) -> Tool | None:
        left = button == _LEFT
        if button == _MIDDLE or (left and self._host.space_held):
            return self._tools[ToolId.PAN]
        if left and self._host.on_divider(point):
            return WipeGesture(self._host.wipe)
        if left and keys & Qt.KeyboardModifier.AltModifier:
            return self._tools[ToolId.PICK]
        if left and keys & Qt.KeyboardModifier.ShiftModifier and self.tool.paints:
            return ResizeGesture(self._host.brush_diameter, self._host.view.scale)
        return self.tool if left or button == _RIGHT else None

    def _pointer(self, point: QPointF, *, pressure: float = 1.0, erase: bool = False) -> Pointer:
        x, y = self._host.to_image(point)
        return Pointer(x, y, point.x(), point.y(), pressure=pressure, erase=erase)

    def _ask(self, action: Callable[[Host, Pointer], None], pointer: Pointer) -> None:
        """Lets a tool act; what cannot be done is reported, never raised into Qt."""
        try:
            action(self._host, pointer)
        except EngineError as error:
            self._tell_failed(error)

    # ------------------------------------------------------------ mouse

    def mouse_pressed(self, event: QMouseEvent) -> None:
        if self._made_from_pen(event):
            return
        if event.button() == _RIGHT and self.gesture is None:
            self._menu_point = event.position()
        else:
            self._begin(event, event.position(), event.button(), 1.0, erase=False)

    def mouse_moved(self, event: QMouseEvent) -> None:
        if self._made_from_pen(event):
            return
        self._erase_if_dragged(event, event.position(), 1.0)
        if self.gesture is not None and not event.buttons() & self._button:
            self.finish(event.position())  # the release went elsewhere
        self._drag(event.position(), erase=self._button == _RIGHT)
        if self.gesture is None:
            self._host.show_tool_cursor()

    def mouse_released(self, event: QMouseEvent) -> None:
        if self._made_from_pen(event):
            return
        if event.button() == _RIGHT and self._menu_point is not None:
            self._click_right(event.position())
        elif event.button() == self._button:
            self.finish(event.position())

    def _erase_if_dragged(self, event: QInputEvent, point: QPointF, pressure: float) -> None:
        """The pressed right button erases once it is dragged, from where it was pressed: a click alone never does."""
        if self._menu_point is not None and _far(point - self._menu_point):
            press_point, self._menu_point = self._menu_point, None
            self._begin(event, press_point, _RIGHT, pressure, erase=True)

    def _click_right(self, point: QPointF) -> None:
        self._menu_point = None
        self._ask_menu(point)

    def left(self) -> None:
        """The pointer has left the canvas."""
        if self.gesture is None:
            self._pen_near = False
            self._last_point = QPointF()
            self._host.show_cursor_at(None)

    # ------------------------------------------------------------ pen

    def pen(self, event: QTabletEvent) -> None:
        """Accepts everything, so that Qt makes no mouse events of it: each stroke is painted once."""
        event.accept()
        self._pen_near = True
        erase = event.pointerType() == QPointingDevice.PointerType.Eraser
        kind = event.type()
        if kind == QEvent.Type.TabletPress:
            self._pen_down = True
            if event.button() == _RIGHT and self.gesture is None:
                self._menu_point = event.position()
            else:
                self._begin(event, event.position(), event.button(), event.pressure(), erase)
        elif kind == QEvent.Type.TabletMove:
            pressure = event.pressure() if self._pen_down else 1.0
            self._erase_if_dragged(event, event.position(), pressure)
            self._drag(event.position(), pressure, erase or self._button == _RIGHT)
        elif kind == QEvent.Type.TabletRelease:
            self._pen_down = False
            if self._menu_point is not None:
                self._click_right(event.position())
            else:
                self.finish(event.position())

    def _made_from_pen(self, event: QMouseEvent) -> bool:
        """Whether a mouse event repeats what the pen has already told (Qt and Windows make such events)."""
        synthesized = event.source() != Qt.MouseEventSource.MouseEventNotSynthesized
        if not synthesized and not self._pen_down:
            self._pen_near = False  # a real mouse moves again
        return self._pen_down or (self._pen_near and synthesized)


def _far(way: QPointF) -> bool:
    """Whether the pointer has moved so far that a click has become a drag."""
    return way.manhattanLength() >= QGuiApplication.styleHints().startDragDistance()
