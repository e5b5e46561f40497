"""Colours of photos that are not sRGB, as telephones (Display P3) and cameras (Adobe RGB) write them.

A photo keeps its own numbers; only what networks look at, and colours that come from elsewhere, are converted.
"""

from __future__ import annotations

import io
from functools import lru_cache
from typing import Any

import numpy as np
from PIL import ImageCms

from engine.pictures.bands import array_of, picture_of

Array = np.ndarray


def to_srgb(pixels: Array, profile: bytes | None) -> Array:
    """(H, W, 3) uint8 in the colours of an ICC profile -> sRGB; as they are without one that says otherwise."""
    transforms = _transforms(profile)
    return pixels if transforms is None else _applied(transforms[0], pixels)


def from_srgb(pixels: Array, profile: bytes | None) -> Array:
    """The inverse of `to_srgb`; what the profile cannot show is clipped."""
    transforms = _transforms(profile)
    return pixels if transforms is None else _applied(transforms[1], pixels)


def _applied(transform: Any, pixels: Array) -> Array:
    picture = picture_of(pixels)
    ImageCms.applyTransform(picture, transform, inPlace=True)
    return array_of(picture)


@lru_cache(maxsize=8)
def _transforms(profile: bytes | None) -> tuple[Any, Any] | None:
    """To sRGB and back; None for sRGB, profiles of other colours than RGB, and damaged ones."""
    if profile is None:
        return None
    try:
        own = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        if own.profile.xcolor_space.strip() != "RGB" or "srgb" in ImageCms.getProfileDescription(own).lower():
            return None
        srgb, intent = ImageCms.createProfile("sRGB"), ImageCms.Intent.RELATIVE_COLORIMETRIC
        return (
            ImageCms.buildTransform(own, srgb, "RGB", "RGB", intent),
            ImageCms.buildTransform(srgb, own, "RGB", "RGB", intent),
        )
    except (ImageCms.PyCMSError, OSError):
        return None
