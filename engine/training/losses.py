"""Losses of the papers: hinge and least-squares GAN, feature matching, KL (SPADE; pix2pixHD); pyramid L1 is ours."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor

Features = list[list[Tensor]]
"""Per scale, the features of every layer of a multi-scale discriminator; the last are logits."""
OverScales = Literal["mean", "sum"]


def over_scales(scale_losses: list[Tensor], reduction: OverScales) -> Tensor:
    """One loss of those of the scales."""
    stacked_losses = torch.stack(scale_losses)
    return stacked_losses.mean() if reduction == "mean" else stacked_losses.sum()


def hinge_discriminator(real_features: Features, fake_features: Features, reduction: OverScales = "mean") -> Tensor:
    """-mean(min(D(x) - 1, 0)) - mean(min(-D(G) - 1, 0)) of each scale."""
    scale_losses = [
        F.relu(1 - real_scale[-1].float()).mean() + F.relu(1 + fake_scale[-1].float()).mean()
        for real_scale, fake_scale in zip(real_features, fake_features, strict=True)
    ]
    return over_scales(scale_losses, reduction)


def hinge_generator(fake_features: Features, reduction: OverScales = "mean") -> Tensor:
    """-mean(D(G)) of each scale."""
    return -over_scales([fake_scale[-1].float().mean() for fake_scale in fake_features], reduction)


def squares_discriminator(real_features: Features, fake_features: Features, reduction: OverScales = "sum") -> Tensor:
    """Least squares: (mean((D(x) - 1)^2) + mean(D(G)^2)) / 2 of each scale, summed by pix2pixHD's code."""
    scale_losses = [
        ((real_scale[-1].float() - 1).pow(2).mean() + fake_scale[-1].float().pow(2).mean()) / 2
        for real_scale, fake_scale in zip(real_features, fake_features, strict=True)
    ]
    return over_scales(scale_losses, reduction)


def squares_generator(fake_features: Features, reduction: OverScales = "sum") -> Tensor:
    """Least squares: mean((D(G) - 1)^2) of each scale, summed by pix2pixHD's code."""
    return over_scales([(fake_scale[-1].float() - 1).pow(2).mean() for fake_scale in fake_features], reduction)


DISCRIMINATOR_LOSSES: dict[str, Callable[[Features, Features, OverScales], Tensor]] = {
    "hinge": hinge_discriminator,
    "lsgan": squares_discriminator,
}
GENERATOR_LOSSES: dict[str, Callable[[Features, OverScales], Tensor]] = {
    "hinge": hinge_generator,
    "lsgan": squares_generator,
}


def feature_matching(real_features: Features, fake_features: Features) -> Tensor:
    """1 / scales * sum over scales and hidden layers of the L1 distance to the (detached) real features."""
    layer_distances = [
        (fake_layer - real_layer.detach()).abs().float().mean()
        for real_scale, fake_scale in zip(real_features, fake_features, strict=True)
        for real_layer, fake_layer in zip(real_scale[:-1], fake_scale[:-1], strict=True)
    ]
    return torch.stack(layer_distances).sum() / len(real_features)


def pyramid_l1(real_pictures: Tensor, fake_pictures: Tensor, factors: tuple[int, ...] = (2, 4, 8)) -> Tensor:
    """Sum of L1 distances between pictures averaged over factor x factor squares."""
    difference = fake_pictures.float() - real_pictures.float()
    return torch.stack([F.avg_pool2d(difference, factor).abs().mean() for factor in factors]).sum()


def kl_divergence(mean: Tensor, log_variance: Tensor) -> Tensor:
    """KL(N(mean, variance) || N(0, 1)) in nats: summed over a picture's latent, averaged over pictures (B, ...).

    The published code of SPADE and SMIS sums over a GPU's pictures too, so that its weight of 0.05 is 0.05 times the
    pictures per GPU here.
    """
    mean, log_variance = mean.float(), log_variance.float()
    return -0.5 * (1 + log_variance - mean.pow(2) - log_variance.exp()).flatten(1).sum(1).mean()
