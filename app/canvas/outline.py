"""The outline of a region, shown for a moment: on a photo that is seen without its label map it tells what a
label means."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from PySide6.QtCore import QObject, QPointF, QRectF, Qt, QTimer
from PySide6.QtGui import QColor, QPainter

from app.canvas.images import LayerImage
from app.document.document import BACKGROUND, Document
from app.raster.outline import outline, part_seen, region_seen
from app.raster.view import Pane, View

SHOWN_MS = 1500
TAG_PADDING = 6  # widget pixels around the name


class RegionOutline(QObject):
    """Draws the outline with the label's name, and takes it away after a while."""

    def __init__(self, document: Document, repaint: Callable[[], None], parent: QObject) -> None:
        super().__init__(parent)
        self._document = document
        self._repaint = repaint
        self._label: int | None = None  # or a piece
        self._brushed: np.ndarray | None = None
        self._key: tuple[object, ...] | None = None  # what the layer was drawn for
        self._layer: LayerImage | None = None
        self._tag_point = QPointF()  # the middle of the region's upper edge
        self._end = QTimer(self)
        self._end.setSingleShot(True)
        self._end.setInterval(SHOWN_MS)
        self._end.timeout.connect(self.hide)

    @property
    def label(self) -> int | None:
        """Whose region is outlined now; None for none."""
        return self._label

    def show(self, label: int, *, stays: bool = False) -> None:
        """Outline a region from now on. One that there is not has none; one that is the whole picture, only
        while it ``stays``, until it is hidden: its name is asked for then."""
        if not 0 < self._document.regions.area(label) < self._document.label_map.size + stays:
            self.hide()
            return
        if stays:
            self._end.stop()
        else:
            self._end.start()
        if label != self._label:
            self._label = label
            self.forget()
            self._repaint()

    def show_brushed(self, brushed: np.ndarray | None) -> None:
        """Outline some pixels, (H, W) bool, as long as they are brushed; None ends it."""
        self._brushed = brushed
        self.forget()
        self._repaint()

    def hide(self) -> None:
        """Nothing is outlined any more."""
        self._end.stop()
        if self._label is not None:
            self._label = None
            self.forget()
            self._repaint()

    def forget(self) -> None:
        """The label map has changed."""
        self._key = self._layer = None

    def draw(self, painter: QPainter, pane: Pane, at: View, *, width: int, height: int) -> None:
        """Draw it in a pane of the canvas. ``width``, ``height``: of the room in which the image is shown, in widget
        pixels."""
        if self._label is None and self._brushed is None:
            return
        self._update(at, width, height)
        if self._layer is None:
            return
        painter.save()
        painter.setClipRect(QRectF(pane.x, pane.y, pane.width, pane.height))
        painter.drawImage(QPointF(pane.shift, 0), self._layer.image)
        if self._brushed is None:
            self._draw_tag(painter, self._tag_point + QPointF(pane.shift, 0), pane)
        painter.restore()

    def _update(self, at: View, width: int, height: int) -> None:
        key = self._label, at, width, height
        if key == self._key:
            return
        self._key, self._layer = key, None
        regions = self._document.regions.map if self._brushed is None else self._brushed
        shown = 1 if self._brushed is not None or self._label is None else self._label
        region = region_seen(regions, shown, at=at, width=width, height=height)
        if self._brushed is None and self._label == BACKGROUND:
            region &= part_seen(self._document.looked_at, regions.shape, at=at, width=width, height=height)
        rows, columns = np.flatnonzero(region.any(axis=1)), np.flatnonzero(region.any(axis=0))
        if rows.size:
            self._layer = LayerImage(outline(region))
            self._tag_point = QPointF((int(columns[0]) + int(columns[-1]) + 1) / 2, int(rows[0]))

    def _draw_tag(self, painter: QPainter, point: QPointF, pane: Pane) -> None:
        assert self._label is not None
        text = self._document.regions.name(self._label)
        metrics = painter.fontMetrics()
        tag = QRectF(0, 0, metrics.horizontalAdvance(text) + 2 * TAG_PADDING, metrics.height() + TAG_PADDING)
        tag.moveCenter(QPointF(point.x(), point.y() - tag.height() / 2 - 4))
        tag.moveLeft(min(max(tag.left(), pane.x), pane.x + pane.width - tag.width()))
        tag.moveTop(max(tag.top(), pane.y))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(0, 0, 0, 190))
        painter.drawRoundedRect(tag, 4, 4)
        painter.setPen(QColor(255, 255, 255))
        painter.drawText(tag, Qt.AlignmentFlag.AlignCenter, text)
