"""Membranes: what two pictures differ by along a border, carried on smoothly into an area.

The difference obeys Laplace's equation inside (Perez et al., "Poisson Image Editing", SIGGRAPH 2003, eq. 6-8; Farbman
et al., "Coordinates for Instant Image Cloning", SIGGRAPH 2009, interpolate the same by other weights). No flux passes
where an area borders on nothing known, so that each pixel follows the known border that is nearest along the area.
"""

from __future__ import annotations

import cv2
import numpy as np

Array = np.ndarray
ROUNDS = 40
"""Jacobi rounds at each size; the halved problem has solved all that is broader."""
LEAST_SIDE = 4
CROSS = np.array([[0, 1, 0], [1, 0, 1], [0, 1, 0]], np.float32)


def membrane(values: Array, known: Array, area: Array) -> Array:
    """Values over `area` that are harmonic there and equal those at `known` pixels.

    Args:
        values: (h, w, C) float32; only those at known pixels count.
        known: (h, w) bool. area: (h, w) bool, without known pixels.

    Returns:
        (h, w, C) float32: `values` at known pixels, the membrane in `area` (their mean where none is reached, 0 where
        there is none), 0 elsewhere.
    """
    known_values = np.where(known[..., None], values, 0).astype(np.float32)
    if not area.any() or not known.any():
        return known_values
    if max(area.shape) > LEAST_SIDE:
        solved = _from_half(known_values, known, area)
    else:
        solved = np.where(area[..., None], known_values[known].mean(0), known_values).astype(np.float32)
    inside = (known | area).astype(np.float32)
    neighbours = cv2.filter2D(inside, -1, CROSS, borderType=cv2.BORDER_CONSTANT)
    reached = area & (neighbours > 0)
    share = np.where(reached, 1 / np.maximum(neighbours, 1), 0)[..., None].astype(np.float32)
    for _ in range(ROUNDS):
        around = cv2.filter2D(solved, -1, CROSS, borderType=cv2.BORDER_CONSTANT).reshape(solved.shape)
        solved = np.where(reached[..., None], around * share, solved)
    return solved


def _from_half(values: Array, known: Array, area: Array) -> Array:
    """The same problem at half the size, solved and enlarged: where the rounds begin."""
    height, width = area.shape
    half_size = (width + 1) // 2, (height + 1) // 2
    padded_size = 2 * half_size[0] - width, 2 * half_size[1] - height

    def halved(field: Array) -> Array:
        padding = ((0, padded_size[1]), (0, padded_size[0]), (0, 0))
        grown = np.pad(field, padding)
        return grown.reshape(half_size[1], 2, half_size[0], 2, -1).mean((1, 3))

    share = halved(known[..., None].astype(np.float32))
    half_known = share[..., 0] > 0
    half_values = halved(values) / np.maximum(share, 1e-6)
    half_area = (halved(area[..., None].astype(np.float32))[..., 0] > 0) & ~half_known
    half = membrane(half_values.astype(np.float32), half_known, half_area)
    enlarged = half.repeat(2, axis=0).repeat(2, axis=1)[:height, :width]
    return np.where(area[..., None], enlarged, values).astype(np.float32)
