"""Multi-scale patch discriminator, both published variants (pix2pixHD; SPADE, appendix A; SEAN's code)."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from engine.nn.spectral import spectral


@dataclass(frozen=True)
class PatchDiscriminatorConfig:
    """Widths of the multi-scale patch discriminator.

    in_channels: label channels + 3.
    width: channels of the first layer (64 published), doubled per layer up to `widest`.
    layers: convolutions before the last one: 3 in SEAN, 4 in SPADE and SMIS.
    last_stride: stride of the last hidden convolution: 2 in SEAN, 1 in SPADE and SMIS.
    scales: discriminators, each seeing the picture at half the size of the one before.
    widest: 512 published, whatever the first width.
    """

    in_channels: int
    width: int = 64
    layers: int = 3
    last_stride: int = 2
    scales: int = 2
    widest: int = 512


class PatchDiscriminator(nn.Module):
    """One scale: 4 x 4 convolutions with padding 2; instance norm and spectral norm on all but first and last."""

    def __init__(self, config: PatchDiscriminatorConfig, sn: bool = False) -> None:
        super().__init__()
        padding = math.ceil((4 - 1) / 2)
        width = config.width
        self.first = nn.Conv2d(config.in_channels, width, 4, stride=2, padding=padding)
        hidden = []
        for n in range(1, config.layers):
            fan_out = min(width * 2, config.widest)
            stride = config.last_stride if n == config.layers - 1 else 2
            hidden.append(spectral(nn.Conv2d(width, fan_out, 4, stride, padding, bias=False), sn))
            width = fan_out
        self.hidden = nn.ModuleList(hidden)
        self.last = nn.Conv2d(width, 1, 4, stride=1, padding=padding)

    def forward(self, x: Tensor) -> list[Tensor]:
        """(B, in_channels, H, W) -> features of every layer, the last being the logits (B, 1, h, w)."""
        features = [F.leaky_relu(self.first(x), 0.2)]
        for conv in self.hidden:
            features.append(F.leaky_relu(F.instance_norm(conv(features[-1])), 0.2))
        return [*features, self.last(features[-1])]


class MultiScaleDiscriminator(nn.Module):
    """`scales` patch discriminators on the picture, its half, ... (average pooling 3, stride 2)."""

    def __init__(self, config: PatchDiscriminatorConfig, sn: bool = False) -> None:
        super().__init__()
        self.config = config
        self.scales = nn.ModuleList([PatchDiscriminator(config, sn) for _ in range(config.scales)])

    def forward(self, hot: Tensor, image: Tensor) -> list[list[Tensor]]:
        """hot (B, L, H, W) one-hot label map, image (B, 3, H, W) in [-1, 1] -> per scale, features per layer."""
        x = torch.cat([hot, image], dim=1)
        results = []
        for n, scale in enumerate(self.scales):
            if n:
                x = F.avg_pool2d(x, 3, stride=2, padding=1, count_include_pad=False)
            results.append(scale(x))
        return results
