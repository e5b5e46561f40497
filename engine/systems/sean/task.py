"""SEAN in training: reconstruct a picture from its label map and its own styles (paper, section 3.3)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from engine.systems.sean.network import SEANConfig, SEANGenerator
from engine.training.adversarial import AdversarialTask, AdversarialTaskConfig
from engine.training.conditions import on_label_maps
from engine.training.task import Losses


@dataclass(frozen=True)
class SEANTaskConfig(AdversarialTaskConfig):
    """How a SEAN is trained.

    contracted: evaluate style branches by contraction (same numbers, faster).
    """

    contracted: bool = True


class SEANTask(AdversarialTask):
    """`AdversarialTask` with the styles of the pictures themselves; its sheets also show swapped styles."""

    model: SEANConfig
    config: SEANTaskConfig
    condition_on = on_label_maps

    def build(self, sn: bool) -> nn.Module:
        """A SEAN with its style encoder."""
        return SEANGenerator(self.model, sn=sn)

    def paint(self, real: Tensor, condition: Tensor) -> tuple[Tensor, Losses]:
        """From the pictures' own styles, with fresh noise; SEAN has no loss of its own."""
        style_codes, _ = self.generator.encode(real, condition)
        return self.generator(condition, style_codes, self._fresh_noise(len(real)), self.config.contracted), {}

    def _fresh_noise(self, batch_size: int) -> Any:
        return lambda layer, height, width: torch.randn(batch_size, 1, height, width, device=self.device)

    def reconstruct(self, generator: Any, image: Tensor, condition: Tensor) -> Tensor:
        """Without noise."""
        style_codes, _ = generator.encode(image, condition)
        painted: Tensor = generator(condition, style_codes, contracted=True)
        return painted

    def rows(self, generator: Any, image: Tensor, condition: Tensor) -> list[Tensor]:
        """Reconstructions; painted with the next picture's styles (the batch's mean where it lacks a label)."""
        style_codes, present_labels = generator.encode(image, condition)
        mean_codes = style_codes.sum(0, keepdim=True) / present_labels.sum(0)[None, None, :, None].clamp(min=1)
        reconstructed = generator(condition, style_codes, contracted=True)
        is_shown = torch.roll(present_labels, 1, 0)[:, None, :, None]
        swapped = generator(
            condition, torch.where(is_shown, torch.roll(style_codes, 1, 0), mean_codes), contracted=True
        )
        return [reconstructed, swapped]
