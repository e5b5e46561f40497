"""pix2pixHD in training: reconstruct a picture from its label map and a few numbers per region (paper, section 3)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from engine.data.dataset import DataSet
from engine.systems.pix2pixhd.network import GlobalGenerator, Pix2PixHDConfig
from engine.training.adversarial import AdversarialTaskConfig
from engine.training.conditions import on_label_maps
from engine.training.discriminators import DiscriminatorConfig
from engine.training.losses import Gan, OverScales
from engine.training.recipe import Count
from engine.training.reconstruction import Reconstruction, ReconstructionTask, ReconstructionTaskConfig
from engine.training.task import Losses


@dataclass(frozen=True)
class Pix2PixHDTaskConfig(ReconstructionTaskConfig, AdversarialTaskConfig, DiscriminatorConfig):
    """How a pix2pixHD is trained: least squares summed over scales, one rate for both networks, no spectral norm, and
    a discriminator with one more layer of stride 1 than SEAN's, all as published.
    """

    before: ClassVar[Mapping[str, Any]] = {
        "over_scales": "mean",
        "discriminator_layers": 3,
        "discriminator_last_stride": 2,
    }

    lr_generator: float = 2e-4
    lr_discriminator: float = 2e-4
    betas: tuple[float, float] = (0.5, 0.999)
    gan: Gan = "lsgan"
    over_scales: OverScales = "sum"
    discriminator_layers: Count = 4
    discriminator_last_stride: Count = 1
    discriminator_spectral: bool = False


class Pix2PixHDReconstruction(Reconstruction):
    """Pictures painted from the feature encoder's codes of themselves, if there are any; no loss of its own."""

    model: Pix2PixHDConfig
    config: Pix2PixHDTaskConfig

    def build(self, sn: bool) -> nn.Module:
        """A global generator with its feature encoder; it has no spectral norm."""
        return GlobalGenerator(self.model)

    def paint(self, generator: Any, real: Tensor, condition: Tensor, step: int) -> tuple[Tensor, Losses]:
        """As `reconstruct`: nothing is drawn at random."""
        return self.reconstruct(generator, real, condition), {}

    def reconstruct(self, generator: Any, real: Tensor, condition: Tensor) -> Tensor:
        """From the pictures' own codes, or from the label map alone."""
        style_codes = generator.encode(real, condition)[0] if self.model.features else None
        painted: Tensor = generator(condition, style_codes)
        return painted

    def rows(self, generator: Any, real: Tensor, condition: Tensor) -> list[Tensor]:
        """Reconstructions; with codes, the next picture's styles too (the batch's mean where it lacks a label)."""
        reconstructed = self.reconstruct(generator, real, condition)
        if not self.model.features:
            return [reconstructed]
        style_codes, present_labels = generator.encode(real, condition)
        mean_codes = style_codes.sum(0, keepdim=True) / present_labels.sum(0)[None, :, None].clamp(min=1)
        swapped_codes = torch.where(
            present_labels.roll(1, 0)[..., None], style_codes.roll(1, 0), mean_codes.to(style_codes)
        )
        return [reconstructed, generator(condition, swapped_codes)]


def make_task(
    model: Pix2PixHDConfig, config: Pix2PixHDTaskConfig, steps: int, device: torch.device, dataset: DataSet
) -> ReconstructionTask:
    """See `engine.training.task.MakeTask`."""
    reconstruction = Pix2PixHDReconstruction(model, config)
    return ReconstructionTask(reconstruction, on_label_maps(model), config, steps, device, dataset)
