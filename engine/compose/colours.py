"""A single colour as a style: the region takes the colour, its texture, light and shade stay."""

from __future__ import annotations

import numpy as np

from engine.compose.colour_space import to_lab
from engine.compose.tones import LEVELS, Tones

Array = np.ndarray

MIN_RATIO, MAX_RATIO = 0.6, 1.8
KNEE = 80.0
"""Lightness above which shades are pressed together, so that a white dress keeps its folds: half of what is left."""
KEPT_DEVIATION = 0.6
"""Of what the region's chroma deviates from its curve: lips are not all of one red, but less varied than skin."""


def colour_tones(colour: tuple[float, float, float], photo: Tones) -> Tones:
    """The tones of a region that has `colour` where it now has its mean colour.

    Args:
        colour: sRGB in 0..1, e.g. (0.63, 0.06, 0.19).
        photo: the region's tones in the photo.

    Light falls on a dyed thing as on an undyed one, so linear light is multiplied: in CIELAB, whose lightness is 116
    times a cube root less 16, lightness + 16 is multiplied. Shades lie on the line from black to the colour,
    highlights on the line from the colour to white, both in linear light (the dichromatic model, Shafer 1985).

    Raises:
        ValueError: a channel outside 0..1.
    """
    if not all(0 <= channel <= 1 for channel in colour):
        raise ValueError(f"a colour's channels are between 0 and 1, not {colour}")
    target = to_lab(np.array([[colour]], np.float32))[0, 0].astype(np.float64)
    ratio = float(np.clip((target[0] + 16) / (photo.mean[0] + 16), MIN_RATIO, MAX_RATIO))
    lightness = np.clip(_kneed(target[0] + (photo.lightness - photo.mean[0]) * ratio), 0, 100)
    target[0] = lightness.mean()
    return Tones(
        lightness=lightness,
        chroma=_shades(colour),
        deviation=photo.deviation * KEPT_DEVIATION,
        detail=photo.detail * ratio,
        mean=target,
        spread=photo.spread * float((target[0] + 16) / (photo.mean[0] + 16)),
    )


def _kneed(lightness: Array) -> Array:
    """Lightness above `KNEE` bent towards 100, which it never reaches."""
    room = 100 - KNEE
    return np.where(lightness > KNEE, KNEE + room * np.tanh((lightness - KNEE) / room), lightness)


def _shades(colour: tuple[float, float, float]) -> Array:
    """(LEVELS, 2) a, b of the colour's shades and highlights at each lightness."""
    srgb = np.array(colour, np.float64)
    linear = np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)
    steps = np.linspace(0, 1, 200)[:, None]
    line = np.concatenate([steps * linear, (linear + steps * (1 - linear))[1:]])
    encoded = np.where(line <= 0.0031308, line * 12.92, 1.055 * line ** (1 / 2.4) - 0.055)
    lab = to_lab(encoded[None].astype(np.float32))[0].astype(np.float64)
    rising = np.maximum.accumulate(lab[:, 0]) + np.arange(len(lab)) * 1e-6
    return np.stack([np.interp(np.arange(LEVELS), rising, lab[:, n]) for n in (1, 2)], axis=1)
