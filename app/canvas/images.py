"""What the canvas draws, as images kept ready: the label map in its colours, and the picture.

The coloured label map is a 32-bit image over a numpy buffer; after a change only the changed rectangle is
looked up in the colour table again.
"""

from __future__ import annotations

import cv2
import numpy as np
from PySide6.QtGui import QImage

from app.raster.boxes import Box

STRIP_PIXELS = 1 << 18
"""Pixels of a label map that are coloured at once, less by one: of more, OpenCV gives a part to threads of its own, and
the window would wait for those while the engine has all processors."""


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
        table = self._table.view(np.int32)  # OpenCV knows no unsigned numbers of 32 bits
        rows = max(1, (STRIP_PIXELS - 1) // max(1, box.width))
        for top in range(box.y0, box.y1, rows):
            strip = slice(top, min(top + rows, box.y1)), slice(box.x0, box.x1)
            if self._label_map[strip].size:
                cv2.LUT(self._label_map[strip], table, dst=self._buffer[strip].view(np.int32))

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

    Only what is seen is made: a photo of 67 megapixels is mostly looked at small, and is rarely compared with what it
    was.
    """

    def __init__(self, pixels: np.ndarray) -> None:
        """`pixels`: (H, W, 3) uint8."""
        self._halvings = [np.ascontiguousarray(pixels)]
        self._images: dict[int, QImage] = {}  # by how often they are halved

    def at_scale(self, scale: float) -> QImage:
        """The smallest copy at least as large as the picture drawn at `scale` (device pixels)."""
        level = 0
        while scale <= 0.5 and min(self._halved(level).shape[:2]) >= 2:
            scale *= 2
            level += 1
        if level not in self._images:
            height, width = self._halved(level).shape[:2]
            rgb = QImage(self._halved(level).data, width, height, width * 3, QImage.Format.Format_RGB888)
            self._images[level] = rgb.convertToFormat(QImage.Format.Format_RGB32)  # a copy: owns its pixels
        return self._images[level]

    def _halved(self, level: int) -> np.ndarray:
        """The picture halved that often, (h, w, 3): each pixel the mean of 2 x 2; an odd last row or column is
        dropped."""
        while level >= len(self._halvings):
            finer = self._halvings[-1]
            height, width = finer.shape[0] // 2, finer.shape[1] // 2
            finer = finer[: 2 * height, : 2 * width]
            self._halvings.append(cv2.resize(finer, (width, height), interpolation=cv2.INTER_AREA))
        return self._halvings[level]
