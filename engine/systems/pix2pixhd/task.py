"""pix2pixHD in training: reconstruct a picture from its label map and a few numbers per region (paper, section 3)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import Tensor, nn

from engine.systems.pix2pixhd.network import GlobalGenerator, Pix2PixHDConfig
from engine.training.adversarial import GANTask, GANTaskConfig
from engine.training.task import Losses


@dataclass(frozen=True)
class Pix2PixHDTaskConfig(GANTaskConfig):
    """How a pix2pixHD is trained: least squares, one rate for both networks, no spectral norm, as published."""

    lr_generator: float = 2e-4
    lr_discriminator: float = 2e-4
    betas: tuple[float, float] = (0.5, 0.999)
    gan: Literal["hinge", "lsgan"] = "lsgan"
    discriminator_spectral: bool = False


class Pix2PixHDTask(GANTask):
    """See the module."""

    model: Pix2PixHDConfig
    config: Pix2PixHDTaskConfig

    def build(self, sn: bool) -> nn.Module:
        """A global generator with its feature encoder; it has no spectral norm."""
        if self.model.edges:
            raise ValueError("edges between instances are in no dataset folder; leave out edges")
        return GlobalGenerator(self.model)

    def paint(self, real: Tensor, hot: Tensor) -> tuple[Tensor, Losses]:
        """From the pictures' own codes, if there are any; no loss of its own."""
        return self.reconstruct(self.generator, real, hot), {}

    def reconstruct(self, generator: Any, image: Tensor, hot: Tensor) -> Tensor:
        """From the pictures' own codes, or from the label map alone."""
        codes = generator.encode(image, hot)[0] if self.model.features else None
        painted: Tensor = generator(hot, codes)
        return painted

    def rows(self, generator: Any, image: Tensor, hot: Tensor) -> list[Tensor]:
        """Reconstructions; with codes, the next picture's styles too (the batch's mean where it lacks a label)."""
        own = self.reconstruct(generator, image, hot)
        if not self.model.features:
            return [own]
        codes, present = generator.encode(image, hot)
        mean = codes.sum(0, keepdim=True) / present.sum(0)[None, :, None].clamp(min=1)
        swapped = torch.where(present.roll(1, 0)[..., None], codes.roll(1, 0), mean.to(codes))
        return [own, generator(hot, swapped)]
