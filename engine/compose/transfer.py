"""The plain colour transfer that compositions are measured against.

Reinhard, Ashikhmin, Gooch, Shirley, "Color Transfer between Images", IEEE CG&A 2001, inside a region and
in CIELAB: each channel gets the style region's mean and spread.
"""

from __future__ import annotations

import cv2
import numpy as np

from engine.compose.colour_space import to_colours, to_lab

Array = np.ndarray


def plain_transfer(photo: Array, region: Array, style: Array, style_region: Array, soft: float = 0.0) -> Array:
    """The photo with a region's mean and spread of L, a, b taken from the style's region.

    Args:
        photo, style: (H, W, 3) and (h, w, 3) float32 in 0..1. region, style_region: bool, not empty.
        soft: standard deviation in pixels by which the region's edge is blurred; 0 cuts it as with scissors.

    Returns:
        (H, W, 3) float32 in 0..1.
    """
    lab, wanted = to_lab(photo), to_lab(style)[style_region].astype(np.float64)
    own = lab[region].astype(np.float64)
    gain = wanted.std(0) / np.maximum(own.std(0), 1e-3)
    new = to_colours(((lab - own.mean(0)) * gain + wanted.mean(0)).astype(np.float32))
    cut = region.astype(np.float32)
    alpha = cv2.GaussianBlur(cut, (0, 0), soft) if soft > 0 else cut
    return photo + alpha[..., None] * (new - photo)
