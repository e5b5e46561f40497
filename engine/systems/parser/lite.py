"""Parser on an ImageNet network: EfficientNet-Lite0 down, small convolutions up; picture -> label map.

Not part of any of the papers. Nine hundred label maps are too few to learn from scratch what hair, hats and glasses
look like in all their kinds; a network that has seen ImageNet starts where the U-Net of
`engine.systems.parser.network` ends.
Logits are made at half size and doubled. Code: MIT; the encoder starts from weights under Apache-2.0.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from engine.nn.efficientnet_lite import LEVELS, EfficientNetLite0
from engine.nn.perceptual import FeatureNetwork
from engine.nn.sizes import check_size
from engine.systems.parser.network import Parser, ParserConfig

STRIDES = (2, 4, 8, 16, 32)


class UpBlock(nn.Module):
    """Coarse features, doubled, joined with the encoder's finer ones, through two 3 x 3 convolutions."""

    def __init__(self, coarse_channels: int, fine_channels: int, channels: int) -> None:
        super().__init__()
        self.conv_0 = nn.Conv2d(coarse_channels + fine_channels, channels, 3, padding=1, bias=False)
        self.norm_0 = nn.BatchNorm2d(channels)
        self.conv_1 = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.norm_1 = nn.BatchNorm2d(channels)

    def forward(self, coarse: Tensor, fine: Tensor) -> Tensor:
        """(B, coarse_channels, h, w), (B, fine_channels, 2 h, 2 w) -> (B, channels, 2 h, 2 w)."""
        x = F.interpolate(coarse, size=fine.shape[-2:], mode="bilinear", align_corners=False)
        x = F.relu(self.norm_0(self.conv_0(torch.cat([x, fine], dim=1))))
        return F.relu(self.norm_1(self.conv_1(x)))


class LiteParser(FeatureNetwork):
    """Names every pixel's label."""

    stride = STRIDES[-1]
    """Picture sides must be multiples of this."""
    trains_channels_last = True
    """As `Parser` says."""

    def __init__(self, config: ParserConfig) -> None:
        super().__init__()
        self.config = config
        self.encoder = EfficientNetLite0()
        widths = config.decoder
        deepest = LEVELS[STRIDES[-1]][1]
        self.around = nn.Linear(deepest, deepest)
        fine_channels = [LEVELS[stride][1] for stride in STRIDES[-2::-1]]
        coarse_channels = [deepest, *widths[:0:-1]]
        self.up = nn.ModuleList(
            [UpBlock(*channels) for channels in zip(coarse_channels, fine_channels, widths[::-1], strict=True)]
        )
        self.head = nn.Conv2d(widths[0], config.labels, 3, padding=1)

    def features(self, image: Tensor) -> list[Tensor]:
        """image (B, 3, H, W) in [-1, 1] -> the encoder's features at 1/2, 1/4, ... 1/32 of its sides."""
        return self.encoder(image, STRIDES)

    def forward(self, image: Tensor) -> Tensor:
        """image (B, 3, H, W) in [-1, 1] -> logits (B, L, H, W). ValueError unless sides are multiples of `stride`."""
        check_size(image.shape[-2:], self.stride)
        *skips, x = self.features(image)
        x = x + self.around(x.mean((2, 3)))[:, :, None, None]  # what kind of picture it is, everywhere
        for block, skip in zip(self.up, reversed(skips), strict=True):
            x = block(x, skip)
        return F.interpolate(self.head(x), size=image.shape[-2:], mode="bilinear", align_corners=False)


def build_parser(config: ParserConfig) -> Parser | LiteParser:
    """The parser that `config.encoder` asks for, with fresh parameters."""
    return LiteParser(config) if config.encoder == "efficientnet_lite0" else Parser(config)
