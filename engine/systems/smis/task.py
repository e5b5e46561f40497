"""SMIS (GroupDNet) and its baselines in training: a latent per label, held near N(0, 1) (paper, section 3)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from engine.data.dataset import DataSet
from engine.nn.blocks import one_hot
from engine.systems.smis.network import SMISConfig, SMISGenerator
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

SMALLEST = 0.01
"""Regions below this share of the picture are not drawn again for `hold`, if there is a larger one."""


@dataclass(frozen=True)
class SMISTaskConfig(
    VariationalTaskConfig, ReconstructionTaskConfig, AdversarialTaskConfig, DiscriminatorConfig
):
    """How a GroupDNet, MulNet, GroupNet or GroupEnc is trained. Defaults as published.

    hold: weight of what one region's latent changes in all others: the mean absolute difference, outside that region,
        of two pictures that differ in its latent alone (ours; published: none). It takes half a batch more.
    """

    betas: tuple[float, float] = (0.0, 0.9)
    discriminator_layers: Count = 4
    discriminator_last_stride: Count = 1
    hold: float = 0.0


class SMISReconstruction(Reconstruction):
    """Pictures painted from a latent per label, kept near N(0, 1); its variety, and the loss `hold`."""

    model: SMISConfig
    config: SMISTaskConfig

    def build(self, sn: bool) -> nn.Module:
        """A network with its encoder."""
        return SMISGenerator(self.model, sn=sn)

    def paint(self, generator: Any, real: Tensor, condition: Tensor, step: int) -> tuple[Tensor, Losses]:
        """From z ~ q(z | picture); with `hold`, half of the pictures again with one region's latent drawn again."""
        hot = condition
        latents, losses = encoded_latents(generator, real, hot, self.config, step)
        if not self.config.hold:
            return generator(hot, latents), losses
        half_batch = (len(latents) + 1) // 2
        chosen_labels = one_hot(draw_labels(hot[:half_batch])[:, None, None], self.model.labels)
        kept_latents, is_redrawn = latents[:half_batch], self._latent_mask(chosen_labels, latents)
        redrawn_latents = kept_latents + (torch.randn_like(kept_latents) - kept_latents) * is_redrawn
        # In one batch: batch normalisation would carry a change in one of two batches to every pixel.
        both_painted = generator(torch.cat([hot, hot[:half_batch]]), torch.cat([latents, redrawn_latents]))
        painted, repainted = both_painted[: len(latents)], both_painted[len(latents) :]
        outside = 1 - (hot[:half_batch] * chosen_labels.to(hot)).sum(1, keepdim=True)  # (B / 2, 1, H, W)
        differences = (repainted - painted[:half_batch]).float().abs() * outside
        mean_difference = differences.sum() / (3 * outside.sum()).clamp(min=1)
        return painted, losses | {"hold": self.config.hold * mean_difference}

    def reconstruct(self, generator: Any, real: Tensor, condition: Tensor) -> Tensor:
        """From the mean of q(z | picture)."""
        return painted_from_mean(generator, real, condition)

    def measures(self, generator: Any, real: Tensor, condition: Tensor) -> dict[str, float]:
        """Adds "variety", see `engine.training.variational.variety`."""
        return {"variety": variety(generator, real, condition)}

    def rows(self, generator: Any, real: Tensor, condition: Tensor) -> list[Tensor]:
        """Reconstructions; all regions from the prior; only each picture's second largest region from the prior."""
        hot = condition
        latents = generator.encode(real, hot)[0]
        drawn_latents = prior_latents(generator, real, hot, 1)
        second_largest = hot.sum((2, 3)).topk(min(2, hot.shape[1]), dim=1).indices[:, -1]  # (B,) label ids
        is_second_label = self._latent_mask(one_hot(second_largest[:, None, None], self.model.labels), latents)
        return [
            generator(hot, latents),
            generator(hot, drawn_latents),
            generator(hot, latents + (drawn_latents - latents) * is_second_label),
        ]

    def _latent_mask(self, chosen_labels: Tensor, latents: Tensor) -> Tensor:
        """(B, L, 1, 1) of 0 and 1 -> (B, L * 8, 1, 1), one entry per channel of the latents."""
        return chosen_labels.repeat_interleave(latents.shape[1] // self.model.labels, dim=1).to(latents)


def make_task(
    model: SMISConfig, config: SMISTaskConfig, steps: int, device: torch.device, dataset: DataSet
) -> ReconstructionTask:
    """See `engine.training.task.MakeTask`."""
    return ReconstructionTask(SMISReconstruction(model, config), on_label_maps(model), config, steps, device, dataset)


def draw_labels(one_hot_map: Tensor) -> Tensor:
    """One label of each picture, all that cover at least `SMALLEST` of it alike: (B, L, H, W) -> (B,) int64."""
    label_shares = one_hot_map.float().mean((2, 3))
    is_large = (label_shares >= SMALLEST).to(label_shares)
    return torch.multinomial(torch.where(is_large.sum(1, keepdim=True) > 0, is_large, label_shares), 1)[:, 0]
