"""A region's outline as it is drawn on the screen: at the screen's size, whatever the size of the label map."""

from __future__ import annotations

import cv2
import numpy as np

from app.raster.view import View
from engine.labels.looked_at import Part, slices_of

WIDTH = 2  # widget pixels of the light line inside the region; a dark one of the same width is outside
LIGHT, DARK, VEIL = 0xF0F0F0F0, 0xB4000000, 0x2E2E2E2E  # 0xAARRGGBB premultiplied; the veil lies over the region


def region_seen(label_map: np.ndarray, label: int, *, at: View, width: int, height: int) -> np.ndarray:
    """(height, width) bool: where the region of a label of a (H, W) label map is seen in a widget of that size."""
    rows, row_inside = _pixels_under(height, at.y, at.scale, label_map.shape[0])
    columns, column_inside = _pixels_under(width, at.x, at.scale, label_map.shape[1])
    seen = label_map[rows][:, columns] == label
    return np.asarray(seen & row_inside[:, None] & column_inside)


def part_seen(looked_at: Part | None, shape: tuple[int, int], *, at: View, width: int, height: int) -> np.ndarray:
    """(height, width) bool: where a part of an image of (H, W) `shape` is seen in a widget; None: all of it."""
    if looked_at is None:
        return np.ones((height, width), bool)
    rows, columns = slices_of(looked_at, *shape)
    y, row_inside = _pixels_under(height, at.y, at.scale, shape[0])
    x, column_inside = _pixels_under(width, at.x, at.scale, shape[1])
    row_inside &= (y >= rows.start) & (y < rows.stop)
    return row_inside[:, None] & (column_inside & (x >= columns.start) & (x < columns.stop))


def outline(region: np.ndarray) -> np.ndarray:
    """(h, w) bool -> (h, w) uint32, 0xAARRGGBB premultiplied: a light and a dark line along the region's border, seen
    on any colour, and a veil over the region."""
    square = np.ones((2 * WIDTH + 1, 2 * WIDTH + 1), np.uint8)
    solid = region.astype(np.uint8)
    layer = np.zeros(region.shape, np.uint32)
    layer[cv2.dilate(solid, square) > 0] = DARK
    layer[region] = LIGHT
    layer[cv2.erode(solid, square, borderType=cv2.BORDER_CONSTANT, borderValue=1) > 0] = VEIL
    return layer


def _pixels_under(length: int, offset: float, scale: float, count: int) -> tuple[np.ndarray, np.ndarray]:
    """For each pixel of a side of the widget the image's pixel under it, and whether there is one."""
    pixels = np.floor((np.arange(length) + 0.5 - offset) / scale).astype(np.int64)
    return np.clip(pixels, 0, count - 1), (pixels >= 0) & (pixels < count)
