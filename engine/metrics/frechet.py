"""Frechet distance between two sets of pooled features (Heusel et al., NeurIPS 2017, eq. 6)."""

from __future__ import annotations

import torch
from torch import Tensor

ROWS = 4096
"""Samples that are brought to float64 at once."""


def frechet_distance(a: Tensor, b: Tensor) -> float:
    """|mean_a - mean_b|^2 + trace(C_a + C_b - 2 (C_a C_b)^(1/2)) of two sets (N, D) and (M, D), in float64.

    With C = R^T R, the trace of the square root is the sum of the singular values of R_a R_b^T: exact, of singular
    covariances too. R has no more than D rows however many samples there are.
    """
    mean_a, root_a = _mean_and_root(a)
    mean_b, root_b = _mean_and_root(b)
    cross = torch.linalg.svdvals(root_a @ root_b.T).sum()
    return float((mean_a - mean_b).pow(2).sum() + root_a.pow(2).sum() + root_b.pow(2).sum() - 2 * cross)


def _mean_and_root(samples: Tensor) -> tuple[Tensor, Tensor]:
    """(N, D) -> mean (D,), R (at most D, D) with R^T R = the unbiased covariance, both float64.

    Of few samples R is the centred samples themselves; of more than D, the triangle of their QR decomposition, made
    `ROWS` samples at a time.
    """
    count, width = samples.shape
    scale = (count - 1) ** 0.5
    if count <= width:
        samples = samples.double()
        mean = samples.mean(0)
        return mean, (samples - mean) / scale
    mean = samples.sum(0, dtype=torch.float64) / count
    root = torch.empty(0, width, dtype=torch.float64, device=samples.device)
    for rows in samples.split(ROWS):
        root = torch.linalg.qr(torch.cat([root, (rows.double() - mean) / scale]), mode="r").R
    return mean, root
