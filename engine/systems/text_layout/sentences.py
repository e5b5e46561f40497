"""Sentences and boxes of a batch as numbers that the network takes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from engine.data.vocabulary import words_of
from engine.systems.text_layout.network import FIRST_WORD, UNKNOWN, BoxGeneratorConfig

LEAST_SIDE = 1e-3
"""Of a box, as a share: thinner ones are a slip of whoever drew them."""


class Vocabulary:
    """Numbers of words, as a config lists them."""

    def __init__(self, config: BoxGeneratorConfig) -> None:
        self._numbers = {word: number for number, word in enumerate(config.words, FIRST_WORD)}

    def numbers_of(self, sentence: str) -> list[int]:
        """A number for each word; at least one."""
        return [self._numbers.get(word, UNKNOWN) for word in words_of(sentence)] or [UNKNOWN]

    def unknown_in(self, sentence: str) -> list[str]:
        """Its words that the weights do not know, each once."""
        return [word for word in dict.fromkeys(words_of(sentence)) if word not in self._numbers]


class Padded(NamedTuple):
    """words (B, T); labels (B, N) with "stop" behind the last box; boxes (B, N, 4), centre and logarithms of the size;
    counts (B,) of boxes. N is one more than the most boxes."""

    words: Tensor
    labels: Tensor
    boxes: Tensor
    counts: Tensor


def padded(
    captions: Sequence[str],
    boxes: Sequence[Tensor],
    vocabulary: Vocabulary,
    config: BoxGeneratorConfig,
    most_boxes: int,
    device: torch.device,
) -> Padded:
    """A batch for the network.

    boxes: (n, 5) each: left, top, right, bottom as shares, and the class. Of more than `most_boxes` the largest count;
    they come from left to right (section 4.1).
    """
    numbers = [vocabulary.numbers_of(caption) for caption in captions]
    rows = [_ordered(of_picture.tolist(), most_boxes) for of_picture in boxes]
    longest_text, longest = max(map(len, numbers)), max(map(len, rows)) + 1
    labels, geometry = [], []
    for of_picture in rows:
        missing = longest - len(of_picture)
        labels.append([int(row[4]) for row in of_picture] + [config.stop] * missing)
        geometry.append([_geometry(row) for row in of_picture] + [[0.0] * 4] * missing)
    return Padded(
        torch.tensor([row + [0] * (longest_text - len(row)) for row in numbers], device=device),
        torch.tensor(labels, device=device),
        torch.tensor(geometry, device=device),
        torch.tensor([len(of_picture) for of_picture in rows], device=device),
    )


def _ordered(rows: list[list[float]], most_boxes: int) -> list[list[float]]:
    largest = sorted(rows, key=lambda row: (row[0] - row[2]) * (row[3] - row[1]))[:most_boxes]
    return sorted(largest, key=lambda row: (row[0], row[1], row[4]))


def _geometry(row: list[float]) -> list[float]:
    left, top, right, bottom, _ = row
    width, height = max(LEAST_SIDE, right - left), max(LEAST_SIDE, bottom - top)
    return [(left + right) / 2, (top + bottom) / 2, math.log(width), math.log(height)]


def corners_of(centre: Sequence[float], log_size: Sequence[float]) -> tuple[float, float, float, float]:
    """Left, top, right, bottom within the picture of a box that was drawn; never thinner than `LEAST_SIDE`."""
    sides = [min(1.0, max(LEAST_SIDE, math.exp(min(0.0, side)))) for side in log_size]
    starts = [
        min(max(0.0, middle - side / 2), 1.0 - LEAST_SIDE) for middle, side in zip(centre, sides, strict=True)
    ]
    ends = [
        min(1.0, max(start + LEAST_SIDE, middle + side / 2))
        for start, middle, side in zip(starts, centre, sides, strict=True)
    ]
    return starts[0], starts[1], ends[0], ends[1]
