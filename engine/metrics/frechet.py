"""Frechet distance between two sets of pooled features (Heusel et al., NeurIPS 2017, eq. 6)."""

from __future__ import annotations

import torch
from torch import Tensor


def frechet_distance(a: Tensor, b: Tensor) -> float:
    """|mean_a - mean_b|^2 + trace(C_a + C_b - 2 (C_a C_b)^(1/2)) of two sets (N, D) and (M, D), in float64.

    The trace of the square root is the sum of singular values of A B^T for centred sets scaled so that
    C = A^T A: exact, and cheap for few samples of many features.
    """
    a, b = a.double(), b.double()
    mean = (a.mean(0) - b.mean(0)).pow(2).sum()
    ca, cb = (a - a.mean(0)) / (len(a) - 1) ** 0.5, (b - b.mean(0)) / (len(b) - 1) ** 0.5
    cross = torch.linalg.svdvals(ca @ cb.T).sum()
    return float(mean + ca.pow(2).sum() + cb.pow(2).sum() - 2 * cross)
