"""A colour as a style: what is seen is the colour, lit as the region was, and no more of it than was chosen."""

from __future__ import annotations

import numpy as np
import pytest

from engine.compose.colour_space import to_lab
from engine.compose.colours import MAX_GAIN, colour_tones
from engine.compose.tones import QUANTILES, Tones, fit_tone_map

Array = np.ndarray
COPPER, PLATINUM, CHESTNUT = (0.64, 0.33, 0.16), (0.86, 0.8, 0.66), (0.42, 0.25, 0.16)


def hair(low: float, high: float, deviation: float = 4.0) -> Tones:
    """Hair from `low` to `high` in lightness, most of it in between."""
    lightness = low + (high - low) * (QUANTILES - QUANTILES[0]) / (QUANTILES[-1] - QUANTILES[0])
    chroma = np.stack([np.linspace(1, 5, 101), np.linspace(4, 30, 101)], axis=1)
    mean = np.array([lightness.mean(), 3.0, 18.0])
    return Tones(lightness, chroma, np.array([deviation, deviation]), 3.0, mean, 8.0)


def lab_of(colour: tuple[float, float, float]) -> Array:
    return to_lab(np.array([[colour]], np.float32))[0, 0]


@pytest.mark.parametrize("colour", [COPPER, PLATINUM, CHESTNUT])
def test_highlights_are_no_more_colourful_than_the_colour_and_white_where_they_burn_out(colour) -> None:
    target = lab_of(colour)
    chroma = np.linalg.norm(colour_tones(colour, hair(10, 72)).chroma, axis=1)
    lighter = chroma[int(target[0]) + 1 :]
    assert lighter.max() <= MAX_GAIN * np.linalg.norm(target[1:]) + 0.5
    assert (np.diff(lighter) <= 1e-6).all() and lighter[-1] < 0.5


@pytest.mark.parametrize("photo", [hair(10, 72), hair(3, 52), hair(40, 85)])
def test_a_light_colour_is_met_by_hair_of_strong_contrast(photo) -> None:
    style = colour_tones(PLATINUM, photo)
    assert abs(style.lightness.mean() - lab_of(PLATINUM)[0]) < 1
    assert style.lightness.max() < 99.5 and (np.diff(style.lightness) > 0).all()
    assert style.lightness.std() <= 1.3 * photo.lightness.std()
    assert style.spread <= 1.3 * photo.spread


def test_shades_of_a_pale_colour_are_warmer_than_it() -> None:
    chroma, target = colour_tones(PLATINUM, hair(10, 72)).chroma, lab_of(PLATINUM)
    shade = chroma[45]
    assert shade[0] / shade[1] > target[1] / target[2] + 0.02  # more red for its yellow, where it was olive


def test_what_deviates_from_the_colour_shrinks_with_the_light_that_is_left() -> None:
    photo = hair(40, 85, deviation=6)
    gain = fit_tone_map(photo, colour_tones(CHESTNUT, photo)).chroma_gain
    assert (gain < 0.45).all()
    assert (fit_tone_map(photo, colour_tones(PLATINUM, photo)).chroma_gain > 0.55).all()
