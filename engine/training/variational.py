"""What SPADE with an encoder and SMIS have in common in training: a latent drawn from an encoder, held near N(0, 1).

A picture is painted from its label map and z ~ N(mean, variance) of its own encoding and compared with itself; the KL
divergence from N(0, 1) keeps the latents where sampling looks for them later (SPADE, appendix A; SMIS, section 3.2).
The generator has `encode(image, hot) -> mean, log-variance` and `forward(hot, z)`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from engine.nn.blocks import sample_latent
from engine.training.losses import kl_divergence
from engine.training.recipe import Share, Steps
from engine.training.task import Losses


@dataclass(frozen=True)
class VariationalTaskConfig:
    """How a generator's latent is trained.

    kl: weight of the KL divergence, which is summed over a picture's latent and averaged over pictures (published:
        0.05, summed over the pictures of a GPU too).
    kl_warm_up: steps over which that weight rises from 0: a latent that costs before it is of use is never used.
    mean_share: share of pictures that are painted from the mean of their latents, without noise (published: none).
        Pictures in use are painted so, and in mixtures of latents; a network that has only ever seen noise paints
        those pale (smis-faces after 400 steps: FID-MobileNetV2 571 from means, 426 with noise).
    """

    kl: float = 0.05
    kl_warm_up: Steps = 0
    mean_share: Share = 0.0


def encoded_latents(
    generator: Any, real_pictures: Tensor, one_hot_maps: Tensor, task_config: VariationalTaskConfig, step: int
) -> tuple[Tensor, Losses]:
    """z ~ q(z | picture), the mean itself for `mean_share` of the pictures; "kl", with its weight at this step."""
    mean, log_variance = (statistic.float() for statistic in generator.encode(real_pictures, one_hot_maps))
    kl_weight = task_config.kl * min(1.0, (step + 1) / max(1, task_config.kl_warm_up))
    noise = torch.randn_like(mean)
    if task_config.mean_share:
        noisy_pictures = torch.rand(len(mean), device=mean.device) >= task_config.mean_share
        noise = noise * noisy_pictures.view(-1, *[1] * (mean.ndim - 1))
    return sample_latent(mean, log_variance, noise), {"kl": kl_weight * kl_divergence(mean, log_variance)}


def painted_from_mean(generator: Any, pictures: Tensor, one_hot_maps: Tensor) -> Tensor:
    """Pictures (B, 3, H, W) painted from the mean of q(z | picture)."""
    painted: Tensor = generator(one_hot_maps, generator.encode(pictures, one_hot_maps)[0])
    return painted


def prior_latents(generator: Any, pictures: Tensor, one_hot_maps: Tensor, seed: int) -> Tensor:
    """z ~ N(0, 1) for those pictures, the same for the same seed on every device."""
    mean: Tensor = generator.encode(pictures, one_hot_maps)[0]
    standard_normal = torch.randn(mean.shape, generator=torch.Generator().manual_seed(seed))
    return standard_normal.to(mean)


def variety(generator: Any, pictures: Tensor, one_hot_maps: Tensor) -> float:
    """Mean absolute difference, of 255, between two pictures from the prior: 0 where z is not used."""
    latents = [prior_latents(generator, pictures, one_hot_maps, seed) for seed in (1, 2)]
    first_variant, second_variant = (generator(one_hot_maps, z).float() for z in latents)
    return float((first_variant - second_variant).abs().mean()) * 127.5
