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


def ssim(a: Tensor, b: Tensor) -> Tensor:
    """Structural similarity (Wang et al. 2004): Gaussian window 11 x 11, sigma 1.5, K = (0.01, 0.03), data range 1.

    Mean over the windows that lie wholly inside the picture, as in the paper, and over the channels; population
    variances. Equal to scikit-image's with `gaussian_weights=True, sigma=1.5, use_sample_covariance=False`.
    torchmetrics has the same map, but also averages windows over a mirrored border.

    Args:
        a, b: (B, C, H, W) in [0, 1], sides of 11 or more.

    Returns:
        (B,) in [-1, 1]. Raises ValueError for other shapes.
    """
    _check(a, b)
    if min(a.shape[-2:]) < WINDOW:
        raise ValueError(f"SSIM needs pictures of at least {WINDOW} x {WINDOW} pixels, not {tuple(a.shape[-2:])}")
    # In float64: the variance of a flat region is the small difference of two large numbers.
    a, b = a.double(), b.double()
    mean_a, mean_b = _blur(a), _blur(b)
    var_a = _blur(a * a) - mean_a * mean_a
    var_b = _blur(b * b) - mean_b * mean_b
    covariance = _blur(a * b) - mean_a * mean_b
    c1, c2 = K1**2, K2**2
    similarity = ((2 * mean_a * mean_b + c1) * (2 * covariance + c2)) / (
        (mean_a * mean_a + mean_b * mean_b + c1) * (var_a + var_b + c2)
    )
    return similarity.mean((1, 2, 3))


def _blur(x: Tensor) -> Tensor:
    """Gaussian mean over every window that fits: (B, C, H, W) -> (B, C, H - 10, W - 10)."""
    taps = torch.arange(WINDOW, dtype=x.dtype, device=x.device) - WINDOW // 2
    kernel = torch.exp(-(taps**2) / (2 * SIGMA**2))
    kernel = kernel / kernel.sum()
    batch, channels, height, width = x.shape
    x = x.reshape(batch * channels, 1, height, width)
    x = F.conv2d(F.conv2d(x, kernel.view(1, 1, -1, 1)), kernel.view(1, 1, 1, -1))
    return x.view(batch, channels, *x.shape[-2:])


def rmse(a: Tensor, b: Tensor) -> Tensor:
    """Root of the mean squared difference: (B, C, H, W) in [0, 1], twice -> (B,) in [0, 1]."""
    _check(a, b)
    return (a.double() - b.double()).pow(2).mean((1, 2, 3)).sqrt()


def psnr(a: Tensor, b: Tensor) -> Tensor:
    """Peak signal to noise ratio, -20 log10(RMSE), in decibels: (B, C, H, W) in [0, 1], twice -> (B,).

    At most `PSNR_LIMIT`, which identical pictures get.
    """
    error = rmse(a, b).clamp(min=10 ** (-PSNR_LIMIT / 20))
    return -20 * error.log10()


def _check(a: Tensor, b: Tensor) -> None:
    if a.ndim != 4 or a.shape != b.shape:
        raise ValueError(f"pictures must have one shape (B, C, H, W), not {tuple(a.shape)} and {tuple(b.shape)}")
