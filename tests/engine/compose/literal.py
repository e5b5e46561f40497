"""The composition written down formula by formula, for the whole picture at once: what the strips must agree with."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from engine.compose.change import RegionChange, colour_change, unmixed

Array = np.ndarray


def enlarged(field: Array, height: int, width: int) -> Array:
    """Linear interpolation between pixel centres, weights written out: (h, w) -> (height, width) float64."""

    def weights(size: int, source: int) -> Array:
        matrix = np.zeros((size, source))
        for n in range(size):
            at = min(max((n + 0.5) * source / size - 0.5, 0), source - 1)
            first = min(int(at), source - 1)
            second = min(first + 1, source - 1)
            matrix[n, first] += 1 - (at - first)
            matrix[n, second] += at - first
        return matrix

    return weights(height, field.shape[0]) @ field.astype(np.float64) @ weights(width, field.shape[1]).T


def literal_composition(photo: Array, label_map: Array, changes: Sequence[RegionChange]) -> Array:
    """(H, W, 3) float64 in 0..1 of an RGB photo uint8 and its label map of the same size; mattes must not overlap."""
    height, width = photo.shape[:2]
    colours = photo.astype(np.float32) / np.float32(255)
    result = colours.astype(np.float64)
    for change in changes:
        matte = change.matte
        a = np.stack([enlarged(matte.a[..., n], height, width) for n in range(3)], axis=-1)
        alpha = np.clip((a * colours).sum(-1) + enlarged(matte.b, height, width), 0, 1)
        alpha = np.minimum(np.maximum(alpha, enlarged(matte.core, height, width)), enlarged(matte.ramp, height, width))
        alpha = alpha * np.clip((enlarged(matte.outline, height, width) - 0.5) / 0.3, 0, 1)
        if matte.stepped:
            rows = ((np.arange(height) + 0.5) * matte.admitted.shape[0] / height).astype(int)
            columns = ((np.arange(width) + 0.5) * matte.admitted.shape[1] / width).astype(int)
            alpha = alpha * (np.isin(label_map, matte.labels) | matte.admitted[rows][:, columns])
        base = enlarged(change.base, height, width).astype(np.float32)
        added = None if change.added is None else enlarged(change.added, height, width).astype(np.float32)
        foreign = None if change.foreign is None else enlarged(change.foreign, height, width).astype(np.float32)
        mixture = np.stack([enlarged(change.mixture[..., n], height, width) for n in range(3)], axis=-1)
        clean = unmixed(colours, alpha.astype(np.float32), mixture.astype(np.float32))
        result += change.strength * alpha[..., None] * colour_change(clean, base, change.tones, added, foreign)
    return np.clip(result, 0, 1)  # as samples hold it
