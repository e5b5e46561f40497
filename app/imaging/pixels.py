"""Between numpy pictures and Qt's, and the little pictures of regions."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QBuffer, QByteArray, QIODevice
from PySide6.QtGui import QImage

from engine.errors import EngineError

DIMMED = 0.6
"""How much of a region's surroundings is taken away, 0 to 1."""


def to_qimage(pixels: np.ndarray) -> QImage:
    """(H, W, 3) uint8 to a QImage that owns its memory."""
    pixels = np.ascontiguousarray(pixels)
    height, width, _ = pixels.shape
    return QImage(pixels.data, width, height, 3 * width, QImage.Format.Format_RGB888).copy()


def png_bytes(image: QImage) -> bytes:
    """A picture as a PNG file. Raises EngineError where Qt cannot make one of it."""
    data = QByteArray()
    buffer = QBuffer(data)
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    if not image.save(buffer, "PNG"):  # type: ignore[call-overload]
        raise EngineError("The picture cannot be kept as a PNG file; choose a smaller one.")
    return bytes(data.data())


def region_box(mask: np.ndarray, *, margin: float = 0.12) -> tuple[int, int, int, int] | None:
    """The square (x0, y0, x1, y1) around the set pixels of a (H, W) bool mask, with a margin, inside the picture.

    None where nothing is set. The box is as near to a square as the picture allows.
    """
    rows = np.flatnonzero(mask.any(axis=1))
    if rows.size == 0:
        return None
    columns = np.flatnonzero(mask.any(axis=0))
    height, width = mask.shape
    side = max(rows[-1] - rows[0], columns[-1] - columns[0]) + 1
    side = int(round(max(8, side * (1 + 2 * margin))))
    centre_y, centre_x = (rows[0] + rows[-1] + 1) / 2, (columns[0] + columns[-1] + 1) / 2
    side_y, side_x = min(side, height), min(side, width)
    y0 = int(min(max(0, round(centre_y - side_y / 2)), height - side_y))
    x0 = int(min(max(0, round(centre_x - side_x / 2)), width - side_x))
    return x0, y0, x0 + side_x, y0 + side_y


def region_crop(pixels: np.ndarray, label_map: np.ndarray, label: int) -> np.ndarray | None:
    """A square look at one region: (S, S, 3) uint8, everything outside the region dimmed.

    Args:
        pixels: (H, W, 3) uint8.
        label_map: (h, w) label ids; another size than the picture's is stretched over it.

    Returns:
        None where the label is absent.
    """
    height, width = pixels.shape[:2]
    if label_map.shape != (height, width):
        rows = (np.arange(height) * label_map.shape[0]) // height
        columns = (np.arange(width) * label_map.shape[1]) // width
        label_map = label_map[rows[:, None], columns[None, :]]
    mask = label_map == label
    box = region_box(mask)
    if box is None:
        return None
    x0, y0, x1, y1 = box
    crop = pixels[y0:y1, x0:x1].astype(np.float32)
    inside = mask[y0:y1, x0:x1, None]
    grey = np.float32(118.0)
    return np.where(inside, crop, crop * (1 - DIMMED) + grey * DIMMED).astype(np.uint8)


def region_colour(pixels: np.ndarray, label_map: np.ndarray, label: int) -> tuple[int, int, int] | None:
    """The mean colour, 0-255 each, of a region of a picture (H, W, 3) whose label map (h, w) may have another size;
    None where the label is absent. Looks at about a quarter of a million pixels at most."""
    height, width = (min(512, side) for side in pixels.shape[:2])
    seen_pixels, seen_labels = (
        array[(np.arange(height) * array.shape[0]) // height][:, (np.arange(width) * array.shape[1]) // width]
        for array in (pixels, label_map)
    )
    region_pixels = seen_pixels[seen_labels == label]
    if not len(region_pixels):
        return None
    red, green, blue = region_pixels.mean(axis=0).round().astype(int)
    return int(red), int(green), int(blue)
