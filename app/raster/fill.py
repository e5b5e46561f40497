"""Bucket fills: which pixels a click selects. Pure numpy (OpenCV does the flooding), no Qt.

All functions return the mask of the whole image; who paints it, and which locked pixels it skips, is the
document's business.
"""

from __future__ import annotations

import cv2
import numpy as np


def label_mask(*, label_map: np.ndarray, x: int, y: int, contiguous: bool = True) -> np.ndarray:
    """The pixels with the same label as pixel (x, y): its connected area, or the whole region.

    `label_map`: (H, W) uint8. Areas connect through sides, not corners. Returns (H, W) bool.
    """
    _check_inside(label_map.shape[:2], x, y)
    if not contiguous:
        return label_map == label_map[y, x]
    return _flood(label_map, x=x, y=y, tolerance=0)


def colour_mask(*, picture: np.ndarray, x: int, y: int, tolerance: int, contiguous: bool = True) -> np.ndarray:
    """The pixels whose colour differs from pixel (x, y) by at most `tolerance` (0-255) in every channel.

    `picture`: (H, W, 3) uint8. Returns (H, W) bool.
    """
    _check_inside(picture.shape[:2], x, y)
    tolerance = int(min(255, max(0, tolerance)))
    if contiguous:
        return _flood(picture, x=x, y=y, tolerance=tolerance)
    seed = picture[y, x].astype(np.int16)
    low = np.clip(seed - tolerance, 0, 255).astype(np.uint8)
    high = np.clip(seed + tolerance, 0, 255).astype(np.uint8)
    return ((picture >= low) & (picture <= high)).all(axis=2)


def _flood(image: np.ndarray, *, x: int, y: int, tolerance: int) -> np.ndarray:
    height, width = image.shape[:2]
    # OpenCV wants a border of one pixel around the mask, writes the given value into it and, asked for the
    # mask only, leaves the image alone. It still insists on a writable array, hence the copy of read-only
    # views.
    flooded = np.zeros((height + 2, width + 2), dtype=np.uint8)
    source = np.require(image, requirements=["C", "W"])
    span = (tolerance,) * 3
    flags = 4 | (255 << 8) | cv2.FLOODFILL_MASK_ONLY | cv2.FLOODFILL_FIXED_RANGE
    cv2.floodFill(source, flooded, (int(x), int(y)), 0, span, span, flags)
    return flooded[1:-1, 1:-1].astype(bool)


def _check_inside(shape: tuple[int, ...], x: int, y: int) -> None:
    if not (0 <= x < shape[1] and 0 <= y < shape[0]):
        raise ValueError(f"({x}, {y}) lies outside an image of {shape[1]} x {shape[0]} pixels")
