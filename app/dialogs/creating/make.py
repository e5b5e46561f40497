"""Pictures of a class out of noise: classes, seed, truncation and how many; one is taken to work with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from PySide6.QtCore import QSize, Qt, QTimer, Signal
from PySide6.QtGui import QIcon, QPixmap
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QDoubleSpinBox,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QListView,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from app.imaging.pixels import to_qimage
from app.panels.seed_field import SeedField
from app.panels.widgets import horizontal_slider, icon_button, muted_label, set_primary

SIDE = 132
"""Of a picture in the list, in points."""
SETTLED_MS = 120
"""A number that is being changed is not asked for at once."""
MOST_PICTURES = 36


class MakeDialog(QDialog):
    """What is to be seen, and the pictures; who makes them is the controller's business."""

    wanted = Signal()  # others are to be made
    taken = Signal(int)  # the number of a picture in the list

    def __init__(self, classes: Mapping[str, Sequence[str]], seed: int, parent: QWidget | None = None) -> None:
        """classes: what weights make pictures of, by their names, the first choice first."""
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(self.tr("Make pictures"))
        self.resize(980, 660)
        self._classes = dict(classes)
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(SETTLED_MS)
        self._soon.timeout.connect(self.wanted)
        self._seed = seed
        self._make_fields()
        self.pictures = QListWidget()
        self.pictures.setViewMode(QListView.ViewMode.IconMode)
        self.pictures.setResizeMode(QListView.ResizeMode.Adjust)
        self.pictures.setMovement(QListView.Movement.Static)
        self.pictures.setIconSize(QSize(SIDE, SIDE))
        self.pictures.setAccessibleName(self.tr("Pictures"))
        self.pictures.itemActivated.connect(lambda _: self._take())
        self.pictures.itemSelectionChanged.connect(self._show_choice)
        self.problem = muted_label()
        self.problem.setWordWrap(True)
        self.problem.setAccessibleName(self.tr("What is wrong"))
        self._build()
        self._show_classes()
        self._show_choice()

    # --- building -----------------------------------------------------------------------------------

    def _make_fields(self) -> None:
        self.weights, self.class_name, self.other_class = QComboBox(), QComboBox(), QComboBox()
        self.weights.addItems(list(self._classes))
        self.mix = horizontal_slider()
        self.mix.setRange(0, 100)
        self.mix.setValue(50)
        self.seed = SeedField(self.tr("Seed"))
        self.seed.show_seed(self._seed)
        self.dice = icon_button("dice", self.tr("New seed"))
        self.truncation = QDoubleSpinBox()
        self.truncation.setRange(0.0, 3.0)
        self.truncation.setSingleStep(0.1)
        self.truncation.setSpecialValueText(self.tr("None"))
        self.truncation.setToolTip(self.tr("How far noise may lie from 0: smaller is more typical, and less varied"))
        self.count = QSpinBox()
        self.count.setRange(1, MOST_PICTURES)
        self.count.setValue(9)
        self.entities = QCheckBox(self.tr("Show what the network finds"))
        self.entities.setToolTip(self.tr("The layout that attentive normalization finds by itself, in colours"))
        names = (
            (self.weights, self.tr("Weights")),
            (self.class_name, self.tr("Class")),
            (self.other_class, self.tr("Mixed with")),
            (self.mix, self.tr("How much of the other class")),
            (self.truncation, self.tr("Truncation")),
            (self.count, self.tr("How many")),
            (self.entities, self.tr("Show what the network finds")),
        )
        for field, name in names:
            field.setAccessibleName(name)
        self.weights.currentIndexChanged.connect(self._show_classes)
        for changed in (
            self.class_name.currentIndexChanged,
            self.other_class.currentIndexChanged,
            self.mix.valueChanged,
            self.truncation.valueChanged,
            self.count.valueChanged,
            self.entities.toggled,
        ):
            changed.connect(self._change)
        self.seed.entered.connect(self._enter_seed)

    def _build(self) -> None:
        form_layout = QFormLayout()
        seed_row = QHBoxLayout()
        seed_row.addWidget(self.seed, 1)
        seed_row.addWidget(self.dice)
        form_layout.addRow(self.tr("Weights"), self.weights)
        form_layout.addRow(self.tr("Class"), self.class_name)
        form_layout.addRow(self.tr("Mixed with"), self.other_class)
        form_layout.addRow("", self.mix)
        form_layout.addRow(self.tr("Seed"), seed_row)
        form_layout.addRow(self.tr("Truncation"), self.truncation)
        form_layout.addRow(self.tr("How many"), self.count)
        form_layout.addRow(self.entities)
        self.use = QPushButton(self.tr("Use this picture..."))
        self.use.setAutoDefault(False)
        self.use.clicked.connect(self._take)
        set_primary(self.use)
        close_button = QPushButton(self.tr("Close"))
        close_button.setAutoDefault(False)
        close_button.clicked.connect(self.reject)
        hint = QLabel(self.tr("A picture becomes a photo to edit, or the source of a style."))
        hint.setWordWrap(True)
        side_layout = QVBoxLayout()
        side_layout.addLayout(form_layout)
        side_layout.addWidget(hint)
        side_layout.addWidget(self.problem)
        side_layout.addStretch(1)
        button_row = QHBoxLayout()
        button_row.addStretch(1)
        button_row.addWidget(close_button)
        button_row.addWidget(self.use)
        side_layout.addLayout(button_row)
        row_layout = QHBoxLayout(self)
        row_layout.setContentsMargins(14, 14, 14, 12)
        row_layout.setSpacing(14)
        row_layout.addWidget(self.pictures, 1)
        row_layout.addLayout(side_layout)

    # --- what is chosen -----------------------------------------------------------------------------

    @property
    def shares(self) -> dict[str, float]:
        """How much of each class is to be seen."""
        first, second, share = self.class_name.currentText(), self.other_class.currentData(), self.mix.value() / 100
        if not second or second == first or share == 0:
            return {first: 1.0}
        return {second: 1.0} if share == 1 else {first: 1 - share, second: share}

    @property
    def chosen_seed(self) -> int:
        """Of the first picture."""
        return self._seed

    def show_seed(self, seed: int) -> None:
        """Another first seed."""
        self._enter_seed(seed)
        self.seed.show_seed(seed)

    # --- what the controller says -------------------------------------------------------------------

    def show_pictures(self, pictures: Sequence[np.ndarray]) -> None:
        """(H, W, 3) uint8 each; which one is chosen stays."""
        self.problem.setText("")
        row = max(0, self.pictures.currentRow())
        self.pictures.clear()
        for position, pixels in enumerate(pictures):
            keep, smooth = Qt.AspectRatioMode.KeepAspectRatio, Qt.TransformationMode.SmoothTransformation
            scaled = QPixmap.fromImage(to_qimage(pixels)).scaled(SIDE, SIDE, keep, smooth)
            self.pictures.addItem(QListWidgetItem(QIcon(scaled), str(self._seed + position)))
        self.pictures.setCurrentRow(min(row, len(pictures) - 1))

    def fail(self, sentence: str) -> None:
        """They cannot be made."""
        self.problem.setText(sentence)

    # --- behaviour ----------------------------------------------------------------------------------

    def _change(self, *_: object) -> None:
        self.mix.setEnabled(bool(self.other_class.currentData()))
        self._soon.start()

    def _enter_seed(self, seed: int) -> None:
        self._seed = seed
        self._soon.start()

    def _show_classes(self, *_: object) -> None:
        names = self._classes[self.weights.currentText()]
        self.class_name.clear()
        self.class_name.addItems(list(names))
        self.other_class.clear()
        self.other_class.addItem(self.tr("Nothing"), "")
        for name in names:
            self.other_class.addItem(name, name)
        self._change()

    def _show_choice(self) -> None:
        self.use.setEnabled(self.pictures.currentRow() >= 0)

    def _take(self) -> None:
        row = self.pictures.currentRow()
        if row >= 0:
            self.accept()
            self.taken.emit(row)
