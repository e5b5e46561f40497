"""The line over the curves: which group is shown, smoothing, scale, fit and export."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import (
    QButtonGroup,
    QCheckBox,
    QFrame,
    QHBoxLayout,
    QMenu,
    QPushButton,
    QToolButton,
    QWidget,
)

from app.panels.widgets import horizontal_slider, muted_label
from app.shell.i18n import mark, tr
from app.shell.icons import icons
from app.training.history import GROUPS, LOSSES, SPEED, VALIDATION

TITLES = {LOSSES: mark("Losses"), VALIDATION: mark("Validation"), SPEED: mark("Speed")}


class CurveBar(QWidget):
    """Says what the user wants of the curves; draws nothing."""

    group_wanted = Signal(str)  # one of GROUPS
    smoothing_changed = Signal()
    log_wanted = Signal(bool)
    fit_wanted = Signal()
    png_wanted = Signal()
    csv_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        caption_label = muted_label(self.tr("Smoothing"))
        self.smoothing = horizontal_slider()
        self.smoothing.setRange(0, 99)
        self.smoothing.setValue(60)
        self.smoothing.setFixedWidth(90)
        self.smoothing.setAccessibleName(self.tr("Smoothing"))
        self.smoothing.setToolTip(self.tr("How much of the noise is averaged away; the raw values stay as faint lines"))
        self.smoothing.valueChanged.connect(self.smoothing_changed)
        self.logarithmic = QCheckBox(self.tr("Log scale"))
        self.logarithmic.setToolTip(self.tr("Logarithmic values; those that are not above zero are left out"))
        self.logarithmic.toggled.connect(self.log_wanted)
        fit_button = QToolButton()
        fit_button.setAccessibleName(self.tr("Show the whole curves"))
        fit_button.setToolTip(self.tr("Show the whole curves again after zooming with the wheel"))
        icons().bind(fit_button, "fit")
        fit_button.clicked.connect(self.fit_wanted)
        row_layout = QHBoxLayout(self)
        row_layout.setContentsMargins(0, 0, 0, 0)
        row_layout.setSpacing(8)
        row_layout.addWidget(self._build_groups())
        row_layout.addStretch(1)
        for widget in (caption_label, self.smoothing, self.logarithmic, fit_button, self._build_export()):
            row_layout.addWidget(widget)

    def _build_groups(self) -> QFrame:
        group_frame = QFrame()
        group_frame.setObjectName("segmented")
        row_layout = QHBoxLayout(group_frame)
        row_layout.setContentsMargins(1, 1, 1, 1)
        row_layout.setSpacing(0)
        button_group = QButtonGroup(self)
        self.groups: dict[str, QToolButton] = {}
        for group_name in GROUPS:
            button = QToolButton()
            button.setText(tr(TITLES[group_name]))
            button.setCheckable(True)
            button.clicked.connect(lambda _=False, group_name=group_name: self.group_wanted.emit(group_name))
            button_group.addButton(button)
            row_layout.addWidget(button)
            self.groups[group_name] = button
        self.groups[LOSSES].setChecked(True)
        return group_frame

    def _build_export(self) -> QPushButton:
        button = QPushButton(self.tr("Export"))
        button.setAccessibleName(self.tr("Export the curves"))
        button.setProperty("menu", True)
        export_menu = QMenu(button)
        export_menu.addAction(self.tr("Picture (PNG)...")).triggered.connect(self.png_wanted)
        export_menu.addAction(self.tr("Table (CSV)...")).triggered.connect(self.csv_wanted)
        button.setMenu(export_menu)
        return button

    @property
    def amount(self) -> float:
        """How much is averaged away, 0 to 0.995."""
        return min(0.995, self.smoothing.value() / 100)
