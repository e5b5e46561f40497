"""Files, images, colours and styles dropped on the canvas: reported by signals, with the image's pixel under them."""

from __future__ import annotations

from typing import Protocol

from PySide6.QtCore import QObject, QPoint, QPointF, Signal
from PySide6.QtGui import QDragEnterEvent, QDragMoveEvent, QDropEvent, QImage

from app.imaging.mime import may_be_useful, read_mime

NO_LABEL = -1


class DropTarget(Protocol):
    """What drops are made on."""

    def label_at(self, point: QPointF) -> int:
        """The label under a point of the widget; NO_LABEL outside the image."""
        ...

    def region_at(self, point: QPointF) -> int:
        """The same; NO_LABEL also where a drop restyles nothing, because nobody looked there."""
        ...

    def pixel_at(self, point: QPointF) -> tuple[int, int]:
        """The pixel (x, y) under a point of the widget; may lie outside the image."""
        ...

    def set_highlight(self, label: int | None) -> None:
        """Darkens all but one label's region, and shows its name; None ends it."""
        ...


class Drops(QObject):
    """Takes a widget's drag and drop events. While something is dragged, the region under it stands out, with its
    name."""

    files_dropped = Signal(list, object)  # paths (str); QPoint in image pixels, None outside the image
    style_dropped = Signal(int, object)  # label whose style was dragged here from the styles panel; QPoint or None
    colour_dropped = Signal(str, object)  # "#rrggbb"; QPoint or None
    image_dropped = Signal(QImage, object)  # pixels without a file, from a browser or another editor

    def __init__(self, target: DropTarget, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._target = target
        self._label = NO_LABEL  # under what is dragged

    def drag(self, event: QDragEnterEvent | QDragMoveEvent) -> None:
        """Something usable is accepted, and shows whose region it would fall on."""
        if may_be_useful(event.mimeData()):
            event.acceptProposedAction()
            self._drag_over(event.position())

    def leave(self) -> None:
        """What was dragged has left."""
        self._drag_over(None)

    def drop(self, event: QDropEvent) -> None:
        """Tells what was dropped, and where."""
        self._drag_over(None)
        pixel = self._pixel(event.position())
        incoming = read_mime(event.mimeData())
        if incoming.style_of is not None:
            event.acceptProposedAction()
            self.style_dropped.emit(incoming.style_of, pixel)
        elif incoming.colour is not None:
            event.acceptProposedAction()
            self.colour_dropped.emit(incoming.colour, pixel)
        elif incoming.files:
            event.acceptProposedAction()
            self.files_dropped.emit([str(path) for path in incoming.files], pixel)
        elif incoming.image is not None:
            event.acceptProposedAction()
            self.image_dropped.emit(incoming.image, pixel)

    def _pixel(self, point: QPointF) -> QPoint | None:
        if self._target.label_at(point) == NO_LABEL:
            return None
        return QPoint(*self._target.pixel_at(point))

    def _drag_over(self, point: QPointF | None) -> None:
        label = NO_LABEL if point is None else self._target.region_at(point)
        if label != self._label:
            self._label = label
            self._target.set_highlight(None if label == NO_LABEL else label)
