"""Intersection over union and pixel accuracy of a whole split, and what a parser's confidence in its maps is worth."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from engine.labels.label_sets import LabelSet

Array = np.ndarray
RARE_SHARE = 2e-4
"""Labels with a smaller share of the split's pixels are left out of "miou_without_rare" (necklaces, in `faces`)."""
GOOD = 0.5
"""mIoU over which a label map counts as good: it needs retouching, not painting from scratch."""
RIGHT = 0.95
"""Share of the maps called sure that must be good."""


def confusion(true_labels: Tensor, found_labels: Tensor, label_count: int) -> Tensor:
    """(…) integer label maps -> (labels, labels) int64 counts, rows truth, columns found.

    Pixels whose truth is outside 0 .. labels - 1 (an ignore id) do not count.
    """
    true_labels, found_labels = true_labels.flatten().long(), found_labels.flatten().long()
    valid = (true_labels >= 0) & (true_labels < label_count)
    return torch.bincount(
        true_labels[valid] * label_count + found_labels[valid], minlength=label_count * label_count
    ).view(label_count, label_count)


@dataclass(frozen=True)
class Segmentation:
    """mean_iou over the labels that occur in truth or prediction; accuracy over pixels; iou per label or None."""

    mean_iou: float
    accuracy: float
    iou: tuple[float | None, ...]


def segmentation(confusion_counts: Tensor, ignored_labels: Collection[int] = ()) -> Segmentation:
    """Numbers of a confusion matrix (labels, labels); `ignored_labels` are labels that the mean does not count."""
    intersections = confusion_counts.diagonal().double()
    unions = confusion_counts.sum(0) + confusion_counts.sum(1) - confusion_counts.diagonal()
    label_ious = [
        float(intersection / label_union) if label_union else None
        for intersection, label_union in zip(intersections, unions, strict=True)
    ]
    counted_ious = [
        label_iou for label, label_iou in enumerate(label_ious) if label_iou is not None and label not in ignored_labels
    ]
    accuracy = float(intersections.sum() / confusion_counts.sum().clamp(min=1))
    return Segmentation(sum(counted_ious) / max(1, len(counted_ious)), accuracy, tuple(label_ious))


@dataclass
class Counts:
    """A confusion matrix that grows picture by picture; pixels of the label set's ignore id do not count."""

    label_set: LabelSet

    def __post_init__(self) -> None:
        self.matrix = torch.zeros(len(self.label_set), len(self.label_set), dtype=torch.int64)

    def add(self, true_label_map: Array, found_label_map: Array) -> None:
        """Count two label maps of one shape."""
        counted_labels = torch.from_numpy(true_label_map.astype(np.int64))
        if self.label_set.ignore is not None:
            counted_labels[counted_labels == self.label_set.ignore] = -1
        self.matrix += confusion(
            counted_labels, torch.from_numpy(found_label_map.astype(np.int64)), len(self.label_set)
        )

    def _ignored_labels(self) -> set[int]:
        return set() if self.label_set.ignore is None else {self.label_set.ignore}

    def rare(self) -> list[int]:
        """Labels that are almost absent in truth."""
        label_shares = self.matrix.sum(1) / self.matrix.sum().clamp(min=1)
        return [
            label
            for label in range(len(self.label_set))
            if label_shares[label] < RARE_SHARE and label not in self._ignored_labels()
        ]

    def shares(self) -> dict[str, float]:
        """Each label's share of the true pixels, by name."""
        pixel_shares = self.matrix.sum(1).double() / self.matrix.sum().clamp(min=1)
        return {label.name: float(pixel_shares[label.id]) for label in self.label_set.labels}

    def numbers(self, rare_labels: Collection[int]) -> dict[str, Any]:
        """miou, miou_without_rare, accuracy, iou by label name."""
        ignored_labels = self._ignored_labels()
        overall = segmentation(self.matrix, ignored_labels)
        label_ious = {
            label.name: overall.iou[label.id] for label in self.label_set.labels if label.id not in ignored_labels
        }
        return {
            "miou": overall.mean_iou,
            "miou_without_rare": segmentation(self.matrix, ignored_labels | set(rare_labels)).mean_iou,
            "accuracy": overall.accuracy,
            "iou": label_ious,
        }


def sure_from(confidences: Sequence[float], mean_ious: Sequence[float]) -> float | None:
    """The least confidence from which `RIGHT` of the maps have an mIoU over `GOOD`; None if there is none.

    confidences, mean_ious: of the same pictures, 0..1.
    """
    confidence, good = np.asarray(confidences), np.asarray(mean_ious) > GOOD
    order = np.argsort(-confidence, kind="stable")
    shares = np.cumsum(good[order]) / np.arange(1, len(order) + 1)
    last = np.append(confidence[order][1:] < confidence[order][:-1], True)  # equal confidences stand or fall together
    enough = np.flatnonzero((shares >= RIGHT) & last)
    return float(confidence[order][enough[-1]]) if len(enough) else None


def how_sure(confidences: Sequence[float], mean_ious: Sequence[float], threshold: float) -> dict[str, float | None]:
    """At a threshold: "sure", the share of the maps that are called sure; "sure_right", the share of those that are
    good (None where none is sure); "sure_from", the threshold that `sure_from` would choose."""
    sure = np.asarray(confidences) >= threshold
    good = np.asarray(mean_ious)[sure] > GOOD
    return {
        "sure": float(sure.mean()),
        "sure_right": float(good.mean()) if len(good) else None,
        "sure_from": sure_from(confidences, mean_ious),
    }
