"""Losses of the papers: hinge, least-squares and Wasserstein GAN, feature matching, KL; pyramid L1 is ours."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from engine.nn.attention import AttentiveNorm

Features = list[list[Tensor]]
"""Per scale, the features of every layer of a multi-scale discriminator; the last are logits."""
OverScales = Literal["mean", "sum"]
Gan = Literal["hinge", "lsgan", "wgan-gp"]


def entities_apart(network: nn.Module, weight: float) -> dict[str, Tensor]:
    """The loss "orthogonality" of a network's attentive normalizations; {} where it has none, or the weight is 0."""
    if not weight:
        return {}
    terms = [module.orthogonality() for module in network.modules() if isinstance(module, AttentiveNorm)]
    return {"orthogonality": weight * torch.stack(terms).sum()} if terms else {}


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


def wasserstein_discriminator(
    real_features: Features, fake_features: Features, reduction: OverScales = "sum"
) -> Tensor:
    """mean(D(G)) - mean(D(x)) of each scale (WGAN, Arjovsky et al., ICML 2017, algorithm 1)."""
    scale_losses = [
        fake_scale[-1].float().mean() - real_scale[-1].float().mean()
        for real_scale, fake_scale in zip(real_features, fake_features, strict=True)
    ]
    return over_scales(scale_losses, reduction)


def gradient_penalty(
    features_of: Callable[[list[Tensor]], Features], real_views: list[Tensor], fake_views: list[Tensor]
) -> Tensor:
    """Sum over scales of the mean of (|gradient of the score| - 1)^2 at pictures between real and painted ones
    (WGAN-GP, Gulrajani et al., NeurIPS 2017, equation 3).

    The gradient counts where the two differ: a picture that was painted in a hole alone is judged there alone (Yu et
    al., CVPR 2018, section 3.2).

    features_of: views of pictures (B, C, H, W) -> the discriminator's features, the last of a scale being scores.
    """
    shares = torch.rand(len(real_views[0]), 1, 1, 1, device=real_views[0].device)
    between = [torch.lerp(fake, real, shares).requires_grad_(True) for real, fake in zip(real_views, fake_views)]
    penalties = []
    for scale in features_of(between):
        # a projected discriminator has a view for each scale, which alone has a gradient; the others have zeros
        gradients = torch.autograd.grad(scale[-1].sum(), between, create_graph=True, materialize_grads=True)
        squares = [
            (gradient.square() * (real != fake).any(dim=1, keepdim=True)).flatten(1).sum(dim=1)
            for gradient, real, fake in zip(gradients, real_views, fake_views)
        ]
        lengths = torch.stack(squares).sum(dim=0).clamp(min=1e-12).sqrt()
        penalties.append((lengths - 1).square().mean())
    return torch.stack(penalties).sum()


DISCRIMINATOR_LOSSES: dict[Gan, Callable[[Features, Features, OverScales], Tensor]] = {
    "hinge": hinge_discriminator,
    "lsgan": squares_discriminator,
    "wgan-gp": wasserstein_discriminator,
}
GENERATOR_LOSSES: dict[Gan, Callable[[Features, OverScales], Tensor]] = {
    "hinge": hinge_generator,
    "lsgan": squares_generator,
    "wgan-gp": hinge_generator,  # -mean(D(G)) as well
}


def feature_matching(real_features: Features, fake_features: Features) -> Tensor:
    """1 / scales * sum over scales and hidden layers of the L1 distance to the (detached) real features."""
    layer_distances = [
        (fake_layer - real_layer.detach()).abs().float().mean()
        for real_scale, fake_scale in zip(real_features, fake_features, strict=True)
        for real_layer, fake_layer in zip(real_scale[:-1], fake_scale[:-1], strict=True)
    ]
    return torch.stack(layer_distances).sum() / len(real_features)


def pyramid_l1(real_pictures: Tensor, fake_pictures: Tensor) -> Tensor:
    """Sum of L1 distances between pictures averaged over squares of 2 x 2, 4 x 4 and 8 x 8 pixels."""
    difference = fake_pictures.float() - real_pictures.float()
    return torch.stack([F.avg_pool2d(difference, factor).abs().mean() for factor in (2, 4, 8)]).sum()


def kl_divergence(mean: Tensor, log_variance: Tensor) -> Tensor:
    """KL(N(mean, variance) || N(0, 1)) in nats: summed over a picture's latent, averaged over pictures (B, ...).

    The published code of SPADE and SMIS sums over a GPU's pictures too, so that its weight of 0.05 is 0.05 times the
    pictures per GPU here.
    """
    mean, log_variance = mean.float(), log_variance.float()
    return -0.5 * (1 + log_variance - mean.pow(2) - log_variance.exp()).flatten(1).sum(1).mean()
