"""Mean IoU and accuracy, against counting sets of pixels."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from engine.metrics.segmentation import confusion, segmentation

LABELS = 4
maps = arrays.arrays(np.int64, (2, 3, 4), elements=st.integers(0, LABELS - 1))


@given(maps, maps, arrays.arrays(np.bool_, (2, 3, 4)))
@settings(deadline=None, max_examples=80)
def test_numbers_are_those_of_a_naive_count(truth: np.ndarray, found: np.ndarray, ignored: np.ndarray) -> None:
    truth = np.where(ignored, 255, truth)
    result = segmentation(confusion(torch.from_numpy(truth), torch.from_numpy(found), LABELS))
    known = truth != 255
    iou: list[float | None] = []
    for label in range(LABELS):
        there, said = known & (truth == label), known & (found == label)
        union = int((there | said).sum())
        iou.append(int((there & said).sum()) / union if union else None)
    assert result.iou == pytest.approx(tuple(iou), nan_ok=True)
    counted = [x for x in iou if x is not None]
    assert result.mean_iou == pytest.approx(sum(counted) / max(1, len(counted)))
    assert result.accuracy == pytest.approx(float((truth == found)[known].mean()) if known.any() else 0.0)


def test_rows_are_the_truth_and_counts_of_batches_add_up() -> None:
    truth, found = torch.tensor([0, 0, 1, 2]), torch.tensor([0, 1, 1, 0])
    counts = confusion(truth, found, 3)
    assert counts.tolist() == [[1, 1, 0], [0, 1, 0], [1, 0, 0]]
    halves = confusion(truth[:2], found[:2], 3) + confusion(truth[2:], found[2:], 3)
    assert torch.equal(counts, halves)


def test_numbers_are_torchmetrics() -> None:
    generator = torch.Generator().manual_seed(4)
    truth, found = (torch.randint(0, LABELS, (2, 9, 9), generator=generator) for _ in range(2))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torchmetrics', not ours
        from torchmetrics.functional.classification import multiclass_accuracy, multiclass_jaccard_index

        mean = float(multiclass_jaccard_index(found, truth, LABELS, average="macro"))
        accuracy = float(multiclass_accuracy(found, truth, LABELS, average="micro"))
    result = segmentation(confusion(truth, found, LABELS))
    assert (result.mean_iou, result.accuracy) == pytest.approx((mean, accuracy), rel=1e-5)
