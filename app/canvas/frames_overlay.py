"""The frames of a photo over the canvas: which there are, which is edited, and handles that move, turn and resize it.

Only edges, corners, the knob and the numbers take the mouse; inside a frame one paints as everywhere.
"""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QObject, QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QColor, QFocusEvent, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QWidget

from app.canvas.widget import CanvasWidget
from app.raster import frame_handles, view
from app.raster.frame_handles import Grip
from engine.pictures.face_frames import FaceFrame

REACH = 8.0  # widget pixels around edges, corners and the knob
KNOB = 5.0  # half a handle's side
TAG = 22.0  # side of a number's square
STEPS = {Qt.Key.Key_Left: (-1, 0), Qt.Key.Key_Right: (1, 0), Qt.Key.Key_Up: (0, -1), Qt.Key.Key_Down: (0, 1)}
LARGE, GROWTH, TURN = 10, 1.05, 2.0
CURSORS = {
    Grip.EDGE: Qt.CursorShape.SizeAllCursor,
    Grip.CORNER: Qt.CursorShape.SizeFDiagCursor,
    Grip.KNOB: Qt.CursorShape.CrossCursor,
}


class FramesOverlay(QWidget):
    """Shows frames, in pixels of the photo, the largest first; `chosen`: the number of the one that is edited."""

    picked = Signal(int)  # the number of a frame that was clicked
    moved = Signal(object)  # FaceFrame: where the chosen frame is to lie
    taken_up = Signal()  # it is moved again, or put back: where it was to lie until now counts no more

    def __init__(self, canvas: CanvasWidget) -> None:
        super().__init__(canvas)
        self._canvas = canvas
        self._frames: tuple[FaceFrame, ...] = ()
        self._chosen: int | None = None
        self._held: tuple[Grip, tuple[float, float], FaceFrame] | None = None  # what is dragged, from where
        self._shown: FaceFrame | None = None  # the chosen frame while it is moved, until its regions are found
        self._told: FaceFrame | None = None  # where `moved` last said that it is to lie
        self.setMouseTracking(True)
        self.setAttribute(Qt.WidgetAttribute.WA_NoSystemBackground)
        self._name()
        canvas.installEventFilter(self)
        self.setGeometry(canvas.rect())
        self.hide()

    def _name(self) -> None:
        self.setAccessibleName(self.tr("Frames"))
        self.setAccessibleDescription(
            self.tr(
                "Arrow keys move the frame, with Shift by ten pixels, with Ctrl they turn it; + and - make it larger "
                "and smaller; Enter looks for the regions there, Esc leaves it as it was."
            )
        )

    # ------------------------------------------------------------ what is shown

    def show_frames(self, frames: Sequence[FaceFrame], chosen: int | None) -> None:
        """Shows these from now on; what was being moved lies where `frames` say."""
        self._frames, self._chosen = tuple(frames), chosen
        self._held = self._shown = self._told = None
        self.setVisible(bool(frames))
        if not frames and self.hasFocus():
            self._canvas.setFocus(Qt.FocusReason.OtherFocusReason)
        self.update()

    @property
    def chosen_frame(self) -> FaceFrame | None:
        """The frame that is edited, as it is shown; None for none."""
        if self._chosen is None:
            return None
        return self._shown or self._frames[self._chosen]

    def adjust(self) -> None:
        """Gives the keyboard to the chosen frame."""
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setFocus(Qt.FocusReason.OtherFocusReason)
        self.update()

    def tag_of(self, number: int) -> QRectF:
        """Where the number of a frame stands, in the widget: at its upper left corner, inside the canvas."""
        corner = self._seen(self._frame(number)).at(0)
        tag = QRectF(corner.x() - TAG / 2, corner.y() - TAG / 2, TAG, TAG)
        tag.moveLeft(min(max(tag.left(), 0.0), max(0.0, self.width() - TAG)))
        tag.moveTop(min(max(tag.top(), 0.0), max(0.0, self.height() - TAG)))
        return tag

    def _frame(self, number: int) -> FaceFrame:
        return self._shown if number == self._chosen and self._shown is not None else self._frames[number]

    def _at(self, x: float, y: float) -> QPointF:
        return QPointF(*view.to_widget(view=self._canvas.view, x=x, y=y))

    def _seen(self, frame: FaceFrame) -> QPolygonF:
        return QPolygonF([self._at(float(x), float(y)) for x, y in frame.corners()])

    def _place(self, point: QPointF) -> tuple[float, float]:
        return view.to_image(view=self._canvas.view, x=point.x(), y=point.y())

    # ------------------------------------------------------------ mouse

    def grip_at(self, point: QPointF) -> Grip | None:
        """What of the chosen frame is under a point of the widget."""
        frame = self.chosen_frame
        if frame is None or self._chosen is None:
            return None
        if self.tag_of(self._chosen).contains(point):
            return Grip.EDGE
        return frame_handles.grip_at(frame, *self._place(point), REACH / self._canvas.view.scale)

    def frame_at(self, point: QPointF) -> int | None:
        """The number of another frame whose edge or number is under a point of the widget."""
        reach = REACH / self._canvas.view.scale
        for number, frame in enumerate(self._frames):
            on_edge = frame_handles.on_edge(frame, *self._place(point), reach)
            if number != self._chosen and (on_edge or self.tag_of(number).contains(point)):
                return number
        return None

    def mousePressEvent(self, event: QMouseEvent) -> None:
        left = event.button() == Qt.MouseButton.LeftButton and not self._canvas.space_held
        grip, number = self.grip_at(event.position()), self.frame_at(event.position())
        frame = self.chosen_frame
        if left and grip is not None and frame is not None:
            self._take_up()
            self._held = grip, self._place(event.position()), frame
        elif left and number is not None:
            self.picked.emit(number)
        else:
            event.ignore()  # the canvas's: what lies there is painted

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._held is not None:
            taken, start, frame = self._held
            self._show_moved(frame_handles.dragged(frame, taken, start, self._place(event.position()), self._size()))
            return
        grip = self.grip_at(event.position())
        if grip is not None:
            self.setCursor(CURSORS[grip])
        elif self.frame_at(event.position()) is not None:
            self.setCursor(Qt.CursorShape.PointingHandCursor)
        else:
            self.unsetCursor()
        event.ignore()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if self._held is None or event.button() != Qt.MouseButton.LeftButton:
            event.ignore()
            return
        self._held = None
        self._tell_moved()

    # ------------------------------------------------------------ keys

    def keyPressEvent(self, event: QKeyEvent) -> None:
        frame, held, key = self.chosen_frame, event.modifiers(), Qt.Key(event.key())
        if frame is None or key == Qt.Key.Key_Escape:
            self._leave()
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._tell_moved()
        elif key in STEPS and held & Qt.KeyboardModifier.ControlModifier:
            self._show_moved(frame_handles.turned(frame, TURN * sum(STEPS[key]) * 2))
        elif key in STEPS:
            step = LARGE if held & Qt.KeyboardModifier.ShiftModifier else 1
            across, down = (step * way for way in STEPS[key])
            self._show_moved(frame_handles.dragged(frame, Grip.EDGE, (0, 0), (across, down), self._size()))
        elif event.text() in ("+", "=", "-"):
            self._show_moved(
                frame_handles.scaled(frame, 1 / GROWTH if event.text() == "-" else GROWTH, self._size())
            )
        else:
            event.ignore()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        if self._held is None:
            self._tell_moved()
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        super().focusOutEvent(event)

    def _leave(self) -> None:
        self._take_up()
        self._held = self._shown = None
        self.update()
        self._canvas.setFocus(Qt.FocusReason.OtherFocusReason)

    def _size(self) -> tuple[int, int]:
        return self._canvas.document.height, self._canvas.document.width

    def _show_moved(self, frame: FaceFrame) -> None:
        self._take_up()
        self._shown = frame
        self.update()

    def _take_up(self) -> None:
        self._told = None
        self.taken_up.emit()

    def _tell_moved(self) -> None:
        if self._chosen is not None and self._shown not in (None, self._told, self._frames[self._chosen]):
            self._told = self._shown
            self.moved.emit(self._shown)

    # ------------------------------------------------------------ painting

    def paintEvent(self, event: QPaintEvent) -> None:
        with QPainter(self) as painter:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            for number in range(len(self._frames)):
                if number != self._chosen:
                    self._draw(painter, number, 1.0)
            if self._chosen is not None:
                self._draw(painter, self._chosen, 2.0)
                self._draw_handles(painter, self._frame(self._chosen))

    def _draw(self, painter: QPainter, number: int, thickness: float) -> None:
        seen, is_chosen = self._seen(self._frame(number)), number == self._chosen
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(QColor(0, 0, 0, 150), thickness + 2))
        painter.drawPolygon(seen)
        line = Qt.PenStyle.SolidLine if is_chosen else Qt.PenStyle.DashLine
        painter.setPen(QPen(QColor(255, 255, 255, 230), thickness, line))
        painter.drawPolygon(seen)
        tag = self.tag_of(number)
        highlight = self.palette().highlight().color()
        painter.setPen(QPen(QColor(255, 255, 255), 1))
        painter.setBrush(highlight if is_chosen else QColor(0, 0, 0, 190))
        painter.drawRoundedRect(tag, 4, 4)
        painter.setPen(self.palette().highlightedText().color() if is_chosen else QColor(255, 255, 255))
        painter.drawText(tag, Qt.AlignmentFlag.AlignCenter, str(number + 1))

    def _draw_handles(self, painter: QPainter, frame: FaceFrame) -> None:
        seen, knob = self._seen(frame), self._at(*frame_handles.knob_of(frame))
        upper = (seen.at(0) + seen.at(1)) / 2
        for colour, thickness in ((QColor(0, 0, 0, 150), 3.0), (QColor(255, 255, 255, 230), 1.0)):
            painter.setPen(QPen(colour, thickness))
            painter.drawLine(upper, knob)
        painter.setPen(QPen(QColor(0, 0, 0, 200), 1.0))
        painter.setBrush(self.palette().highlight() if self.hasFocus() else QColor(255, 255, 255))
        painter.drawEllipse(knob, KNOB, KNOB)
        for corner in (seen.at(1), seen.at(2), seen.at(3)):  # the number stands at the other one
            painter.drawRect(QRectF(corner.x() - KNOB, corner.y() - KNOB, 2 * KNOB, 2 * KNOB))

    # ------------------------------------------------------------ the canvas under it

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Resize:
            self.setGeometry(self._canvas.rect())
        return False

    def changeEvent(self, event: QEvent) -> None:
        if event.type() == QEvent.Type.LanguageChange:
            self._name()
        super().changeEvent(event)
