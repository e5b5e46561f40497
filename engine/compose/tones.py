"""A region's colours as a function of lightness, and the map that gives one region the tones of another.

Mean and spread per channel (Reinhard et al. 2001) turn black hair blond with the shades' blue still in it, because
chroma is moved the same way in light and in shade. In a photograph chroma follows lightness: shadows of blond hair are
brown, its highlights pale. So the joint distribution is moved one variable after the other, as in the rearrangement of
Knothe (1957) and Rosenblatt (1952): first lightness by its quantiles (with clamped slopes, so that noise is not
stretched), then chroma to what the style has at that lightness, with the photo's own deviations from its curve kept.

All colours are CIELAB with lightness 0..100, as `cv2.cvtColor` makes it of float32 sRGB.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from engine.compose.mattes import MAN_MADE, SMOOTH
from engine.compose.own_colour import OwnColour

Array = np.ndarray

LEVELS = 101
"""Entries of a curve over lightness: 0, 1, ... 100."""
QUANTILES = np.linspace(0.01, 0.99, 41)
MIN_SLOPE, MAX_SLOPE = 0.4, 2.0
"""Of the lightness curve. A photo's contrast is not taken away below 0.4, not stretched beyond 2."""
OUTER_SLOPE = 0.7
"""Beyond the quantiles, where a few highlights and shadows are."""
MIN_DETAIL, MAX_DETAIL = 0.8, 1.0
"""Gains of the photo's detail. At most 1: more stretches JPEG noise."""
DIM = 1.3
"""Of detail's least gain, as a multiple of the gain of lightness + 16: light hair's strands stand out in black."""
MIN_CHROMA, MAX_CHROMA = 0.3, 1.5
"""Gains of the deviations from the chroma curve."""
SMOOTH_TONES = 5.0
"""Standard deviation, in units of lightness, over which the chroma curve is averaged."""
STEEPEST_LINE = 2.5
"""Slope of `lightness_line` at most: it stretches all shades alike, so it shows less than a steep piece of a curve."""
BY_SPREAD = MAN_MADE | SMOOTH
"""Names of labels of plain surfaces, where the plain transfer's arithmetic measures better. A wall is of a few
materials: quantiles would turn one's shade into the next one's, and chroma does not follow lightness. Skin is of one,
and its shades are the light's, as folds of cloth are."""
PULL = 0.02
"""Weight of the mean chroma where a lightness has next to no pixels."""


@dataclass(frozen=True)
class Tones:
    """What a region looks like, without its shape.

    lightness: (Q,) quantiles of its smoothed lightness at `QUANTILES`, 0..100.
    chroma: (LEVELS, 2) mean a, b at each lightness. deviation: (2,) spread of a, b around that.
    detail: spread of lightness around the smoothed one. mean: (3,) mean colour.
    spread: of lightness within a lock's reach (`engine.compose.strands`); 0 asks for no strands.
    """

    lightness: Array
    chroma: Array
    deviation: Array
    detail: float
    mean: Array
    spread: float = 0.0


@dataclass(frozen=True)
class ToneMap:
    """A pointwise map of colours, with the smoothed lightness beside them.

    lightness: (LEVELS,) the new smoothed lightness. detail_gain: factor of the rest of the lightness.
    chroma_from, chroma_to: (LEVELS, 2) mean chroma at the old and at the new lightness; chroma_gain: (2,) factor of
    deviations from it. offset: (3,) added at the end. own: pixels that are not of this colour stay, or None.
    """

    lightness: Array
    detail_gain: float
    chroma_from: Array
    chroma_to: Array
    chroma_gain: Array
    offset: Array
    own: OwnColour | None = None

    def apply(self, lab: Array, base: Array, added: Array | None = None, foreign: Array | None = None) -> Array:
        """New colours (h, w, 3) float32 of `lab` (h, w, 3) whose smoothed lightness is `base` (h, w).

        added: (h, w) added to the new lightness, which the new chroma follows. foreign: (h, w) in 0..1, how little of a
        pixel's own deviation from the chroma curve stays, as it may be another's.
        """
        light, *chroma = cv2.split(lab)
        new_light = np.take(_fine(self.lightness), _step(base))
        new_light += (light - base) * np.float32(self.detail_gain)
        if added is not None:
            new_light += added
        old_step, new_step = _step(light), _step(new_light)
        planes = [new_light + np.float32(self.offset[0])]
        for n, plane in enumerate(chroma):  # to + gain * (value - from), with gain and offset inside the tables
            gain = float(self.chroma_gain[n])
            plane = plane * np.float32(gain)
            plane -= np.take(_fine(self.chroma_from[:, n] * gain), old_step)
            if foreign is not None:
                plane -= plane * foreign
            plane += np.take(_fine(self.chroma_to[:, n] + self.offset[n + 1]), new_step)
            planes.append(plane)
        new = cv2.merge(planes)
        if self.own is not None:
            new -= lab
            new *= self.own.share(lab)[..., None]
            new += lab
        return new


FINE = 40
"""Steps per unit of lightness when a curve is looked up; the error is under a hundredth of a unit."""


def at_level(curve: Array, lightness: Array) -> Array:
    """A curve (LEVELS,) or (LEVELS, C) at `lightness` (...), clamped to 0..100: (...) or (..., C) float32."""
    return np.take(_fine(curve), _step(lightness), axis=0)


def _fine(curve: Array) -> Array:
    """A curve (LEVELS,) or (LEVELS, C) in `FINE` steps per unit, float32."""
    steps = np.arange((LEVELS - 1) * FINE + 1, dtype=np.float64) / FINE
    if curve.ndim == 1:
        return np.interp(steps, np.arange(LEVELS), curve).astype(np.float32)
    return np.stack([np.interp(steps, np.arange(LEVELS), column) for column in curve.T], axis=1).astype(np.float32)


def _step(lightness: Array) -> Array:
    """Indices into `_fine` curves."""
    scaled = lightness * np.float32(FINE)
    scaled += np.float32(0.5)
    np.clip(scaled, 0, (LEVELS - 1) * FINE, out=scaled)
    return scaled.astype(np.intp)


def measure_tones(lab: Array, weight: Array, base: Array) -> Tones:
    """The tones of a region.

    Args:
        lab: (h, w, 3) float32. weight: (h, w) in 0..1, how much of a pixel counts. base: (h, w) smoothed lightness.

    Raises:
        ValueError: no pixel counts.
    """
    counted = weight > 0
    if not counted.any():
        raise ValueError("the region has no pixels to measure")
    colours, weights, smooth = lab[counted].astype(np.float64), weight[counted].astype(np.float64), base[counted]
    total = weights.sum()
    mean = weights @ colours / total
    chroma = _chroma_curve(colours, weights, mean[1:])
    apart = colours[:, 1:] - at_level(chroma, colours[:, 0])
    apart -= weights @ apart / total
    detail = colours[:, 0] - smooth
    return Tones(
        lightness=_quantiles(smooth, weights),
        chroma=chroma,
        deviation=np.sqrt(weights @ apart**2 / total),
        detail=float(np.sqrt(weights @ (detail - weights @ detail / total) ** 2 / total)),
        mean=mean,
    )


def fit_tone_map(photo: Tones, style: Tones, *, by_spread: bool = False) -> ToneMap:
    """The map from a photo's tones to a style's.

    by_spread: mean and spread of each channel move (Reinhard et al. 2001), the spreads' gains clamped as elsewhere; see
        `BY_SPREAD`.
    """
    dimming = (style.mean[0] + 16) / (photo.mean[0] + 16)
    least = min(MIN_DETAIL, DIM * dimming)
    gain = float(np.clip(style.detail / max(photo.detail, 0.2), least, MAX_DETAIL))
    if by_spread:
        chroma_gain = _clamped(_chroma_spread(style), _chroma_spread(photo))
        chroma = _everywhere(photo.mean[1:]), _everywhere(style.mean[1:])
        return ToneMap(lightness_line(photo.lightness, style.lightness), gain, *chroma, chroma_gain, np.zeros(3))
    curve = lightness_curve(photo.lightness, style.lightness)
    chroma_gain = _clamped(style.deviation, photo.deviation)
    return ToneMap(curve, gain, photo.chroma, style.chroma, chroma_gain, np.zeros(3))


def _clamped(style_spread: Array, photo_spread: Array) -> Array:
    """Gains (2,) that take the photo's spread of a, b to the style's."""
    return np.clip(style_spread / np.maximum(photo_spread, 0.3), MIN_CHROMA, MAX_CHROMA)


def _chroma_spread(tones: Tones) -> Array:
    """Standard deviation (2,) of a, b: around their curve, and of the curve over the region's lightness."""
    return np.sqrt(tones.deviation**2 + at_level(tones.chroma, tones.lightness).var(0))


def _everywhere(chroma: Array) -> Array:
    """A curve (LEVELS, 2) that is a, b (2,) at every lightness."""
    return np.repeat(chroma[None], LEVELS, 0)


def lightness_line(before: Array, after: Array) -> Array:
    """The line (LEVELS,) that takes mean and spread of the quantiles `before` (Q,) to those of `after` (Q,).

    Its slope is from `MIN_SLOPE` to `STEEPEST_LINE`.
    """
    slope = np.clip(after.std() / max(float(before.std()), 1e-3), MIN_SLOPE, STEEPEST_LINE)
    return after.mean() + (np.arange(LEVELS) - before.mean()) * slope


def lightness_curve(before: Array, after: Array) -> Array:
    """A monotone curve (LEVELS,) that takes the quantiles `before` (Q,) to about `after` (Q,), slopes clamped.

    The mean of the quantiles is met exactly; a clamped slope gives up spread, not the mean.
    """
    levels = np.arange(LEVELS, dtype=np.float64)
    apart = before + np.arange(len(before)) * 1e-4  # equal quantiles of a flat region: still increasing
    curve = np.interp(levels, apart, after)
    low, high = levels < before[0], levels > before[-1]
    curve[low] = after[0] + (levels[low] - before[0]) * OUTER_SLOPE
    curve[high] = after[-1] + (levels[high] - before[-1]) * OUTER_SLOPE
    curve = cv2.GaussianBlur(curve[None], (0, 0), 3, borderType=cv2.BORDER_REPLICATE)[0]
    steps = np.clip(np.diff(curve), MIN_SLOPE, MAX_SLOPE)
    rebuilt = np.concatenate([[0.0], np.cumsum(steps)])
    return rebuilt + (after.mean() - np.interp(before, levels, rebuilt).mean())


def _quantiles(values: Array, weights: Array) -> Array:
    order = np.argsort(values, kind="stable")
    cumulated = np.cumsum(weights[order])
    return np.interp(QUANTILES * cumulated[-1], cumulated, values[order])


def _chroma_curve(colours: Array, weights: Array, mean: Array) -> Array:
    """(LEVELS, 2): kernel regression of a, b on lightness (Nadaraya 1964, Watson 1964), pulled to the mean."""
    level = np.clip(np.rint(colours[:, 0]), 0, LEVELS - 1).astype(int)

    def smooth(values: Array) -> Array:
        counts = np.bincount(level, values, minlength=LEVELS)
        return cv2.GaussianBlur(counts[None], (0, 0), SMOOTH_TONES, borderType=cv2.BORDER_CONSTANT)[0]

    pull = PULL * weights.sum() / LEVELS
    mass = smooth(weights) + pull
    return np.stack([(smooth(weights * colours[:, n + 1]) + pull * mean[n]) / mass for n in (0, 1)], axis=1)
