"""The part of a photo in which its regions were looked for, where that is not all of it.

A parser looks at a small face again, closer. Around that nobody looked: a label map says label 0, background, of the
wall and of the body alike.
"""

from __future__ import annotations

import numpy as np

from engine.errors import BadRequest

Array = np.ndarray
Part = tuple[float, float, float, float]
"""Top, left, bottom and right, as shares of the photo's height and width, 0..1."""
WHOLE: Part = 0.0, 0.0, 1.0, 1.0
UNSEEN = 255
"""The id of pixels that belong to no region, because nobody looked there. No label set has it."""


def check_part(looked_at: Part) -> None:
    """Raise BadRequest unless it is a part of a photo."""
    top, left, bottom, right = looked_at
    if not (0 <= top < bottom <= 1 and 0 <= left < right <= 1):
        raise BadRequest('The key "looked_at" should name top, left, bottom and right of a part, from 0 to 1.')


def slices_of(looked_at: Part, height: int, width: int) -> tuple[slice, slice]:
    """Rows and columns of a part in a picture of that size."""
    top, left, bottom, right = (round(s * side) for s, side in zip(looked_at, (height, width) * 2, strict=True))
    return slice(top, bottom), slice(left, right)


def unseen(label_map: Array, looked_at: Part | None) -> Array:
    """(H, W) bool: where a label map (H, W) says label 0 and nobody looked. None: all was looked at."""
    mask: Array = label_map == 0
    if looked_at is None:
        return np.zeros_like(mask)
    mask[slices_of(looked_at, *label_map.shape)] = False
    return mask


def without_unseen(label_map: Array, looked_at: Part | None) -> Array:
    """The label map with the id `UNSEEN` where nobody looked; the very same where all was looked at."""
    return label_map if looked_at is None else np.where(unseen(label_map, looked_at), np.uint8(UNSEEN), label_map)
