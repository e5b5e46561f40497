"""SEAN's style encoder: a small bottleneck network, then region-wise average pooling (SEAN, section 3.1, Fig. 3)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from engine.nn.blocks import resize_nearest


@dataclass(frozen=True)
class StyleEncoderConfig:
    """Widths and switches of the style encoder.

    widths: channels after the first convolution, the two halvings and the doubling (32, 64, 128, 256 published).
    norm: "instance" as published; "none" keeps a picture's absolute colour (see the SEAN card).
    bottleneck: halve twice and double once (published); False is table 3's "w/o downsampling" (all at full size).
    """

    widths: tuple[int, int, int, int] = (32, 64, 128, 256)
    norm: Literal["instance", "none"] = "instance"
    bottleneck: bool = True


class StyleEncoder(nn.Module):
    """Picture -> feature map in (-1, 1), to be averaged over regions.

    Args:
        config: widths and switches.
        style_width: channels of the feature map, so the length of a style code (512 published).
    """

    def __init__(self, config: StyleEncoderConfig, style_width: int) -> None:
        super().__init__()
        a, b, c, d = config.widths
        stride = 2 if config.bottleneck else 1
        self.conv_0 = nn.Conv2d(3, a, 3, padding=1, padding_mode="reflect")
        self.conv_1 = nn.Conv2d(a, b, 3, stride=stride, padding=1)
        self.conv_2 = nn.Conv2d(b, c, 3, stride=stride, padding=1)
        self.conv_3: nn.Module
        if config.bottleneck:
            self.conv_3 = nn.ConvTranspose2d(c, d, 3, stride=2, padding=1, output_padding=1)
        else:
            self.conv_3 = nn.Conv2d(c, d, 3, padding=1)
        self.conv_4 = nn.Conv2d(d, style_width, 3, padding=1, padding_mode="reflect")
        self.instance_norm = config.norm == "instance"

    def forward(self, image: Tensor) -> Tensor:
        """image (B, 3, H, W) in [-1, 1] -> (B, style_width, H / 2, W / 2) (full size without bottleneck)."""
        x = image
        for conv in (self.conv_0, self.conv_1, self.conv_2, self.conv_3):
            x = conv(x)
            if self.instance_norm:
                x = F.instance_norm(x)
            x = F.leaky_relu(x, 0.2)
        return torch.tanh(self.conv_4(x))


def region_average_pool(features: Tensor, hot: Tensor) -> tuple[Tensor, Tensor]:
    """Average `features` over each label's region (SEAN, section 3.1, "region-wise average pooling").

    Args:
        features: (B, D, h, w).
        hot: (B, L, H, W) one-hot label map, resized (nearest) to the features.

    Returns:
        codes (B, L, D), zero for labels that have no pixel left at (h, w); present (B, L) bool.
    """
    masks = resize_nearest(hot, *features.shape[-2:]).flatten(2)  # (B, L, h*w)
    area = masks.sum(-1)  # (B, L)
    sums = torch.einsum("blp,bdp->bld", masks.float(), features.flatten(2).float())
    return sums / area.clamp(min=1).unsqueeze(-1), area > 0
