"""A hole is marked in the picture, several fillings of it appear, and one is taken."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QAction, QActionGroup, QImage, QKeySequence, QMouseEvent
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QToolBar,
    QVBoxLayout,
    QWidget,
)

from app.canvas.widget import CanvasWidget
from app.dialogs.variations import VariationTile
from app.document.holes import HoleDocument
from app.panels.widgets import muted_label, set_primary, tool_column
from app.shell.icons import icons

COUNT, IN_ROW = 4, 2
OVERLAY = 0.55
"""Opacity of the marked hole."""
BRUSHES = 24
"""The brush's diameter in the picture's shorter side, to begin with."""
BELOW_REGION = "pan"
"""The canvas's tool while a click marks a region."""

Region = Callable[[int, int], np.ndarray]


class FillDialog(QDialog):
    """The picture, its hole, and tiles for what fills it; who fills it is the controller's business."""

    fill_wanted = Signal()
    taken = Signal(int)  # the seed of the candidate
    looked_at = Signal(int)  # the seed of the one that the picture is to show; -1 for the hole
    hole_changed = Signal()

    def __init__(
        self, hole: HoleDocument, region: Region, sources: Sequence[tuple[str, str]], parent: QWidget | None = None
    ) -> None:
        """region: (x, y) of a pixel -> (H, W) bool, the region that it is of. sources: ids and captions of what can
        fill a hole, the first choice first."""
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(self.tr("Fill"))
        self.resize(1180, 760)
        self.document = hole
        hole.setParent(self)
        self._region = region
        self.canvas = CanvasWidget(hole)
        self.canvas.setAcceptDrops(False)
        self.canvas.set_overlay(OVERLAY)
        self.canvas.set_brush_diameter(max(3, min(hole.height, hole.width) // BRUSHES))
        self.canvas.installEventFilter(self)
        self.tiles = [VariationTile() for _ in range(COUNT)]
        self.source = QComboBox()
        self.source.setAccessibleName(self.tr("Filled by"))
        for source_id, caption in sources:
            self.source.addItem(caption, source_id)
        self.about = muted_label()
        self.about.setWordWrap(True)
        self.about.setAccessibleName(self.tr("How it is filled"))
        self.problem = QLabel()
        self.problem.setWordWrap(True)
        self.problem.setAccessibleName(self.tr("What is wrong"))
        self.problem.hide()
        self._build()
        hole.undo_changed.connect(self._on_hole)
        self.source.currentIndexChanged.connect(lambda _: self._on_hole())
        self._on_hole()
        self.canvas.setFocus(Qt.FocusReason.OtherFocusReason)

    # --- building -----------------------------------------------------------------------------------

    def _build(self) -> None:
        row_layout = QHBoxLayout(self)
        row_layout.setContentsMargins(0, 0, 0, 0)
        row_layout.setSpacing(0)
        row_layout.addWidget(self._build_tools())
        row_layout.addWidget(self.canvas, 1)
        row_layout.addLayout(self._build_side())

    def _build_tools(self) -> QToolBar:
        tool_bar = tool_column(self.tr("Tools"))
        group = QActionGroup(self)
        self.tools: dict[str, QAction] = {}
        for tool_id, icon_name, caption, key in (
            ("brush", "brush", self.tr("Mark what is to go (B)"), "B"),
            ("eraser", "eraser", self.tr("Keep it after all (E)"), "E"),
            ("region", "pick", self.tr("Mark a region with a click, or keep it again (R)"), "R"),
            ("pan", "pan", self.tr("Pan (H)"), "H"),
        ):
            action = self._action(tool_bar, icon_name, caption, [key])
            action.setCheckable(True)
            action.setChecked(tool_id == self.canvas.tool_id)
            action.triggered.connect(lambda _=False, tool_id=tool_id: self._choose(tool_id))
            group.addAction(action)
            self.tools[tool_id] = action
        tool_bar.addSeparator()
        undo = self._action(tool_bar, "undo", self.tr("Undo (Ctrl+Z)"), ["Ctrl+Z"])
        undo.triggered.connect(self.document.undo)
        redo = self._action(tool_bar, "redo", self.tr("Redo (Ctrl+Shift+Z)"), ["Ctrl+Shift+Z", "Ctrl+Y"])
        redo.triggered.connect(self.document.redo)
        return tool_bar

    def _action(self, tool_bar: QToolBar, icon_name: str, caption: str, keys: Sequence[str]) -> QAction:
        action = QAction(caption, self)
        action.setShortcuts([QKeySequence(key) for key in keys])
        icons().bind(action, icon_name)
        tool_bar.addAction(action)
        button = tool_bar.widgetForAction(action)
        if button is not None:
            button.setAccessibleName(caption)
        return action

    def _build_side(self) -> QVBoxLayout:
        self.fill = QPushButton()
        self.fill.setAutoDefault(False)
        self.fill.clicked.connect(self.fill_wanted)
        icons().bind(self.fill, "fill")
        set_primary(self.fill)
        self.cancel = QPushButton(self.tr("Cancel"))
        self.cancel.setAutoDefault(False)
        self.cancel.clicked.connect(self.reject)
        hint = muted_label(self.tr("Point at a filling to see it in the picture, click it to take it."))
        hint.setWordWrap(True)
        tiles_layout = QGridLayout()
        tiles_layout.setSpacing(8)
        for position, tile in enumerate(self.tiles):
            tile.clicked.connect(lambda _=False, tile=tile: self._take(tile))
            tile.installEventFilter(self)
            tiles_layout.addWidget(tile, position // IN_ROW, position % IN_ROW)
        source_row = QHBoxLayout()
        source_row.addWidget(QLabel(self.tr("Filled by")))
        source_row.addWidget(self.source, 1)
        button_row = QHBoxLayout()
        button_row.addStretch(1)
        button_row.addWidget(self.cancel)
        button_row.addWidget(self.fill)
        side_layout = QVBoxLayout()
        side_layout.setContentsMargins(14, 14, 14, 12)
        side_layout.setSpacing(10)
        side_layout.addLayout(source_row)
        side_layout.addWidget(self.about)
        side_layout.addWidget(hint)
        side_layout.addLayout(tiles_layout)
        side_layout.addWidget(self.problem)
        side_layout.addStretch(1)
        side_layout.addLayout(button_row)
        return side_layout

    # --- what the controller says -------------------------------------------------------------------

    def begin(self) -> None:
        """Wait for fillings."""
        self.problem.hide()
        self.fill.setText(self.tr("Four others"))
        for tile in self.tiles:
            tile.show()
            tile.wait()

    def show_candidate(self, position: int, seed: int, look: QImage) -> None:
        """A filling is there; the first one gets the keyboard and is seen in the picture."""
        is_first = not any(tile.ready for tile in self.tiles)
        self.tiles[position].show_image(seed, look)
        if is_first:
            self.tiles[position].setFocus()
            self.looked_at.emit(seed)

    def show_picture(self, picture: np.ndarray, *, marked: bool) -> None:
        """Show a picture (H, W, 3); marked: the hole lies over it."""
        self.document.set_picture(picture)
        self.canvas.hide_overlay(not marked)

    def fail(self, sentence: str) -> None:
        """The fillings that are missing cannot be made."""
        for tile in self.tiles:
            if not tile.ready:
                tile.fail()
        self.problem.setText(sentence)
        self.problem.show()

    # --- behaviour ----------------------------------------------------------------------------------

    def _choose(self, tool_id: str) -> None:
        self.canvas.set_tool(BELOW_REGION if tool_id == "region" else tool_id)

    def _on_hole(self) -> None:
        """Another hole wants other fillings."""
        if self.document.stroking:
            self.looked_at.emit(-1)
            return
        self.fill.setText(self.tr("Fill"))
        self.fill.setEnabled(bool(self.document.areas[1]))
        for tile in self.tiles:
            tile.hide()
        self.looked_at.emit(-1)
        self.hole_changed.emit()

    def _take(self, tile: VariationTile) -> None:
        if tile.ready:
            self.accept()  # first: the document becomes another by it, and this dialog would be of the one before
            self.taken.emit(tile.seed)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """A filling that is pointed at is seen; a click with the region's tool marks what is under the pointer."""
        if isinstance(watched, VariationTile) and watched.ready:
            if event.type() in (QEvent.Type.Enter, QEvent.Type.FocusIn):
                self.looked_at.emit(watched.seed)
        elif watched is self.canvas and isinstance(event, QMouseEvent) and self.tools["region"].isChecked():
            if event.type() == QEvent.Type.MouseButtonPress and event.button() == Qt.MouseButton.LeftButton:
                x, y = self.canvas.pixel_at(event.position())
                if 0 <= x < self.document.width and 0 <= y < self.document.height:
                    self.document.add(self._region(x, y))
                    return True
        return super().eventFilter(watched, event)
