"""Kernel distance between two sets of pooled features (Binkowski et al., ICLR 2018, section 4: "KID")."""

from __future__ import annotations

import torch
from torch import Tensor

ROWS = 1024
"""Samples of the first set whose kernels are in memory at once."""


def kernel_distance(features_a: Tensor, features_b: Tensor) -> float:
    """The unbiased estimate of the squared maximum mean discrepancy of two sets (N, D) and (M, D), in float64.

    Kernel: (x . y / D + 1)^3. A sample is not compared with itself, so that the expectation is 0 for two sets of one
    distribution, however few they are, and an estimate may lie below 0. The paper averages estimates on subsets; this
    is the one on all samples.

    Raises ValueError: a set has fewer than two samples.
    """
    if min(len(features_a), len(features_b)) < 2:
        raise ValueError("a kernel distance needs two samples of each set or more")
    within_a, within_b = _mean_kernel_within(features_a), _mean_kernel_within(features_b)
    between = _kernel_sum(features_a, features_b) / (len(features_a) * len(features_b))
    return float(within_a + within_b - 2 * between)


def _mean_kernel_within(samples: Tensor) -> Tensor:
    """Mean kernel of all pairs of different samples."""
    sample_count, feature_count = samples.shape
    own_kernels = samples.double().pow(2).sum(1).div(feature_count).add(1).pow(3).sum()
    return (_kernel_sum(samples, samples) - own_kernels) / (sample_count * (sample_count - 1))


def _kernel_sum(samples_a: Tensor, samples_b: Tensor) -> Tensor:
    """Sum of the kernels of all pairs."""
    transposed = samples_b.double().T  # (D, M)
    total = torch.zeros((), dtype=torch.float64, device=samples_a.device)
    for rows in samples_a.split(ROWS):
        total += (rows.double() @ transposed).div(transposed.shape[0]).add(1).pow(3).sum()
    return total
