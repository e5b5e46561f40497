"""Losses of the papers: hinge GAN, feature matching, pyramid L1 (SPADE, appendix; pix2pixHD, section 3.2)."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

Features = list[list[Tensor]]
"""Per scale, the features of every layer of a multi-scale discriminator; the last are logits."""


def hinge_discriminator(real: Features, fake: Features) -> Tensor:
    """-mean(min(D(x) - 1, 0)) - mean(min(-D(G) - 1, 0)), averaged over scales."""
    terms = [
        F.relu(1 - r[-1].float()).mean() + F.relu(1 + f[-1].float()).mean()
        for r, f in zip(real, fake, strict=True)
    ]
    return torch.stack(terms).mean()


def hinge_generator(fake: Features) -> Tensor:
    """-mean(D(G)), averaged over scales."""
    return -torch.stack([f[-1].float().mean() for f in fake]).mean()


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
