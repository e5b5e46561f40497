"""Colours of other profiles than sRGB, there and back."""

from __future__ import annotations

import numpy as np
from PIL import ImageCms

from engine.pictures.profiles import from_srgb, to_srgb
from tests.engine.drawn_profiles import wide_profile

COLOURS = np.random.default_rng(0).integers(40, 200, (8, 8, 3), np.uint8)


def test_a_wide_profile_needs_smaller_numbers_for_the_same_colour_and_comes_back() -> None:
    red = np.array([[[200, 40, 40]]], np.uint8)
    assert from_srgb(red, wide_profile())[0, 0, 0] < 190
    muted = COLOURS // 2 + 60
    np.testing.assert_allclose(to_srgb(from_srgb(muted, wide_profile()), wide_profile()), muted, atol=3)


def test_srgb_none_and_what_is_no_profile_of_rgb_change_nothing() -> None:
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
    for profile in (None, srgb, lab, b"no profile", wide_profile()[:200]):
        assert to_srgb(COLOURS, profile) is COLOURS and from_srgb(COLOURS, profile) is COLOURS
