"""SPADE in training: from the label map alone, or (VSPADE) from a style vector of the whole picture as well."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from engine.data.dataset import DataSet
from engine.data.layout import evenly
from engine.systems.spade.network import SPADEConfig, SPADEGenerator
from engine.training.adversarial import BATCH, AdversarialTask
from engine.training.conditions import on_label_maps
from engine.training.task import Losses
from engine.training.variational import (
    VariationalTaskConfig,
    encoded_latents,
    painted_from_mean,
    prior_latents,
    variety,
)


@dataclass(frozen=True)
class SPADETaskConfig(VariationalTaskConfig):
    """How a SPADE is trained; `kl` counts only for a network with a latent."""


class SPADETask(AdversarialTask):
    """`AdversarialTask` with the loss that keeps a latent near N(0, 1), where there is one, and its variety."""

    model: SPADEConfig
    config: SPADETaskConfig
    condition_on = on_label_maps

    def build(self, sn: bool) -> nn.Module:
        """A SPADE, with its image encoder if it has a latent."""
        return SPADEGenerator(self.model, sn=sn)

    def paint(self, real: Tensor, condition: Tensor) -> tuple[Tensor, Losses]:
        """From z ~ q(z | picture), or from the label map alone."""
        if not self.model.latent:
            return self.generator(condition), {}
        style_vectors, losses = encoded_latents(self.generator, real, condition, self.config, self.step)
        return self.generator(condition, style_vectors), losses

    def reconstruct(self, generator: Any, image: Tensor, condition: Tensor) -> Tensor:
        """From the mean of q(z | picture), or from the label map alone."""
        if self.model.latent:
            return painted_from_mean(generator, image, condition)
        painted: Tensor = generator(condition)
        return painted

    @torch.no_grad()
    def validate(self, dataset: DataSet) -> dict[str, float]:
        """Adds "variety" (`engine.training.variational.variety`); without a latent there is none to measure."""
        numbers = super().validate(dataset)
        if not self.model.latent:
            return numbers
        generator, batch = self.averaged(), dataset.batch(np.array(evenly(len(dataset), BATCH))).to(self.device)
        return numbers | {"variety": variety(generator, batch.pictures, self.conditions.of(batch))}

    def rows(self, generator: Any, image: Tensor, condition: Tensor) -> list[Tensor]:
        """Reconstructions; with a latent also painted in the next picture's style, and sampled from the prior."""
        reconstructed = self.reconstruct(generator, image, condition)
        if not self.model.latent:
            return [reconstructed]
        style_vectors = generator.encode(image, condition)[0]
        drawn_vectors = prior_latents(generator, image, condition, 1)
        return [reconstructed, generator(condition, style_vectors.roll(-1, 0)), generator(condition, drawn_vectors)]
