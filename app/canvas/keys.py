"""What keys do on the canvas: zoom, pan, tools and brush sizes; Space held pans, Tab held shows the picture alone."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QFocusEvent, QKeyEvent
from PySide6.QtWidgets import QWidget

from app.canvas.canvas_view import CanvasView
from app.canvas.tools import TOOLS
from app.document.document import Document

_ARROW_STEP = 64  # widget pixels


class CanvasKeys(CanvasView):
    """The view with its keys; tools and gestures are those of `app.canvas.widget`."""

    def __init__(self, document: Document, parent: QWidget | None = None) -> None:
        super().__init__(document, parent)
        self._space = False  # it is held

    @property
    def gesturing(self) -> bool:
        """Whether a button is held that does something."""
        raise NotImplementedError

    def set_tool(self, tool_id: str) -> None:
        """Chooses a tool by its id."""
        raise NotImplementedError

    def step_brush(self, direction: int, large: bool = False) -> None:
        """The brush one step smaller (-1) or larger (+1)."""
        raise NotImplementedError

    def show_tool_cursor(self) -> None:
        """Shows what the pointer would do now."""
        raise NotImplementedError

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
        elif key == Qt.Key.Key_Escape and self.gesturing:
            self.cancel_gesture()
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
            if not self.gesturing:
                self.show_tool_cursor()
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


_ARROWS: dict[int, tuple[int, int]] = {
    Qt.Key.Key_Left: (1, 0),
    Qt.Key.Key_Right: (-1, 0),
    Qt.Key.Key_Up: (0, 1),
    Qt.Key.Key_Down: (0, -1),
}
_TOOL_KEYS: dict[int, str] = {
    getattr(Qt.Key, f"Key_{shortcut}"): info.id.value for info in TOOLS for shortcut in info.shortcuts
}
