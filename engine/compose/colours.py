"""A single colour as a style: the region takes the colour, its texture, light and shade stay."""

from __future__ import annotations

import numpy as np

from engine.compose.colour_space import to_lab
from engine.compose.tones import LEVELS, Tones, at_level

Array = np.ndarray

MIN_RATIO, MAX_RATIO = 0.6, 1.3
"""Of contrasts: light comes through light hair and thin cloth from all sides, so their shades are less deep than those
of dark ones times the same light."""
MAX_GLOSS = 1.0
"""Of contrasts above the mean: what shines is the lamp's light, which a dye makes no stronger."""
MAX_SHIFT = 15.0
"""Units of L by which all shades are moved so that their mean is the colour's in spite of what is pressed together."""
KNEE = 80.0
"""Lightness above which shades are pressed together, so that a white dress keeps its folds: half of what is left."""
KEPT_DEVIATION = 0.6
"""Of what the region's chroma deviates from its curve: lips are not all of one red, but less varied than skin. In a
darker colour chroma shrinks as lightness + 16 does, and so do deviations."""
DEEPER = 0.4
"""By how much of itself a colour is multiplied once more in its deepest shades: light that comes there from the region
itself has its colour twice. Shades of platinum are brown, not olive."""

MAX_GAIN = 1.1
"""Of the chroma of shades and highlights, which have less than the colour, so that its mean comes nearer to it."""


def colour_tones(colour: tuple[float, float, float], photo: Tones) -> Tones:
    """The tones of a region that has `colour` where it now has its mean colour.

    Args:
        colour: sRGB in 0..1, e.g. (0.63, 0.06, 0.19).
        photo: the region's tones in the photo.

    Light falls on a dyed thing as on an undyed one, so linear light is multiplied: in CIELAB, whose lightness is 116
    times a cube root less 16, lightness + 16 is multiplied. Shades lie on the line from black to the colour in linear
    light; highlights are no more colourful than the colour, and white where they burn out.

    Raises:
        ValueError: a channel outside 0..1.
    """
    if not all(0 <= channel <= 1 for channel in colour):
        raise ValueError(f"a colour's channels are between 0 and 1, not {colour}")
    target = to_lab(np.array([[colour]], np.float32))[0, 0].astype(np.float64)
    brighter = float((target[0] + 16) / (photo.mean[0] + 16))
    ratio = float(np.clip(brighter, MIN_RATIO, MAX_RATIO))
    apart = photo.lightness - photo.mean[0]
    lightness = _around(float(target[0]), apart * np.where(apart > 0, min(ratio, MAX_GLOSS), ratio))
    chroma = _shades(colour, target)
    shown = float(np.linalg.norm(at_level(chroma, lightness).mean(0)))
    chroma *= np.clip(np.linalg.norm(target[1:]) / max(shown, 1e-6), 1, MAX_GAIN)
    return Tones(
        lightness=lightness,
        chroma=chroma,
        deviation=photo.deviation * KEPT_DEVIATION * min(1.0, brighter),
        detail=photo.detail * ratio,
        mean=np.array([lightness.mean(), *at_level(chroma, lightness).mean(0)]),
        spread=photo.spread * ratio,
    )


def _around(mean: float, apart: Array) -> Array:
    """Lightness (Q,) in 0..100 whose mean is `mean`, `apart` (Q,) from a centre; less near where that would take a
    centre further than `MAX_SHIFT` away."""
    low, high = mean - MAX_SHIFT, mean + MAX_SHIFT
    for _ in range(12):
        centre = (low + high) / 2
        low, high = (centre, high) if np.clip(_kneed(centre + apart), 0, 100).mean() < mean else (low, centre)
    return np.clip(_kneed(low + apart), 0, 100)


def _kneed(lightness: Array) -> Array:
    """Lightness above `KNEE` bent towards 100, which it never reaches."""
    room = 100 - KNEE
    return np.where(lightness > KNEE, KNEE + room * np.tanh((lightness - KNEE) / room), lightness)


def _shades(colour: tuple[float, float, float], target: Array) -> Array:
    """(LEVELS, 2) a, b of the colour's shades and highlights at each lightness. target: (3,) its CIELAB."""
    srgb = np.array(colour, np.float64)
    linear = np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)
    steps = np.linspace(0, 1, 200)[:, None]
    line = steps * linear ** (1 + DEEPER * (1 - steps))
    encoded = np.where(line <= 0.0031308, line * 12.92, 1.055 * line ** (1 / 2.4) - 0.055)
    lab = to_lab(encoded[None].astype(np.float32))[0].astype(np.float64)
    rising = np.maximum.accumulate(lab[:, 0]) + np.arange(len(lab)) * 1e-6
    levels = np.arange(LEVELS)
    shades = np.stack([np.interp(levels, rising, lab[:, n]) for n in (1, 2)], axis=1)
    burnt = np.clip((levels - target[0]) / max(100 - float(target[0]), 1e-6), 0, 1)
    return shades * (1 - burnt**3)[:, None]
