"""Regions of one colour, and what lies in them without being of it: a beard in skin, a moustache on a lip.

A label map calls a bearded cheek skin. In portraits' shades, where light comes back from the skin around, skin
keeps nearly all of its chroma; hair of a beard is darker and has half of it. That is told apart pixel by pixel, so no
strand is cut through.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

Array = np.ndarray

ONE_COLOURED = frozenset({"skin", "upper lip", "lower lip"})
"""Names of labels whose regions are of one colour. Hair is not (roots, streaks), clothes and walls are not."""
MAIN = 40.0
"""Percentile of lightness from which on pixels show the region's own colour."""
DARKER = (-4.0, 12.0)
"""How much darker than the own colour, in units of L, a pixel begins to be another's and is."""
PALER = (0.6, 0.4)
"""Which part of the own chroma it begins to be another's at, and is."""
GREYER = (0.9, 0.7)
"""The same of the chroma that shade leaves, which shrinks as lightness + 16 does: a face's dark side is skin."""
MIN_CHROMA = 16.0
"""Chroma under which a region has no colour that could fade: noise is as strong."""


@dataclass(frozen=True)
class OwnColour:
    """Lightness and chroma of what a region is of."""

    lightness: float
    chroma: float

    def share(self, lab: Array) -> Array:
        """(h, w) float32 in 0..1, how much each pixel of `lab` (h, w, 3) is of the colour."""
        lightness, a, b = cv2.split(lab)
        darker = np.clip((self.lightness - lightness - DARKER[0]) * np.float32(1 / (DARKER[1] - DARKER[0])), 0, 1)
        relative_chroma = np.sqrt(a * a + b * b) * np.float32(1 / self.chroma)
        paler = np.clip((relative_chroma - PALER[0]) * np.float32(1 / (PALER[1] - PALER[0])), 0, 1)
        relative_chroma *= np.float32(self.lightness + 16) / (np.maximum(lightness, 0) + 16)
        greyer = np.clip((relative_chroma - GREYER[0]) * np.float32(1 / (GREYER[1] - GREYER[0])), 0, 1)
        return 1 - darker * paler * greyer


def own_colour(lab: Array, weight: Array) -> OwnColour | None:
    """The colour that a region is of, or None where it has none: lab (h, w, 3), weight (h, w), not 0 everywhere."""
    colours = lab[weight > 0.5] if (weight > 0.5).any() else lab[weight > 0]
    main = colours[colours[:, 0] >= np.percentile(colours[:, 0], MAIN)]
    chroma = float(np.median(np.hypot(main[:, 1], main[:, 2])))
    return OwnColour(float(np.median(main[:, 0])), chroma) if chroma >= MIN_CHROMA else None
