"""What a picture is painted from, as `ReconstructionTask` sees it: something opaque that comes from a batch."""

from __future__ import annotations

from typing import Any, Protocol

import torch
from torch import Tensor

from engine.data.batch import Batch
from engine.errors import ConfigError
from engine.nn.blocks import one_hot
from engine.training.augment import Augmentation


class Conditions(Protocol):
    """What pictures are painted from. `channels`: how many the discriminator sees of it, beside the picture's."""

    channels: int

    def of(self, batch: Batch, *, training: bool = False) -> Any:
        """What the generator takes, on the batch's device; `training`: in the layout that training is fastest in."""
        ...

    def shown(self, condition: Any, augmentation: Augmentation) -> Tensor:
        """The condition (B, channels, H, W) as the discriminator sees it, changed as its pictures are."""
        ...


class LabelMapModel(Protocol):
    """What the config of a generator of label maps says: how many labels, and whether it takes edges of instances."""

    @property
    def labels(self) -> int: ...

    @property
    def edges(self) -> bool: ...


class OneHotConditions:
    """Label maps, as one-hot maps (B, L, H, W); the discriminator sees them moved and cut with their pictures."""

    def __init__(self, label_count: int) -> None:
        self.channels = label_count

    def of(self, batch: Batch, *, training: bool = False) -> Tensor:
        """(B, L, H, W) float32; channels last in training."""
        one_hot_maps = one_hot(batch.label_maps, self.channels)
        return one_hot_maps.to(memory_format=torch.channels_last) if training else one_hot_maps

    def shown(self, condition: Tensor, augmentation: Augmentation) -> Tensor:
        """(B, L, H, W), moved and cut."""
        return augmentation.labels(condition)


def on_label_maps(model: LabelMapModel) -> OneHotConditions:
    """The conditions of a generator of label maps.

    Raises ValueError: the network takes edges between instances, which no dataset folder has.
    """
    if model.edges:
        raise ConfigError("edges between instances are in no dataset folder; leave out edges")
    return OneHotConditions(model.labels)
