"""What the canvas draws, as images kept ready: the label map in its colours, and the picture.

The coloured label map is a 32-bit image over a numpy buffer; after a change only the changed rectangle is
looked up in the colour table again.
"""

from __future__ import annotations

import cv2
import numpy as np
from PySide6.QtGui import QImage

from app.raster.boxes import Box


class TableImage:
    """A label map seen through a table of colours, as a QImage that follows it."""

    def __init__(self, label_map: np.ndarray, table: np.ndarray) -> None:
        """`label_map`: (H, W) uint8, kept and read again by `update`; `table`: (256,) uint32 premultiplied
        ARGB.
        """
        self._label_map = label_map
        self._table = table
        height, width = label_map.shape
        self._buffer = np.take(table, label_map)  # (H, W) uint32
        self.image = QImage(
            self._buffer.data,
            width,
            height,
            width * 4,
            QImage.Format.Format_ARGB32_Premultiplied,
        )

    def update(self, box: Box) -> None:
        """Colours the pixels in `box` again."""
        self._buffer[box.slices] = np.take(self._table, self._label_map[box.slices])

    def set_table(self, table: np.ndarray) -> None:
        self._table = table
        np.take(table, self._label_map, out=self._buffer)


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
        height, width = pixels.shape[:2]
        pixels = np.ascontiguousarray(pixels)
        rgb = QImage(pixels.data, width, height, width * 3, QImage.Format.Format_RGB888)
        self._levels = [rgb.convertToFormat(QImage.Format.Format_RGB32)]  # a copy: owns its pixels

    def at_scale(self, scale: float) -> QImage:
        """The smallest copy at least as large as the picture drawn at `scale` (device pixels)."""
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
