"""What publishing adds to a SEAN: the mean style of each label, in its file, and how styles vary, beside it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from engine.data.labelled import LabelledFolder
from engine.errors import Message
from engine.nn.blocks import one_hot
from engine.systems.finish import Finish, Progress, add_measured_styles
from engine.systems.sean.network import SEANGenerator
from engine.systems.sean.painter import SEANPainter
from engine.systems.sean.system import MEAN_STYLE
from engine.weights.store import load_weights

BATCH = 8


def mean_style(
    generator: SEANGenerator,
    data: LabelledFolder,
    indices: Sequence[int] | None = None,
    on_progress: Progress | None = None,
) -> Tensor:
    """Mean style code of each label over the pictures that show it: (E, L, D), zero for labels never shown.

    `indices`: the pictures that count; all unless given. The codes of no more than a batch are in memory.
    """
    indices = range(len(data)) if indices is None else indices
    total, count = torch.zeros(()), torch.zeros(())
    for index, (codes, present) in enumerate(_batches(generator, data, indices)):
        total, count = total + codes.sum(0), count + present.sum(0)
        if on_progress is not None:
            on_progress(index * BATCH / len(indices), Message(Message("mean styles")))
    return total / count.clamp(min=1)[None, :, None]


@torch.inference_mode()
def _batches(generator: SEANGenerator, data: LabelledFolder, indices: Sequence[int]) -> Iterator[tuple[Tensor, Tensor]]:
    """Style codes (B, E, L, D) and present (B, L) of the pictures, on the CPU."""
    device = next(generator.parameters()).device
    for start in range(0, len(indices), BATCH):
        batch = data.batch(np.asarray(indices[start : start + BATCH]))
        hot = one_hot(batch.label_maps.to(device), generator.config.labels)
        codes, present = generator.encode(batch.pictures.to(device), hot)
        yield codes.cpu(), present.cpu()


def _tensors(
    network: SEANGenerator, data: LabelledFolder, indices: Sequence[int] | None, on_progress: Progress | None
) -> dict[str, Tensor]:
    return {MEAN_STYLE: mean_style(network, data, indices, on_progress)}


def _files(folder: Path, data: LabelledFolder, pictures: int, on_progress: Progress | None) -> None:
    painter = SEANPainter(load_weights(folder), torch.device("cpu"))
    add_measured_styles(painter, folder, data, pictures, on_progress)


FINISH = Finish(_tensors, _files)
