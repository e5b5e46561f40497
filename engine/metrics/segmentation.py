"""Intersection over union and pixel accuracy from a confusion matrix over a whole split."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from engine.labels.label_sets import LabelSet

Array = np.ndarray
RARE_SHARE = 2e-4
"""Labels with a smaller share of the split's pixels are left out of "miou_without_rare" (necklaces, in `faces`)."""


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


@dataclass
class Counts:
    """A confusion matrix that grows picture by picture; pixels of the label set's ignore id do not count."""

    label_set: LabelSet

    def __post_init__(self) -> None:
        self.matrix = torch.zeros(len(self.label_set), len(self.label_set), dtype=torch.int64)

    def add(self, truth: Array, found: Array) -> None:
        """Count two label maps of one shape."""
        known = torch.from_numpy(truth.astype(np.int64))
        if self.label_set.ignore is not None:
            known[known == self.label_set.ignore] = -1
        self.matrix += confusion(known, torch.from_numpy(found.astype(np.int64)), len(self.label_set))

    def _left_out(self) -> set[int]:
        return set() if self.label_set.ignore is None else {self.label_set.ignore}

    def rare(self) -> list[int]:
        """Labels that are almost absent in truth."""
        share = self.matrix.sum(1) / self.matrix.sum().clamp(min=1)
        return [i for i in range(len(self.label_set)) if share[i] < RARE_SHARE and i not in self._left_out()]

    def shares(self) -> dict[str, float]:
        """Each label's share of the true pixels, by name."""
        share = self.matrix.sum(1).double() / self.matrix.sum().clamp(min=1)
        return {label.name: float(share[label.id]) for label in self.label_set.labels}

    def numbers(self, rare: Collection[int]) -> dict[str, Any]:
        """miou, miou_without_rare, accuracy, iou by label name."""
        left_out = self._left_out()
        result = segmentation(self.matrix, left_out)
        iou = {label.name: result.iou[label.id] for label in self.label_set.labels if label.id not in left_out}
        return {
            "miou": result.mean_iou,
            "miou_without_rare": segmentation(self.matrix, left_out | set(rare)).mean_iou,
            "accuracy": result.accuracy,
            "iou": iou,
        }
