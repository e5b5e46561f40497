"""Two pictures over or beside each other, with one view of both."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PySide6.QtCore import QPointF, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent, QWheelEvent
from PySide6.QtWidgets import (
    QButtonGroup,
    QDialog,
    QDialogButtonBox,
    QHBoxLayout,
    QPushButton,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from app.canvas.canvas_view import CanvasView
from app.document.document import Document
from app.panels.widgets import heading_label, muted_label
from app.raster import view
from app.raster.view import Mode
from app.shell.icons import icons

_DIVIDER_GRIP = 8  # widget pixels on either side of the wipe's divider
_ARROW_STEP = 64  # widget pixels
_HELD = (Qt.Key.Key_Backslash, Qt.Key.Key_Space)


@dataclass(frozen=True)
class Compared:
    """A picture to compare: (H, W, 3) uint8, what it is called, and its number among the results; 0 for the document's
    own picture."""

    title: str
    pixels: np.ndarray
    number: int = 0


class ComparedView(CanvasView):
    """Shows two pictures by one view: the wheel zooms both, a drag moves both or the line between them."""

    def __init__(self, left: Compared, right: Compared, parent: QWidget | None = None) -> None:
        height, width = right.pixels.shape[:2]
        document = Document(size=(height, width))
        super().__init__(document, parent)
        document.setParent(self)
        self._drags_divider = False
        self._dragged_from: QPointF | None = None
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self.setAccessibleName(self.tr("Two pictures"))
        self.set_overlay(0.0)
        self.set_original(left.pixels)
        document.set_picture(right.pixels)
        self.set_mode(Mode.WIPE)

    def sizeHint(self) -> QSize:
        return QSize(900, 560)

    def _is_on_divider(self, point: QPointF) -> bool:
        return self.mode is Mode.WIPE and abs(point.x() - self.wipe * self.width()) <= _DIVIDER_GRIP

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._dragged_from = event.position()
        self._drags_divider = self._is_on_divider(event.position())

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        point = event.position()
        if self._dragged_from is None:
            over = self._is_on_divider(point)
            self.setCursor(Qt.CursorShape.SplitHCursor if over else Qt.CursorShape.OpenHandCursor)
        elif self._drags_divider:
            self.move_wipe(point.x())
        else:
            self.pan_by(point.x() - self._dragged_from.x(), point.y() - self._dragged_from.y())
            self._dragged_from = point

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self._dragged_from = None

    def wheelEvent(self, event: QWheelEvent) -> None:
        turn = event.angleDelta().y() or event.angleDelta().x()
        self.zoom_to(self.view.scale * view.WHEEL_STEP ** (turn / 120), event.position())
        event.accept()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key, text = event.key(), event.text()
        arrows = {Qt.Key.Key_Left: (1, 0), Qt.Key.Key_Right: (-1, 0), Qt.Key.Key_Up: (0, 1), Qt.Key.Key_Down: (0, -1)}
        if key in _HELD:
            self.hold_original(True)
        elif key in arrows:
            right, down = arrows[Qt.Key(key)]
            self.pan_by(right * _ARROW_STEP, down * _ARROW_STEP)
        elif text in ("+", "="):
            self.zoom_in()
        elif text == "-":
            self.zoom_out()
        elif text == "0":
            self.fit()
        elif text == "1":
            self.actual_size()
        else:
            super().keyPressEvent(event)

    def keyReleaseEvent(self, event: QKeyEvent) -> None:
        if event.key() in _HELD and not event.isAutoRepeat():
            self.hold_original(False)
        else:
            super().keyReleaseEvent(event)


class CompareDialog(QDialog):
    """Two pictures, a wipe or side by side; one of them can be brought back."""

    recall_wanted = Signal(int)  # number of a kept picture

    def __init__(self, left: Compared, right: Compared, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(self.tr("Compare"))
        self.setWindowFlag(Qt.WindowType.WindowMaximizeButtonHint)
        self.compared_view = ComparedView(left, right)
        self.mode_buttons: dict[Mode, QToolButton] = {}
        hint_label = muted_label(
            self.tr("Drag the line. The wheel zooms both, a drag moves both. Hold Space: the left picture alone.")
        )
        hint_label.setWordWrap(True)
        column_layout = QVBoxLayout(self)
        column_layout.setContentsMargins(12, 10, 12, 10)
        column_layout.addLayout(self._build_head(left, right))
        column_layout.addWidget(self.compared_view, 1)
        column_layout.addWidget(hint_label)
        column_layout.addWidget(self._build_buttons(left, right))
        self.compared_view.setFocus()

    def _build_head(self, left: Compared, right: Compared) -> QHBoxLayout:
        head_layout = QHBoxLayout()
        group = QButtonGroup(self)
        modes = ((Mode.WIPE, "wipe", self.tr("Wipe")), (Mode.SIDE_BY_SIDE, "side", self.tr("Side by side")))
        head_layout.addWidget(heading_label(left.title))
        head_layout.addStretch(1)
        for mode, icon, caption in modes:
            button = QToolButton()
            button.setCheckable(True)
            button.setAutoRaise(True)
            button.setToolTip(caption)
            button.setAccessibleName(caption)
            icons().bind(button, icon)
            button.clicked.connect(lambda _=False, mode=mode: self.compared_view.set_mode(mode))
            group.addButton(button)
            head_layout.addWidget(button)
            self.mode_buttons[mode] = button
        self.mode_buttons[self.compared_view.mode].setChecked(True)
        head_layout.addStretch(1)
        head_layout.addWidget(heading_label(right.title))
        return head_layout

    def _build_buttons(self, left: Compared, right: Compared) -> QDialogButtonBox:
        button_box = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        for compared in (left, right):
            if compared.number:
                caption = self.tr("Bring back {0}").format(compared.title)
                recall_button = button_box.addButton(caption, QDialogButtonBox.ButtonRole.ActionRole)
                recall_button.setAccessibleName(caption)
                recall_button.clicked.connect(lambda _=False, number=compared.number: self._recall(number))
        for button in button_box.buttons():
            if isinstance(button, QPushButton):
                button.setAutoDefault(False)
        button_box.rejected.connect(self.reject)
        return button_box

    def _recall(self, number: int) -> None:
        self.recall_wanted.emit(number)
        self.accept()
