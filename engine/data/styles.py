"""Style codes of a data set's pictures, a few at a time, and their mean."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np
import torch
from torch import Tensor

from engine.data.folder import DatasetFolder
from engine.errors import Message
from engine.nn.blocks import one_hot
from engine.systems.sean.network import SEANGenerator

BATCH = 8


def encode_all(generator: SEANGenerator, data: DatasetFolder, indices: Sequence[int]) -> tuple[Tensor, Tensor]:
    """Style codes (N, E, L, D) and present (N, L) of the pictures `indices`, on the CPU."""
    codes, present = zip(*_batches(generator, data, indices), strict=True)
    return torch.cat(codes), torch.cat(present)


def mean_style(
    generator: SEANGenerator,
    data: DatasetFolder,
    indices: Sequence[int] | None = None,
    on_progress: Callable[[float, str], None] | None = None,
) -> Tensor:
    """Mean style code of each label over the pictures that show it: (E, L, D), zero for labels never shown.

    `indices`: the pictures that count; all unless given. The codes of no more than a batch are in memory.
    """
    indices = range(len(data)) if indices is None else indices
    total, count = torch.zeros(()), torch.zeros(())
    for n, (codes, present) in enumerate(_batches(generator, data, indices)):
        total, count = total + codes.sum(0), count + present.sum(0)
        if on_progress is not None:
            on_progress(n * BATCH / len(indices), Message("mean styles"))
    return total / count.clamp(min=1)[None, :, None]


@torch.inference_mode()
def _batches(generator: SEANGenerator, data: DatasetFolder, indices: Sequence[int]) -> Iterator[tuple[Tensor, Tensor]]:
    device = next(generator.parameters()).device
    for start in range(0, len(indices), BATCH):
        batch = data.batch(np.asarray(indices[start : start + BATCH]))
        hot = one_hot(batch.label_map.to(device), generator.config.labels)
        codes, present = generator.encode(batch.image.to(device), hot)
        yield codes.cpu(), present.cpu()
