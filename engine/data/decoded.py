"""Decoded pictures and label maps of a split: as many in memory as fit, the others read whenever they are needed."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import torch
from torch import Tensor

from engine.devices import free_memory, usable_cores

Array = np.ndarray

READ_TOGETHER = 50
"""Files between two reports of progress."""


class Decoded:
    """Pictures or label maps (N, height, width, ...) uint8: the first ones in memory, the others read again each time.

    Indexing works as numpy's does with a number, a slice or an array of numbers.
    """

    def __init__(self, kept: Array, count: int, read: Callable[[int], Array]) -> None:
        self.kept, self.read = kept, read
        self.shape = (count, *kept.shape[1:])

    def __len__(self) -> int:
        return self.shape[0]

    def __iter__(self) -> Iterator[Array]:
        return (self[n] for n in range(len(self)))

    def __getitem__(self, index: Any) -> Array:
        if isinstance(index, int | np.integer):
            if not -len(self) <= index < len(self):
                raise IndexError(index)
            index = int(index) % len(self)
            return self.kept[index] if index < len(self.kept) else self.read(index)
        chosen = np.arange(len(self))[index]
        result = np.empty((len(chosen), *self.shape[1:]), np.uint8)
        for row, number in enumerate(chosen.tolist()):
            result[row] = self[number]
        return result


def decode_first(count: int, read: Callable[[int], None], on_progress: Callable[[float], None]) -> None:
    """Call `read` with 0 .. count - 1 in a few threads; raises what the first failing one raised."""
    with ThreadPoolExecutor(min(8, usable_cores()), thread_name_prefix="dataset") as pool:
        for first in range(0, count, READ_TOGETHER):
            on_progress(first / count)
            for _ in pool.map(read, range(first, min(first + READ_TOGETHER, count))):
                pass


def memory_for_data(given: int | None) -> int:
    """Bytes for decoded pictures: a third of what is free; $TESSERA_DATA_MEMORY (in MiB) counts before that."""
    if given is not None:
        return given
    asked = os.environ.get("TESSERA_DATA_MEMORY", "")
    return int(asked) << 20 if asked.isdecimal() else max(free_memory() // 3, 256 << 20)


def as_pictures(images: Array) -> Tensor:
    """(B, H, W, 3) uint8 -> (B, 3, H, W) float32 in [-1, 1]."""
    return torch.from_numpy(images).permute(0, 3, 1, 2).float().div_(127.5).sub_(1)
