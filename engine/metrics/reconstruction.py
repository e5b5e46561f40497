"""How near a painted picture is to the real one: SSIM, RMSE and PSNR, each per picture.

Pictures are RGB in [0, 1] (the data range is 1), so that RMSE has the unit of SEAN's table 1. Averages are taken over
the pictures' own numbers, never over pooled squares: the PSNR of a split is the mean of PSNRs.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

WINDOW, SIGMA = 11, 1.5
K1, K2 = 0.01, 0.03
PSNR_LIMIT = 100.0
"""Decibels that identical pictures count as (their PSNR is infinite, which JSON cannot hold)."""


def ssim(pictures_a: Tensor, pictures_b: Tensor) -> Tensor:
    """Structural similarity (Wang et al. 2004): Gaussian window 11 x 11, sigma 1.5, K = (0.01, 0.03), data range 1.

    Mean over the windows that lie wholly inside the picture, as in the paper, and over the channels; population
    variances. Equal to scikit-image's with `gaussian_weights=True, sigma=1.5, use_sample_covariance=False`.
    torchmetrics has the same map, but also averages windows over a mirrored border.

    Args:
        pictures_a, pictures_b: (B, C, H, W) in [0, 1], sides of 11 or more.

    Returns:
        (B,) in [-1, 1]. Raises ValueError for other shapes.
    """
    return similarity_map(pictures_a, pictures_b).mean((1, 2, 3))


def similarity_map(pictures_a: Tensor, pictures_b: Tensor) -> Tensor:
    """`ssim` of each window that lies wholly inside the picture: (B, C, H, W), twice -> (B, C, H - 10, W - 10)."""
    _check_shapes(pictures_a, pictures_b)
    if min(pictures_a.shape[-2:]) < WINDOW:
        raise ValueError(
            f"SSIM needs pictures of at least {WINDOW} x {WINDOW} pixels, not {tuple(pictures_a.shape[-2:])}"
        )
    # In float64: the variance of a flat region is the small difference of two large numbers.
    pictures_a, pictures_b = pictures_a.double(), pictures_b.double()
    mean_a, mean_b = _gaussian_mean(pictures_a), _gaussian_mean(pictures_b)
    variance_a = _gaussian_mean(pictures_a * pictures_a) - mean_a * mean_a
    variance_b = _gaussian_mean(pictures_b * pictures_b) - mean_b * mean_b
    covariance = _gaussian_mean(pictures_a * pictures_b) - mean_a * mean_b
    luminance_constant, contrast_constant = K1**2, K2**2
    similarity: Tensor = ((2 * mean_a * mean_b + luminance_constant) * (2 * covariance + contrast_constant)) / (
        (mean_a * mean_a + mean_b * mean_b + luminance_constant) * (variance_a + variance_b + contrast_constant)
    )
    return similarity


def _gaussian_mean(pictures: Tensor) -> Tensor:
    """Gaussian mean over every window that fits: (B, C, H, W) -> (B, C, H - 10, W - 10)."""
    tap_offsets = torch.arange(WINDOW, dtype=pictures.dtype, device=pictures.device) - WINDOW // 2
    kernel = torch.exp(-(tap_offsets**2) / (2 * SIGMA**2))
    kernel = kernel / kernel.sum()
    batch, channels, height, width = pictures.shape
    pictures = pictures.reshape(batch * channels, 1, height, width)
    pictures = F.conv2d(F.conv2d(pictures, kernel.view(1, 1, -1, 1)), kernel.view(1, 1, 1, -1))
    return pictures.view(batch, channels, *pictures.shape[-2:])


def rmse(pictures_a: Tensor, pictures_b: Tensor) -> Tensor:
    """Root of the mean squared difference: (B, C, H, W) in [0, 1], twice -> (B,) in [0, 1]."""
    _check_shapes(pictures_a, pictures_b)
    return (pictures_a.double() - pictures_b.double()).pow(2).mean((1, 2, 3)).sqrt()


def psnr(pictures_a: Tensor, pictures_b: Tensor) -> Tensor:
    """Peak signal to noise ratio, -20 log10(RMSE), in decibels: (B, C, H, W) in [0, 1], twice -> (B,).

    At most `PSNR_LIMIT`, which identical pictures get.
    """
    picture_rmse = rmse(pictures_a, pictures_b).clamp(min=10 ** (-PSNR_LIMIT / 20))
    return -20 * picture_rmse.log10()


def _check_shapes(pictures_a: Tensor, pictures_b: Tensor) -> None:
    if pictures_a.ndim != 4 or pictures_a.shape != pictures_b.shape:
        raise ValueError(
            f"pictures must have one shape (B, C, H, W), not {tuple(pictures_a.shape)} and {tuple(pictures_b.shape)}"
        )
