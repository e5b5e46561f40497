"""The discriminators that a recipe can choose; each takes (conditions as channels, pictures) and gives its features."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from torch import Tensor, nn

from engine.errors import Message
from engine.metrics.efficientnet import EFFICIENTNET, find_efficientnet, load_efficientnet, missing_network
from engine.nn.discriminators import MultiScaleDiscriminator, PatchDiscriminatorConfig
from engine.nn.efficientnet_lite import fold_batch_norms
from engine.nn.projected import ProjectedDiscriminator, ProjectedDiscriminatorConfig
from engine.training.losses import Features
from engine.training.recipe import Count

Choice = Literal["patch", "projected"]


@dataclass(frozen=True)
class DiscriminatorConfig:
    """How a discriminator is built.

    discriminator: "patch", the multi-scale one of pix2pixHD, SPADE, SEAN and SMIS, or "projected" (Sauer et al.,
        NeurIPS 2021), which needs EfficientNet-Lite0 and does without feature matching; see `engine.nn.projected`.
    discriminator_width, discriminator_layers, discriminator_last_stride: see `PatchDiscriminatorConfig`; the projected
        discriminator has its own.
    discriminator_spectral: spectral normalisation (SPADE, SEAN, SMIS; not pix2pixHD).
    """

    discriminator: Choice = "patch"
    discriminator_width: Count = 64
    discriminator_layers: Count = 3
    discriminator_last_stride: Count = 2
    discriminator_spectral: bool = True


def build_discriminator(config: DiscriminatorConfig, condition_channels: int) -> nn.Module:
    """A fresh one for pictures of three channels beside `condition_channels` of conditions.

    Where the network of a projected discriminator is not installed, it is a patch discriminator.
    """
    if config.discriminator == "projected" and find_efficientnet() is not None:
        network = load_efficientnet()
        fold_batch_norms(network)
        projected_config = ProjectedDiscriminatorConfig(condition_channels)
        return ProjectedDiscriminator(projected_config, network, sn=config.discriminator_spectral)
    patch_config = PatchDiscriminatorConfig(
        condition_channels + 3,
        config.discriminator_width,
        config.discriminator_layers,
        config.discriminator_last_stride,
    )
    return MultiScaleDiscriminator(patch_config, sn=config.discriminator_spectral)


def discriminator_notes(config: DiscriminatorConfig) -> tuple[Message, ...]:
    """What a user should know of the choice before the run."""
    if config.discriminator != "projected" or find_efficientnet() is not None:
        return ()
    return (Message("{0} Until then patch discriminators train.", missing_network()),)


def frozen_network(discriminator: nn.Module) -> str:
    """The name of the network that a discriminator looks through, "" where it learns all of itself."""
    return EFFICIENTNET if isinstance(discriminator, ProjectedDiscriminator) else ""


def views_of(discriminator: nn.Module, pictures: Tensor) -> list[Tensor]:
    """What a discriminator's updates do not change of how it sees pictures (B, 3, H, W), to be computed once a step.

    What its frozen network makes of them; without one, the pictures themselves.
    """
    return discriminator.project(pictures) if isinstance(discriminator, ProjectedDiscriminator) else [pictures]


def features_of(discriminator: nn.Module, conditions: Tensor, views: list[Tensor]) -> Features:
    """The discriminator's features of conditions (B, C, H, W) and the `views_of` their pictures."""
    if isinstance(discriminator, ProjectedDiscriminator):
        return discriminator.judge(conditions, views)
    features: Features = discriminator(conditions, *views)
    return features
