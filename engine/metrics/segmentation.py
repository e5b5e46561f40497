"""Intersection over union and pixel accuracy from a confusion matrix over a whole split."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import torch
from torch import Tensor


def confusion(truth: Tensor, found: Tensor, labels: int) -> Tensor:
    """(…) integer label maps -> (labels, labels) int64 counts, rows truth, columns found.

    Pixels whose truth is outside 0 .. labels - 1 (an ignore id) do not count.
    """
    truth, found = truth.flatten().long(), found.flatten().long()
    valid = (truth >= 0) & (truth < labels)
    return torch.bincount(truth[valid] * labels + found[valid], minlength=labels * labels).view(labels, labels)


@dataclass(frozen=True)
class Segmentation:
    """mean_iou over the labels that occur in truth or prediction; accuracy over pixels; iou per label or None."""

    mean_iou: float
    accuracy: float
    iou: tuple[float | None, ...]


def segmentation(counts: Tensor, leave_out: Collection[int] = ()) -> Segmentation:
    """Numbers of a confusion matrix (labels, labels); `leave_out` are labels that the mean does not count."""
    hit = counts.diagonal().double()
    union = counts.sum(0) + counts.sum(1) - counts.diagonal()
    iou = [float(h / u) if u else None for h, u in zip(hit, union, strict=True)]
    known = [x for label, x in enumerate(iou) if x is not None and label not in leave_out]
    accuracy = float(hit.sum() / counts.sum().clamp(min=1))
    return Segmentation(sum(known) / max(1, len(known)), accuracy, tuple(iou))
