"""Parser: picture -> label map, a small U-Net (Ronneberger et al., MICCAI 2015) of residual blocks.

Not part of any of the papers: it lets any photograph give styles, by finding its regions. Logits are made at half
size and doubled. Code: MIT.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from engine.nn.perceptual import FeatureNetwork
from engine.nn.sizes import check_size


@dataclass(frozen=True)
class ParserConfig:
    """Everything that shapes a parser.

    labels: number of labels L.
    resolution: side of the square pictures it was trained on, in pixels.
    encoder: "residual", the U-Net of this file, or "efficientnet_lite0"; see `engine.systems.parser.lite`.
    widths: the U-Net's channels at 1/2, 1/4, ... of the picture's side.
    decoder: on EfficientNet-Lite0, the channels of the way up at 1/2, 1/4, 1/8 and 1/16 of the picture's side.
    """

    labels: int = 19
    resolution: int = 256
    encoder: Literal["residual", "efficientnet_lite0"] = "residual"
    widths: tuple[int, ...] = (32, 64, 128, 192, 256)
    decoder: tuple[int, int, int, int] = (32, 48, 64, 96)

    @property
    def stride(self) -> int:
        """The sides of pictures must be multiples of this."""
        return 32 if self.encoder == "efficientnet_lite0" else int(2 ** len(self.widths))


class ResidualBlock(nn.Module):
    """Two 3 x 3 convolutions with batch norm and ReLU around a shortcut."""

    def __init__(self, fan_in: int, fan_out: int, stride: int = 1) -> None:
        super().__init__()
        self.conv_0 = nn.Conv2d(fan_in, fan_out, 3, stride, 1, bias=False)
        self.norm_0 = nn.BatchNorm2d(fan_out)
        self.conv_1 = nn.Conv2d(fan_out, fan_out, 3, 1, 1, bias=False)
        self.norm_1 = nn.BatchNorm2d(fan_out)
        same = fan_in == fan_out and stride == 1
        self.shortcut = nn.Identity() if same else nn.Conv2d(fan_in, fan_out, 1, stride)

    def forward(self, x: Tensor) -> Tensor:
        """(B, fan_in, H, W) -> (B, fan_out, H / stride, W / stride)."""
        y = F.relu(self.norm_0(self.conv_0(x)))
        return F.relu(self.norm_1(self.conv_1(y)) + self.shortcut(x))


class Parser(FeatureNetwork):
    """U-Net that names every pixel's label."""

    encoder = None
    """It has no network in it that was trained before."""

    def __init__(self, config: ParserConfig) -> None:
        super().__init__()
        self.config = config
        widths = config.widths
        self.stem = nn.Conv2d(3, widths[0], 5, 2, 2)
        widths_above = [widths[0], *widths[:-1]]
        self.down = nn.ModuleList(
            [
                ResidualBlock(above, width, stride=1 if level == 0 else 2)
                for level, (above, width) in enumerate(zip(widths_above, widths, strict=True))
            ]
        )
        self.middle = ResidualBlock(widths[-1], widths[-1])
        pairs = list(zip(widths[::-1], widths[-2::-1], strict=False))
        self.up = nn.ModuleList([ResidualBlock(below + width, width) for below, width in pairs])
        self.head = nn.Conv2d(widths[0], config.labels, 3, padding=1)

    @property
    def trains_channels_last(self) -> bool:
        """Whether its backward pass may be laid out channels last.

        oneDNN of torch 2.13 writes past its memory there on processors with AVX2 alone: in 1 x 1 convolutions of stride
        2 of channels that are no multiple of 8.
        """
        return all(width % 8 == 0 for width in self.config.widths)

    @property
    def stride(self) -> int:
        """Picture sides must be multiples of this."""
        return self.config.stride

    def features(self, image: Tensor) -> list[Tensor]:
        """image (B, 3, H, W) in [-1, 1] -> features at 1/2, 1/2, 1/4, 1/8, ... of its sides, and the middle's."""
        levels = [F.relu(self.stem(image))]
        for block in self.down:
            levels.append(block(levels[-1]))
        return [*levels, self.middle(levels[-1])]

    def forward(self, image: Tensor) -> Tensor:
        """image (B, 3, H, W) in [-1, 1] -> logits (B, L, H, W). ValueError unless sides are multiples of `stride`."""
        check_size(image.shape[-2:], self.stride)
        _, *skips, x = self.features(image)
        for block, skip in zip(self.up, skips[-2::-1], strict=True):
            x = F.interpolate(x, size=skip.shape[-2:], mode="bilinear", align_corners=False)
            x = block(torch.cat([x, skip], dim=1))
        return F.interpolate(self.head(x), size=image.shape[-2:], mode="bilinear", align_corners=False)
