"""The guided filter with a colour guide, as coefficients that can be enlarged.

He, Sun, Tang, "Guided Image Filtering", TPAMI 2013 (equations 12 and 19-21 for a colour guide); enlarged as in
He, Sun, "Fast Guided Filter", arXiv 1505.00996: fitted on a small picture, evaluated on the large one. Written here
because OpenCV has it in its contrib modules only.
"""

from __future__ import annotations

import cv2
import numpy as np

Array = np.ndarray


def box_mean(values: Array, radius: int) -> Array:
    """Mean over (2 radius + 1)^2 pixels, mirrored at the borders: (h, w) or (h, w, C) float32 -> the same shape."""
    side = 2 * radius + 1
    channels = values.reshape(*values.shape[:2], -1)
    means = np.empty_like(channels)
    for n in range(channels.shape[2]):
        plane = np.ascontiguousarray(channels[..., n])
        means[..., n] = cv2.blur(plane, (side, side), borderType=cv2.BORDER_REFLECT)
    return means.reshape(values.shape)


def guided_coefficients(guide: Array, targets: Array, radius: int, epsilon: float) -> tuple[Array, Array]:
    """Local linear models target = a . guide + b, averaged over all windows that hold a pixel.

    Args:
        guide: (h, w, 3) float32, 0..1.
        targets: (h, w, K) float32, what is filtered, each channel by itself.
        radius: of the windows, in pixels; at least 1.
        epsilon: how much variance of the guide (0..1 squared) counts as flat; larger is smoother.

    Returns:
        a (h, w, K, 3), b (h, w, K) float32. The filtered targets are `evaluate(guide, a, b)`; where targets sum to 1
        over K, so do the filtered ones, because the models are linear in the target.
    """
    mean_guide, mean_target = box_mean(guide, radius), box_mean(targets, radius)
    pairs = ((0, 0), (0, 1), (0, 2), (1, 1), (1, 2), (2, 2))
    products = np.stack([guide[..., i] * guide[..., j] for i, j in pairs], axis=-1)
    covariance = box_mean(products, radius)
    covariance -= np.stack([mean_guide[..., i] * mean_guide[..., j] for i, j in pairs], axis=-1)
    inverse = _inverse(covariance, epsilon)  # (h, w, 3, 3)
    count = targets.shape[2]
    a = np.empty((*targets.shape, 3), np.float32)
    for k in range(count):
        cross = box_mean(guide * targets[..., k : k + 1], radius) - mean_guide * mean_target[..., k : k + 1]
        a[..., k, :] = np.einsum("hwij,hwj->hwi", inverse, cross)
    b = mean_target - np.einsum("hwki,hwi->hwk", a, mean_guide)
    return box_mean(a, radius), box_mean(b.astype(np.float32), radius)


def evaluate(guide: Array, a: Array, b: Array) -> Array:
    """The filtered targets (h, w, K) from `guided_coefficients`."""
    return np.einsum("hwki,hwi->hwk", a, guide) + b


def _inverse(covariance: Array, epsilon: float) -> Array:
    """Inverses (h, w, 3, 3) of symmetric matrices + epsilon I, given as (h, w, 6): 00 01 02 11 12 22. By cofactors."""
    xx, xy, xz, yy, yz, zz = (covariance[..., n].astype(np.float64) for n in range(6))
    xx, yy, zz = xx + epsilon, yy + epsilon, zz + epsilon
    c00, c01, c02 = yy * zz - yz * yz, xz * yz - xy * zz, xy * yz - xz * yy
    c11, c12, c22 = xx * zz - xz * xz, xy * xz - xx * yz, xx * yy - xy * xy
    determinant = xx * c00 + xy * c01 + xz * c02
    rows = np.stack([c00, c01, c02, c01, c11, c12, c02, c12, c22], axis=-1) / determinant[..., None]
    return rows.reshape(*covariance.shape[:2], 3, 3).astype(np.float32)
