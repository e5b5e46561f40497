"""A square picture of a style that can be clicked, dropped on and dragged away."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QMimeData, QPoint, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QDrag,
    QDragEnterEvent,
    QDragLeaveEvent,
    QDropEvent,
    QEnterEvent,
    QMouseEvent,
    QPainter,
    QPainterPath,
    QPaintEvent,
    QPalette,
    QPen,
    QPixmap,
)
from PySide6.QtWidgets import QAbstractButton, QApplication, QSizePolicy, QWidget

from app.imaging.mime import may_be_useful, read_mime
from app.shell.icons import tinted

RADIUS = 8.0


class Thumb(QAbstractButton):
    """Shows a pixmap, or an icon in a dashed frame when there is none. ``clicked`` asks for a file."""

    incoming = Signal(object)  # Incoming

    def __init__(self, side_pixels: int, accessible_name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._side = side_pixels
        self._pixmap: QPixmap | None = None
        self._tint: QColor | None = None
        self._icon = "image-add"
        self._over = False
        self._drag: Callable[[], QMimeData] | None = None
        self._pressed_at: QPoint | None = None
        self.setAccessibleName(accessible_name)
        self.setAcceptDrops(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)

    def show_style(
        self,
        pixmap: QPixmap | None,
        *,
        icon: str,
        tint: QColor | None = None,
        drag: Callable[[], QMimeData] | None = None,
    ) -> None:
        """What to show: a pixmap, or ``icon`` over a wash of ``tint``. ``drag`` makes what a drag takes away."""
        self._pixmap, self._icon, self._tint, self._drag = pixmap, icon, tint, drag
        self.update()

    @property
    def has_picture(self) -> bool:
        """True while a pixmap is shown."""
        return self._pixmap is not None

    def colour_at(self, point: QPointF) -> QColor | None:
        """The picture's colour under a point of the widget, without the veil under the pointer."""
        if self._pixmap is None:
            return None
        image = self._pixmap.toImage()
        column = min(image.width() - 1, max(0, int(point.x() * image.width() / self.width())))
        row = min(image.height() - 1, max(0, int(point.y() * image.height() / self.height())))
        return image.pixelColor(column, row)

    def sizeHint(self) -> QSize:
        return QSize(self._side, self._side)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        palette = self.palette()
        picture_box = QRectF(self.rect()).adjusted(1, 1, -1, -1)
        rounded_path = QPainterPath()
        rounded_path.addRoundedRect(picture_box, RADIUS, RADIUS)
        painter.setClipPath(rounded_path)
        if self._pixmap is not None:
            painter.drawPixmap(picture_box, self._pixmap, QRectF(self._pixmap.rect()))
        else:
            self._paint_placeholder(painter, picture_box)
        if self.isDown() or self.underMouse() or self._over:
            veil_colour = QColor(palette.color(QPalette.ColorRole.Accent if self._over else QPalette.ColorRole.Text))
            veil_colour.setAlphaF(0.30 if self._over else 0.10)
            painter.fillPath(rounded_path, veil_colour)
        painter.setClipping(False)
        painter.setPen(self._edge())
        painter.drawPath(rounded_path)
        painter.end()

    def _paint_placeholder(self, painter: QPainter, picture_box: QRectF) -> None:
        ground = QColor(self._tint) if self._tint is not None else self.palette().color(QPalette.ColorRole.Base)
        ground.setAlphaF(0.30 if self._tint is not None else 1.0)
        painter.fillRect(picture_box, ground)
        icon_side = max(14, min(28, self._side // 3))
        icon_colour = self.palette().color(QPalette.ColorRole.PlaceholderText)
        icon = tinted(self._icon, icon_colour, icon_side, self.devicePixelRatioF())
        painter.drawPixmap(
            QPoint(int(picture_box.center().x() - icon_side / 2), int(picture_box.center().y() - icon_side / 2)), icon
        )

    def _edge(self) -> QPen:
        if self.hasFocus() or self._over:
            return QPen(self.palette().color(QPalette.ColorRole.Accent), 2 if self._over else 1.5)
        edge_colour = QColor(self.palette().color(QPalette.ColorRole.Text))
        edge_colour.setAlphaF(0.20)
        edge_pen = QPen(edge_colour, 1)
        if self._pixmap is None and self._tint is None:
            edge_pen.setStyle(Qt.PenStyle.DashLine)
        return edge_pen

    def enterEvent(self, event: QEnterEvent) -> None:
        self.update()
        super().enterEvent(event)

    # --- drops and drags ----------------------------------------------------------------------------

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if may_be_useful(event.mimeData()):
            self._over = True
            self.update()
            event.acceptProposedAction()

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        self._over = False
        self.update()

    def dropEvent(self, event: QDropEvent) -> None:
        self._over = False
        self.update()
        incoming = read_mime(event.mimeData())
        if not incoming.empty:
            event.acceptProposedAction()
            self.incoming.emit(incoming)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._pressed_at = event.position().toPoint()
        super().mousePressEvent(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        super().mouseMoveEvent(event)
        if self._drag is None or self._pressed_at is None or not event.buttons():
            return
        moved_pixels = (event.position().toPoint() - self._pressed_at).manhattanLength()
        if moved_pixels < QApplication.startDragDistance():
            return
        self._pressed_at = None
        self.setDown(False)
        drag = QDrag(self)
        drag.setMimeData(self._drag())
        if self._pixmap is not None:
            drag.setPixmap(self._pixmap.scaled(64, 64))
            drag.setHotSpot(QPoint(32, 32))
        drag.exec(Qt.DropAction.CopyAction)
