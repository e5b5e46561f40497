"""How many pixels of a block of a label map have each label."""

from __future__ import annotations

import cv2
import numpy as np


def count_labels(block: np.ndarray, where: np.ndarray | None = None) -> np.ndarray:
    """(256,) int64: how many pixels have each value. `block`: (h, w) uint8; `where`: (h, w) bool or all.

    OpenCV counts bytes as they lie; numpy's bincount first makes 8-byte integers of them, ten times slower.
    It answers in float32, which is exact up to 2**24 pixels, so larger blocks are counted in bands.
    """
    counts = np.zeros(256, np.int64)
    rows = max(1, 2**24 // max(1, block.shape[1]))
    for top in range(0, block.shape[0], rows):
        band = np.ascontiguousarray(block[top : top + rows])
        mask = None if where is None else np.ascontiguousarray(where[top : top + rows]).view(np.uint8)
        counts += cv2.calcHist([band], [0], mask, [256], [0, 256]).ravel().astype(np.int64)
    return counts
