"""Everything about one restyled region, fitted on a small copy of the photo and ready for the photo's own size."""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np

from engine.compose.mattes import Matte
from engine.compose.tones import ToneMap, Tones, fit_tone_map, measure_tones

Array = np.ndarray
Box = tuple[float, float, float, float]

WHOLE: Box = (0.0, 0.0, 1.0, 1.0)
BASE_SIGMA = 1.5
"""Of the blur inside the region that parts lightness into base and detail, in pixels of a frame of 256."""
SPREAD_SIGMA = 2.0
"""Of the blur that carries the region's change over its border."""
MODEL_SIGMA = 6.0
"""Of the blur that takes the model's change out of two painted pictures."""
MEAN_STEPS = 3
MAX_OFFSET = 10.0
"""Of the mean's correction, in units of L, a or b: where a label map is wrong, or a region all border, the rest of it
must not be pushed away from the style to make up for that."""


@dataclass(frozen=True)
class RegionChange:
    """One region's change.

    label: id of the region's label. box: the part of the photo that the small arrays cover, as shares of its height
    and width (top, left, bottom, right). strength: 0 leaves the photo, 1 is the whole change.
    matte: how much of a pixel belongs to the region. base: (h, w) smoothed lightness of the photo.
    tones: the colours' map. spread: (h, w, 3) the change of the region's inside, carried over its border, in Lab.
    shift: (h, w, 3) what the model adds at each place, in Lab, or None.
    """

    label: int
    matte: Matte
    base: Array
    tones: ToneMap
    spread: Array
    shift: Array | None = None
    box: Box = WHOLE
    strength: float = 1.0

    def weakened(self, strength: float) -> RegionChange:
        """The same change at another strength. Raises ValueError outside 0..1."""
        if not 0 <= strength <= 1:
            raise ValueError(f"a strength is between 0 and 1, not {strength}")
        return replace(self, strength=strength)


def to_lab(colours: Array) -> Array:
    """(h, w, 3) float32 sRGB in 0..1 -> CIELAB (D65), lightness 0..100."""
    return cv2.cvtColor(colours, cv2.COLOR_RGB2Lab)


def to_colours(lab: Array) -> Array:
    """The inverse of `to_lab`: (h, w, 3) CIELAB -> sRGB, clipped to 0..1."""
    colours = cv2.cvtColor(lab, cv2.COLOR_Lab2RGB)
    return np.clip(colours, 0, 1, out=colours)


def region_blur(values: Array, weight: Array, sigma: float) -> Array:
    """Blur inside a region: blur of values times weight over blur of weight (Knutsson and Westin, CVPR 1993).

    values: (h, w) or (h, w, C) float32. weight: (h, w) float32, at least 0. Where no weight is near, the weighted mean.
    """
    total = float(weight.sum())
    expanded = weight if values.ndim == 2 else weight[..., None]
    mean = (values * expanded).sum((0, 1)) / max(total, 1e-6)
    floor = np.float32(1e-4)

    def blur(field: Array) -> Array:
        return cv2.GaussianBlur(field, (0, 0), sigma, borderType=cv2.BORDER_REFLECT)

    mass = blur(weight)
    mass = mass if values.ndim == 2 else mass[..., None]
    blurred = blur(np.ascontiguousarray(values * expanded, dtype=np.float32))
    return ((blurred + floor * mean) / (mass + floor)).astype(np.float32)


def tones_of(colours: Array, weight: Array) -> Tones:
    """Tones of a region of a picture: colours (h, w, 3) float32 in 0..1, weight (h, w) in 0..1.

    Raises ValueError: the region is empty.
    """
    lab = to_lab(colours)
    weight = weight.astype(np.float32)
    return measure_tones(lab, weight, region_blur(lab[..., 0], weight, BASE_SIGMA))


def model_change(before: Array, after: Array, region: Array) -> Array:
    """low(after) - low(before) inside a region, less its mean: where the model changes more, where less.

    before, after: (h, w, 3) float32 in 0..1, painted with the photo's own style and with the new one. region: (h, w).
    Returns (h, w, 3) float32 in Lab; its mean over the region is 0, because the tones decide that.
    """
    weight = region.astype(np.float32)
    change = region_blur(to_lab(after) - to_lab(before), weight, MODEL_SIGMA)
    mean = (change * weight[..., None]).sum((0, 1)) / max(float(weight.sum()), 1e-6)
    return (change - mean).astype(np.float32)


def new_colours(
    colours: Array, lab: Array, alpha: Array, base: Array, tones: ToneMap, spread: Array, shift: Array | None
) -> Array:
    """What a region's pixels become, before they are mixed with the photo: (h, w, 3) float32 in 0..1.

    A pixel that is half hair, half background is no hair colour, so its own tone says little about its hair: the less
    of it is the region's (`alpha`), the more its change is that of the inside nearby (`spread`). colours, lab: the same
    pixels in sRGB 0..1 and Lab; alpha, base: (h, w).
    """
    change = tones.apply(lab, base)
    change -= lab
    if shift is not None:
        change += shift
    change -= spread
    change *= cv2.merge([alpha, alpha, alpha])
    change += spread
    change += lab
    return to_colours(change)


def region_change(
    colours: Array,
    label_map: Array,
    label: int,
    matte: Matte,
    style: Tones,
    *,
    shift: Array | None = None,
    box: Box = WHOLE,
) -> RegionChange:
    """Fit the change of one region to a style.

    Args:
        colours: (h, w, 3) float32 in 0..1, the small photo.
        label_map: (h, w) its label ids.
        label: whose region is changed.
        matte: of the region, on the same grid.
        style: what the region is to look like.
        shift: (h, w, 3) Lab, see `model_change`.
        box: where the small photo lies in the whole one.

    The region's mean colour is corrected after mixing: soft borders take a part of the photo's old colour in, so the
    first result is always a little off.

    Raises:
        ValueError: the region is empty.
    """
    region = label_map == label
    if not region.any():
        raise ValueError("the region has no pixels to change")
    lab = to_lab(colours)
    alpha = matte.on(colours, label_map)
    inside = region.astype(np.float32)
    base = region_blur(lab[..., 0], inside, BASE_SIGMA)
    tones = fit_tone_map(measure_tones(lab, inside, base), style)
    weight = inside * alpha * alpha
    if float(weight.sum()) < 1e-3:
        weight = inside

    def spread_of(tones: ToneMap) -> Array:
        change = tones.apply(lab, base) - lab
        return region_blur(change if shift is None else change + shift, weight, SPREAD_SIGMA)

    for _ in range(MEAN_STEPS):
        new = new_colours(colours, lab, alpha, base, tones, spread_of(tones), shift)
        mixed = to_lab(np.ascontiguousarray(colours + alpha[..., None] * (new - colours)))
        step = style.mean - mixed[region].mean(0, dtype=np.float64)
        tones = replace(tones, offset=np.clip(tones.offset + step, -MAX_OFFSET, MAX_OFFSET))
    return RegionChange(label, matte, base, tones, spread_of(tones), shift, box)
