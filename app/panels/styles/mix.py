"""The row of a style's second half: what it is mixed with, and how much of that."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QLabel, QVBoxLayout, QWidget

from app.panels.elided import ElidedLabel
from app.panels.thumb import Thumb
from app.panels.widgets import horizontal_slider, icon_button


class MixRow(QWidget):
    """Thumbnail, dice and slider of the second style; the card that holds it says what they do."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.thumb = Thumb(44, self.tr("Second style picture"))
        self._text = ElidedLabel(self.tr("Second style"))
        self.slider = horizontal_slider()
        self.slider.setRange(0, 100)
        self.slider.setAccessibleName(self.tr("Mix with the second style"))
        self.slider.valueChanged.connect(self._show_amount)
        self._per_cent = QLabel()
        self._per_cent.setAccessibleName(self.tr("Share of the second style"))
        self._per_cent.setMinimumWidth(self.fontMetrics().horizontalAdvance("100 %"))
        self._per_cent.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.dice = icon_button("dice", self.tr("Roll the second style"))
        self.clear = icon_button("close", self.tr("Remove the second style"))
        self._two = False
        top_row = QHBoxLayout()
        top_row.setSpacing(4)
        top_row.addWidget(self._text, 1)
        top_row.addWidget(self.dice)
        top_row.addWidget(self.clear)
        bottom_row = QHBoxLayout()
        bottom_row.setSpacing(8)
        bottom_row.addWidget(self.slider, 1)
        bottom_row.addWidget(self._per_cent)
        column_layout = QVBoxLayout()
        column_layout.setSpacing(2)
        column_layout.addLayout(top_row)
        column_layout.addLayout(bottom_row)
        row_layout = QHBoxLayout(self)
        row_layout.setContentsMargins(0, 0, 0, 0)
        row_layout.setSpacing(12)
        row_layout.addWidget(self.thumb)
        row_layout.addLayout(column_layout, 1)

    def show_mix(self, source_text: str | None, second_share: float) -> None:
        """Where the second style comes from, None where there is none, and its share, 0 to 1 (files may hold more)."""
        self._two = source_text is not None
        self._text.show_text(source_text or self.tr("Drop a second style to mix"))
        self.clear.setVisible(self._two)
        self.slider.setValue(round(100 * second_share))
        self._show_amount(round(100 * second_share))

    def _show_amount(self, per_cent: int) -> None:
        self._per_cent.setText(self.tr("{0} %").format(per_cent) if self._two else "")
