"""The layer in which a preview lies over the last exact picture: there only where something has changed.

A preview is smaller than the picture, and a network that paints small paints coarsely. So what the last change did
not touch keeps its exact pixels, and the preview fades in around what it did. Pure numpy, no Qt.
"""

from __future__ import annotations

import cv2
import numpy as np

REACH = 0.035  # of the longer side: how far around a change the preview is shown in full
FADE = 0.05  # and over which length it fades out beyond that


def changed_pixels(now: np.ndarray, before: np.ndarray, height: int, width: int) -> np.ndarray:
    """(height, width) bool: where two label maps of one shape differ, seen at a smaller size.

    A change that is smaller than a pixel there counts, so no sample is taken: any difference marks its pixel.
    """
    differs = (now != before).view(np.uint8)
    return reduced_mask(differs, height, width)


def reduced_mask(mask: np.ndarray, height: int, width: int) -> np.ndarray:
    """(H, W) uint8 0/1 -> (height, width) bool: pixels that hold any 1."""
    if not mask.any():
        return np.zeros((height, width), bool)
    small: np.ndarray = cv2.resize(mask * np.uint8(255), (width, height), interpolation=cv2.INTER_AREA) > 0
    rows, columns = mask.shape[0] / height, mask.shape[1] / width
    if max(rows, columns) > 15:  # one pixel among so many is rounded away
        ys, xs = np.nonzero(mask)
        small[(ys / rows).astype(int), (xs / columns).astype(int)] = True
    return small


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
