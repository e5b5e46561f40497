"""The row of a drawn style: roll it, see its seed, copy it, type one in."""

from __future__ import annotations

from PySide6.QtCore import QSize, Signal
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QSizePolicy, QWidget

from app.panels.widgets import icon_button
from engine.requests.styles import MAX_SEED


class SeedField(QLineEdit):
    """A seed, or nothing where the style was not drawn. What is no seed is put right again."""

    entered = Signal(object)  # int: may be larger than what a C++ int holds

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setMaxLength(len(str(MAX_SEED)))
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self._shown: int | None = None
        self.returnPressed.connect(lambda: self._enter(again=True))
        self.editingFinished.connect(lambda: self._enter(again=False))

    def sizeHint(self) -> QSize:
        return QSize(90, super().sizeHint().height())

    def show_seed(self, seed: int | None) -> None:
        """Show a seed, or none. What is being typed stays."""
        if seed != self._shown or not self.hasFocus():
            self._shown = seed
            self.setText("" if seed is None else str(seed))
            self.setCursorPosition(0)

    def _enter(self, *, again: bool) -> None:
        typed_text = self.text().strip()
        if typed_text.isdecimal() and int(typed_text) <= MAX_SEED:
            if int(typed_text) != self._shown:
                self._shown = int(typed_text)
                self.entered.emit(int(typed_text))
        elif again or typed_text:
            shown_seed, self._shown = self._shown, None
            self.setText("" if shown_seed is None else str(shown_seed))
            self._shown = shown_seed


class SeedRow(QWidget):
    """Dice, seed and copy button of one style."""

    dice_wanted = Signal()
    entered = Signal(object)  # int
    copy_wanted = Signal(object)  # int

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._seed: int | None = None
        self.dice = icon_button("dice", self.tr("Roll a style"))
        self.dice.clicked.connect(self.dice_wanted)
        self.field = SeedField()
        self.field.setPlaceholderText(self.tr("Seed"))
        self.field.setAccessibleName(self.tr("Seed of the style"))
        self.field.entered.connect(self.entered)
        self.copy = icon_button("copy", self.tr("Copy the seed"))
        self.copy.setToolTip(self.tr("Copy the seed; typed in again it gives the same style"))
        self.copy.clicked.connect(lambda: self.copy_wanted.emit(self._seed))
        row_layout = QHBoxLayout(self)
        row_layout.setContentsMargins(0, 0, 0, 0)
        row_layout.setSpacing(4)
        row_layout.addWidget(self.dice)
        row_layout.addWidget(self.field, 1)
        row_layout.addWidget(self.copy)

    def show_seed(self, seed: int | None) -> None:
        """The seed of the style; None where it was not drawn."""
        self._seed = seed
        self.field.show_seed(seed)
        self.copy.setEnabled(seed is not None)

    def allow(self, samples: bool, locked: bool, why_not: str) -> None:
        """Whether styles can be drawn and this one is not locked; ``why_not`` explains it where they cannot."""
        for widget, tool_tip in (
            (self.dice, self.tr("Draw a new random style (Ctrl+D)")),
            (self.field, self.tr("Seed of the drawn style: type one in to have its style again")),
        ):
            widget.setEnabled(samples and not locked)
            widget.setToolTip(tool_tip if samples and not locked else why_not)
