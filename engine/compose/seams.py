"""A painted picture meets the photo around a hole without a seam: the difference at the border fades inside."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

Array = np.ndarray
LEAST_WEIGHT = 1e-6
FADING = 1.5
"""A correction has fallen to 1/e that many reaches inside the hole."""


def without_seam(photo: Array, painted: Array, known: Array, hole: Array, reaches: Sequence[float]) -> Array:
    """The painted picture, moved at the hole's border to the photo's colours: (h, w, 3) float32.

    Outside the hole both show the same; what they differ by there, averaged over what is near, is added inside and
    fades out. Broad differences first, then what is left of them close to the border.

    Args:
        photo, painted: (h, w, 3) float32.
        known: (h, w) bool, where the photo's colours hold. hole: (h, w) bool, where they do not.
        reaches: over how many pixels it is averaged, and fades, one after the other.
    """
    if not known.any():
        return painted
    weights = known.astype(np.float32)
    distance = cv2.distanceTransform(hole.astype(np.uint8), cv2.DIST_L2, 5)
    for reach in reaches:
        difference = cv2.GaussianBlur((photo - painted) * weights[..., None], (0, 0), reach)
        known_share = cv2.GaussianBlur(weights, (0, 0), reach)
        fading = np.exp(-((distance / (FADING * reach)) ** 2))
        painted = painted + difference * (fading / np.maximum(known_share, LEAST_WEIGHT))[..., None]
    return painted
