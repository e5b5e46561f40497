"""One row of the list of edits: whether a region's change is seen, what it is, how much of it, and away with it."""

from __future__ import annotations

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtGui import QPixmap
from PySide6.QtWidgets import QCheckBox, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from app.imaging.mime import style_mime
from app.panels.elided import ElidedLabel
from app.panels.styles.looks import placeholder_icon
from app.panels.thumb import Thumb
from app.panels.widgets import horizontal_slider, icon_button
from engine.requests.edit import RegionEdit

THUMB_SIDE = 40


class EditRow(QWidget):
    """Shows one edit; what the user does to it is told, nothing is kept."""

    switched = Signal(bool)
    strength_moved = Signal(int)  # per cent
    strength_let_go = Signal()
    removed = Signal()
    picture_wanted = Signal()
    incoming = Signal(object)  # Incoming
    taken_apart = Signal()

    def __init__(self, region_name: str, parent: QWidget | None = None, *, is_pair: bool = False) -> None:
        """``is_pair``: it is a row of two regions, which can be taken apart."""
        super().__init__(parent)
        self.setAccessibleName(region_name)
        self.check = QCheckBox()
        self.check.setAccessibleName(self.tr("Show the change of {0}").format(region_name))
        self.check.setToolTip(self.tr("Off: the photo as it was (Space)"))
        self.check.toggled.connect(self.switched)
        self.thumb = Thumb(THUMB_SIDE, self.tr("Style of {0}").format(region_name))
        self.thumb.setToolTip(self.tr("Drop a picture or a colour here, or click to choose a file"))
        self.thumb.clicked.connect(self.picture_wanted)
        self.thumb.incoming.connect(self.incoming)
        self._name = ElidedLabel(self.tr("Region"), muted=False)
        self._name.setProperty("heading", True)
        self._name.show_text(region_name)
        self._source = ElidedLabel(self.tr("Where the style comes from"))
        self.remove = icon_button("close", self.tr("Remove the change of {0}").format(region_name))
        self.remove.setToolTip(self.tr("The region is the photo's again (Delete)"))
        self.remove.clicked.connect(self.removed)
        self.apart = icon_button("chevron-down", self.tr("A row for each of {0}").format(region_name))
        self.apart.setToolTip(self.tr("Change each of the two on its own"))
        self.apart.clicked.connect(self.taken_apart)
        self.apart.setVisible(is_pair)
        self.slider = horizontal_slider()
        self.slider.setRange(0, 100)
        self.slider.setPageStep(10)
        self.slider.setAccessibleName(self.tr("Strength of {0} in per cent").format(region_name))
        self.slider.setToolTip(self.tr("How much of the change is seen (left and right)"))
        self.slider.valueChanged.connect(self._moved)
        self.slider.sliderReleased.connect(self.strength_let_go)
        self._per_cent = QLabel()
        self._per_cent.setMinimumWidth(self.fontMetrics().horizontalAdvance("100 %"))
        self._per_cent.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self._lay_out()

    def _lay_out(self) -> None:
        slider_row = QHBoxLayout()
        slider_row.setSpacing(8)
        slider_row.addWidget(self.slider, 1)
        slider_row.addWidget(self._per_cent)
        text_column = QVBoxLayout()
        text_column.setSpacing(1)
        text_column.addWidget(self._name)
        text_column.addWidget(self._source)
        text_column.addLayout(slider_row)
        row_layout = QHBoxLayout(self)
        row_layout.setContentsMargins(8, 6, 6, 6)
        row_layout.setSpacing(8)
        row_layout.addWidget(self.check)
        row_layout.addWidget(self.thumb)
        row_layout.addLayout(text_column, 1)
        button_column = QVBoxLayout()
        button_column.setSpacing(0)
        button_column.addWidget(self.remove)
        button_column.addWidget(self.apart)
        button_column.addStretch(1)
        row_layout.addLayout(button_column)

    def show_edit(self, edit: RegionEdit, source_text: str, pixmap: QPixmap | None) -> None:
        """Show an edit, where its style comes from and what it looks like; None where there is no picture of it."""
        per_cent = round(100 * edit.strength)
        with QSignalBlocker(self.check), QSignalBlocker(self.slider):
            self.check.setChecked(edit.on)
            self.slider.setValue(per_cent)
        self._per_cent.setText(self.tr("{0} %").format(per_cent))
        self._source.show_text(source_text)
        self.thumb.show_style(pixmap, icon=placeholder_icon(edit.style), drag=lambda: style_mime(edit.label))
        for widget in (self.slider, self._per_cent, self._source):
            widget.setEnabled(edit.on)

    def _moved(self, per_cent: int) -> None:
        self._per_cent.setText(self.tr("{0} %").format(per_cent))
        self.strength_moved.emit(per_cent)
