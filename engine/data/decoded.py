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

    def __init__(self, kept_entries: Array, entry_count: int, read_entry: Callable[[int], Array]) -> None:
        self.kept, self.read = kept_entries, read_entry
        self.shape = (entry_count, *kept_entries.shape[1:])

    def __len__(self) -> int:
        return self.shape[0]

    def __iter__(self) -> Iterator[Array]:
        return (self[index] for index in range(len(self)))

    def __getitem__(self, index: Any) -> Array:
        if isinstance(index, int | np.integer):
            if not -len(self) <= index < len(self):
                raise IndexError(index)
            index = int(index) % len(self)
            return self.kept[index] if index < len(self.kept) else self.read(index)
        chosen_indices = np.arange(len(self))[index]
        entries = np.empty((len(chosen_indices), *self.shape[1:]), np.uint8)
        for row_index, entry_index in enumerate(chosen_indices.tolist()):
            entries[row_index] = self[entry_index]
        return entries


def decode_first(entry_count: int, read_entry: Callable[[int], None], on_progress: Callable[[float], None]) -> None:
    """Call `read_entry` with 0 .. entry_count - 1 in a few threads; raises what the first failing one raised."""
    with ThreadPoolExecutor(min(8, usable_cores()), thread_name_prefix="dataset") as pool:
        for first_index in range(0, entry_count, READ_TOGETHER):
            on_progress(first_index / entry_count)
            for _ in pool.map(read_entry, range(first_index, min(first_index + READ_TOGETHER, entry_count))):
                pass


def memory_for_data(memory_limit: int | None) -> int:
    """Bytes for decoded pictures: a third of what is free; $TESSERA_DATA_MEMORY (in MiB) counts before that."""
    if memory_limit is not None:
        return memory_limit
    limit_setting = os.environ.get("TESSERA_DATA_MEMORY", "")
    return int(limit_setting) << 20 if limit_setting.isdecimal() else max(free_memory() // 3, 256 << 20)


def as_pictures(pixels: Array) -> Tensor:
    """(B, H, W, 3) uint8 -> (B, 3, H, W) float32 in [-1, 1]."""
    return torch.from_numpy(pixels).permute(0, 3, 1, 2).float().div_(127.5).sub_(1)
