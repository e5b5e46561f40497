"""A photo with the regions that were found in it, to look at and to correct before they are used."""

from __future__ import annotations

from enum import Enum

import numpy as np
from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QAction, QActionGroup, QKeySequence
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QToolBar,
    QVBoxLayout,
    QWidget,
)

from app.canvas.widget import CanvasWidget
from app.document.document import Document
from app.errors_ui.bar import ErrorBar
from app.errors_ui.hub import Problem, Severity
from app.jobs.photos import Photo
from app.panels.labels import LabelsPanel
from app.shell.icons import icons
from app.texts.label_names import name_of
from engine.labels.label_sets import LabelSet


class Purpose(Enum):
    """What the regions are for."""

    STYLE = "style"  # one label's style
    ALL = "all"  # the styles of all labels
    NEW = "new"  # a new document


class RegionsDialog(QDialog):
    """Shows the photo under its label map; brush, eraser, bucket and pick correct it; undo works."""

    used = Signal(object, int)  # the corrected (H, W) label map; the region that gives the style, or -1
    map_wanted = Signal()  # the user wants to load a label map file instead

    def __init__(
        self,
        photo: Photo,
        label_set: LabelSet,
        purpose: Purpose,
        *,
        target: int | None = None,
        always: bool = True,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(self.tr("Regions of {0}").format(photo.path.name))
        self.resize(1020, 720)
        self._photo = photo
        self._purpose = purpose
        self._target = target
        self.document = Document(label_set, parent=self)
        self.document.new(
            label_set=label_set,
            label_map=photo.label_map,
            photo=photo.pixels,
            picture=photo.pixels,
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
        self._build(label_set, always)
        present = self._present()
        paints = [label for label in present if label != 0]
        self.document.set_current_label(target if target is not None else (paints[0] if paints else 0))
        self.document.undo_changed.connect(self._fill_sources)
        self._fill_sources()
        self._warn()
        self.canvas.setFocus(Qt.FocusReason.OtherFocusReason)

    # --- building -----------------------------------------------------------------------------------

    def _build(self, label_set: LabelSet, always: bool) -> None:
        middle = QHBoxLayout()
        middle.setSpacing(0)
        middle.addWidget(self._build_tools())
        middle.addWidget(self.canvas, 1)
        self.labels.setFixedWidth(290)
        middle.addWidget(self.labels)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.bar)
        column.addLayout(middle, 1)
        column.addLayout(self._build_source(label_set))
        column.addLayout(self._build_buttons(always))

    def _build_tools(self) -> QToolBar:
        bar = QToolBar()
        bar.setObjectName("toolBar")
        bar.setOrientation(Qt.Orientation.Vertical)
        bar.setIconSize(QSize(20, 20))
        bar.setAccessibleName(self.tr("Tools"))
        group = QActionGroup(self)
        tools = (
            ("brush", self.tr("Brush (B)")),
            ("eraser", self.tr("Eraser (E)")),
            ("bucket", self.tr("Bucket (G)")),
            ("pick", self.tr("Pick label (I)")),
            ("pan", self.tr("Pan (H)")),
        )
        self._tools: dict[str, QAction] = {}
        for name, text in tools:
            action = QAction(text, self)
            action.setCheckable(True)
            action.setChecked(name == self.canvas.tool_id)
            icons().bind(action, name)
            action.triggered.connect(lambda _=False, name=name: self.canvas.set_tool(name))
            group.addAction(action)
            bar.addAction(action)
            self._tools[name] = action
        self.canvas.tool_changed.connect(lambda name: self._tools[name].setChecked(True))
        bar.addSeparator()
        history = (
            ("undo", self.tr("Undo (Ctrl+Z)"), ["Ctrl+Z"], self.document.undo),
            ("redo", self.tr("Redo (Ctrl+Shift+Z)"), ["Ctrl+Shift+Z", "Ctrl+Y"], self.document.redo),
        )
        for name, text, keys, do in history:
            action = QAction(text, self)
            action.setShortcuts([QKeySequence(key) for key in keys])
            icons().bind(action, name)
            action.triggered.connect(do)
            bar.addAction(action)
        for action in bar.actions():
            button = bar.widgetForAction(action)
            if button is not None and action.text():
                button.setAccessibleName(action.text())
        return bar

    def _build_source(self, label_set: LabelSet) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setContentsMargins(16, 10, 16, 0)
        row.setSpacing(10)
        self.source = QComboBox()
        self.source.setAccessibleName(self.tr("Region that gives the style"))
        self.source.setMinimumWidth(180)
        if self._purpose is Purpose.STYLE and self._target is not None:
            name = name_of(label_set, self._target)
            row.addWidget(QLabel(self.tr("Style for {0} from the region").format(name)))
            row.addWidget(self.source)
        elif self._purpose is Purpose.ALL:
            row.addWidget(QLabel(self.tr("Every label takes its style from its own region.")))
        else:
            row.addWidget(QLabel(self.tr("The regions become the label map, their styles are kept.")))
        row.addStretch(1)
        return row

    def _build_buttons(self, always: bool) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setContentsMargins(16, 10, 16, 14)
        row.setSpacing(10)
        self.only_unsure = QCheckBox(self.tr("Show this only when the regions are uncertain"))
        self.only_unsure.setAccessibleName(self.tr("Show this only when the regions are uncertain"))
        self.only_unsure.setChecked(not always)
        self.load = QPushButton(self.tr("Load label map..."))
        self.load.setAccessibleName(self.tr("Load a label map of this photo"))
        self.load.setToolTip(self.tr("Use a label map file of this photo instead of the regions found"))
        self.load.clicked.connect(self.map_wanted)
        cancel = QPushButton(self.tr("Cancel"))
        cancel.setAccessibleName(self.tr("Cancel"))
        cancel.clicked.connect(self.reject)
        texts = {
            Purpose.STYLE: self.tr("Use style"),
            Purpose.ALL: self.tr("Use all styles"),
            Purpose.NEW: self.tr("Make document"),
        }
        self.use = QPushButton(texts[self._purpose])
        self.use.setAccessibleName(texts[self._purpose])
        self.use.setProperty("primary", True)
        self.use.setDefault(True)
        self.use.clicked.connect(self.accept)
        row.addWidget(self.only_unsure)
        row.addStretch(1)
        row.addWidget(self.load)
        row.addWidget(cancel)
        row.addWidget(self.use)
        return row

    # --- behaviour ----------------------------------------------------------------------------------

    def take_map(self, label_map: np.ndarray) -> None:
        """Use another (H, W) label map for the photo; one step of the dialog's history."""
        self.document.replace_label_map(label_map)

    def accept(self) -> None:
        """Give the regions to whoever opened the dialog."""
        self.document.end_stroke()
        data = self.source.currentData()
        source = int(data) if self._purpose is Purpose.STYLE and data is not None else -1
        self.used.emit(self.document.label_map.copy(), source)
        super().accept()

    def _present(self) -> list[int]:
        areas = self.document.areas
        ids = [label.id for label in self.document.label_set.labels if areas[label.id] > 0]
        return sorted(ids, key=lambda label: -int(areas[label]))

    def _fill_sources(self) -> None:
        chosen = self.source.currentData()
        present = self._present()
        self.source.clear()
        for label in present:
            self.source.addItem(name_of(self.document.label_set, label), label)
        wanted = chosen if chosen in present else self._target
        self.source.setCurrentIndex(self.source.findData(wanted) if wanted in present else 0)
        self.use.setEnabled(bool(present))

    def _warn(self) -> None:
        sentences = list(self._photo.warnings)
        if self._purpose is Purpose.STYLE and self._target is not None:
            if self._target not in self._present():
                name = name_of(self.document.label_set, self._target)
                text = self.tr("No {0} was found in this photo: paint it, or choose another region below.")
                sentences.append(text.format(name))
        if sentences:
            self.bar.show_problem(Problem(" ".join(sentences), "", Severity.WARNING))
