"""What of a picture its styles are taken from: one and the same for the editor, the command line and requests."""

from __future__ import annotations

import numpy as np

from engine.labels.label_maps import resize_label_map
from engine.labels.label_sets import LabelSet
from engine.labels.looked_at import Part, slices_of
from engine.pictures.images import resize_image

Array = np.ndarray
LONGEST = 1024
"""Pixels: enough to look at and to correct; parsers and encoders see less."""
SMALL = 0.75
"""Part of the picture: below, what the regions show is looked at closer."""
ROOM = 1.12
"""Side of a close look over the extent of what it shows."""
BACKGROUNDS = ("background", "unlabeled", "unlabelled", "unknown", "void")


def reduced(pixels: Array, side: int = LONGEST) -> Array:
    """The picture with its longer side reduced to `side`; smaller ones stay as they are."""
    height, width = pixels.shape[:2]
    factor = side / max(height, width)
    if factor >= 1:
        return pixels
    return resize_image(pixels, max(1, round(height * factor)), max(1, round(width * factor)))


def focus(label_map: Array, looked_at: Part | None = None) -> tuple[slice, slice]:
    """Rows and columns of the square that shows what the regions show: around everything that is not background,
    with some room, as large as fits; the centred square where the regions fill the picture or there are none. Where the
    regions were looked for in a part of the picture, and a person painted none outside, it lies in that part."""
    height, width = label_map.shape
    if looked_at is not None:
        seen_rows, seen_columns = slices_of(looked_at, height, width)
        if np.count_nonzero(label_map) == np.count_nonzero(label_map[seen_rows, seen_columns]):
            inner_rows, inner_columns = focus(label_map[seen_rows, seen_columns])
            return _moved(inner_rows, seen_rows.start), _moved(inner_columns, seen_columns.start)
    square_side = min(height, width)
    rows, columns = np.nonzero(label_map.any(axis=1))[0], np.nonzero(label_map.any(axis=0))[0]
    centre_y, centre_x = height / 2, width / 2
    if rows.size:
        region_extent = max(rows[-1] - rows[0], columns[-1] - columns[0]) + 1
        centre_y, centre_x = (rows[0] + rows[-1] + 1) / 2, (columns[0] + columns[-1] + 1) / 2
        if region_extent * ROOM < SMALL * square_side:
            square_side = max(32, round(region_extent * ROOM))
    square_side = min(square_side, height, width)
    first_row = int(min(max(0, round(centre_y - square_side / 2)), height - square_side))
    first_column = int(min(max(0, round(centre_x - square_side / 2)), width - square_side))
    return slice(first_row, first_row + square_side), slice(first_column, first_column + square_side)


def _moved(inner: slice, start: int) -> slice:
    return slice(start + inner.start, start + inner.stop)


def has_background(label_set: LabelSet) -> bool:
    """Whether the set's first label is what is around that which is shown: portraits have it, streets do not."""
    return label_set[0].name.lower() in BACKGROUNDS


def close_up(pixels: Array, label_map: Array, label_set: LabelSet) -> tuple[Array, Array]:
    """The part of a picture that is encoded, with its label map: a small face in a large picture is looked at closer.

    Args:
        pixels: (H, W, 3) uint8.
        label_map: (h, w) uint8 of the same picture, any size.
        label_set: its labels; without a background every region counts, so the whole picture is taken.

    Returns:
        (H', W', 3) and (H', W') uint8, contiguous; sides up to LONGEST.
    """
    pixels = reduced(pixels)
    label_map = resize_label_map(label_map, *pixels.shape[:2])
    if has_background(label_set):
        rows, columns = focus(label_map)
        if rows.stop - rows.start < min(label_map.shape):  # else nothing is gained by leaving out the sides
            pixels, label_map = pixels[rows, columns], label_map[rows, columns]
    return np.ascontiguousarray(pixels), np.ascontiguousarray(label_map)
