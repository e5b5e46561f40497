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


def over_scales(terms: list[Tensor], how: OverScales) -> Tensor:
    """One loss of those of the scales."""
    stacked = torch.stack(terms)
    return stacked.mean() if how == "mean" else stacked.sum()


def hinge_discriminator(real: Features, fake: Features, how: OverScales = "mean") -> Tensor:
    """-mean(min(D(x) - 1, 0)) - mean(min(-D(G) - 1, 0)) of each scale."""
    terms = [
        F.relu(1 - r[-1].float()).mean() + F.relu(1 + f[-1].float()).mean() for r, f in zip(real, fake, strict=True)
    ]
    return over_scales(terms, how)


def hinge_generator(fake: Features, how: OverScales = "mean") -> Tensor:
    """-mean(D(G)) of each scale."""
    return -over_scales([f[-1].float().mean() for f in fake], how)


def squares_discriminator(real: Features, fake: Features, how: OverScales = "sum") -> Tensor:
    """Least squares: (mean((D(x) - 1)^2) + mean(D(G)^2)) / 2 of each scale, summed by pix2pixHD's code."""
    terms = [
        ((r[-1].float() - 1).pow(2).mean() + f[-1].float().pow(2).mean()) / 2 for r, f in zip(real, fake, strict=True)
    ]
    return over_scales(terms, how)


def squares_generator(fake: Features, how: OverScales = "sum") -> Tensor:
    """Least squares: mean((D(G) - 1)^2) of each scale, summed by pix2pixHD's code."""
    return over_scales([(f[-1].float() - 1).pow(2).mean() for f in fake], how)


DISCRIMINATOR_LOSSES: dict[str, Callable[[Features, Features, OverScales], Tensor]] = {
    "hinge": hinge_discriminator,
    "lsgan": squares_discriminator,
}
GENERATOR_LOSSES: dict[str, Callable[[Features, OverScales], Tensor]] = {
    "hinge": hinge_generator,
    "lsgan": squares_generator,
}


def feature_matching(real: Features, fake: Features) -> Tensor:
    """1 / scales * sum over scales and hidden layers of the L1 distance to the (detached) real features."""
    terms = [
        (f - r.detach()).abs().float().mean()
        for real_scale, fake_scale in zip(real, fake, strict=True)
        for r, f in zip(real_scale[:-1], fake_scale[:-1], strict=True)
    ]
    return torch.stack(terms).sum() / len(real)


def pyramid_l1(real: Tensor, fake: Tensor, factors: tuple[int, ...] = (2, 4, 8)) -> Tensor:
    """Sum of L1 distances between pictures averaged over factor x factor squares."""
    difference = fake.float() - real.float()
    return torch.stack([F.avg_pool2d(difference, k).abs().mean() for k in factors]).sum()


def kl_divergence(mean: Tensor, log_variance: Tensor) -> Tensor:
    """KL(N(mean, variance) || N(0, 1)) in nats: summed over a picture's latent, averaged over pictures (B, ...).

    The published code of SPADE and SMIS sums over a GPU's pictures too, so that its weight of 0.05 is 0.05 times the
    pictures per GPU here.
    """
    mean, log_variance = mean.float(), log_variance.float()
    return -0.5 * (1 + log_variance - mean.pow(2) - log_variance.exp()).flatten(1).sum(1).mean()
