"""Colours as people tell them apart."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np


def lab(colours: Sequence[Sequence[int]]) -> np.ndarray:
    """CIE Lab, (N, 3) float32, of sRGB colours, 0-255; a difference of 2 or 3 is just seen."""
    rgb = np.array([colours], np.float32) / 255
    return np.asarray(cv2.cvtColor(rgb, cv2.COLOR_RGB2LAB)[0])
