"""GroupDNet's encoder: every label's region through its own convolutions (SMIS, CVPR 2020, section 4.2)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch.nn.functional as F
from torch import Tensor, nn

from engine.errors import ConfigError
from engine.nn.grouped_conv import GroupedConv2d
from engine.nn.regions import masked_regions
from engine.nn.spectral import spectral


@dataclass(frozen=True)
class RegionEncoderConfig:
    """What can be chosen about the encoder; its depth follows from the generator.

    width: channels per label of the first layer, doubled per layer up to `widest` x (published: DeepFashion 32,
        Cityscapes 10, ADE20K 4; 8 x).
    crop_regions: cut each region to its bounding box and enlarge it to the full size, as the published code does and
        the paper does not say.
    norm: "instance" as published, which throws a region's absolute colour away; "none" keeps it (ours).
    """

    width: int = 32
    widest: int = 8
    crop_regions: bool = True
    norm: Literal["instance", "none"] = "instance"

    def __post_init__(self) -> None:
        if self.width < 1 or self.widest < 1:
            raise ConfigError("an encoder's width and widest are at least 1")


class RegionEncoder(nn.Module):
    """Picture and label map -> mean and log-variance maps of each label's latent.

    Args:
        config: see there.
        labels: number of labels L.
        latent: channels of each label's latent (8 published).
        start: (h, w) of the latent maps (4, 4 published).
        layers: halvings, so that it looks at h * 2 ** layers by w * 2 ** layers pixels (6 published).
        sn: spectral normalisation, for training.
    """

    def __init__(
        self,
        config: RegionEncoderConfig,
        labels: int,
        latent: int,
        start: tuple[int, int],
        layers: int,
        sn: bool = False,
    ) -> None:
        super().__init__()
        self.config = config
        self.size = (start[0] * 2**layers, start[1] * 2**layers)
        per_label = [3, *(config.width * min(2**n, config.widest) for n in range(layers))]
        widths = [labels * width for width in per_label]
        bias = config.norm == "none"  # under instance norm a bias has no effect
        self.layers = nn.ModuleList(
            [
                spectral(GroupedConv2d(a, b, 3, stride=2, padding=1, groups=labels, bias=bias), sn)
                for a, b in zip(widths, widths[1:])
            ]
        )
        self.mean = nn.Conv2d(widths[-1], labels * latent, 3, padding=1, groups=labels)
        self.log_variance = nn.Conv2d(widths[-1], labels * latent, 3, padding=1, groups=labels)

    def regions(self, image: Tensor, hot: Tensor) -> Tensor:
        """What it looks at: image (B, 3, H, W), hot (B, L, H, W), any size -> (B, 3 L, *size)."""
        return masked_regions(image, hot, self.size, self.config.crop_regions)

    def forward(self, image: Tensor, hot: Tensor) -> tuple[Tensor, Tensor]:
        """image (B, 3, H, W) in [-1, 1], hot (B, L, H, W) -> mean, log-variance, each (B, L * latent, h, w)."""
        x = self.regions(image, hot)
        for conv in self.layers:
            x = conv(x)
            if self.config.norm == "instance":
                x = F.instance_norm(x)
            x = F.leaky_relu(x, 0.2)
        return self.mean(x), self.log_variance(x)
