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
        first_labels = range(0, coding.labels, BITS)
        label_bits = (_as_bits(labels, coding.labels, first_label) for first_label in first_labels)
        self._sets = np.stack([near_sets(bits, height, width) for bits in label_bits], axis=2)

    def apply(self, features: Tensor, position: tuple[slice, slice] = (slice(None), slice(None))) -> None:
        """Zero features (h, w, C), in place, that lie at `position` in those of the whole picture."""
        channels = features.shape[2]
        position_words = np.ascontiguousarray(self._sets[position]).view(np.int64)
        label_sets = on_device(position_words.reshape(-1, position_words.shape[2]), features.device)
        label_numbers = torch.arange(self.labels, device=features.device)
        by_label, chunk_size = features.view(-1, self.labels, channels // self.labels), max(1, PIECE // channels)
        for chunk_sets, chunk_features in zip(label_sets.split(chunk_size), by_label.split(chunk_size), strict=True):
            keep_mask = chunk_sets[:, label_numbers // BITS] >> label_numbers % BITS & 1
            chunk_features.mul_(keep_mask.to(features.dtype).unsqueeze(2))


def _as_bits(labels: Codes, label_count: int, first_label: int) -> Words:
    """(h, w) labels -> each as one bit, if it is one of first .. first + 63 and a label at all."""
    bit_table = np.zeros(label_count + 1, np.uint64)
    end_label = min(label_count, first_label + BITS)
    bit_table[first_label:end_label] = np.uint64(1) << np.arange(end_label - first_label, dtype=np.uint64)
    return np.take(bit_table, labels)


def near_sets(sets: Words, height: int, width: int) -> Words:
    """(h, w) sets -> (height, width): all that is in a pixel's area or in one of its eight neighbours'.

    As the literal network's resize: where the map is smaller in a direction, by picking; otherwise areas are those of
    `adaptive_max_pool2d`.
    """
    if sets.shape[0] < height or sets.shape[1] < width:
        pooled = resize_nearest(sets, height, width)
    else:
        pooled = _pool_rows(_pool_rows(sets, height).T, width).T
    padded = np.zeros((height + 2, width + 2), np.uint64)
    padded[1:-1, 1:-1] = pooled
    merged_rows = padded[:-2] | padded[1:-1] | padded[2:]
    return merged_rows[:, :-2] | merged_rows[:, 1:-1] | merged_rows[:, 2:]


def _pool_rows(sets: Words, pooled_size: int) -> Words:
    """(h, w) -> (size, w), areas from floor(i * h / size) to ceil((i + 1) * h / size)."""
    height = len(sets)
    if height == pooled_size:
        return sets
    area_index = np.arange(pooled_size)
    first_rows, end_rows = area_index * height // pooled_size, -(-(area_index + 1) * height // pooled_size)
    area_bounds = np.stack([first_rows, end_rows], axis=1).reshape(-1)
    padded = np.concatenate([sets, sets[-1:]])  # so that the last end is an index too
    return np.bitwise_or.reduceat(padded, area_bounds, axis=0)[::2]
