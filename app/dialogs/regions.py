"""A photo with the regions that were found in it, to look at and to correct before they are used."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from functools import partial

import numpy as np
from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QAction, QActionGroup, QKeySequence, QShortcut
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSpinBox,
    QToolBar,
    QVBoxLayout,
    QWidget,
)

from app.canvas.widget import CanvasWidget
from app.dialogs.crop_bar import CropBar
from app.document.document import Document
from app.document.opening import Painting
from app.errors_ui.bar import ErrorBar
from app.errors_ui.hub import Problem, Severity
from app.jobs.photos import Photo
from app.jobs.work_lane import Work
from app.panels.labels import LabelsPanel
from app.panels.options import LARGEST
from app.panels.widgets import horizontal_slider, muted_label, set_primary, tool_column
from app.shell.icons import icons
from app.texts.label_keys import COUNT
from app.texts.label_names import doubt_text, name_of
from engine.labels.label_sets import LabelSet

BESIDE_CROP = "pan"
"""The canvas's tool while the crop is changed."""


class Purpose(Enum):
    """What the regions are for."""

    STYLE = "style"  # one label's style
    ALL = "all"  # the styles of all labels
    NEW = "new"  # a new document


class RegionsDialog(QDialog):
    """Shows the photo under its label map; brush, eraser, bucket and pick correct it; undo works."""

    used = Signal(object, int)  # for styles: the corrected (H, W) label map; the region that gives the style, or -1
    cropped = Signal(object, object)  # for a new document: the corrected (H, W) label map; its `Cropping`
    map_wanted = Signal()  # the user wants to load a label map file instead

    def __init__(
        self,
        photo: Photo,
        label_set: LabelSet,
        purpose: Purpose,
        *,
        target: int | None = None,
        painting: Painting | None = None,
        always_shown: bool = True,
        parent: QWidget | None = None,
    ) -> None:
        """``painting``: for a new document, what it becomes; the crop and the size are asked for then."""
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        titles = {
            Purpose.STYLE: self.tr("Style from {0}"),
            Purpose.ALL: self.tr("All styles from {0}"),
            Purpose.NEW: self.tr("New painting from {0}"),
        }
        self.setWindowTitle(titles[purpose].format(photo.path.name))
        self.resize(1020, 720)
        self._photo = photo
        self._purpose = purpose
        self._target = target
        self._reading: Work | None = None
        self.document = Document(label_set, parent=self)
        self.document.new(
            label_set=label_set,
            label_map=photo.label_map,
            picture=photo.pixels,
            looked_at=photo.looked_at,
            undoable=False,
        )
        self.canvas = CanvasWidget(self.document)
        self.canvas.setAcceptDrops(False)
        self.canvas.set_overlay(0.5)
        self.canvas.set_brush_diameter(max(3, min(photo.label_map.shape) // 24))
        self.labels = LabelsPanel(self.document)
        self.labels.list.setAcceptDrops(False)
        self.bar = ErrorBar()
        self.canvas.failed.connect(lambda error: self.bar.show_problem(Problem(str(error))))
        self.crop = CropBar(self.canvas, painting) if painting is not None else None
        self._build(label_set, always_shown)
        present_ids = self._present()
        paints = [label_id for label_id in present_ids if label_id != 0]
        self.document.set_current_label(target if target is not None else (paints[0] if paints else 0))
        self.document.undo_changed.connect(self._fill_sources)
        self._fill_sources()
        self._warn()
        self.canvas.setFocus(Qt.FocusReason.OtherFocusReason)

    # --- building -----------------------------------------------------------------------------------

    def _build(self, label_set: LabelSet, always_shown: bool) -> None:
        middle_row = QHBoxLayout()
        middle_row.setSpacing(0)
        middle_row.addWidget(self._build_tools())
        middle_row.addWidget(self.canvas, 1)
        self.labels.setFixedWidth(290)
        middle_row.addWidget(self.labels)
        column_layout = QVBoxLayout(self)
        column_layout.setContentsMargins(0, 0, 0, 0)
        column_layout.setSpacing(0)
        column_layout.addWidget(self.bar)
        column_layout.addLayout(self._build_options())
        column_layout.addLayout(middle_row, 1)
        column_layout.addLayout(self._build_source(label_set))
        column_layout.addLayout(self._build_buttons(always_shown))
        set_primary(self.use)

    def _build_options(self) -> QHBoxLayout:
        """Brush size and overlay, as over the canvas of the window; number keys choose labels."""
        self.size_field = QSpinBox()
        self.size_field.setRange(1, LARGEST)
        self.size_field.setSuffix(self.tr(" px"))
        self.size_field.setValue(self.canvas.brush_diameter)
        self.size_field.setAccessibleName(self.tr("Brush size in pixels"))
        self.size_field.setToolTip(self.tr("Brush size; [ and ] change it, Shift + drag on the canvas too"))
        self.size_field.valueChanged.connect(self.canvas.set_brush_diameter)
        self.canvas.brush_changed.connect(self.size_field.setValue)
        self.overlay = horizontal_slider()
        self.overlay.setRange(0, 100)
        self.overlay.setFixedWidth(90)
        self.overlay.setValue(round(100 * self.canvas.overlay))
        self.overlay.setAccessibleName(self.tr("Opacity of the label map"))
        self.overlay.setToolTip(self.tr("Opacity of the label map over the picture; hold Tab to hide it"))
        self.overlay.valueChanged.connect(lambda per_cent: self.canvas.set_overlay(per_cent / 100))
        self.canvas.overlay_changed.connect(lambda opacity: self.overlay.setValue(round(100 * opacity)))
        for keys, step in (("Ctrl+[", -0.1), ("Ctrl+]", 0.1)):
            self._shortcut(keys, partial(self._step_overlay, step))
        for digit in range(1, COUNT + 1):
            self._shortcut(str(digit), partial(self._choose_key, digit))
        row_layout = QHBoxLayout()
        row_layout.setContentsMargins(16, 6, 16, 6)
        for caption, widget in ((self.tr("Size"), self.size_field), (self.tr("Overlay"), self.overlay)):
            row_layout.addWidget(muted_label(caption))
            row_layout.addWidget(widget)
        row_layout.addStretch(1)
        return row_layout

    def _shortcut(self, keys: str, handler: Callable[[], object]) -> None:
        QShortcut(QKeySequence(keys), self).activated.connect(handler)

    def _step_overlay(self, step: float) -> None:
        self.canvas.set_overlay(self.canvas.overlay + step)

    def _choose_key(self, digit: int) -> None:
        """Paint with the label that shows this number."""
        label_id = self.labels.model.label_for_key(digit)
        if label_id is not None:
            self.document.set_current_label(label_id)

    def _build_tools(self) -> QToolBar:
        tool_bar = tool_column(self.tr("Tools"))
        action_group = QActionGroup(self)
        tools = (
            ("brush", self.tr("Brush (B)")),
            ("eraser", self.tr("Eraser (E)")),
            ("bucket", self.tr("Bucket (G)")),
            ("pick", self.tr("Pick label (I)")),
            ("pan", self.tr("Pan (H)")),
        )
        self._tools: dict[str, QAction] = {}
        for icon_name, caption in tools:
            action = QAction(caption, self)
            action.setCheckable(True)
            action.setChecked(icon_name == self.canvas.tool_id)
            icons().bind(action, icon_name)
            action.triggered.connect(lambda _=False, icon_name=icon_name: self.canvas.set_tool(icon_name))
            action_group.addAction(action)
            tool_bar.addAction(action)
            self._tools[icon_name] = action
        self.canvas.tool_changed.connect(self._show_tool)
        if self.crop is not None:
            self._add_crop(self.crop, tool_bar, action_group)
        tool_bar.addSeparator()
        history = (
            ("undo", self.tr("Undo (Ctrl+Z)"), ["Ctrl+Z"], self.document.undo),
            ("redo", self.tr("Redo (Ctrl+Shift+Z)"), ["Ctrl+Shift+Z", "Ctrl+Y"], self.document.redo),
        )
        for icon_name, caption, shortcuts, handler in history:
            action = QAction(caption, self)
            action.setShortcuts([QKeySequence(shortcut) for shortcut in shortcuts])
            icons().bind(action, icon_name)
            action.triggered.connect(handler)
            tool_bar.addAction(action)
        for action in tool_bar.actions():
            button = tool_bar.widgetForAction(action)
            if button is not None and action.text():
                button.setAccessibleName(action.text())
        return tool_bar

    def _add_crop(self, crop_bar: CropBar, tool_bar: QToolBar, action_group: QActionGroup) -> None:
        """The crop is changed as with a tool of the canvas, which pans meanwhile where there is nothing to change."""
        action = QAction(self.tr("Crop (C)"), self)
        action.setCheckable(True)
        action.setShortcut(QKeySequence("C"))
        icons().bind(action, "crop")
        action_group.addAction(action)
        tool_bar.addAction(action)

        def toggled(active: bool) -> None:
            if active:
                self._tool_before = self.canvas.tool_id
            crop_bar.frame.set_active(active)
            if active:
                self.canvas.set_tool(BESIDE_CROP)

        def finished() -> None:
            self.canvas.set_tool(self._tool_before)
            self._tools[self._tool_before].setChecked(True)

        action.toggled.connect(toggled)
        crop_bar.finished.connect(finished)

    def _show_tool(self, icon_name: str) -> None:
        if icon_name != BESIDE_CROP or self.crop is None or not self.crop.frame.active:
            self._tools[icon_name].setChecked(True)

    def _build_source(self, label_set: LabelSet) -> QHBoxLayout:
        row_layout = QHBoxLayout()
        row_layout.setContentsMargins(16, 10, 16, 0)
        row_layout.setSpacing(10)
        self.source = QComboBox()
        self.source.setAccessibleName(self.tr("Region that gives the style"))
        self.source.setMinimumWidth(180)
        if self._purpose is Purpose.STYLE and self._target is not None:
            label_text = name_of(label_set, self._target)
            row_layout.addWidget(QLabel(self.tr("Style for {0} from the region").format(label_text)))
            row_layout.addWidget(self.source)
        elif self._purpose is Purpose.ALL:
            row_layout.addWidget(QLabel(self.tr("Every label takes its style from its own region.")))
        if self.crop is not None:
            row_layout.addWidget(self.crop, 1)
        else:
            row_layout.addStretch(1)
        return row_layout

    def _build_buttons(self, always_shown: bool) -> QHBoxLayout:
        row_layout = QHBoxLayout()
        row_layout.setContentsMargins(16, 10, 16, 14)
        row_layout.setSpacing(10)
        self.only_unsure = QCheckBox(self.tr("Show this only when the regions are uncertain"))
        self.only_unsure.setAccessibleName(self.tr("Show this only when the regions are uncertain"))
        self.only_unsure.setChecked(not always_shown)
        self.load = QPushButton(self.tr("Load label map..."))
        self.load.setAccessibleName(self.tr("Load a label map of this photo"))
        self.load.setToolTip(self.tr("Use a label map file of this photo instead of the regions found"))
        self.load.clicked.connect(self.map_wanted)
        cancel_button = QPushButton(self.tr("Cancel"))
        cancel_button.setAccessibleName(self.tr("Cancel"))
        cancel_button.clicked.connect(self.reject)
        purpose_texts = {
            Purpose.STYLE: self.tr("Use style"),
            Purpose.ALL: self.tr("Use all styles"),
            Purpose.NEW: self.tr("Make the painting"),
        }
        self.use = QPushButton(purpose_texts[self._purpose])
        self.use.setAccessibleName(purpose_texts[self._purpose])
        self.use.clicked.connect(self.accept)
        row_layout.addWidget(self.only_unsure)
        row_layout.addStretch(1)
        row_layout.addWidget(self.load)
        row_layout.addWidget(cancel_button)
        row_layout.addWidget(self.use)
        return row_layout

    # --- behaviour ----------------------------------------------------------------------------------

    def wait_for(self, reading: Work) -> None:
        """A label map is being read; until it is here, or was given up, the regions are not those that are wanted."""
        self._reading = reading

    def take_map(self, label_map: np.ndarray) -> None:
        """Use another (H, W) label map for the photo; one step of the dialog's history."""
        self.document.pixels.replace_label_map(label_map)

    def accept(self) -> None:
        """Emit ``used`` or ``cropped`` with the regions, and close; not while a label map is being read."""
        if self._reading is not None and not self._reading.settled:
            return
        self.document.pixels.end_stroke()
        label_map = self.document.label_map.copy()
        if self.crop is not None:
            self.cropped.emit(label_map, self.crop.cropping)
        else:
            chosen_data = self.source.currentData()
            source = int(chosen_data) if self._purpose is Purpose.STYLE and chosen_data is not None else -1
            self.used.emit(label_map, source)
        super().accept()

    def _present(self) -> list[int]:
        areas = self.document.areas
        label_ids = [label.id for label in self.document.label_set.labels if areas[label.id] > 0]
        return sorted(label_ids, key=lambda label: -int(areas[label]))

    def _fill_sources(self) -> None:
        chosen = self.source.currentData()
        present_ids = self._present()
        self.source.clear()
        for label_id in present_ids:
            self.source.addItem(name_of(self.document.label_set, label_id), label_id)
        wanted_label = chosen if chosen in present_ids else self._target
        self.source.setCurrentIndex(self.source.findData(wanted_label) if wanted_label in present_ids else 0)
        self.use.setEnabled(bool(present_ids))

    def _warn(self) -> None:
        sentences = [*self._photo.warnings, doubt_text(self.document.label_set, self._photo.doubtful)]
        if self._purpose is Purpose.STYLE and self._target is not None:
            if self._target not in self._present():
                label_text = name_of(self.document.label_set, self._target)
                caption = self.tr("No {0} was found in this photo: paint it, or choose another region below.")
                sentences.append(caption.format(label_text))
        if any(sentences):
            self.bar.show_problem(Problem(" ".join(filter(None, sentences)), "", Severity.WARNING))
