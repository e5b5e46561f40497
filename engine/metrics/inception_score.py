"""The Inception score (Salimans et al., NeurIPS 2016): pictures of clear and various classes score high."""

from __future__ import annotations

import torch
from torch import Tensor

MANY = 5000
"""From so many pictures on, the score is the mean over ten parts of them, as published; of fewer, there is one part."""


def inception_score(logits: Tensor) -> float:
    """exp of the mean divergence of each picture's classes from all pictures' classes, averaged over parts.

    Args:
        logits: (N, C) of a classifier, one row per picture.

    Returns:
        1 (every picture alike) .. C. Raises ValueError without pictures.
    """
    if not len(logits):
        raise ValueError("an Inception score needs pictures")
    part_count = 10 if len(logits) >= MANY else 1
    log_probabilities = logits.double().log_softmax(1)
    part_scores = []
    for part_log_probabilities in log_probabilities.chunk(part_count):
        marginal = (
            part_log_probabilities.exp().mean(0, keepdim=True).clamp(min=1e-300)
        )  # a class that no picture has adds nothing
        part_scores.append(
            (part_log_probabilities.exp() * (part_log_probabilities - marginal.log())).sum(1).mean().exp()
        )
    return float(torch.stack(part_scores).mean())
