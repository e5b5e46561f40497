"""The canvas: shows label map and picture, and hands mouse, pen and keys to the tools.

It holds the view (zoom, mode, overlay) and nothing of the document. A change of the document re-colours and
repaints only its rectangle.
"""

from __future__ import annotations

import math

from PySide6.QtCore import QEvent, QPointF, QRect, Qt, Signal
from PySide6.QtGui import (
    QFocusEvent,
    QHideEvent,
    QInputEvent,
    QKeyEvent,
    QMouseEvent,
    QNativeGestureEvent,
    QPainter,
    QPaintEvent,
    QPalette,
    QPointingDevice,
    QResizeEvent,
    QTabletEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QWidget

from app.canvas import scene, strokes, view
from app.canvas.drops import DropTarget
from app.canvas.scene import Scene
from app.canvas.strokes import Box
from app.canvas.tools import (
    TOOLS,
    BrushTool,
    BucketTool,
    EraserTool,
    PanTool,
    PickTool,
    Pointer,
    ResizeGesture,
    Tool,
    ToolId,
    WipeGesture,
)
from app.canvas.view import Mode, Pane, View
from app.document.document import Document
from engine.errors import EngineError

_NO_LABEL = -1
_ARROW_STEP = 64  # widget pixels
_DIVIDER_GRIP = 5  # widget pixels on either side of the wipe's divider
_START_DIAMETER = 24


class CanvasWidget(DropTarget):
    """See the module's docstring; what drops do is in `app.canvas.drops`."""

    cursor_label = Signal(int)  # label under the cursor; -1 outside the image
    zoom_changed = Signal(float)  # device pixels per image pixel: 1.0 is 100 %
    brush_changed = Signal(int)  # diameter in image pixels
    tool_changed = Signal(str)  # a ToolId's value
    mode_changed = Signal(object)  # Mode
    overlay_changed = Signal(float)
    failed = Signal(object)  # EngineError: what a tool was asked cannot be done

    def __init__(self, document: Document, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._document = document
        self._scene = Scene(document)
        self._view = View()
        self._fitted = True
        self._mode = Mode.STACK
        self._overlay = 0.5
        self._overlay_off = False  # Tab is held
        self._wipe = 0.5
        self._brush_diameter = _START_DIAMETER
        self.bucket = BucketTool()
        self._tools: dict[ToolId, Tool] = {
            tool.id: tool for tool in (BrushTool(), EraserTool(), self.bucket, PickTool(), PanTool())
        }
        self._tool = self._tools[ToolId.BRUSH]
        self._gesture: Tool | None = None  # what the pressed button does
        self._gesture_button = Qt.MouseButton.NoButton
        self._gesture_pane: Pane | None = None  # a drag stays in the pane where it began
        self._space = False
        self._pen_down = False
        self._pen_near = False
        self._cursor: QPointF | None = None  # in the widget
        self._under_cursor = _NO_LABEL
        self._outline_rects: list[QRect] = []  # where the brush's outline was last drawn

        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setAttribute(Qt.WidgetAttribute.WA_TabletTracking)
        self.setMinimumSize(160, 120)
        self._name()
        self._show_tool_cursor()
        document.label_map_changed.connect(self._on_label_map_changed)
        document.labels_changed.connect(self._on_labels_changed)
        document.picture_changed.connect(self._on_picture_changed)
        document.replaced.connect(self._on_replaced)

    def _name(self) -> None:
        self.setAccessibleName(self.tr("Canvas"))
        self.setAccessibleDescription(
            self.tr(
                "Label map and picture. Arrow keys move the view, + and - zoom, [ and ] change the brush, "
                "Tab held hides the label map, Shift+Tab leaves the canvas."
            )
        )

    # ------------------------------------------------------------ what the window asks for

    @property
    def document(self) -> Document:
        return self._document

    @property
    def view(self) -> View:
        return self._view

    @property
    def zoom(self) -> float:
        """Device pixels per image pixel; 1.0 is 100 %."""
        return self._view.scale * self.devicePixelRatioF()

    @property
    def tool_id(self) -> str:
        return self._tool.id.value

    def set_tool(self, tool_id: str) -> None:
        """ "brush", "eraser", "bucket", "pick" or "pan"; see `app.canvas.tools.TOOLS`."""
        tool = self._tools[ToolId(tool_id)]
        if tool is not self._tool:
            self._finish_gesture()
            self._tool = tool
            self._show_tool_cursor()
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

    @property
    def mode(self) -> Mode:
        return self._mode

    def set_mode(self, mode: Mode) -> None:
        if mode is not self._mode:
            self._finish_gesture()
            self._mode = mode
            if self._fitted:
                self.fit()
            self.update()
            self.mode_changed.emit(mode)

    @property
    def overlay(self) -> float:
        return self._overlay

    def set_overlay(self, opacity: float) -> None:
        """Opacity of the label map over the picture, 0-1."""
        opacity = min(1.0, max(0.0, float(opacity)))
        if opacity != self._overlay:
            self._overlay = opacity
            self.update()
            self.overlay_changed.emit(opacity)

    def set_wipe(self, share: float) -> None:
        """Where the wipe's divider stands, as a share of the canvas's width, 0-1."""
        self._wipe = min(1.0, max(0.0, share))
        self.update()

    def move_wipe(self, widget_x: float) -> None:
        self.set_wipe(widget_x / max(1, self.width()))

    def fit(self) -> None:
        """Shows the whole image; it stays fitted when the canvas changes size, until the view is moved."""
        room = self._room()
        self._set_view(
            view.fit(
                image_width=self._document.width,
                image_height=self._document.height,
                width=room,
                height=self.height(),
                device_ratio=self.devicePixelRatioF(),
            ),
            fitted=True,
        )

    def actual_size(self) -> None:
        """100 %: one pixel of the image on one pixel of the screen."""
        self._zoom_to(1 / self.devicePixelRatioF())

    def zoom_in(self) -> None:
        self._zoom_to(self._view.scale * view.WHEEL_STEP)

    def zoom_out(self) -> None:
        self._zoom_to(self._view.scale / view.WHEEL_STEP)

    def pan_by(self, dx: float, dy: float) -> None:
        """Moves the image by widget pixels."""
        self._set_view(view.pan(view=self._view, dx=dx, dy=dy))

    def set_highlight(self, label: int | None) -> None:
        """Darkens all but one label's region; None ends it."""
        if label != self._scene.highlighted:
            self._scene.set_highlight(label)
            self.update()

    def label_at(self, point: QPointF) -> int:
        """The label under a point of the widget; -1 outside the image."""
        x, y = self.pixel_at(point)
        inside = 0 <= x < self._document.width and 0 <= y < self._document.height
        return int(self._document.label_map[y, x]) if inside else _NO_LABEL

    # ------------------------------------------------------------ view

    def _zoom_to(self, scale: float, at: QPointF | None = None) -> None:
        """Zooms around a point of the widget, or around the middle."""
        shift = 0.0 if at is None else self._pane_at(at).shift
        anchor = at if at is not None else QPointF(self._room() / 2, self.height() / 2)
        self._set_view(
            view.zoom_at(
                view=self._view,
                scale=scale,
                x=anchor.x() - shift,
                y=anchor.y(),
                device_ratio=self.devicePixelRatioF(),
            )
        )

    def _set_view(self, new: View, *, fitted: bool = False) -> None:
        new = view.keep_in_sight(
            view=new,
            image_width=self._document.width,
            image_height=self._document.height,
            width=self._room(),
            height=self.height(),
        )
        self._fitted = fitted
        if new == self._view:
            return
        old, self._view = self._view, new
        self.update()
        self._move_outline()
        self._look_under_cursor()
        if old.scale != new.scale:
            self.zoom_changed.emit(self.zoom)

    def _room(self) -> float:
        """Width in which the image is shown: that of a pane side by side, else all of the canvas."""
        return self._panes()[0].width if self._mode is Mode.SIDE_BY_SIDE else float(self.width())

    def _panes(self) -> tuple[Pane, ...]:
        return view.panes(mode=self._mode, width=self.width(), height=self.height(), wipe=self._wipe)

    def _pane_at(self, point: QPointF) -> Pane:
        return view.pane_at(parts=self._panes(), x=point.x(), y=point.y())

    def _to_image(self, point: QPointF, pane: Pane | None = None) -> tuple[float, float]:
        pane = pane or self._gesture_pane or self._pane_at(point)
        return view.to_image(view=self._view, x=point.x() - pane.shift, y=point.y())

    def pixel_at(self, point: QPointF) -> tuple[int, int]:
        """The pixel (x, y) of the image under a point of the widget; may lie outside the image."""
        x, y = self._to_image(point)
        return math.floor(x), math.floor(y)

    # ------------------------------------------------------------ document's signals

    def _on_label_map_changed(self, rect: QRect) -> None:
        box = Box(rect.x(), rect.y(), rect.x() + rect.width(), rect.y() + rect.height())
        self._scene.update_box(box)
        for pane in self._panes():
            if not pane.labels and self._scene.highlighted is None:
                continue  # shows the picture alone
            dirty = view.dirty_rect(view=self._view, x0=box.x0, y0=box.y0, x1=box.x1, y1=box.y1)
            self.update(QRect(*dirty).translated(round(pane.shift), 0))
        self._look_under_cursor()

    def _on_labels_changed(self, _labels: frozenset[int]) -> None:
        self._scene.update_visibility()
        self.update()

    def _on_picture_changed(self) -> None:
        self._scene.update_picture()
        self.update()

    def _on_replaced(self) -> None:
        self._cancel_gesture()
        self._scene.rebuild()
        self.fit()
        self.update()
        self._look_under_cursor()

    # ------------------------------------------------------------ painting

    def paintEvent(self, event: QPaintEvent) -> None:
        with QPainter(self) as painter:
            painter.fillRect(event.rect(), self.palette().color(QPalette.ColorRole.Mid))
            overlay = 0.0 if self._overlay_off else self._overlay
            parts = self._panes()
            for pane in parts:
                area = QRect(round(pane.x), 0, round(pane.width), self.height()) & event.rect()
                if area.isEmpty():
                    continue
                painter.setClipRect(area)
                self._scene.draw_pane(
                    painter,
                    pane,
                    self._view,
                    overlay=overlay,
                    device_ratio=self.devicePixelRatioF(),
                    palette=self.palette(),
                )
            painter.setClipRect(event.rect())
            if len(parts) == 2:
                line = QRect(round(parts[1].x) - 1, 0, 2, self.height())
                painter.fillRect(line, self.palette().color(QPalette.ColorRole.Highlight))
            for centre, radius in self._outlines():
                scene.draw_outline(painter, centre, radius)

    def _outlines(self) -> list[tuple[QPointF, float]]:
        """Centre and radius of the brush's outline in the widget: at the cursor, and in the other pane."""
        tool = self._gesture or self._tool
        at = self._cursor
        if at is None or not tool.paints or self._space:
            return []
        x, y = self._to_image(at)
        shifts = {pane.shift for pane in self._panes()}
        return [
            scene.outline_circle(x=x, y=y, diameter=self._brush_diameter, at=self._view, shift=shift)
            for shift in sorted(shifts)
        ]

    def _move_outline(self) -> None:
        """Repaints where the brush's outlines were and where they are now."""
        before, self._outline_rects = self._outline_rects, []
        for centre, radius in self._outlines():
            reach = math.ceil(radius) + 3
            left, top = math.floor(centre.x()) - reach, math.floor(centre.y()) - reach
            self._outline_rects.append(QRect(left, top, 2 * reach + 2, 2 * reach + 2))
        for rect in (*before, *self._outline_rects):
            self.update(rect)

    # ------------------------------------------------------------ gestures: mouse and pen

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
        self._gesture_pane = self._pane_at(point)
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

    def _ask(self, action: object, at: Pointer) -> None:
        """Lets a tool act; what cannot be done is told, never raised into Qt."""
        try:
            action(self, at)  # type: ignore[operator]
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

    def _finish_gesture(self, point: QPointF | None = None) -> None:
        """Ends what the button did; what was painted stays."""
        gesture = self._gesture
        if gesture is None:
            return
        at = self._pointer(point if point is not None else (self._cursor or QPointF()))
        self._clear_gesture()
        self._ask(gesture.release, at)

    def _cancel_gesture(self) -> None:
        gesture = self._gesture
        if gesture is not None:
            self._clear_gesture()
            gesture.cancel(self)

    def _clear_gesture(self) -> None:
        self._gesture = None
        self._gesture_pane = None
        self._gesture_button = Qt.MouseButton.NoButton
        self._pen_down = False
        self._show_tool_cursor()
        self._move_outline()

    def _on_divider(self, point: QPointF) -> bool:
        return self._mode is Mode.WIPE and abs(point.x() - self._wipe * self.width()) <= _DIVIDER_GRIP

    def _show_tool_cursor(self) -> None:
        over = self._cursor is not None and self._on_divider(self._cursor)
        if self._space:
            self.setCursor(Qt.CursorShape.OpenHandCursor)
        else:
            self.setCursor(Qt.CursorShape.SplitHCursor if over else self._tool.cursor)

    def _look_under_cursor(self) -> None:
        label = _NO_LABEL if self._cursor is None else self.label_at(self._cursor)
        if label != self._under_cursor:
            self._under_cursor = label
            self.cursor_label.emit(label)

    def _made_from_pen(self, event: QMouseEvent) -> bool:
        """Whether a mouse event repeats what the pen has already told (Qt and Windows make such events)."""
        made = event.source() != Qt.MouseEventSource.MouseEventNotSynthesized
        if not made and not self._pen_down:
            self._pen_near = False  # a real mouse moves again
        return self._pen_down or (self._pen_near and made)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if not self._made_from_pen(event):
            erase = event.button() == Qt.MouseButton.RightButton
            self._begin(event, event.position(), event.button(), 1.0, erase)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._made_from_pen(event):
            return
        if self._gesture is not None and not event.buttons() & self._gesture_button:
            self._finish_gesture(event.position())  # the release went elsewhere
        erase = self._gesture_button == Qt.MouseButton.RightButton
        self._drag(event.position(), erase=erase)
        if self._gesture is None:
            self._show_tool_cursor()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if not self._made_from_pen(event) and event.button() == self._gesture_button:
            self._finish_gesture(event.position())

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
            self._finish_gesture(event.position())

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Zooms at the cursor, with and without Ctrl; a sideways wheel moves sideways."""
        turn = event.angleDelta()
        if turn.y():
            self._zoom_to(self._view.scale * view.WHEEL_STEP ** (turn.y() / 120), event.position())
        elif turn.x():
            self.pan_by(turn.x() / 2, 0)
        event.accept()

    # ------------------------------------------------------------ keys and other events

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Keys that belong to the canvas. The window's actions, where they use the same key, come first."""
        if not self._key_pressed(event):
            super().keyPressEvent(event)

    def _key_pressed(self, event: QKeyEvent) -> bool:
        key, text, keys = event.key(), event.text(), event.modifiers()
        held = keys & (Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.AltModifier)
        if key == Qt.Key.Key_Space and not held:
            self._hold_space(True)
        elif key == Qt.Key.Key_Tab and not held:
            self._hold_tab(True)
        elif key == Qt.Key.Key_Escape and self._gesture is not None:
            self._cancel_gesture()
        elif text in ("[", "{"):
            self.step_brush(-1, large=text == "{")
        elif text in ("]", "}"):
            self.step_brush(1, large=text == "}")
        elif text in ("+", "=") or (key in (Qt.Key.Key_Plus, Qt.Key.Key_Equal) and held):
            self.zoom_in()
        elif text == "-" or (key == Qt.Key.Key_Minus and held):
            self.zoom_out()
        elif key == Qt.Key.Key_0 and held == Qt.KeyboardModifier.ControlModifier:
            self.fit()
        elif key == Qt.Key.Key_1 and held == Qt.KeyboardModifier.ControlModifier:
            self.actual_size()
        elif key in _ARROWS and not held:
            dx, dy = _ARROWS[key]
            self.pan_by(dx * _ARROW_STEP, dy * _ARROW_STEP)
        elif not keys and event.key() in _TOOL_KEYS:
            self.set_tool(_TOOL_KEYS[event.key()])
        else:
            return False
        return True

    def keyReleaseEvent(self, event: QKeyEvent) -> None:
        if event.isAutoRepeat():
            return
        if event.key() == Qt.Key.Key_Space:
            self._hold_space(False)
        elif event.key() == Qt.Key.Key_Tab:
            self._hold_tab(False)
        else:
            super().keyReleaseEvent(event)

    def _hold_space(self, held: bool) -> None:
        if held != self._space:
            self._space = held
            if self._gesture is None:
                self._show_tool_cursor()
            self._move_outline()

    def _hold_tab(self, held: bool) -> None:
        if held != self._overlay_off:
            self._overlay_off = held
            self.update()

    def focusNextPrevChild(self, next: bool) -> bool:
        """Tab hides the overlay while it is held, so only Shift+Tab moves the focus on."""
        return False if next else super().focusNextPrevChild(next)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        self._hold_space(False)
        self._hold_tab(False)
        super().focusOutEvent(event)

    def leaveEvent(self, event: QEvent) -> None:
        if self._gesture is None:
            self._cursor = None
            self._pen_near = False
            self._move_outline()
            self._look_under_cursor()
        super().leaveEvent(event)

    def hideEvent(self, event: QHideEvent) -> None:
        self._finish_gesture()
        super().hideEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        if self._fitted:
            self.fit()
        else:
            before, after = event.oldSize(), event.size()
            if before.isValid():
                self.pan_by((after.width() - before.width()) / 2, (after.height() - before.height()) / 2)
        super().resizeEvent(event)

    def changeEvent(self, event: QEvent) -> None:
        if event.type() == QEvent.Type.LanguageChange:
            self._name()
        super().changeEvent(event)

    def event(self, event: QEvent) -> bool:
        if isinstance(event, QNativeGestureEvent):
            if event.gestureType() == Qt.NativeGestureType.ZoomNativeGesture:
                self._zoom_to(self._view.scale * (1 + event.value()), event.position())
                return True
        elif event.type() == QEvent.Type.DevicePixelRatioChange:
            if self._fitted:
                self.fit()
            self.update()
            self.zoom_changed.emit(self.zoom)
        return super().event(event)


_ARROWS: dict[int, tuple[int, int]] = {
    Qt.Key.Key_Left: (1, 0),
    Qt.Key.Key_Right: (-1, 0),
    Qt.Key.Key_Up: (0, 1),
    Qt.Key.Key_Down: (0, -1),
}
_TOOL_KEYS: dict[int, str] = {
    getattr(Qt.Key, f"Key_{shortcut}"): info.id.value for info in TOOLS for shortcut in info.shortcuts
}
