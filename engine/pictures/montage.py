"""Pictures side by side, as one strip or as a grid."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from engine.errors import BadRequest
from engine.pictures.images import resize_image

Array = np.ndarray
PAPER = 250
"""Grey of the gaps, 0-255."""


def strip(pictures: Sequence[Array]) -> Array:
    """Pictures in one row: (H, W, 3) uint8. Raises BadRequest if there is none."""
    return grid(pictures, len(pictures))


def grid(pictures: Sequence[Array], columns: int = 0, gap_width: int = 4) -> Array:
    """Pictures in rows, read from left to right: (H, W, 3) uint8.

    Args:
        pictures: (h, w, 3) uint8, brought to the size of the first one.
        columns: pictures in a row; as many as make the grid nearly square unless given.
        gap_width: pixels between them.

    Raises:
        BadRequest: there is no picture.
    """
    if not pictures:
        raise BadRequest("There is no picture to put side by side.")
    columns = columns or math.ceil(math.sqrt(len(pictures)))
    rows = math.ceil(len(pictures) / columns)
    height, width = pictures[0].shape[:2]
    montage = np.full(
        (rows * (height + gap_width) - gap_width, columns * (width + gap_width) - gap_width, 3), PAPER, np.uint8
    )
    for number, picture in enumerate(pictures):
        row_start, column_start = number // columns * (height + gap_width), number % columns * (width + gap_width)
        montage[row_start : row_start + height, column_start : column_start + width] = resize_image(
            picture, height, width
        )
    return montage
