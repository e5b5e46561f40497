"""What of a photo a new painting shows, and its size: a crop over the regions, and boxes for the size below them."""

from __future__ import annotations

from functools import partial

import numpy as np
from PySide6.QtCore import QSignalBlocker, Signal
from PySide6.QtWidgets import QCheckBox, QHBoxLayout, QLabel, QPushButton, QSpinBox, QVBoxLayout, QWidget

from app.canvas.crop_frame import CropFrame
from app.canvas.widget import CanvasWidget
from app.document.opening import Painting
from app.panels.widgets import muted_label
from app.raster.cropping import Cropping
from app.texts.label_names import name_of
from engine.labels.looked_at import UNSEEN, without_unseen

MOST_NAMES = 3  # of regions that are left out


class CropBar(QWidget):
    """Keeps crop and size in step, and says what is kept of the photo and what is painted. What is proposed follows the
    regions until the user chooses."""

    finished = Signal()  # with the crop, for now: another tool, please

    def __init__(self, canvas: CanvasWidget, painting: Painting, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._document = canvas.document
        self._painting = painting
        self._cropping = self._proposed = painting.proposed(self._document.label_map, self._document.looked_at)
        self.frame = CropFrame(canvas, self._cropping)
        self.frame.changed.connect(self._choose)
        self.frame.left.connect(self.finished)
        self.width_box, self.height_box = QSpinBox(), QSpinBox()
        for box, name in ((self.width_box, self.tr("Width")), (self.height_box, self.tr("Height"))):
            box.setAccessibleName(name)
            box.setKeyboardTracking(False)  # a number that is being typed is no size yet
            box.setRange(self._cropping.stride, self._cropping.longest)
            box.setSingleStep(self._cropping.stride)
            box.valueChanged.connect(partial(self._size_typed, box))
        self.keeps_form = QCheckBox(self.tr("Keep the form"))
        self.keeps_form.setToolTip(self.tr("The other side of the size follows; else the crop takes the size's form"))
        self.keeps_form.setAccessibleName(self.tr("Keep the form"))
        self.keeps_form.setChecked(True)
        self.reset = QPushButton(self.tr("As proposed"))
        self.reset.setAccessibleName(self.tr("As proposed"))
        self.reset.setToolTip(self.tr("The crop and the size that were proposed for these regions"))
        self.reset.clicked.connect(self._propose)
        self.summary = muted_label()
        self.summary.setAccessibleName(self.tr("What is kept and what is painted"))
        self.summary.setWordWrap(True)
        self._build()
        self._document.undo_changed.connect(self._regions_changed)
        self._show()

    def _build(self) -> None:
        row_layout = QHBoxLayout()
        row_layout.setSpacing(10)
        row_layout.addWidget(QLabel(self.tr("Size in pixels")))
        row_layout.addWidget(self.width_box)
        row_layout.addWidget(QLabel("×"))
        row_layout.addWidget(self.height_box)
        row_layout.addWidget(self.keeps_form)
        row_layout.addStretch(1)
        row_layout.addWidget(self.reset)
        column_layout = QVBoxLayout(self)
        column_layout.setContentsMargins(0, 0, 0, 0)
        column_layout.setSpacing(6)
        column_layout.addLayout(row_layout)
        column_layout.addWidget(self.summary)

    @property
    def cropping(self) -> Cropping:
        """What is chosen, or proposed."""
        return self._cropping

    # ------------------------------------------------------------ what the user does

    def _choose(self, cropping: Cropping) -> None:
        self._cropping = cropping
        self._show()

    def _size_typed(self, box: QSpinBox, side: int) -> None:
        change = self._cropping.with_width if box is self.width_box else self._cropping.with_height
        self._choose(change(side, keeps_form=self.keeps_form.isChecked()))

    def _propose(self) -> None:
        self._proposed = self._painting.proposed(self._document.label_map, self._document.looked_at)
        self._choose(self._proposed)

    def _regions_changed(self) -> None:
        if self._document.stroking:
            return
        if self._cropping == self._proposed:
            self._propose()
        else:
            self._show()

    # ------------------------------------------------------------ what is shown

    def _show(self) -> None:
        for box, side in ((self.height_box, self._cropping.size[0]), (self.width_box, self._cropping.size[1])):
            with QSignalBlocker(box):
                box.setValue(side)
        self.frame.show_cropping(self._cropping)
        self.summary.setText(" ".join(self._sentences()))

    def _sentences(self) -> list[str]:
        """What is kept of the photo, what is painted, what is left out, and what the crop is not good enough for."""
        cropping, label_map = self._cropping, self._document.label_map
        kept_labels = np.unique(label_map[cropping.crop.slices])
        kept = self.tr("Kept: form and style of the regions in {0} % of the photo.")
        sentences = [kept.format(max(1, round(100 * cropping.share)))]
        (height, width), (painted_height, painted_width) = cropping.size, self._painting.painted(cropping.size)
        if (painted_height, painted_width) == (height, width):
            sentences.append(self.tr("Painted anew: all {0} x {1} pixels.").format(width, height))
        else:
            painted = self.tr("Painted anew: {0} x {1} pixels, shown as {2} x {3}.")
            sentences.append(painted.format(painted_width, painted_height, width, height))
        left_out = [label for label in np.unique(label_map) if label not in kept_labels]
        if left_out:
            names = [name_of(self._document.label_set, label) for label in left_out[:MOST_NAMES]]
            names += ["..."] if len(left_out) > MOST_NAMES else []
            sentences.append(self.tr("Left out: {0}.").format(", ".join(names)))
        rows, columns = cropping.crop.slices
        if without_unseen(label_map, self._document.looked_at)[rows, columns].max() == UNSEEN:
            unseen = self.tr("What lies outside the dashed frame was not looked at: background is painted there.")
            sentences.append(unseen)
        if cropping.enlarges:
            coarse = self.tr("Only {0} x {1} pixels are looked at there, so borders of regions are coarse.")
            sentences.append(coarse.format(cropping.crop.width, cropping.crop.height))
        if cropping.stretches:
            sentences.append(self.tr("The crop is longer than sizes can be and is stretched; a shorter one is not."))
        return sentences
