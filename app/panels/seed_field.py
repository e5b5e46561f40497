"""A field for a seed: a whole number larger than a spin box can hold."""

from __future__ import annotations

from PySide6.QtCore import QSize, Signal
from PySide6.QtGui import QFontMetrics
from PySide6.QtWidgets import QLineEdit, QWidget

from engine.requests.styles import MAX_SEED


class SeedField(QLineEdit):
    """A seed, 0 to 2^63 - 1, or nothing where there is none. Text that is no seed becomes the seed shown before."""

    entered = Signal(object)  # int: may be larger than what a C++ int holds

    def __init__(self, accessible_name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName(accessible_name)
        self.setMaxLength(len(str(MAX_SEED)))
        self._shown: int | None = None
        self.editingFinished.connect(self._enter)

    def sizeHint(self) -> QSize:
        return QSize(QFontMetrics(self.font()).horizontalAdvance("0000000000") + 20, super().sizeHint().height())

    def show_seed(self, seed: int | None) -> None:
        """Show a seed, or none. What is being typed stays."""
        if seed != self._shown or not self.hasFocus():
            self._shown = seed
            self._restore()

    def _restore(self) -> None:
        self.setText("" if self._shown is None else str(self._shown))
        self.setCursorPosition(0)

    def _enter(self) -> None:
        typed_text = self.text().strip()
        if not typed_text.isdecimal() or int(typed_text) > MAX_SEED:
            self._restore()
        elif int(typed_text) != self._shown:
            self._shown = int(typed_text)
            self.entered.emit(self._shown)
