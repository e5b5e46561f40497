"""Pictures of Qt as arrays, for comparisons."""

from __future__ import annotations

import numpy as np
from PySide6.QtGui import QImage


def to_array(image: QImage) -> np.ndarray:
    """A QImage without transparency to (H, W, 3) uint8."""
    image = image.convertToFormat(QImage.Format.Format_RGB888)
    stride, height, width = image.bytesPerLine(), image.height(), image.width()
    rows = np.frombuffer(image.constBits(), np.uint8, count=stride * height).reshape(height, stride)
    return rows[:, : 3 * width].reshape(height, width, 3).copy()
