"""Decoded samples of a photo as colours, and colours back as samples.

Samples are what a reader decoded and a writer will encode: (H, W) grey, (H, W, 2) grey and alpha, (H, W, 3) RGB or
(H, W, 4) RGB and alpha, uint8 or uint16. Colours are (h, w, 3) float32 in 0..1, in the photo's own RGB, treated
as sRGB: a change is relative, so a wide profile makes it a little stronger, and untouched samples never pass here.
"""

from __future__ import annotations

import numpy as np

Array = np.ndarray
STRIP_ROWS = 256
"""Rows that are converted at once."""


def check_samples(samples: Array) -> None:
    """Raises ValueError for what is no picture: another type, more channels, no pixel."""
    if samples.dtype not in (np.uint8, np.uint16):
        raise ValueError(f"samples are uint8 or uint16, not {samples.dtype}")
    if samples.ndim not in (2, 3) or (samples.ndim == 3 and samples.shape[2] not in (2, 3, 4)) or samples.size == 0:
        raise ValueError(f"samples are (H, W) or (H, W, 2..4) with at least one pixel, not {samples.shape}")


def as_colours(samples: Array) -> Array:
    """(h, w[, C]) samples -> (h, w, 3) float32 in 0..1; grey three times, alpha left out."""
    top = np.float32(np.iinfo(samples.dtype).max)
    if samples.ndim == 2 or samples.shape[2] == 2:
        grey = samples if samples.ndim == 2 else samples[..., 0]
        return np.repeat((grey / top).astype(np.float32)[..., None], 3, axis=2)
    colours = np.ascontiguousarray(samples[..., :3], dtype=np.float32)
    colours *= 1 / top
    return colours


def opaque(samples: Array) -> Array | None:
    """(h, w) bool, where a pixel can be seen at all; None where there is no alpha."""
    return samples[..., -1] > 0 if samples.ndim == 3 and samples.shape[2] in (2, 4) else None


def write_colours(samples: Array, colours: Array, touched: Array) -> None:
    """Put colours (h, w, 3) in 0..1 into `samples` where `touched` (h, w) bool; nothing else is written.

    Alpha stays. Grey samples take the luma of the colours (Rec. 601 weights, equal to the grey value for greys).
    """
    top = np.float32(np.iinfo(samples.dtype).max)
    if samples.ndim == 2 or samples.shape[2] == 2:
        luma = colours @ np.array([0.299, 0.587, 0.114], np.float32)
        new = np.rint(np.clip(luma, 0, 1) * top).astype(samples.dtype)
        target = samples if samples.ndim == 2 else samples[..., 0]
        np.copyto(target, new, where=touched)
        return
    scaled = colours * top
    scaled += np.float32(0.5)
    np.clip(scaled, 0, top, out=scaled)
    np.copyto(samples[..., :3], scaled.astype(samples.dtype), where=touched[..., None])


def in_colour(samples: Array) -> Array:
    """Grey samples as RGB ones, for edits that bring colour in: every value three times; others as they are."""
    if samples.ndim == 2:
        return np.repeat(samples[..., None], 3, axis=2)
    if samples.shape[2] == 2:
        return np.concatenate([np.repeat(samples[..., :1], 3, axis=2), samples[..., 1:]], axis=2)
    return samples


def as_seen(samples: Array) -> Array:
    """Samples as people see them, (H, W, 3) uint8: 8 bits, transparency over white."""
    if samples.dtype == np.uint8 and samples.ndim == 3 and samples.shape[2] == 3:
        return samples
    seen = np.empty((*samples.shape[:2], 3), np.uint8)
    for top in range(0, len(samples), STRIP_ROWS):
        seen[top : top + STRIP_ROWS] = np.rint(seen_colours(samples[top : top + STRIP_ROWS]) * 255)
    return seen


def seen_colours(samples: Array) -> Array:
    """Samples as people see them, transparency over white: (h, w, 3) float32 in 0..1."""
    colours = as_colours(samples)
    if samples.ndim == 3 and samples.shape[2] in (2, 4):
        alpha = (samples[..., -1:] / np.iinfo(samples.dtype).max).astype(np.float32)
        colours = colours * alpha + (1 - alpha)
    return colours
