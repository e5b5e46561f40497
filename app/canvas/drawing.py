"""The drawing of a document on the canvas: which images are kept, and how a pane shows them."""

from __future__ import annotations

import math

import numpy as np
from PySide6.QtCore import QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QBrush, QColor, QPainter, QPainterPath, QPalette, QPen, QPixmap

from app.canvas.images import LayerImage, PictureImage, TableImage
from app.document.document import Document
from app.raster import strokes, view
from app.raster.boxes import Box
from app.raster.colour_tables import colour_table, highlight_table
from app.raster.view import Enlarged, Pane, View
from engine.labels.looked_at import Part

_CHECK = 8  # widget pixels of a checkerboard square


class Drawing:
    """Images of one document, kept up to date by the canvas. Draws in widget coordinates."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._picture: PictureImage | None = None
        self._original: PictureImage | None = None
        self._labels: TableImage | None = None
        self._preview: LayerImage | None = None
        self._highlight: TableImage | None = None
        self._highlighted: int | None = None
        self.enlarged = Enlarged.SMOOTH
        self.rebuild()

    # ------------------------------------------------------------ following the document

    def rebuild(self) -> None:
        self._labels = None
        self._preview = None
        self.set_highlight(self._highlighted)
        self.update_picture()

    def update_box(self, box: Box) -> None:
        if self._labels is not None:
            self._labels.update(box)
        if self._highlight is not None:
            self._highlight.update(box)

    def update_visibility(self) -> None:
        if self._labels is not None:
            self._labels.set_table(self._table())

    def _table(self) -> np.ndarray:
        return colour_table(label_set=self._document.label_set, hidden=self._document.hidden)

    def _coloured_map(self) -> TableImage:
        """The label map in its colours; made when it is first seen: a photo is looked at without."""
        if self._labels is None:
            self._labels = TableImage(self._document.label_map, self._table())
        return self._labels

    def update_picture(self) -> None:
        """Takes the picture painted last."""
        pixels = self._document.picture
        self._picture = None if pixels is None else PictureImage(pixels)

    def set_original(self, pixels: np.ndarray | None) -> None:
        """The photo as it was, (H, W, 3) uint8; None where there is none."""
        self._original = None if pixels is None else PictureImage(pixels)

    @property
    def has_original(self) -> bool:
        return self._original is not None

    def set_preview(self, pixels: np.ndarray | None) -> None:
        """What lies over the picture until the exact one comes: (h, w) uint32 premultiplied ARGB of any size."""
        self._preview = None if pixels is None else LayerImage(pixels)

    @property
    def has_preview(self) -> bool:
        return self._preview is not None

    @property
    def highlighted(self) -> int | None:
        return self._highlighted

    def set_highlight(self, label: int | None) -> None:
        self._highlighted = label
        document = self._document
        if label is None or (label >= len(document.label_set) and label not in document.pieces):
            self._highlight = None
        elif document.pieces:
            in_region = (document.regions.map == label).astype(np.uint8)
            self._highlight = TableImage(in_region, highlight_table(label=1))
        else:
            self._highlight = TableImage(document.label_map, highlight_table(label=label))

    # ------------------------------------------------------------ drawing

    def draw(
        self,
        painter: QPainter,
        area: QRect,
        panes: tuple[Pane, ...],
        at: View,
        *,
        overlay: float,
        device_ratio: float,
        palette: QPalette,
    ) -> None:
        """Draws what the canvas shows in `area`, all panes and the line between them, over its ground. `overlay` as
        in `draw_pane`.
        """
        painter.fillRect(area, palette.color(QPalette.ColorRole.Mid))
        for pane in panes:
            pane_area = QRect(round(pane.x), area.y(), round(pane.width), area.height()) & area
            if pane_area.isEmpty():
                continue
            painter.setClipRect(pane_area)
            self.draw_pane(painter, pane, at, overlay=overlay, device_ratio=device_ratio, palette=palette)
        painter.setClipRect(area)
        if len(panes) == 2:
            divider = QRect(round(panes[1].x) - 1, area.y(), 2, area.height())
            painter.fillRect(divider, palette.color(QPalette.ColorRole.Highlight))

    def draw_pane(
        self,
        painter: QPainter,
        pane: Pane,
        at: View,
        *,
        overlay: float,
        device_ratio: float,
        palette: QPalette,
    ) -> None:
        """Draws what `pane` shows; the painter is already clipped to what has to be drawn of it.

        `overlay`: opacity of the label map over the picture, 0-1; it is opaque where there is no picture
        under it.
        """
        target = image_rect(self._document, at, pane)
        smooth = view.smooth_pictures(view=at, enlarged=self.enlarged, device_ratio=device_ratio)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, smooth)
        picture, preview = (self._picture, self._preview) if pane.picture else (None, None)
        if pane.original:
            picture, preview = self._original, None
        opacity = overlay if picture is not None or preview is not None else 1.0
        if picture is not None:
            image = picture.at_scale(at.scale * device_ratio)
            painter.drawImage(target, image, QRectF(image.rect()))
        else:
            self._draw_checks(painter, target, palette)
        if preview is not None:
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, True)
            painter.drawImage(target, preview.image, QRectF(preview.image.rect()))
        smooth_labels = not view.square_pixels(view=at, device_ratio=device_ratio)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, smooth_labels)
        if pane.labels and opacity > 0:
            painter.setOpacity(opacity)
            painter.drawImage(target, self._coloured_map().image)
            painter.setOpacity(1.0)
        if self._highlight is not None:
            painter.drawImage(target, self._highlight.image)
        framed = self._document.scene.face is not None  # its frame is seen (`app.canvas.frames_overlay`)
        if self._document.looked_at is not None and not pane.original and not framed:
            draw_part(painter, target, self._document.looked_at, darken=self._highlighted == 0)

    def _draw_checks(self, painter: QPainter, target: QRectF, palette: QPalette) -> None:
        light = palette.color(QPalette.ColorRole.Base)
        checkerboard = QPixmap(2 * _CHECK, 2 * _CHECK)
        checkerboard.fill(light)
        dark = _mixed(light, palette.color(QPalette.ColorRole.Text), 0.2)
        with QPainter(checkerboard) as tile_painter:
            tile_painter.fillRect(0, 0, _CHECK, _CHECK, dark)
            tile_painter.fillRect(_CHECK, _CHECK, _CHECK, _CHECK, dark)
        painter.fillRect(target, QBrush(checkerboard))


def _mixed(a: QColor, b: QColor, share: float) -> QColor:
    """`a` with `share` (0-1) of `b`."""
    pairs = ((a.red(), b.red()), (a.green(), b.green()), (a.blue(), b.blue()))
    return QColor(*(round(x + (y - x) * share) for x, y in pairs))


def image_rect(document: Document, at: View, pane: Pane) -> QRectF:
    """Where the image lies in the widget, as this pane shows it."""
    return QRectF(at.x + pane.shift, at.y, document.width * at.scale, document.height * at.scale)


def draw_part(painter: QPainter, target: QRectF, looked_at: Part, *, darken: bool) -> None:
    """A dashed frame around the part of a photo that was looked at, dark and light: seen on any colour. `target`: where
    the photo is. `darken`: all around it."""
    top, left, bottom, right = looked_at
    seen = QRectF(
        target.x() + left * target.width(),
        target.y() + top * target.height(),
        (right - left) * target.width(),
        (bottom - top) * target.height(),
    )
    if darken:
        around = QPainterPath()
        around.addRect(target)
        around.addRect(seen)
        painter.fillPath(around, QColor(0, 0, 0, 128))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setPen(QPen(QColor(0, 0, 0, 150), 1))
    painter.drawRect(seen)
    painter.setPen(QPen(QColor(255, 255, 255, 230), 1, Qt.PenStyle.DashLine))
    painter.drawRect(seen)


def outline_circle(*, x: float, y: float, diameter: int, at: View, shift: float = 0.0) -> tuple[QPointF, float]:
    """Centre and radius, in widget pixels, of the brush outline around image point (x, y)."""
    x, y = strokes.snap_centre(x=x, y=y, radius=diameter / 2)
    centre_x, centre_y = view.to_widget(view=at, x=x, y=y)
    return QPointF(centre_x + shift, centre_y), diameter / 2 * at.scale


def outline_rect(centre: QPointF, radius: float) -> QRect:
    """What has to be painted again where a brush outline was or is."""
    reach = math.ceil(radius) + 3
    return QRect(math.floor(centre.x()) - reach, math.floor(centre.y()) - reach, 2 * reach + 2, 2 * reach + 2)


def draw_outline(painter: QPainter, centre: QPointF, radius: float) -> None:
    """Dark and light ring: visible on any colour."""
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    for colour, width in ((QColor(0, 0, 0, 160), 3.0), (QColor(255, 255, 255, 230), 1.0)):
        painter.setPen(QPen(colour, width))
        painter.drawEllipse(centre, radius, radius)
