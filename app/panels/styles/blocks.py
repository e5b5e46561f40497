"""A style for each block: the part of the style card that folds away."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QComboBox, QGridLayout, QSizePolicy, QToolButton, QVBoxLayout, QWidget

from app.panels.styles.slots import CHOICES, MIX, OTHER, A, B, Slots
from app.panels.widgets import muted_label
from app.shell.icons import icons

IN_ROW = 3


class BlocksFold(QWidget):
    """A button, and under it a choice for each block."""

    chosen = Signal(int, str)  # block, choice

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.button = QToolButton()
        self.button.setText(self.tr("A style for each block"))
        self.button.setAccessibleName(self.tr("A style for each block"))
        self.button.setCheckable(True)
        self.button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.button.setProperty("flat", True)
        icons().bind(self.button, "chevron-right")
        self.button.toggled.connect(self._unfold)
        self._box = QWidget()
        self._grid = QGridLayout(self._box)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(6)
        self._grid.setVerticalSpacing(3)
        self._box.hide()
        self.combos: list[QComboBox] = []
        column_layout = QVBoxLayout(self)
        column_layout.setContentsMargins(0, 0, 0, 0)
        column_layout.addWidget(self.button)
        column_layout.addWidget(self._box)

    def show_slots(self, slots: Slots, count: int) -> None:
        """Show what each of ``count`` blocks takes; more where the style itself has more."""
        has_second = slots.b is not None
        count = len(slots.blocks) or count
        self._fit(count)
        choices = slots.blocks or ((MIX if has_second else A),) * count
        if slots.blocks:
            self.button.setChecked(True)
        for combo, choice in zip(self.combos, choices):
            combo.setCurrentIndex(combo.findData(choice))
            model = combo.model()
            for row in range(combo.count()):
                choice_of_row = combo.itemData(row)
                usable = has_second or choice_of_row not in (B, MIX)
                usable = usable and (choice_of_row != OTHER or choice == OTHER)
                model.setData(model.index(row, 0), None if usable else 0, Qt.ItemDataRole.UserRole - 1)

    def allow(self, blocks: int, why_not: str, locked: bool) -> None:
        """Whether the weights can cross styles over; ``why_not`` explains it where they cannot. A locked style is
        shown, not changed."""
        self._box.setEnabled(not locked)
        self.button.setEnabled(blocks > 0)
        crossover = self.tr("Crossover: early blocks decide the coarse look, late blocks colour and texture")
        self.button.setToolTip(crossover if blocks else why_not)
        if not blocks and not self.combos:
            self.button.setChecked(False)

    def _unfold(self, unfolded: bool) -> None:
        self._box.setVisible(unfolded)
        icons().bind(self.button, "chevron-down" if unfolded else "chevron-right")

    def _fit(self, count: int) -> None:
        """As many choices as there are blocks."""
        if len(self.combos) == count:
            return
        while (layout_item := self._grid.takeAt(0)) is not None:
            widget = layout_item.widget()
            if widget is not None:
                widget.deleteLater()
        self.combos.clear()
        for block_number in range(count):
            caption = muted_label(str(block_number + 1))
            caption.setAlignment(Qt.AlignmentFlag.AlignCenter)
            combo = QComboBox()
            combo.setAccessibleName(self.tr("Style of block {0}").format(block_number + 1))
            combo.setToolTip(self.tr("Block {0} of {1}, from coarse to fine").format(block_number + 1, count))
            combo.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
            choice_texts = (self.tr("First"), self.tr("Second"), self.tr("Mix"), self.tr("Mean"), self.tr("Other"))
            for choice, text in zip((*CHOICES, OTHER), choice_texts):
                combo.addItem(text, choice)
            combo.activated.connect(
                lambda _, block=block_number: self.chosen.emit(block, str(self.combos[block].currentData()))
            )
            self.combos.append(combo)
            self._grid.addWidget(caption, 2 * (block_number // IN_ROW), block_number % IN_ROW)
            self._grid.addWidget(combo, 2 * (block_number // IN_ROW) + 1, block_number % IN_ROW)
