"""pix2pixHD: its global generator and feature encoder, which SEAN's and SPADE's tables compare with.

Paper: Wang, Liu, Zhu, Tao, Kautz, Catanzaro, "pix2pixHD", CVPR 2018, arXiv 1711.11585. Global generator: section 3.2;
feature encoder and its averages over instances: section 3.4. Left out: the local enhancer, which paints beyond
1024 pixels. Ours: averages over labels' regions, as SEAN's comparison has them, free widths and depths, an encoder
without instance norm. Code: MIT, written from the paper.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from engine.errors import ConfigError
from engine.nn.blocks import resize_nearest
from engine.nn.label_places import HotPieces
from engine.nn.sizes import check_size
from engine.nn.spade import init_to_scale
from engine.nn.style_encoder import region_average_pool

Norm = Literal["instance", "none"]


@dataclass(frozen=True)
class Pix2PixHDConfig:
    """Everything that shapes a global generator. The defaults are the published ones.

    labels: number of labels L, edges not counted.
    edges: the label map has one more channel, the edges between instances.
    resolution: side of the square picture it was trained for, in pixels; a multiple of `stride`.
    width: channels at full size ("ngf", 64 published), doubled per halving up to `widest`.
    halvings: 4 published.
    blocks: residual blocks at the smallest size (9 published).
    widest: 1024 published (16 x 64).
    features: length of a region's code (3 published); 0: there is no encoder and no style.
    encoder_width: channels of the encoder at full size ("nef", 16 published).
    encoder_halvings: 4 published.
    encoder_norm: "instance" as published, which throws absolute colour away; "none" keeps it (ours).
    """

    labels: int = 19
    edges: bool = False
    resolution: int = 256
    width: int = 64
    halvings: int = 4
    blocks: int = 9
    widest: int = 1024
    features: int = 3
    encoder_width: int = 16
    encoder_halvings: int = 4
    encoder_norm: Norm = "instance"

    def __post_init__(self) -> None:
        if min(self.labels, self.width, self.widest, self.encoder_width) < 1 or min(self.blocks, self.features) < 0:
            raise ConfigError("labels and widths are at least 1")
        if min(self.halvings, self.encoder_halvings) < 1:
            raise ConfigError("halvings are at least 1")
        if self.resolution % self.stride or self.resolution < 2 * self.stride:
            raise ConfigError("resolution {0} is no multiple of {1}, twice or more", self.resolution, self.stride)

    @property
    def channels(self) -> int:
        """Channels of the label map that the network takes: labels, then edges."""
        return self.labels + self.edges

    @property
    def stride(self) -> int:
        """Picture pixels per pixel of the residual blocks; picture sides must be multiples of it."""
        return int(2 ** max(self.halvings, self.encoder_halvings if self.features else 0))


class ResidualBlock(nn.Module):
    """Two 3 x 3 convolutions with reflected borders and instance norm, ReLU between, beside a plain shortcut."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.conv_0 = nn.Conv2d(width, width, 3, padding=1, padding_mode="reflect", bias=False)
        self.conv_1 = nn.Conv2d(width, width, 3, padding=1, padding_mode="reflect", bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """(B, width, H, W) -> the same."""
        return x + F.instance_norm(self.conv_1(F.relu(F.instance_norm(self.conv_0(x)))))


class Hourglass(nn.Module):
    """What generator and encoder have in common: 7 x 7, halvings, residual blocks, doublings, 7 x 7, tanh.

    Every convolution but the last is followed by instance norm (if any) and ReLU. Under instance norm convolutions
    have no bias: the published ones, which it takes away again, are left out.
    """

    def __init__(
        self, fan_in: int, fan_out: int, width: int, widest: int, halvings: int, blocks: int, norm: Norm
    ) -> None:
        super().__init__()
        widths = [min(width * 2**level, widest) for level in range(halvings + 1)]
        pairs, bias = list(zip(widths, widths[1:])), norm == "none"
        self.instance_norm = norm == "instance"
        self.first = nn.Conv2d(fan_in, width, 7, padding=3, padding_mode="reflect", bias=bias)
        self.down = nn.ModuleList(
            [nn.Conv2d(outer, inner, 3, stride=2, padding=1, bias=bias) for outer, inner in pairs]
        )
        self.blocks = nn.ModuleList([ResidualBlock(widths[-1]) for _ in range(blocks)])
        self.up = nn.ModuleList(
            [
                nn.ConvTranspose2d(inner, outer, 3, stride=2, padding=1, output_padding=1, bias=bias)
                for outer, inner in reversed(pairs)
            ]
        )
        self.last = nn.Conv2d(width, fan_out, 7, padding=3, padding_mode="reflect")

    def forward(self, x: Tensor, on_block: Callable[[int, int], None] | None = None) -> Tensor:
        """(B, fan_in, H, W) -> (B, fan_out, H, W) in (-1, 1); sides are multiples of 2 ** halvings."""
        layers = [self.first, *self.down, *self.blocks, *self.up]
        for layer_index, layer in enumerate(layers):
            if on_block is not None:
                on_block(layer_index, len(layers) + 1)
            x = layer(x)
            if not isinstance(layer, ResidualBlock):
                x = F.relu(F.instance_norm(x) if self.instance_norm else x)
        return torch.tanh(self.last(x))


class GlobalGenerator(nn.Module):
    """Label map and one code per region -> picture, with its feature encoder. There is no spectral norm in it."""

    def __init__(self, config: Pix2PixHDConfig) -> None:
        super().__init__()
        self.config = config
        self.body = Hourglass(
            config.channels + config.features,
            3,
            config.width,
            config.widest,
            config.halvings,
            config.blocks,
            "instance",
        )
        self.encoder: Hourglass | None = None
        if config.features:
            self.encoder = Hourglass(
                3,
                config.features,
                config.encoder_width,
                config.widest,
                config.encoder_halvings,
                0,
                config.encoder_norm,
            )
        for module in self.modules():  # published: N(0, 0.02), biases zero
            if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
                nn.init.normal_(module.weight, 0.0, 0.02)
                if module.bias is not None:
                    nn.init.zeros_(module.bias)
        if self.encoder is not None and config.encoder_norm == "none":
            init_to_scale(self.encoder)

    def encode(self, image: Tensor, hot: Tensor) -> tuple[Tensor, Tensor]:
        """Codes of a picture's regions: the encoder's features averaged over each.

        Args:
            image: (B, 3, H, W) in [-1, 1], sides multiples of `config.stride`.
            hot: (B, L, H, W) its one-hot label map (further channels, edges, are ignored).

        Returns:
            codes (B, L, features), zero for labels that are not in the picture; present (B, L) bool.

        Raises:
            ValueError: another size, or a network without codes.
        """
        if self.encoder is None:
            raise ValueError("this network takes no codes: its features are 0")
        check_size(image.shape[-2:], self.config.stride)
        return region_average_pool(self.encoder(image), hot[:, : self.config.labels])

    def forward(
        self,
        hot: Tensor,
        codes: Tensor | None = None,
        on_block: Callable[[int, int], None] | None = None,
        size: tuple[int, int] | None = None,
        pieces: HotPieces | None = None,
    ) -> Tensor:
        """Paint.

        Args:
            hot: (B, C, h, w) one-hot label map, C = `config.channels` (labels, then edges).
            codes: (B, L + P, features), only in a network with features; of labels and then of pieces.
            on_block: called with (layers done, layers) before each layer; may raise to stop.
            size: (H, W) of the picture, multiples of `config.stride`; the label map's unless given.
            pieces: P parts of regions with codes of their own, as the paper's instances have.

        Returns:
            (B, 3, H, W) in (-1, 1).

        Raises:
            ValueError: another size, or codes missing, not wanted or of another length.
        """
        height, width = hot.shape[-2:] if size is None else size
        check_size((height, width), self.config.stride)
        hot = resize_nearest(hot, height, width)
        if (codes is None) == bool(self.config.features):
            raise ValueError(f"this network takes codes of {self.config.features} numbers per label")
        x = hot
        if codes is not None:
            regions = hot[:, : self.config.labels]
            if pieces is not None:
                regions = HotPieces(resize_nearest(pieces.hot, height, width), pieces.labels).beside(regions)
            if codes.shape[1:] != (regions.shape[1], self.config.features):
                raise ValueError(f"codes of {tuple(codes.shape[1:])} are not of this network")
            x = torch.cat([hot, torch.einsum("blf,blhw->bfhw", codes.to(hot.dtype), regions)], dim=1)
        picture: Tensor = self.body(x, on_block)
        return picture

