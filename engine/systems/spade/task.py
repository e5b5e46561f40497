"""SPADE in training: from the label map alone, or (VSPADE) from a style vector of the whole picture as well."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from engine.data.folder import DatasetFolder
from engine.systems.spade.network import SPADEConfig, SPADEGenerator
from engine.training.adversarial import GANTask
from engine.training.task import Losses
from engine.training.variational import VariationalTask, VariationalTaskConfig


@dataclass(frozen=True)
class SPADETaskConfig(VariationalTaskConfig):
    """How a SPADE is trained; `kl` counts only for a network with a latent."""


class SPADETask(VariationalTask):
    """See the module."""

    model: SPADEConfig

    def build(self, sn: bool) -> nn.Module:
        """A SPADE, with its image encoder if it has a latent."""
        if self.model.edges:
            raise ValueError("edges between instances are in no dataset folder; leave out edges")
        return SPADEGenerator(self.model, sn=sn)

    def paint(self, real: Tensor, hot: Tensor) -> tuple[Tensor, Losses]:
        """From z ~ q(z | picture), or from the label map alone."""
        return super().paint(real, hot) if self.model.latent else (self.generator(hot), {})

    def reconstruct(self, generator: Any, image: Tensor, hot: Tensor) -> Tensor:
        """From the mean of q(z | picture), or from the label map alone."""
        if self.model.latent:
            return super().reconstruct(generator, image, hot)
        painted: Tensor = generator(hot)
        return painted

    @torch.no_grad()
    def validate(self, data: DatasetFolder) -> dict[str, float]:
        """As `VariationalTask.validate`; without a latent there is no variety to measure."""
        return super().validate(data) if self.model.latent else GANTask.validate(self, data)

    def rows(self, generator: Any, image: Tensor, hot: Tensor) -> list[Tensor]:
        """Reconstructions; with a latent also painted in the next picture's style, and sampled from the prior."""
        own = self.reconstruct(generator, image, hot)
        if not self.model.latent:
            return [own]
        z = generator.encode(image, hot)[0]
        return [own, generator(hot, z.roll(-1, 0)), generator(hot, self.prior(generator, image, hot, 1))]
