"""Six variations of one region: pictures that appear one by one, to take one with a click."""

from __future__ import annotations

from collections.abc import Sequence

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

from app.shell.icons import icons, tinted

SIDE = 208
IN_ROW = 3
RADIUS = 8.0


class VariationTile(QAbstractButton):
    """One variation: waiting, a picture, or one that could not be painted. Its seed stands below."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._image: QImage | None = None
        self._failed = False
        self.seed = 0
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.wait(0)

    def wait(self, seed: int) -> None:
        """Its picture is being painted."""
        self._image, self._failed, self.seed = None, False, seed
        self.setEnabled(False)
        self.unsetCursor()
        self.setAccessibleName(self.tr("Seed {0}, being painted").format(seed))
        self.setToolTip("")
        self.update()

    def show_image(self, image: QImage) -> None:
        """Its picture is there."""
        self._image = image
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
        box = QRectF(1.5, 1.5, SIDE - 3, SIDE - 3)
        path = QPainterPath()
        path.addRoundedRect(box, RADIUS, RADIUS)
        painter.setClipPath(path)
        if self._image is not None:
            painter.drawImage(box, self._image)
        else:
            painter.fillPath(path, palette.color(QPalette.ColorRole.Base))
            faint = palette.color(QPalette.ColorRole.PlaceholderText)
            icon = tinted("broken" if self._failed else "dice", faint, 28, self.devicePixelRatioF())
            painter.drawPixmap(QPoint(SIDE // 2 - 14, SIDE // 2 - 14), icon)
        painter.setClipping(False)
        pointed = self.hasFocus() or (self.underMouse() and self.isEnabled())
        edge = QColor(palette.color(QPalette.ColorRole.Accent if pointed else QPalette.ColorRole.Text))
        edge.setAlphaF(1.0 if pointed else 0.2)
        painter.setPen(QPen(edge, 3 if pointed else 1))  # no veil: colours are what is being judged
        painter.drawPath(path)
        painter.setPen(palette.color(QPalette.ColorRole.PlaceholderText))
        caption = QRect(0, SIDE, SIDE, self.height() - SIDE)
        painter.drawText(caption, Qt.AlignmentFlag.AlignCenter, self.tr("Seed {0}").format(self.seed))
        painter.end()


class VariationsDialog(QDialog):
    """Shows variations; who paints them is the controller's business."""

    taken = Signal(object)  # seed
    more_wanted = Signal()

    def __init__(self, name: str, count: int, whole: bool = False, parent: QWidget | None = None) -> None:
        """``whole``: the style is that of the whole picture."""
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(self.tr("Variations of {0}").format(name))
        region = self.tr("Click a picture to take its style for {0}. Everything else stays as it is.").format(name)
        hint = QLabel(self.tr("Click a picture to take its style.") if whole else region)
        hint.setProperty("muted", True)
        hint.setWordWrap(True)
        self.tiles = [VariationTile() for _ in range(count)]
        group = QButtonGroup(self)  # lets the arrow keys go up and down too
        group.setExclusive(False)
        grid = QGridLayout()
        grid.setSpacing(10)
        for i, tile in enumerate(self.tiles):
            group.addButton(tile)
            tile.clicked.connect(lambda _=False, tile=tile: self._take(tile))
            grid.addWidget(tile, i // IN_ROW, i % IN_ROW)
        self._problem = QLabel()
        self._problem.setWordWrap(True)
        self._problem.setAccessibleName(self.tr("What is wrong"))
        self._problem.hide()
        box = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        self.button_more = QPushButton(self.tr("Six more"))
        self.button_more.setAccessibleName(self.tr("Six more"))
        self.button_more.setToolTip(self.tr("Drop these and paint six others"))
        icons().bind(self.button_more, "dice")
        self.button_more.clicked.connect(self.more_wanted)
        box.addButton(self.button_more, QDialogButtonBox.ButtonRole.ActionRole)
        box.rejected.connect(self.reject)
        for button in box.buttons():
            if isinstance(button, QPushButton):
                button.setAutoDefault(False)
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 14, 16, 12)
        column.setSpacing(10)
        column.addWidget(hint)
        column.addLayout(grid)
        column.addWidget(self._problem)
        column.addWidget(box)
        column.setSizeConstraint(QVBoxLayout.SizeConstraint.SetFixedSize)

    def begin(self, seeds: Sequence[int]) -> None:
        """Wait for new pictures."""
        self._problem.hide()
        for tile, seed in zip(self.tiles, seeds, strict=True):
            tile.wait(seed)
        self.button_more.setFocus()

    def show_variation(self, place: int, image: QImage) -> None:
        """A picture is there; the first one gets the keyboard."""
        first = not any(tile.ready for tile in self.tiles)
        self.tiles[place].show_image(image)
        if first:
            self.tiles[place].setFocus()

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
