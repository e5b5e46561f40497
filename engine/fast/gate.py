"""Gated features: what `engine.nn.grouped.keep_to_regions` keeps, from sets of labels.

Which labels are in or beside a feature pixel is a set: bits of 64-bit words, so that pooling a label map is one pass
of bitwise "or" for every 64 labels.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from engine.fast.neighbourhoods import Codes, Coding, on_device, resize_nearest
from engine.fast.pixels import PIECE

Words = NDArray[np.uint64]
BITS = 64


class Gate:
    """Which channels each pixel of a gated block's features keeps.

    Args:
        codes: (h, w) of the label map, as it came.
        coding: of its labels.
        height, width: of the whole picture's features behind the gated block.
    """

    def __init__(self, codes: Codes, coding: Coding, height: int, width: int) -> None:
        self.labels = coding.labels
        labels = codes % (coding.labels + 1)  # whether there is an edge does not matter
        firsts = range(0, coding.labels, BITS)
        self._sets = np.stack([near(_bits(labels, coding.labels, n), height, width) for n in firsts], axis=2)

    def apply(self, x: Tensor, where: tuple[slice, slice] = (slice(None), slice(None))) -> None:
        """Zero features (h, w, C), in place, that lie at `where` in those of the whole picture."""
        channels = x.shape[2]
        words = np.ascontiguousarray(self._sets[where]).view(np.int64)
        sets = on_device(words.reshape(-1, words.shape[2]), x.device)
        number = torch.arange(self.labels, device=x.device)
        by_label, step = x.view(-1, self.labels, channels // self.labels), max(1, PIECE // channels)
        for some, features in zip(sets.split(step), by_label.split(step), strict=True):
            kept = some[:, number // BITS] >> number % BITS & 1
            features.mul_(kept.to(x.dtype).unsqueeze(2))


def _bits(labels: Codes, count: int, first: int) -> Words:
    """(h, w) labels -> each as one bit, if it is one of first .. first + 63 and a label at all."""
    table = np.zeros(count + 1, np.uint64)
    last = min(count, first + BITS)
    table[first:last] = np.uint64(1) << np.arange(last - first, dtype=np.uint64)
    return np.take(table, labels)


def near(sets: Words, height: int, width: int) -> Words:
    """(h, w) sets -> (height, width): all that is in a pixel's area or in one of its eight neighbours'.

    As the literal network's resize: where the map is smaller in a direction, by picking; otherwise areas are those of
    `adaptive_max_pool2d`.
    """
    if sets.shape[0] < height or sets.shape[1] < width:
        pooled = resize_nearest(sets, height, width)
    else:
        pooled = _pool(_pool(sets, height).T, width).T
    padded = np.zeros((height + 2, width + 2), np.uint64)
    padded[1:-1, 1:-1] = pooled
    rows = padded[:-2] | padded[1:-1] | padded[2:]
    return rows[:, :-2] | rows[:, 1:-1] | rows[:, 2:]


def _pool(sets: Words, size: int) -> Words:
    """(h, w) -> (size, w), areas from floor(i * h / size) to ceil((i + 1) * h / size)."""
    height = len(sets)
    if height == size:
        return sets
    step = np.arange(size)
    ends = np.stack([step * height // size, -(-(step + 1) * height // size)], axis=1).reshape(-1)
    padded = np.concatenate([sets, sets[-1:]])  # so that the last end is an index too
    return np.bitwise_or.reduceat(padded, ends, axis=0)[::2]
