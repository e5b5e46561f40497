"""Six variations of one region: pictures that appear one by one, to take one with a click."""

from __future__ import annotations

from PySide6.QtCore import QPoint, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QImage, QKeyEvent, QPainter, QPainterPath, QPaintEvent, QPalette, QPen
from PySide6.QtWidgets import (
    QAbstractButton,
    QButtonGroup,
    QDialog,
    QDialogButtonBox,
    QGridLayout,
    QLabel,
    QPushButton,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from app.panels.widgets import muted_label
from app.shell.icons import icons, tinted

SIDE = 208
IN_ROW = 3
RADIUS = 8.0


class VariationTile(QAbstractButton):
    """One variation: waiting, a picture with its seed below, or one that could not be painted."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._image: QImage | None = None
        self._failed = False
        self.seed = 0
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.wait()

    def wait(self) -> None:
        """Its picture is being painted."""
        self._image, self._failed = None, False
        self.setEnabled(False)
        self.unsetCursor()
        self.setAccessibleName(self.tr("Being painted"))
        self.setToolTip("")
        self.update()

    def show_image(self, seed: int, image: QImage) -> None:
        """Its picture is there."""
        self._image, self.seed = image, seed
        self.setEnabled(True)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setAccessibleName(self.tr("Seed {0}").format(self.seed))
        self.setToolTip(self.tr("Take this one"))
        self.update()

    def fail(self) -> None:
        """It could not be painted."""
        self._failed = True
        self.update()

    @property
    def ready(self) -> bool:
        return self._image is not None

    def sizeHint(self) -> QSize:
        return QSize(SIDE, SIDE + self.fontMetrics().height() + 8)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.click()
        else:
            super().keyPressEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        palette = self.palette()
        picture_box = QRectF(1.5, 1.5, SIDE - 3, SIDE - 3)
        rounded_path = QPainterPath()
        rounded_path.addRoundedRect(picture_box, RADIUS, RADIUS)
        painter.setClipPath(rounded_path)
        if self._image is not None:
            painter.drawImage(picture_box, self._image)
        else:
            painter.fillPath(rounded_path, palette.color(QPalette.ColorRole.Base))
            faint_text = palette.color(QPalette.ColorRole.PlaceholderText)
            icon = tinted("broken" if self._failed else "dice", faint_text, 28, self.devicePixelRatioF())
            painter.drawPixmap(QPoint(SIDE // 2 - 14, SIDE // 2 - 14), icon)
        painter.setClipping(False)
        under_pointer = self.hasFocus() or (self.underMouse() and self.isEnabled())
        edge_colour = QColor(palette.color(QPalette.ColorRole.Accent if under_pointer else QPalette.ColorRole.Text))
        edge_colour.setAlphaF(1.0 if under_pointer else 0.2)
        painter.setPen(QPen(edge_colour, 3 if under_pointer else 1))  # no veil: colours are what is being judged
        painter.drawPath(rounded_path)
        painter.setPen(palette.color(QPalette.ColorRole.PlaceholderText))
        caption_box = QRect(0, SIDE, SIDE, self.height() - SIDE)
        if self.ready:
            painter.drawText(caption_box, Qt.AlignmentFlag.AlignCenter, self.tr("Seed {0}").format(self.seed))
        painter.end()


class VariationsDialog(QDialog):
    """Shows variations; who paints them is the controller's business."""

    taken = Signal(object)  # seed
    more_wanted = Signal()

    def __init__(self, label_text: str, count: int, whole_picture: bool = False, parent: QWidget | None = None) -> None:
        """``whole_picture``: the style is that of the whole picture."""
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(self.tr("Variations of {0}").format(label_text))
        region_hint = self.tr("Click a picture to take its style for {0}. Everything else stays as it is.").format(
            label_text
        )
        hint_label = muted_label(self.tr("Click a picture to take its style.") if whole_picture else region_hint)
        hint_label.setWordWrap(True)
        self.tiles = [VariationTile() for _ in range(count)]
        button_group = QButtonGroup(self)  # lets the arrow keys go up and down too
        button_group.setExclusive(False)
        grid_layout = QGridLayout()
        grid_layout.setSpacing(10)
        for position, tile in enumerate(self.tiles):
            button_group.addButton(tile)
            tile.clicked.connect(lambda _=False, tile=tile: self._take(tile))
            grid_layout.addWidget(tile, position // IN_ROW, position % IN_ROW)
        self._problem = QLabel()
        self._problem.setWordWrap(True)
        self._problem.setAccessibleName(self.tr("What is wrong"))
        self._problem.hide()
        button_box = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        self.button_more = QPushButton(self.tr("Six more"))
        self.button_more.setAccessibleName(self.tr("Six more"))
        self.button_more.setToolTip(self.tr("Drop these and paint six others"))
        icons().bind(self.button_more, "dice")
        self.button_more.clicked.connect(self.more_wanted)
        button_box.addButton(self.button_more, QDialogButtonBox.ButtonRole.ActionRole)
        button_box.rejected.connect(self.reject)
        for button in button_box.buttons():
            if isinstance(button, QPushButton):
                button.setAutoDefault(False)
        column_layout = QVBoxLayout(self)
        column_layout.setContentsMargins(16, 14, 16, 12)
        column_layout.setSpacing(10)
        column_layout.addWidget(hint_label)
        column_layout.addLayout(grid_layout)
        column_layout.addWidget(self._problem)
        column_layout.addWidget(button_box)
        column_layout.setSizeConstraint(QVBoxLayout.SizeConstraint.SetFixedSize)

    def begin(self) -> None:
        """Wait for new pictures."""
        self._problem.hide()
        for tile in self.tiles:
            tile.wait()
        self.button_more.setFocus()

    def show_variation(self, position: int, seed: int, image: QImage) -> None:
        """A picture is there; the first one gets the keyboard."""
        is_first = not any(tile.ready for tile in self.tiles)
        self.tiles[position].show_image(seed, image)
        if is_first:
            self.tiles[position].setFocus()

    def fail(self, sentence: str) -> None:
        """The pictures that are missing cannot be painted."""
        for tile in self.tiles:
            if not tile.ready:
                tile.fail()
        self._problem.setText(sentence)
        self._problem.show()

    def _take(self, tile: VariationTile) -> None:
        if tile.ready:
            self.taken.emit(tile.seed)
            self.accept()
