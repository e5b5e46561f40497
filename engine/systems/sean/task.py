"""SEAN in training: reconstruct a picture from its label map and its own styles (paper, section 3.3)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from engine.data.dataset import DataSet
from engine.systems.sean.network import SEANConfig, SEANGenerator
from engine.training.adversarial import AdversarialTaskConfig
from engine.training.conditions import on_label_maps
from engine.training.discriminators import DiscriminatorConfig
from engine.training.reconstruction import Reconstruction, ReconstructionTask, ReconstructionTaskConfig
from engine.training.task import Losses


@dataclass(frozen=True)
class SEANTaskConfig(ReconstructionTaskConfig, AdversarialTaskConfig, DiscriminatorConfig):
    """How a SEAN is trained.

    contracted: evaluate style branches by contraction (same numbers, faster).
    """

    contracted: bool = True


class SEANReconstruction(Reconstruction):
    """Pictures painted in their own styles; the sheets also show swapped styles."""

    model: SEANConfig
    config: SEANTaskConfig

    def build(self, sn: bool) -> nn.Module:
        """A SEAN with its style encoder."""
        return SEANGenerator(self.model, sn=sn)

    def paint(self, generator: Any, real: Tensor, condition: Tensor, step: int) -> tuple[Tensor, Losses]:
        """From the pictures' own styles, with fresh noise; SEAN has no loss of its own."""

        def fresh_noise(layer: int, height: int, width: int) -> Tensor:
            return torch.randn(len(real), 1, height, width, device=real.device)

        style_codes, _ = generator.encode(real, condition)
        return generator(condition, style_codes, fresh_noise, self.config.contracted), {}

    def reconstruct(self, generator: Any, real: Tensor, condition: Tensor) -> Tensor:
        """Without noise."""
        style_codes, _ = generator.encode(real, condition)
        painted: Tensor = generator(condition, style_codes, contracted=True)
        return painted

    def rows(self, generator: Any, real: Tensor, condition: Tensor) -> list[Tensor]:
        """Reconstructions; painted with the next picture's styles (the batch's mean where it lacks a label)."""
        style_codes, present_labels = generator.encode(real, condition)
        mean_codes = style_codes.sum(0, keepdim=True) / present_labels.sum(0)[None, None, :, None].clamp(min=1)
        reconstructed = generator(condition, style_codes, contracted=True)
        is_shown = torch.roll(present_labels, 1, 0)[:, None, :, None]
        swapped = generator(
            condition, torch.where(is_shown, torch.roll(style_codes, 1, 0), mean_codes), contracted=True
        )
        return [reconstructed, swapped]


def make_task(
    model: SEANConfig, config: SEANTaskConfig, steps: int, device: torch.device, dataset: DataSet
) -> ReconstructionTask:
    """See `engine.training.task.MakeTask`."""
    return ReconstructionTask(SEANReconstruction(model, config), on_label_maps(model), config, steps, device, dataset)
