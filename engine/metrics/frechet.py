"""Frechet distance between two sets of pooled features (Heusel et al., NeurIPS 2017, eq. 6)."""

from __future__ import annotations

import torch
from torch import Tensor

ROWS = 4096
"""Samples that are brought to float64 at once."""


def frechet_distance(features_a: Tensor, features_b: Tensor) -> float:
    """|mean_a - mean_b|^2 + trace(C_a + C_b - 2 (C_a C_b)^(1/2)) of two sets (N, D) and (M, D), in float64.

    With C = R^T R, the trace of the square root is the sum of the singular values of R_a R_b^T: exact, of singular
    covariances too. R has no more than D rows however many samples there are.
    """
    mean_a, root_a = _mean_and_root(features_a)
    mean_b, root_b = _mean_and_root(features_b)
    cross_trace = torch.linalg.svdvals(root_a @ root_b.T).sum()
    return float((mean_a - mean_b).pow(2).sum() + root_a.pow(2).sum() + root_b.pow(2).sum() - 2 * cross_trace)


def _mean_and_root(samples: Tensor) -> tuple[Tensor, Tensor]:
    """(N, D) -> mean (D,), R (at most D, D) with R^T R = the unbiased covariance, both float64.

    Of few samples R is the centred samples themselves; of more than D, the triangle of their QR decomposition, made
    `ROWS` samples at a time.
    """
    sample_count, feature_count = samples.shape
    scale = (sample_count - 1) ** 0.5
    if sample_count <= feature_count:
        samples = samples.double()
        sample_mean = samples.mean(0)
        return sample_mean, (samples - sample_mean) / scale
    sample_mean = samples.sum(0, dtype=torch.float64) / sample_count
    covariance_root = torch.empty(0, feature_count, dtype=torch.float64, device=samples.device)
    for sample_rows in samples.split(ROWS):
        covariance_root = torch.linalg.qr(
            torch.cat([covariance_root, (sample_rows.double() - sample_mean) / scale]), mode="r"
        ).R
    return sample_mean, covariance_root
