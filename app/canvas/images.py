"""What the canvas draws, as images kept ready: the label map in its colours, and the picture.

The coloured label map is a 32-bit image over a numpy buffer; after a change only the changed rectangle is
looked up in the colour table again.
"""

from __future__ import annotations

import cv2
import numpy as np
from PySide6.QtGui import QImage

from app.raster.boxes import Box

STRIP_ROWS = 64
"""Rows of a label map that are coloured at once."""


class TableImage:
    """A label map seen through a table of colours, as a QImage that follows it."""

    def __init__(self, label_map: np.ndarray, table: np.ndarray) -> None:
        """`label_map`: (H, W) uint8, kept and read again by `update`; `table`: (256,) uint32 premultiplied
        ARGB.
        """
        self._label_map = label_map
        self._table = table
        height, width = label_map.shape
        self._buffer = np.empty(label_map.shape, np.uint32)
        self.update(Box(0, 0, width, height))
        self.image = QImage(
            self._buffer.data,
            width,
            height,
            width * 4,
            QImage.Format.Format_ARGB32_Premultiplied,
        )

    def update(self, box: Box) -> None:
        """Colours the pixels in `box` again."""
        # In strips: numpy makes indices of 8 bytes of the labels, half a gigabyte at once for a large photo.
        for top in range(box.y0, box.y1, STRIP_ROWS):
            strip = slice(top, min(top + STRIP_ROWS, box.y1)), slice(box.x0, box.x1)
            self._buffer[strip] = np.take(self._table, self._label_map[strip])

    def set_table(self, table: np.ndarray) -> None:
        self._table = table
        height, width = self._label_map.shape
        self.update(Box(0, 0, width, height))


class LayerImage:
    """Pixels with opacity, as a QImage."""

    def __init__(self, pixels: np.ndarray) -> None:
        """`pixels`: (h, w) uint32 premultiplied ARGB; kept."""
        self._buffer = np.ascontiguousarray(pixels)
        height, width = pixels.shape
        self.image = QImage(self._buffer.data, width, height, width * 4, QImage.Format.Format_ARGB32_Premultiplied)


class PictureImage:
    """A picture as a QImage, with halved copies for zooming out: bilinear scaling alone skips pixels below 50
    %.
    """

    def __init__(self, pixels: np.ndarray) -> None:
        """`pixels`: (H, W, 3) uint8."""
        self._pixels = np.ascontiguousarray(pixels)
        self._levels: list[QImage] = []  # made when they are first seen: a photo is rarely compared with what it was

    def at_scale(self, scale: float) -> QImage:
        """The smallest copy at least as large as the picture drawn at `scale` (device pixels)."""
        if not self._levels:
            height, width = self._pixels.shape[:2]
            rgb = QImage(self._pixels.data, width, height, width * 3, QImage.Format.Format_RGB888)
            self._levels.append(rgb.convertToFormat(QImage.Format.Format_RGB32))  # a copy: owns its pixels
        level = 0
        while scale <= 0.5 and min(self._levels[level].width(), self._levels[level].height()) >= 2:
            scale *= 2
            level += 1
            if level == len(self._levels):
                self._levels.append(_half(self._levels[-1]))
        return self._levels[level]


def _half(image: QImage) -> QImage:
    """Each pixel the mean of 2 x 2; an odd last row or column is dropped."""
    width, height = image.width() // 2, image.height() // 2
    stride = image.bytesPerLine()
    rows = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), stride)
    source = rows[: 2 * height, : 8 * width].reshape(2 * height, 2 * width, 4)
    mean = cv2.resize(source, (width, height), interpolation=cv2.INTER_AREA)
    return QImage(mean.data, width, height, width * 4, QImage.Format.Format_RGB32).copy()
