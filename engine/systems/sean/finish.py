"""What publishing adds to a SEAN: the mean style of each label, in its file, and how styles vary, beside it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from torch import Tensor

from engine.data.labelled import LabelledFolder
from engine.errors import Message
from engine.nn.blocks import one_hot
from engine.progress import Progress
from engine.systems.sean.network import SEANGenerator
from engine.systems.sean.painter import SEANPainter
from engine.systems.sean.system import MEAN_STYLE
from engine.training.finish import Finish, measured_styles

BATCH = 8


def mean_style(
    generator: SEANGenerator,
    dataset: LabelledFolder,
    indices: Sequence[int] | None = None,
    on_progress: Progress | None = None,
) -> Tensor:
    """Mean style code of each label over the pictures that show it: (E, L, D), zero for labels never shown.

    `indices`: the pictures that count; all unless given. The codes of no more than a batch are in memory.
    """
    indices = range(len(dataset)) if indices is None else indices
    summed_codes, picture_counts = torch.zeros(()), torch.zeros(())
    for batch_index, (style_codes, present_labels) in enumerate(_batches(generator, dataset, indices)):
        summed_codes, picture_counts = summed_codes + style_codes.sum(0), picture_counts + present_labels.sum(0)
        if on_progress is not None:
            on_progress(batch_index * BATCH / len(indices), Message("mean styles"))
    return summed_codes / picture_counts.clamp(min=1)[None, :, None]


@torch.inference_mode()
def _batches(
    generator: SEANGenerator, dataset: LabelledFolder, indices: Sequence[int]
) -> Iterator[tuple[Tensor, Tensor]]:
    """Style codes (B, E, L, D) and present (B, L) of the pictures, on the CPU."""
    device = next(generator.parameters()).device
    for first_index in range(0, len(indices), BATCH):
        batch = dataset.batch(np.asarray(indices[first_index : first_index + BATCH]))
        one_hot_map = one_hot(batch.label_maps.to(device), generator.config.labels)
        style_codes, present_labels = generator.encode(batch.pictures.to(device), one_hot_map)
        yield style_codes.cpu(), present_labels.cpu()


def _style_tensors(
    network: SEANGenerator, dataset: LabelledFolder, indices: Sequence[int] | None, on_progress: Progress | None
) -> dict[str, Tensor]:
    return {MEAN_STYLE: mean_style(network, dataset, indices, on_progress)}


FINISH = Finish(_style_tensors, measured_styles(SEANPainter))
