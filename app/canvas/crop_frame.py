"""A crop over the canvas: what lies outside is darkened, and where it is active, mouse, pen and keys change it."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QColor, QKeyEvent, QMouseEvent, QPainter, QPainterPath, QPaintEvent, QPen, QTabletEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget

from app.canvas.widget import CanvasWidget
from app.raster import view
from app.raster.cropping import MIDDLE, Cropping, Handle

_GRIP = 10.0  # widget pixels on either side of an edge
_KNOB = 4.5  # half a handle's side, in widget pixels
_LARGE = 10  # photo pixels that Shift and an arrow move the crop by
_GROWTH = 1.05
_DARKNESS = 120  # of 255, beside the crop
_ARROWS = {
    Qt.Key.Key_Left: (-1, 0),
    Qt.Key.Key_Right: (1, 0),
    Qt.Key.Key_Up: (0, -1),
    Qt.Key.Key_Down: (0, 1),
}


class CropFrame(QWidget):
    """Lies over a canvas that shows a photo; presses beside the crop, the wheel and other keys are the canvas's."""

    changed = Signal(object)  # Cropping, by the user
    left = Signal()  # the user has done with the crop: Escape

    def __init__(self, canvas: CanvasWidget, cropping: Cropping) -> None:
        super().__init__(canvas)
        self._canvas = canvas
        self._cropping = cropping
        self._pressed: tuple[Handle, QPointF, Cropping] | None = None  # the handle, where, and the crop at that time
        self._active = False
        self.setMouseTracking(True)
        self.setAccessibleName(self.tr("Crop"))
        self.setAccessibleDescription(
            self.tr(
                "Arrow keys move the crop, with Shift by ten pixels, with Ctrl they change its form; "
                "+ and - make it larger and smaller."
            )
        )
        self.set_active(False)
        over_canvas = QVBoxLayout(canvas)
        over_canvas.setContentsMargins(0, 0, 0, 0)
        over_canvas.addWidget(self)

    @property
    def active(self) -> bool:
        """Whether mouse and keys change the crop."""
        return self._active

    def set_active(self, active: bool) -> None:
        """Lets mouse and keys change the crop, or leaves them to the canvas."""
        self._active, self._pressed = active, None
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents, not active)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus if active else Qt.FocusPolicy.NoFocus)
        if active:
            self.setFocus(Qt.FocusReason.OtherFocusReason)
        elif self.hasFocus():
            self._canvas.setFocus(Qt.FocusReason.OtherFocusReason)
        self.update()

    def show_cropping(self, cropping: Cropping) -> None:
        """Shows another crop."""
        self._cropping = cropping
        self.update()

    # ------------------------------------------------------------ what is where

    def rectangle(self) -> QRectF:
        """Where the crop is seen, in the widget."""
        crop = self._cropping.crop
        return self._seen(crop.x0, crop.y0, crop.x1, crop.y1)

    def _seen(self, x0: int, y0: int, x1: int, y1: int) -> QRectF:
        shown = self._canvas.view
        top_left = QPointF(*view.to_widget(view=shown, x=x0, y=y0))
        return QRectF(top_left, QPointF(*view.to_widget(view=shown, x=x1, y=y1)))

    def handle_at(self, point: QPointF) -> Handle | None:
        """The corner, edge or middle of the crop under a point of the widget; None beside it."""
        seen = self.rectangle()
        across = _side(point.x(), seen.left(), seen.right())
        down = _side(point.y(), seen.top(), seen.bottom())
        return None if across is None or down is None else Handle(across, down)

    # ------------------------------------------------------------ mouse and pen

    def _press(self, point: QPointF) -> bool:
        handle = self.handle_at(point)
        if handle is None or self._canvas.space_held:
            return False
        self._pressed = handle, point, self._cropping
        return True

    def _drag(self, point: QPointF) -> bool:
        if self._pressed is None:
            self._show_cursor(point)
            return False
        handle, pressed_at, before = self._pressed
        scale = self._canvas.view.scale
        if handle == MIDDLE:
            self._change(before.moved(*(round(way / scale) for way in (point - pressed_at).toTuple())))
        else:
            edge = self._corner(before, handle) + point - pressed_at
            self._change(before.dragged(handle, *view.to_image(view=self._canvas.view, x=edge.x(), y=edge.y())))
        return True

    def _corner(self, cropping: Cropping, handle: Handle) -> QPointF:
        """Where a handle of the crop is in the widget, so that it keeps its distance to the pointer."""
        crop = cropping.crop
        seen = self._seen(crop.x0, crop.y0, crop.x1, crop.y1)
        return QPointF(
            seen.right() if handle.across > 0 else seen.left(), seen.bottom() if handle.down > 0 else seen.top()
        )

    def _release(self) -> bool:
        was_pressed = self._pressed is not None
        self._pressed = None
        return was_pressed

    def _change(self, cropping: Cropping) -> None:
        if cropping != self._cropping:
            self.show_cropping(cropping)
            self.changed.emit(cropping)

    def _show_cursor(self, point: QPointF) -> None:
        handle = self.handle_at(point)
        if handle is None:
            self.unsetCursor()  # the canvas's is seen
        else:
            self.setCursor(_cursor(handle))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        event.setAccepted(event.button() == Qt.MouseButton.LeftButton and self._press(event.position()))

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        event.setAccepted(self._drag(event.position()))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        event.setAccepted(event.button() == Qt.MouseButton.LeftButton and self._release())

    def tabletEvent(self, event: QTabletEvent) -> None:
        kind = event.type()
        if kind == QEvent.Type.TabletPress:
            event.setAccepted(self._press(event.position()))
        elif kind == QEvent.Type.TabletMove:
            event.setAccepted(self._drag(event.position()))
        else:
            event.setAccepted(self._release())

    # ------------------------------------------------------------ keys

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self._escape()
        elif Qt.Key(event.key()) in _ARROWS:
            self._arrow(*_ARROWS[Qt.Key(event.key())], event.modifiers())
        elif event.text() in ("+", "="):
            self._change(self._cropping.scaled(_GROWTH))
        elif event.text() == "-":
            self._change(self._cropping.scaled(1 / _GROWTH))
        else:
            event.ignore()  # the canvas's: another tool, the zoom

    def _escape(self) -> None:
        """Takes back what is being dragged, or leaves the crop as it is."""
        if self._pressed is None:
            self.left.emit()
            return
        before = self._pressed[2]
        self._pressed = None
        self._change(before)

    def _arrow(self, across: int, down: int, held: Qt.KeyboardModifier) -> None:
        if held & Qt.KeyboardModifier.ControlModifier:
            self._change(self._cropping.widened(across) if across else self._cropping.heightened(down))
        else:
            step = _LARGE if held & Qt.KeyboardModifier.ShiftModifier else 1
            self._change(self._cropping.moved(across * step, down * step))

    # ------------------------------------------------------------ painting

    def paintEvent(self, event: QPaintEvent) -> None:
        seen, (height, width) = self.rectangle(), self._cropping.photo
        outside = QPainterPath()
        outside.addRect(self._seen(0, 0, width, height))
        inside = QPainterPath()
        inside.addRect(seen)
        with QPainter(self) as painter:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.fillPath(outside.subtracted(inside), QColor(0, 0, 0, _DARKNESS))
            for colour, thickness in ((QColor(0, 0, 0, 170), 3.0), (QColor(255, 255, 255), 1.5)):
                painter.setPen(QPen(colour, thickness))
                painter.drawRect(seen)
            if self._active:
                painter.setPen(QPen(QColor(0, 0, 0, 200), 1.0))
                painter.setBrush(self.palette().highlight() if self.hasFocus() else QColor(255, 255, 255))
                half = min(_KNOB, min(seen.width(), seen.height()) / 8)  # a small crop is still seen
                for knob in _knobs(seen):
                    painter.drawRect(QRectF(knob.x() - half, knob.y() - half, 2 * half, 2 * half))


def _side(position: float, low: float, high: float) -> int | None:
    """-1 at the low end, 1 at the high one, 0 between them, None beside both. A small crop has room for its middle."""
    grip = min(_GRIP, (high - low) / 4)
    if not low - _GRIP <= position <= high + _GRIP:
        return None
    if position < low + grip:
        return -1
    return 1 if position > high - grip else 0


def _cursor(handle: Handle) -> Qt.CursorShape:
    """The pointer's shape over a handle: which way it can be pulled."""
    if handle == MIDDLE:
        return Qt.CursorShape.SizeAllCursor
    if handle.across and handle.down:
        falls = handle.across == handle.down
        return Qt.CursorShape.SizeFDiagCursor if falls else Qt.CursorShape.SizeBDiagCursor
    return Qt.CursorShape.SizeHorCursor if handle.across else Qt.CursorShape.SizeVerCursor


def _knobs(seen: QRectF) -> list[QPointF]:
    """Corners and middles of the edges."""
    columns = seen.left(), seen.center().x(), seen.right()
    rows = seen.top(), seen.center().y(), seen.bottom()
    return [QPointF(x, y) for x in columns for y in rows if (x, y) != (columns[1], rows[1])]
