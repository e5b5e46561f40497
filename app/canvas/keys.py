"""What keys do on the canvas: zoom, pan, tools and brush sizes; Space held pans, Tab held shows the picture alone,
backslash held the photo as it was."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent

from app.canvas.tools import TOOLS

_ARROW_STEP = 64  # widget pixels
_CTRL, _ALT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.AltModifier


class KeyTarget(Protocol):
    """What keys act on."""

    @property
    def gesturing(self) -> bool:
        """Whether a button is held that does something."""
        ...

    def cancel_gesture(self) -> None: ...

    def set_tool(self, tool_id: str) -> None: ...

    def step_brush(self, direction: int, large: bool = False) -> None: ...

    def zoom_in(self) -> None: ...

    def zoom_out(self) -> None: ...

    def fit(self) -> None: ...

    def actual_size(self) -> None: ...

    def pan_by(self, dx: float, dy: float) -> None: ...


class CanvasKeys:
    """The keys that belong to the canvas, and which of them are held."""

    def __init__(
        self,
        target: KeyTarget,
        *,
        space_changed: Callable[[], None],
        tab_changed: Callable[[], None],
        original_changed: Callable[[], None],
    ) -> None:
        self.space_held = False
        self.tab_held = False
        self.original_held = False
        self._target = target
        self._space_changed = space_changed
        self._tab_changed = tab_changed
        self._original_changed = original_changed

    def press(self, event: QKeyEvent) -> bool:
        """Whether the key did something here."""
        key, held = event.key(), event.modifiers() & (_CTRL | _ALT)
        if key == Qt.Key.Key_Space and not held:
            self._hold_space(True)
        elif key == Qt.Key.Key_Tab and not held:
            self._hold_tab(True)
        elif key == Qt.Key.Key_Backslash and not held:
            self._hold_original(True)
        elif key == Qt.Key.Key_Escape and self._target.gesturing:
            self._target.cancel_gesture()
        elif key in _ARROWS and not held:
            dx, dy = _ARROWS[key]
            self._target.pan_by(dx * _ARROW_STEP, dy * _ARROW_STEP)
        elif not event.modifiers() and key in _TOOL_KEYS:
            self._target.set_tool(_TOOL_KEYS[key])
        else:
            return self._press_size(event)
        return True

    def _press_size(self, event: QKeyEvent) -> bool:
        """Keys that change the size of the brush or of what is seen."""
        key, text, held = event.key(), event.text(), event.modifiers() & (_CTRL | _ALT)
        if text in ("[", "{"):
            self._target.step_brush(-1, large=text == "{")
        elif text in ("]", "}"):
            self._target.step_brush(1, large=text == "}")
        elif text in ("+", "=") or (key in (Qt.Key.Key_Plus, Qt.Key.Key_Equal) and held):
            self._target.zoom_in()
        elif text == "-" or (key == Qt.Key.Key_Minus and held):
            self._target.zoom_out()
        elif key == Qt.Key.Key_0 and held == _CTRL:
            self._target.fit()
        elif key == Qt.Key.Key_1 and held == _CTRL:
            self._target.actual_size()
        else:
            return False
        return True

    def release(self, event: QKeyEvent) -> bool:
        """Whether the key belongs to the canvas. Keys that repeat themselves are still held."""
        if event.isAutoRepeat():
            return True
        if event.key() == Qt.Key.Key_Space:
            self._hold_space(False)
        elif event.key() == Qt.Key.Key_Tab:
            self._hold_tab(False)
        elif event.key() == Qt.Key.Key_Backslash:
            self._hold_original(False)
        else:
            return False
        return True

    def let_go(self) -> None:
        """The focus has gone elsewhere: no releases arrive here."""
        self._hold_space(False)
        self._hold_tab(False)
        self._hold_original(False)

    def _hold_space(self, held: bool) -> None:
        if held != self.space_held:
            self.space_held = held
            self._space_changed()

    def _hold_tab(self, held: bool) -> None:
        if held != self.tab_held:
            self.tab_held = held
            self._tab_changed()

    def _hold_original(self, held: bool) -> None:
        if held != self.original_held:
            self.original_held = held
            self._original_changed()


_ARROWS: dict[int, tuple[int, int]] = {
    Qt.Key.Key_Left: (1, 0),
    Qt.Key.Key_Right: (-1, 0),
    Qt.Key.Key_Up: (0, 1),
    Qt.Key.Key_Down: (0, -1),
}
_TOOL_KEYS: dict[int, str] = {
    getattr(Qt.Key, f"Key_{shortcut}"): info.id.value for info in TOOLS for shortcut in info.shortcuts
}
