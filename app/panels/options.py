"""The bar above the canvas: brush size, how map and picture are shown, overlay, zoom."""

from __future__ import annotations

import math

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QAction, QPalette
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSizePolicy,
    QSpinBox,
    QToolBar,
    QToolButton,
    QWidget,
)

from app.canvas.widget import CanvasWidget
from app.panels.widgets import horizontal_slider, muted_label
from app.raster.view import Mode
from app.shell.icons import icons

LARGEST = 1024
STEPS = 200  # of the size slider, which is logarithmic: half of it covers 1 to 32 px


def size_of_step(step: int) -> int:
    """Brush diameter in pixels for a position of the slider, 0 to STEPS."""
    return round(math.exp(step / STEPS * math.log(LARGEST)))


def step_of_size(diameter: int) -> int:
    """The slider's position for a diameter."""
    return round(STEPS * math.log(max(1, diameter)) / math.log(LARGEST))


class OptionsBar(QToolBar):
    """Follows the canvas and steers it; holds nothing itself."""

    def __init__(self, canvas: CanvasWidget, actions: dict[str, QAction], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("optionsBar")
        self.setWindowTitle(self.tr("Options"))
        self.setAccessibleName(self.tr("Options"))
        self.setMovable(False)
        self.setFloatable(False)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.PreventContextMenu)
        self.setIconSize(QSize(20, 20))
        self._canvas = canvas
        self._filling = False
        self.addAction(actions["undo"])
        self.addAction(actions["redo"])
        self.addSeparator()
        self._add_brush()
        self.addSeparator()
        self._add_views(actions)
        self._add_overlay()
        self.addSeparator()
        self._add_zoom(actions)
        stretch = QWidget()
        stretch.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self.addWidget(stretch)
        self._add_save(actions)
        for action in (actions["undo"], actions["redo"], actions["fit"]):
            action_button = self.widgetForAction(action)
            if action_button is not None:
                action_button.setAccessibleName(action.text().replace("&", ""))
        canvas.brush_changed.connect(self._show_brush)
        canvas.overlay_changed.connect(self._show_overlay)
        canvas.zoom_changed.connect(self._show_zoom)
        canvas.tool_changed.connect(self._show_tool)
        canvas.mode_changed.connect(self._show_mode)
        canvas.document.replaced.connect(self._show_mode)
        self._show_brush(canvas.brush_diameter)
        self._show_overlay(canvas.overlay)
        self._show_zoom(canvas.zoom)

    # --- building -----------------------------------------------------------------------------------

    def _caption(self, text: str) -> QLabel:
        caption = muted_label(text)
        self.addWidget(caption)
        return caption

    def _add_brush(self) -> None:
        self._caption(self.tr("Size"))
        self.size_slider = horizontal_slider()
        self.size_slider.setRange(0, STEPS)
        self.size_slider.setFixedWidth(110)
        self.size_slider.setAccessibleName(self.tr("Brush size"))
        self.size_slider.setToolTip(self.tr("Brush size; [ and ] change it, Shift + drag on the canvas too"))
        self.size_slider.valueChanged.connect(self._size_slid)
        self.size_box = QSpinBox()
        self.size_box.setRange(1, LARGEST)
        self.size_box.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.size_box.setSuffix(self.tr(" px"))
        self.size_box.setAccessibleName(self.tr("Brush size in pixels"))
        self.size_box.setToolTip(self.tr("Brush size in pixels of the label map"))
        self.size_box.valueChanged.connect(self._size_typed)
        self.addWidget(self.size_slider)
        self.addWidget(self.size_box)

    def _add_views(self, actions: dict[str, QAction]) -> None:
        view_buttons = QFrame()
        view_buttons.setObjectName("segmented")
        view_buttons.setAccessibleName(self.tr("How map and picture are shown"))
        row_layout = QHBoxLayout(view_buttons)
        row_layout.setContentsMargins(1, 1, 1, 1)
        row_layout.setSpacing(0)
        for action_id in ("view_stack", "view_side", "view_wipe"):
            view_button = QToolButton()
            view_button.setDefaultAction(actions[action_id])
            view_button.setIconSize(QSize(18, 18))
            view_button.setAccessibleName(actions[action_id].text().replace("&", ""))
            row_layout.addWidget(view_button)
        self.addWidget(view_buttons)

    def _add_overlay(self) -> None:
        self.addSeparator()
        self._caption(self.tr("Overlay"))
        self.overlay_slider = horizontal_slider()
        self.overlay_slider.setRange(0, 100)
        self.overlay_slider.setFixedWidth(90)
        self.overlay_slider.setAccessibleName(self.tr("Opacity of the label map"))
        self.overlay_slider.setToolTip(self.tr("Opacity of the label map over the picture; hold Tab to hide it"))
        self.overlay_slider.valueChanged.connect(self._overlay_slid)
        self.overlay_text = QLabel()
        self.overlay_text.setAccessibleName(self.tr("Opacity of the label map in per cent"))
        self.overlay_text.setMinimumWidth(self.fontMetrics().horizontalAdvance("100 %") + 8)
        self.addWidget(self.overlay_slider)
        self.addWidget(self.overlay_text)

    def _add_zoom(self, actions: dict[str, QAction]) -> None:
        self.zoom_button = QToolButton()
        self.zoom_button.setAccessibleName(self.tr("Zoom"))
        self.zoom_button.setToolTip(self.tr("Zoom; click for 100 %"))
        self.zoom_button.setMinimumWidth(self.fontMetrics().horizontalAdvance("1600 %") + 16)
        self.zoom_button.clicked.connect(actions["actual"].trigger)
        self.addAction(actions["fit"])
        self.addWidget(self.zoom_button)

    def _add_save(self, actions: dict[str, QAction]) -> None:
        export_button = QPushButton(f" {self.tr('Export')}")
        export_button.setProperty("primary", True)
        export_button.setAccessibleName(self.tr("Export picture"))
        export_button.setToolTip(actions["export"].toolTip())
        icons().bind(export_button, "export", QPalette.ColorRole.HighlightedText)
        export_button.clicked.connect(actions["export"].trigger)
        self.addWidget(export_button)

    # --- showing ------------------------------------------------------------------------------------

    def _show_brush(self, diameter: int) -> None:
        self._filling = True
        self.size_box.setValue(diameter)
        if size_of_step(self.size_slider.value()) != diameter:
            self.size_slider.setValue(step_of_size(diameter))
        self._filling = False

    def _show_overlay(self, opacity: float) -> None:
        self._filling = True
        self.overlay_slider.setValue(round(100 * opacity))
        self.overlay_text.setText(self.tr("{0} %").format(round(100 * opacity)))
        self._filling = False

    def _show_zoom(self, zoom: float) -> None:
        self.zoom_button.setText(self.tr("{0} %").format(round(100 * zoom)))

    def _show_tool(self, tool: str) -> None:
        paints_with_brush = tool in ("brush", "eraser", "piece")
        self.size_slider.setEnabled(paints_with_brush)
        self.size_box.setEnabled(paints_with_brush)

    def _show_mode(self, *_: object) -> None:
        """Only the stack lays one over the other, and a photo has its regions over both halves."""
        lays_over = self._canvas.mode is Mode.STACK or self._canvas.document.kind.shows_photo
        self.overlay_slider.setEnabled(lays_over)
        self.overlay_text.setEnabled(lays_over)

    # --- steering -----------------------------------------------------------------------------------

    def _size_slid(self, step: int) -> None:
        if not self._filling:
            self._canvas.set_brush_diameter(size_of_step(step))

    def _size_typed(self, diameter: int) -> None:
        if not self._filling:
            self._canvas.set_brush_diameter(diameter)

    def _overlay_slid(self, per_cent: int) -> None:
        if not self._filling:
            self._canvas.set_overlay(per_cent / 100)
