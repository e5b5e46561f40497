"""Files and images dropped on the canvas: told by signals, with the pixel of the image under them."""

from __future__ import annotations

from PySide6.QtCore import QMimeData, QPoint, QPointF, Signal
from PySide6.QtGui import QDragEnterEvent, QDragLeaveEvent, QDragMoveEvent, QDropEvent, QImage
from PySide6.QtWidgets import QWidget

from app.imaging.mime import STYLE_MIME, read_mime

NO_LABEL = -1


class DropTarget(QWidget):
    """Base of the canvas. While something is dragged over it, the region under the cursor stands out."""

    files_dropped = Signal(list, object)  # paths (str); QPoint in image pixels, None outside the image
    style_dropped = Signal(int, object)  # label whose style was dragged here from the styles panel; QPoint or None
    image_dropped = Signal(QImage, object)  # pixels without a file, from a browser or another editor
    drag_label = Signal(int)  # label under what is dragged; -1: none, or it left

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._dragged_over = NO_LABEL
        self.setAcceptDrops(True)

    def label_at(self, point: QPointF) -> int:
        """The label under a point of the widget; -1 outside the image."""
        raise NotImplementedError

    def pixel_at(self, point: QPointF) -> tuple[int, int]:
        """The pixel (x, y) under a point of the widget; may lie outside the image."""
        raise NotImplementedError

    def set_highlight(self, label: int | None) -> None:
        """Darkens all but one label's region; None ends it."""
        raise NotImplementedError

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if _usable(event.mimeData()):
            event.acceptProposedAction()
            self._drag_over(event.position())

    def dragMoveEvent(self, event: QDragMoveEvent) -> None:
        if _usable(event.mimeData()):
            event.acceptProposedAction()
            self._drag_over(event.position())

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        self._drag_over(None)

    def dropEvent(self, event: QDropEvent) -> None:
        self._drag_over(None)
        data = event.mimeData()
        point = self._image_point(event.position())
        style = read_mime(data).style_of
        if style is not None:
            event.acceptProposedAction()
            self.style_dropped.emit(style, point)
        elif local_files(data):
            event.acceptProposedAction()
            self.files_dropped.emit(local_files(data), point)
        elif data.hasImage():
            image = QImage(data.imageData())
            if not image.isNull():
                event.acceptProposedAction()
                self.image_dropped.emit(image, point)

    def _image_point(self, point: QPointF) -> QPoint | None:
        if self.label_at(point) == NO_LABEL:
            return None
        return QPoint(*self.pixel_at(point))

    def _drag_over(self, point: QPointF | None) -> None:
        label = NO_LABEL if point is None else self.label_at(point)
        if label != self._dragged_over:
            self._dragged_over = label
            self.set_highlight(None if label == NO_LABEL else label)
            self.drag_label.emit(label)


def local_files(data: QMimeData) -> list[str]:
    """Paths of the files in what is dragged; links into the net are none (the application is offline)."""
    return [url.toLocalFile() for url in data.urls() if url.isLocalFile()]


def _usable(data: QMimeData) -> bool:
    return data.hasFormat(STYLE_MIME) or bool(local_files(data)) or data.hasImage()
