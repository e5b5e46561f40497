"""SPADE in training: from the label map alone, or (VSPADE) from a style vector of the whole picture as well."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from engine.data.dataset import DataSet
from engine.systems.spade.network import SPADEConfig, SPADEGenerator
from engine.training.adversarial import AdversarialTaskConfig
from engine.training.conditions import on_label_maps
from engine.training.discriminators import DiscriminatorConfig
from engine.training.recipe import Count
from engine.training.reconstruction import Reconstruction, ReconstructionTask, ReconstructionTaskConfig
from engine.training.task import Losses
from engine.training.variational import (
    VariationalTaskConfig,
    encoded_latents,
    painted_from_mean,
    prior_latents,
    variety,
)


@dataclass(frozen=True)
class SPADETaskConfig(
    VariationalTaskConfig, ReconstructionTaskConfig, AdversarialTaskConfig, DiscriminatorConfig
):
    """How a SPADE is trained; `kl` counts only for a network with a latent. Defaults as published."""

    betas: tuple[float, float] = (0.0, 0.9)
    discriminator_layers: Count = 4
    discriminator_last_stride: Count = 1


class SPADEReconstruction(Reconstruction):
    """Pictures painted from their label maps, and from a latent that is kept near N(0, 1), where there is one."""

    model: SPADEConfig
    config: SPADETaskConfig

    def build(self, sn: bool) -> nn.Module:
        """A SPADE, with its image encoder if it has a latent."""
        return SPADEGenerator(self.model, sn=sn)

    def paint(self, generator: Any, real: Tensor, condition: Tensor, step: int) -> tuple[Tensor, Losses]:
        """From z ~ q(z | picture), or from the label map alone."""
        if not self.model.latent:
            return generator(condition), {}
        style_vectors, losses = encoded_latents(generator, real, condition, self.config, step)
        return generator(condition, style_vectors), losses

    def reconstruct(self, generator: Any, real: Tensor, condition: Tensor) -> Tensor:
        """From the mean of q(z | picture), or from the label map alone."""
        if self.model.latent:
            return painted_from_mean(generator, real, condition)
        painted: Tensor = generator(condition)
        return painted

    def measures(self, generator: Any, real: Tensor, condition: Tensor) -> dict[str, float]:
        """Adds "variety" (`engine.training.variational.variety`); without a latent there is none to measure."""
        return {"variety": variety(generator, real, condition)} if self.model.latent else {}

    def rows(self, generator: Any, real: Tensor, condition: Tensor) -> list[Tensor]:
        """Reconstructions; with a latent also painted in the next picture's style, and sampled from the prior."""
        reconstructed = self.reconstruct(generator, real, condition)
        if not self.model.latent:
            return [reconstructed]
        style_vectors = generator.encode(real, condition)[0]
        drawn_vectors = prior_latents(generator, real, condition, 1)
        return [reconstructed, generator(condition, style_vectors.roll(-1, 0)), generator(condition, drawn_vectors)]


def make_task(
    model: SPADEConfig, config: SPADETaskConfig, steps: int, device: torch.device, dataset: DataSet
) -> ReconstructionTask:
    """See `engine.training.task.MakeTask`."""
    return ReconstructionTask(SPADEReconstruction(model, config), on_label_maps(model), config, steps, device, dataset)
