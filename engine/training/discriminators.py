"""The discriminators that a recipe can choose; each takes (conditions as channels, pictures) and gives its features."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from torch import nn

from engine.nn.discriminators import MultiScaleDiscriminator, PatchDiscriminatorConfig

Choice = Literal["patch"]


@dataclass(frozen=True)
class DiscriminatorConfig:
    """How a discriminator is built.

    discriminator: "patch", the multi-scale one of pix2pixHD, SPADE, SEAN and SMIS.
    discriminator_width, discriminator_layers, discriminator_last_stride: see `PatchDiscriminatorConfig`.
    discriminator_spectral: spectral normalisation (SPADE, SEAN, SMIS; not pix2pixHD).
    """

    discriminator: Choice = "patch"
    discriminator_width: int = 64
    discriminator_layers: int = 3
    discriminator_last_stride: int = 2
    discriminator_spectral: bool = True


def build_discriminator(config: DiscriminatorConfig, condition_channels: int) -> nn.Module:
    """A fresh one for pictures of three channels beside `condition_channels` of conditions."""
    patch_config = PatchDiscriminatorConfig(
        condition_channels + 3,
        config.discriminator_width,
        config.discriminator_layers,
        config.discriminator_last_stride,
    )
    return MultiScaleDiscriminator(patch_config, sn=config.discriminator_spectral)
