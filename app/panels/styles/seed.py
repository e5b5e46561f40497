"""The row of a drawn style: roll it, see its seed, copy it, type one in."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QWidget

from app.panels.seed_field import SeedField
from app.panels.widgets import icon_button


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
        self.field = SeedField(self.tr("Seed of the style"))
        self.field.setPlaceholderText(self.tr("Seed"))
        self.field.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
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
