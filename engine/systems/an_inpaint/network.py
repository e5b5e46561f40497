"""Holes of a picture are filled: a coarse network, then one that refines with attention in a branch of its own.

Paper: Wang, Chen, Zhang, Sun, Jia, "Attentive Normalization for Conditional Image Generation", CVPR 2020, arXiv
2004.03828, section 4.2: two stages, attentive normalization in the second. The article gives no widths; they are those
of the authors' code. That network is the one of contextual attention (Yu et al., CVPR 2018) with another module in its
place, so that both, and none, are variants here that differ in `attention` alone.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from engine.errors import ConfigError
from engine.nn.attention import AttentiveConfig, AttentiveNorm
from engine.nn.sizes import check_resolution, check_size
from engine.systems.an_inpaint.contextual import ContextualAttention

Attention = Literal["attentive", "contextual", "none"]
STRIDE = 4
"""Sides of pictures are multiples of it: both networks halve them twice."""
MULTIPLE_OF_CONTEXTUAL = 2 * STRIDE


@dataclass(frozen=True)
class InpaintConfig:
    """Everything that shapes the network.

    resolution: side of the pictures that it is trained on; it paints any size.
    width: channels at the picture's own size (32 published), twice and four times as many at half and a quarter.
    dilations: of the convolutions that look far, in both networks.
    attention: what stands in the branch: attentive normalization, contextual attention or nothing.
    attentive: settings of the first.
    latent: numbers that the refinement is told beside the picture, so that it can fill a hole in several ways (ours; 0
        published).
    """

    resolution: int = 256
    width: int = 32
    dilations: tuple[int, ...] = (2, 4, 8, 16)
    attention: Attention = "attentive"
    attentive: AttentiveConfig = field(default_factory=AttentiveConfig)
    latent: int = 0

    def __post_init__(self) -> None:
        if self.width < 2 or self.latent < 0 or any(dilation < 1 for dilation in self.dilations):
            raise ConfigError("width is at least 2, a dilation at least 1, latent at least 0")
        check_resolution(self.resolution, self.stride)

    @property
    def stride(self) -> int:
        """What the sides of pictures are multiples of."""
        return MULTIPLE_OF_CONTEXTUAL if self.attention == "contextual" else STRIDE


class Convolution(nn.Conv2d):
    """A convolution that keeps the size (or halves it), with ELU behind it unless `linear`."""

    def __init__(
        self, fan_in: int, fan_out: int, kernel: int = 3, stride: int = 1, dilation: int = 1, linear: bool = False
    ) -> None:
        super().__init__(fan_in, fan_out, kernel, stride, dilation * (kernel // 2), dilation)
        self.linear = linear
        nn.init.xavier_uniform_(self.weight)  # as the authors' framework begins; torch's own lets deep features fade
        nn.init.zeros_(self.get_parameter("bias"))

    def forward(self, x: Tensor) -> Tensor:
        """(B, fan_in, H, W) -> (B, fan_out, H, W), or half the sides with stride 2."""
        convolved = super().forward(x)
        return convolved if self.linear else F.elu(convolved)


def encoder(fan_in: int, width: int) -> list[nn.Module]:
    """To a quarter of the sides and four times the width."""
    return [
        Convolution(fan_in, width, 5),
        Convolution(width, 2 * width, stride=2),
        Convolution(2 * width, 2 * width),
        Convolution(2 * width, 4 * width, stride=2),
        Convolution(4 * width, 4 * width),
    ]


def far_looking(width: int, dilations: tuple[int, ...]) -> list[nn.Module]:
    """One more convolution, then the dilated ones, at a quarter of the sides."""
    dilated = [Convolution(4 * width, 4 * width, dilation=dilation) for dilation in dilations]
    return [Convolution(4 * width, 4 * width), *dilated]


def decoder(fan_in: int, width: int) -> list[nn.Module]:
    """From a quarter of the sides back to a picture, its values not limited."""
    return [
        Convolution(fan_in, 4 * width),
        Convolution(4 * width, 4 * width),
        nn.Upsample(scale_factor=2, mode="nearest"),
        Convolution(4 * width, 2 * width),
        Convolution(2 * width, 2 * width),
        nn.Upsample(scale_factor=2, mode="nearest"),
        Convolution(2 * width, width),
        Convolution(width, width // 2),
        Convolution(width // 2, 3, linear=True),
    ]


class AttentionBranch(nn.Module):
    """The second branch of the refinement: attention stands between a convolution and its activation."""

    def __init__(self, fan_in: int, config: InpaintConfig) -> None:
        super().__init__()
        width = config.width
        self.encoder = nn.Sequential(*encoder(fan_in, width), Convolution(4 * width, 4 * width, linear=True))
        self.attentive = AttentiveNorm(4 * width, config.attentive) if config.attention == "attentive" else None
        self.contextual = ContextualAttention() if config.attention == "contextual" else None
        self.last = nn.Sequential(Convolution(4 * width, 4 * width), Convolution(4 * width, 4 * width))

    def forward(self, x: Tensor, hole: Tensor) -> Tensor:
        """x (B, fan_in, H, W), hole (B, 1, H, W) -> (B, 4 * width, H / 4, W / 4)."""
        features = self.encoder(x)
        if self.attentive is not None:
            features = self.attentive(features)
        features = F.elu(features)
        if self.contextual is not None:
            features = self.contextual(features, F.max_pool2d(hole, STRIDE))
        last: Tensor = self.last(features)
        return last


class InpaintNetwork(nn.Module):
    """Picture and hole -> two pictures, a coarse one and a fine one."""

    def __init__(self, config: InpaintConfig) -> None:
        super().__init__()
        self.config = config
        width, channels = config.width, 5  # the picture, ones (they show where it ends) and the hole
        self.coarse = nn.Sequential(
            *encoder(channels, width), *far_looking(width, config.dilations), *decoder(4 * width, width)
        )
        fine_channels = channels + config.latent
        self.far = nn.Sequential(*encoder(fine_channels, width), *far_looking(width, config.dilations))
        self.near = AttentionBranch(fine_channels, config)
        self.fine = nn.Sequential(*decoder(8 * width, width))

    def forward(self, image: Tensor, hole: Tensor, z: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """image (B, 3, H, W) in [-1, 1], hole (B, 1, H, W), 1 where nothing is known, z (B, latent) standard normal ->
        the coarse and the fine picture (B, 3, H, W) in [-1, 1], outside the hole too.

        What the picture has inside the hole counts for nothing. Raises ValueError: a side that is no multiple of the
        config's stride.
        """
        check_size(image.shape[2:], self.config.stride)
        coarse: Tensor = self.coarse(_with_hole(image * (1 - hole), hole)).clamp(-1, 1)
        return coarse, self.refined(image, hole, coarse, z)

    def refined(self, image: Tensor, hole: Tensor, coarse: Tensor, z: Tensor | None = None) -> Tensor:
        """The second stage alone: as `forward`, with the coarse picture (B, 3, H, W) -> the fine one."""
        x = _with_hole(torch.lerp(image, coarse, hole), hole)
        if z is not None and self.config.latent:
            x = torch.cat([x, z[:, :, None, None] * hole], dim=1)
        features = torch.cat([self.far(x), self.near(x, hole)], dim=1)
        fine: Tensor = self.fine(features).clamp(-1, 1)
        return fine


def _with_hole(image: Tensor, hole: Tensor) -> Tensor:
    """(B, 3, H, W) and (B, 1, H, W) -> (B, 5, H, W): the picture, ones and the hole."""
    return torch.cat([image, torch.ones_like(hole), hole], dim=1)
