"""A hole in a part of a photo is filled from the photo's own texture, at the photo's own size: nothing is learnt.

What comes from where is decided on a small picture (`synthesis`). At the photo's size the same places are copied, with
all their detail, and brought to the colours that were decided, so that no seams show between what comes from two of
them.
"""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np

from engine.compose.grain import with_grain
from engine.compose.patches.synthesis import synthesised
from engine.compose.seams import without_seam
from engine.compose.shapes.membranes import membrane

Array = np.ndarray
SIDE = 256
"""Longer side in pixels of the small picture."""
MOST_PIXELS = 14000
"""Of the hole in the small picture."""
BLENDED = 1.0
"""Standard deviation, in pixels of the small picture, of the blur above which colours are those that were decided."""
CLOSEST_REACH = 1.5


def filled_from_surroundings(
    colours: Array, hole: Array, known: Array, seed: int, working: Callable[[float], None] = lambda share: None
) -> Array:
    """Colours (h, w, 3) float32 in 0..1 whose hole is filled; holes of other pieces are filled too.

    Args:
        colours: of the part; what they are where nothing is known counts for nothing. They are not changed.
        hole: (h, w) bool, what is filled. known: (h, w) bool, where colours hold: all else but holes of other pieces.
        seed: of what is left to chance; another one gives another filling.
        working: told the share done, 0..1, often; what it raises stops it.
    """
    height, width = hole.shape
    missing = int((~known).sum())
    factor = min(1.0, SIDE / max(height, width), (MOST_PIXELS / missing) ** 0.5)
    small_height, small_width = max(1, round(height * factor)), max(1, round(width * factor))
    safe = np.where(known[..., None], colours, 0).astype(np.float32)
    shares = cv2.resize(known.astype(np.float32), (small_width, small_height), interpolation=cv2.INTER_AREA)
    small = cv2.resize(safe, (small_width, small_height), interpolation=cv2.INTER_AREA)
    small = small / np.maximum(shares, 1e-3)[..., None]
    small_known = shares > 1 - 1e-4
    answer = synthesised(small, small_known, seed, working)
    if answer is None:
        painted = membrane(safe, known, ~known)
    elif factor == 1.0:
        painted = answer[0]
    else:
        painted = _at_own_size(safe, known, *answer)
    painted = without_seam(safe, painted, known, ~known, [CLOSEST_REACH / factor])
    together = np.where(known[..., None], colours, np.clip(painted, 0, 1)).astype(np.float32)
    return with_grain(together, hole, known, seed)


def _at_own_size(colours: Array, known: Array, small: Array, origins: Array) -> Array:
    """The part with what each of its pixels was decided to come from, in the colours that were decided."""
    height, width = known.shape
    scale = height / small.shape[0], width / small.shape[1]
    rows, columns = np.mgrid[:height, :width]
    small_rows = np.minimum(((rows + 0.5) / scale[0]).astype(int), small.shape[0] - 1)
    small_columns = np.minimum(((columns + 0.5) / scale[1]).astype(int), small.shape[1] - 1)
    source = origins[small_rows, small_columns]
    rows = np.clip(rows + np.rint((source[..., 0] - small_rows) * scale[0]).astype(int), 0, height - 1)
    columns = np.clip(columns + np.rint((source[..., 1] - small_columns) * scale[1]).astype(int), 0, width - 1)
    copied = colours[rows, columns]
    lacking = ~known[rows, columns]
    wanted = cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC)
    copied[lacking] = wanted[lacking]
    sigma = BLENDED * max(scale)
    broad = cv2.GaussianBlur(copied, (0, 0), sigma, borderType=cv2.BORDER_REFLECT)
    wanted_broad = cv2.GaussianBlur(wanted, (0, 0), sigma, borderType=cv2.BORDER_REFLECT)
    return copied + wanted_broad - broad
