"""The canvas: the view of a document, plus what mouse, pen, keys and drops do to it.

Each of these is a part of its own, which gets the widget's events; nothing of the document is kept here.
"""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt, Signal
from PySide6.QtGui import (
    QContextMenuEvent,
    QDragEnterEvent,
    QDragLeaveEvent,
    QDragMoveEvent,
    QDropEvent,
    QFocusEvent,
    QHideEvent,
    QKeyEvent,
    QMouseEvent,
    QNativeGestureEvent,
    QTabletEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QWidget

from app.canvas.canvas_view import CanvasView
from app.canvas.drops import NO_LABEL, Drops
from app.canvas.gestures import Gestures
from app.canvas.keys import CanvasKeys
from app.canvas.tools import BucketTool
from app.document.document import Document
from app.raster import strokes, view
from app.raster.view import Enlarged, Mode

_DIVIDER_GRIP = 5  # widget pixels on either side of the wipe's divider
_START_DIAMETER = 24


class CanvasWidget(CanvasView):
    """The view of one document with tools, keys, gestures and drops; it sends each event to the part it is for."""

    brush_changed = Signal(int)  # diameter in image pixels
    tool_changed = Signal(str)  # a ToolId's value
    failed = Signal(object)  # EngineError: what a tool was asked cannot be done
    menu_wanted = Signal(int, QPoint)  # a region that was right-clicked, and where on the screen

    def __init__(self, document: Document, parent: QWidget | None = None) -> None:
        super().__init__(document, parent)
        self._brush_diameter = _START_DIAMETER
        self._gestures = Gestures(self, tell_failed=self.failed.emit, ask_menu=self._ask_menu)
        self._keys = CanvasKeys(
            self,
            space_changed=self._space_changed,
            tab_changed=self._tab_changed,
            original_changed=lambda: self.hold_original(self._keys.original_held),
        )
        self.drops = Drops(self, self)
        self.setAcceptDrops(True)
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
                "Tab held hides the label map, backslash held shows a photo as it was, Shift+Tab leaves the canvas."
            )
        )

    # ------------------------------------------------------------ tools and brush

    @property
    def tool_id(self) -> str:
        return self._gestures.tool.id.value

    def set_tool(self, tool_id: str) -> None:
        """ "brush", "eraser", "bucket", "piece", "pick" or "pan"; see `app.canvas.tools.TOOLS`."""
        if self._gestures.choose(tool_id):
            self.show_tool_cursor()
            self.move_outline()
            self.tool_changed.emit(self.tool_id)

    def set_enlarged(self, enlarged: Enlarged) -> None:
        """How pictures are shown larger than they are."""
        self._drawing.enlarged = enlarged
        self.update()

    @property
    def bucket(self) -> BucketTool:
        """The bucket with its options."""
        return self._gestures.bucket

    @property
    def brush_diameter(self) -> int:
        return self._brush_diameter

    def set_brush_diameter(self, diameter: float) -> None:
        """In image pixels, rounded and kept within 1-1024."""
        diameter = strokes.clamp_diameter(diameter)
        if diameter != self._brush_diameter:
            self._brush_diameter = diameter
            self.move_outline()
            self.brush_changed.emit(diameter)

    def step_brush(self, direction: int, large: bool = False) -> None:
        """`[` (-1) and `]` (+1); `large` with Shift."""
        self.set_brush_diameter(strokes.step_diameter(diameter=self._brush_diameter, direction=direction, large=large))

    def show_brushed(self, brushed: np.ndarray | None) -> None:
        """Outlines what is brushed, (H, W) bool; None ends it."""
        self.outline.show_brushed(brushed)

    def outline_diameter(self) -> int | None:
        return self._brush_diameter if self._gestures.shows_outline and not self.space_held else None

    # ------------------------------------------------------------ gestures

    @property
    def gesturing(self) -> bool:
        """Whether a button is held that does something."""
        return self._gestures.gesture is not None

    @property
    def space_held(self) -> bool:
        """Whether the key is held that makes every tool pan."""
        return self._keys.space_held

    def finish_gesture(self) -> None:
        self._gestures.finish()

    def cancel_gesture(self) -> None:
        self._gestures.cancel()

    def on_divider(self, point: QPointF) -> bool:
        """Whether a point of the widget is on the wipe's divider."""
        return self.mode is Mode.WIPE and abs(point.x() - self.wipe * self.width()) <= _DIVIDER_GRIP

    def show_tool_cursor(self) -> None:
        """Shows what the pointer would do, or does, now."""
        if self.gesturing:
            self.setCursor(self._gestures.cursor)
        elif self.space_held:
            self.setCursor(Qt.CursorShape.OpenHandCursor)
        else:
            over = self._cursor is not None and self.on_divider(self._cursor)
            self.setCursor(Qt.CursorShape.SplitHCursor if over else self._gestures.cursor)

    @property
    def pointed_pixel(self) -> tuple[int, int] | None:
        """The pixel (x, y) of the image under the pointer; None where that is elsewhere."""
        if self._cursor is None or self.label_at(self._cursor) == NO_LABEL:
            return None
        return self.pixel_at(self._cursor)

    # ------------------------------------------------------------ mouse, pen and wheel

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._gestures.mouse_pressed(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self._gestures.mouse_moved(event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self._gestures.mouse_released(event)

    def tabletEvent(self, event: QTabletEvent) -> None:
        self._gestures.pen(event)

    def leaveEvent(self, event: QEvent) -> None:
        self._gestures.left()
        super().leaveEvent(event)

    def hideEvent(self, event: QHideEvent) -> None:
        self.finish_gesture()
        super().hideEvent(event)

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Zooms at the cursor, with and without Ctrl; a sideways wheel moves sideways."""
        turn = event.angleDelta()
        if turn.y():
            self.zoom_to(self.view.scale * view.WHEEL_STEP ** (turn.y() / 120), event.position())
        elif turn.x():
            self.pan_by(turn.x() / 2, 0)
        event.accept()

    # ------------------------------------------------------------ keys

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Keys that belong to the canvas. The window's actions, where they use the same key, come first."""
        if not self._keys.press(event):
            super().keyPressEvent(event)

    def keyReleaseEvent(self, event: QKeyEvent) -> None:
        if not self._keys.release(event):
            super().keyReleaseEvent(event)

    def focusNextPrevChild(self, next: bool) -> bool:
        """Tab hides the overlay while it is held, so only Shift+Tab moves the focus on."""
        return False if next else super().focusNextPrevChild(next)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        self._keys.let_go()
        super().focusOutEvent(event)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """The menu key; a click of the right button is told on its release, for a drag of it erases."""
        if event.reason() == QContextMenuEvent.Reason.Keyboard:
            self.menu_wanted.emit(self.document.current_region, self.mapToGlobal(self.rect().center()))

    def _ask_menu(self, point: QPointF) -> None:
        if self.label_at(point) != NO_LABEL:
            x, y = self.pixel_at(point)
            self.menu_wanted.emit(int(self.document.regions.map[y, x]), self.mapToGlobal(point).toPoint())

    def _space_changed(self) -> None:
        if not self.gesturing:
            self.show_tool_cursor()
        self.move_outline()

    def _tab_changed(self) -> None:
        self.hide_overlay(self._keys.tab_held)

    # ------------------------------------------------------------ drops

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        self.drops.drag(event)

    def dragMoveEvent(self, event: QDragMoveEvent) -> None:
        self.drops.drag(event)

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        self.drops.leave()

    def dropEvent(self, event: QDropEvent) -> None:
        self.drops.drop(event)

    # ------------------------------------------------------------ other events

    def changeEvent(self, event: QEvent) -> None:
        if event.type() == QEvent.Type.LanguageChange:
            self._name()
        super().changeEvent(event)

    def event(self, event: QEvent) -> bool:
        pinch = Qt.NativeGestureType.ZoomNativeGesture
        if isinstance(event, QNativeGestureEvent) and event.gestureType() == pinch:
            self.zoom_to(self.view.scale * (1 + event.value()), event.position())
            return True
        return super().event(event)
