"""The layer in which a preview lies over the last exact picture: there only where something has changed.

A preview is smaller than the picture, and a network that paints small paints coarsely. So what the last change did
not touch keeps its exact pixels, and the preview fades in around what it did. Pure numpy, no Qt.
"""

from __future__ import annotations

import cv2
import numpy as np

REACH = 0.035  # of the longer side: how far around a change the preview is shown in full
FADE = 0.05  # and over which length it fades out beyond that


def fading(changed: np.ndarray) -> np.ndarray:
    """(h, w) bool -> (h, w) uint8 opacity: 255 on and around what has changed, fading out further away."""
    if not changed.any():
        return np.zeros(changed.shape, np.uint8)
    side = max(changed.shape)
    reach, fade = max(2.0, REACH * side), max(2.0, FADE * side)
    distance = cv2.distanceTransform((~changed).view(np.uint8), cv2.DIST_L2, 3)
    share = np.clip(1 - (distance - reach) / fade, 0, 1)
    return np.rint(255 * share).astype(np.uint8)


def layer(pixels: np.ndarray, opacity: np.ndarray) -> np.ndarray:
    """(h, w, 3) uint8 and (h, w) uint8 -> (h, w) uint32, 0xAARRGGBB premultiplied."""
    alpha = opacity.astype(np.uint32)
    red, green, blue = ((pixels[:, :, n] * alpha + 127) // 255 for n in range(3))
    return alpha << 24 | red << 16 | green << 8 | blue
