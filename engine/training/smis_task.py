"""SMIS (GroupDNet) and its baselines in training: a latent per label, held near N(0, 1) (paper, section 3)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from torch import Tensor, nn

from engine.models.smis import SMISConfig, SMISGenerator
from engine.nn.blocks import one_hot
from engine.training.variational import VariationalTask, VariationalTaskConfig


@dataclass(frozen=True)
class SMISTaskConfig(VariationalTaskConfig):
    """How a GroupDNet, MulNet, GroupNet or GroupEnc is trained."""


class SMISTask(VariationalTask):
    """See the module."""

    model: SMISConfig

    def build(self, sn: bool) -> nn.Module:
        """A network with its encoder. Raises ValueError for a config with edges, which no dataset folder has."""
        if self.model.edges:
            raise ValueError("edges between instances are in no dataset folder; leave out edges")
        return SMISGenerator(self.model, sn=sn)

    def rows(self, generator: Any, image: Tensor, hot: Tensor) -> list[Tensor]:
        """Reconstructions; all regions from the prior; only each picture's second largest region from the prior."""
        z = generator.encode(image, hot)[0]
        drawn = self.prior(generator, image, hot, 1)
        second = hot.sum((2, 3)).topk(min(2, hot.shape[1]), dim=1).indices[:, -1]  # (B,) label ids
        one = self._of_labels(one_hot(second[:, None, None], self.model.labels), z)
        return [generator(hot, z), generator(hot, drawn), generator(hot, z + (drawn - z) * one)]

    def _of_labels(self, chosen: Tensor, z: Tensor) -> Tensor:
        """(B, L, 1, 1) of 0 and 1 -> (B, L * 8, 1, 1), one entry per channel of z."""
        return chosen.repeat_interleave(z.shape[1] // self.model.labels, dim=1).to(z)
