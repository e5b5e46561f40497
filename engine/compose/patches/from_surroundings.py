"""A hole in a part of a photo is filled from the photo's own texture, at the photo's own size: nothing is learnt.

What comes from where is decided on a small picture (`synthesis`). At the photo's size the same places are copied, with
all their detail, and brought to the colours that were decided, so that no seams show between what comes from two of
them.
"""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np

from engine.compose.grain import fine_energy, with_grain
from engine.compose.patches.synthesis import synthesised
from engine.compose.regions import region_blur
from engine.compose.shapes.membranes import membrane

Array = np.ndarray
SIDE = 256
"""Longer side in pixels of the small picture."""
MOST_PIXELS = 14000
"""Of the hole in the small picture."""
ALIKE, TONE_BLUR = 0.15, 3.0
"""What lies at the hole's border and what lay beside the patch that was taken there differ by less in tone, in each
channel of 0..1, else they show different things; and over how many pixels that is averaged."""
MOST_GRAIN = 1.0
"""A hole's fine detail has at most so many times the energy of that of the places that it comes from: a road beside
shop fronts stays a road."""
BLENDED = 1.0
"""Standard deviation, in pixels of the small picture, of the blur above which colours are those that were decided."""


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
        together = np.where(known[..., None], colours, np.clip(painted, 0, 1)).astype(np.float32)
        return with_grain(together, hole, known, seed)
    decided, origins = answer
    rows, columns = _sources(known.shape, origins)
    painted = decided if factor == 1.0 else _at_own_size(safe, known, decided, rows, columns)
    painted = painted + cv2.resize(_tone(small, small_known, origins), (width, height))
    together = np.where(known[..., None], colours, np.clip(painted, 0, 1)).astype(np.float32)
    taken = np.zeros_like(known)
    taken[rows[hole], columns[hole]] = True
    return with_grain(together, hole, known, seed, most=MOST_GRAIN * fine_energy(safe, taken & known))


def _sources(shape: tuple[int, int], origins: Array) -> tuple[Array, Array]:
    """Rows and columns, each (h, w), that the pixels of a part come from, by what was decided on a small picture."""
    (height, width), (small_height, small_width) = shape, origins.shape[:2]
    scale = height / small_height, width / small_width
    rows, columns = np.mgrid[:height, :width]
    small_rows = np.minimum(((rows + 0.5) / scale[0]).astype(int), small_height - 1)
    small_columns = np.minimum(((columns + 0.5) / scale[1]).astype(int), small_width - 1)
    source = origins[small_rows, small_columns]
    rows = np.clip(rows + np.rint((source[..., 0] - small_rows) * scale[0]).astype(int), 0, height - 1)
    columns = np.clip(columns + np.rint((source[..., 1] - small_columns) * scale[1]).astype(int), 0, width - 1)
    return rows, columns


def _at_own_size(colours: Array, known: Array, small: Array, rows: Array, columns: Array) -> Array:
    """The part with the pixels that it comes from, in the colours that were decided on the small picture."""
    height, width = known.shape
    copied = colours[rows, columns]
    lacking = ~known[rows, columns]
    wanted = cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC)
    copied[lacking] = wanted[lacking]
    sigma = BLENDED * max(height / small.shape[0], width / small.shape[1])
    broad = cv2.GaussianBlur(copied, (0, 0), sigma, borderType=cv2.BORDER_REFLECT)
    wanted_broad = cv2.GaussianBlur(wanted, (0, 0), sigma, borderType=cv2.BORDER_REFLECT)
    return copied + wanted_broad - broad


def _tone(small: Array, known: Array, origins: Array) -> Array:
    """(h, w, 3) float32: what is added in the hole so that no edge shows at its border, 0 elsewhere.

    Beside the hole the photo goes on otherwise than beside the places that were taken: what they differ by there is
    carried on into the hole (a membrane, as in Perez et al., SIGGRAPH 2003).
    """
    hole = ~known
    ring = known & (cv2.dilate(hole.astype(np.uint8), np.ones((5, 5), np.uint8)) > 0)
    _, nearest = cv2.distanceTransformWithLabels(
        known.astype(np.uint8), cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
    )
    place_of = np.zeros((int(nearest.max()) + 1, 2), np.int64)
    place_of[nearest[hole]] = np.argwhere(hole)
    border = np.argwhere(ring)
    inside = place_of[nearest[ring]]  # the hole's pixel beside each
    sources = border + origins[inside[:, 0], inside[:, 1]] - inside
    usable = ((sources >= 0) & (sources < known.shape)).all(1)
    sources[~usable] = 0
    usable &= known[sources[:, 0], sources[:, 1]]
    difference = small[ring] - small[sources[:, 0], sources[:, 1]]
    usable &= (np.abs(difference) < ALIKE).all(1)
    values, weight = np.zeros_like(small), np.zeros(known.shape, np.float32)
    values[border[usable, 0], border[usable, 1]] = difference[usable]
    weight[border[usable, 0], border[usable, 1]] = 1
    tone = membrane(region_blur(values, weight, TONE_BLUR), weight > 0, hole)
    return np.where(hole[..., None], tone, 0).astype(np.float32)
