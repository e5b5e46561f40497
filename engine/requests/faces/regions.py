"""The regions of one frame of a picture, found as the parser sees it upright."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from engine.labels.label_maps import resize_label_map
from engine.pictures.face_frames import FaceFrame, brought_back, upright

if TYPE_CHECKING:
    from engine.requests.parse import LabelMapFinder, Parsed

Array = np.ndarray
SIDE = 256
"""Of the upright square that the parser sees."""
FINEST = 1024
"""Longer side of the part around a frame in which borders are drawn; in a larger one they are enlarged."""
SEEN = 0.5
"""How much of a pixel lies in the frame for it to be one that the parser looked at."""


def parse_frame(parser: LabelMapFinder, pixels: Array, frame: FaceFrame) -> Parsed:
    """Find the regions of a frame (in pixels) of a picture (H, W, 3) uint8 sRGB.

    The label map is of the whole picture, label 0 beyond the frame. Probabilities are turned back, and the largest
    counts: label ids are never turned.
    """
    height, width = pixels.shape[:2]
    seen = upright(pixels, frame, SIDE)
    parsed = parser.parse(seen)
    rows, columns = frame.box(height, width)
    extent = rows.stop - rows.start, columns.stop - columns.start
    factor = min(1.0, FINEST / max(extent))
    size = max(1, round(extent[0] * factor)), max(1, round(extent[1] * factor))
    local = FaceFrame(
        (frame.x - columns.start) * factor, (frame.y - rows.start) * factor, frame.side * factor, frame.turn
    )
    likeliest, ids = np.zeros(size, np.float32), np.zeros(size, np.uint8)
    for label, share in enumerate(parser.probabilities(seen)):
        turned = brought_back(np.ascontiguousarray(share, np.float32), local, *size)
        ids[turned > likeliest] = label
        np.maximum(likeliest, turned, out=likeliest)
    ids[brought_back(np.ones((SIDE, SIDE), np.float32), local, *size) < SEEN] = 0
    label_map = np.zeros((height, width), np.uint8)
    label_map[rows, columns] = resize_label_map(ids, *extent)
    looked_at = rows.start / height, columns.start / width, rows.stop / height, columns.stop / width
    return parsed._replace(label_map=label_map, looked_at=looked_at)
