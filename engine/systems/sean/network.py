"""SEAN: image synthesis with semantic region-adaptive normalisation.

Paper: Zhu, Abdal, Qin, Wonka, "SEAN", CVPR 2020, arXiv 1911.12861. Generator and encoder: sections 3.1-3.3;
ablations: table 3. Where the paper is silent the published code decides (shortcut, last block without style).
Ours: free channel widths, a transformed code narrower than the style code, an encoder without instance norm.
Code: MIT, written from the paper. The authors' published weights are CC BY-NC-SA 4.0; weights trained on
CelebAMask-HQ are for non-commercial research.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal, cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from engine.errors import ConfigError
from engine.nn.blocks import Noise, resize_nearest
from engine.nn.label_places import HotPieces, LabelConditions
from engine.nn.sean import SEAN, SEANResBlk
from engine.nn.sizes import check_resolution, check_size
from engine.nn.spade import init_papers, upsample
from engine.nn.style_encoder import StyleEncoder, StyleEncoderConfig, region_average_pool


@dataclass(frozen=True)
class SEANConfig:
    """Everything that shapes a SEAN generator. The defaults are the published CelebAMask-HQ network.

    labels: number of labels L.
    resolution: side of the square picture it was trained for, in pixels; a multiple of 2 ** (halvings).
    channels: width before the first block, then after each block.
    upsample_before: for each block, whether the features are doubled first (published "normal": all but
        head_0 and G_middle_1).
    styled_blocks: blocks with the style branch, counted from the first (6 published; the rest is plain SPADE
        modulation with noise).
    style_width: length of a style code.
    style_hidden: length of a transformed style code (512 published).
    spade_hidden: hidden width of the SPADE branch (128 published).
    noise: inject noise (table 3, "w/ noises").
    encoder: the style encoder (table 3, "w/ downsampling" is `encoder.bottleneck`).
    encoders: one style encoder for the "unified" network, or one per "resblk", or one per "sean" block (table 3).
    """

    labels: int = 19
    resolution: int = 256
    channels: tuple[int, ...] = (1024, 1024, 1024, 1024, 512, 256, 128, 64)
    upsample_before: tuple[bool, ...] = (False, True, False, True, True, True, True)
    styled_blocks: int = 6
    style_width: int = 512
    style_hidden: int = 512
    spade_hidden: int = 128
    noise: bool = True
    encoder: StyleEncoderConfig = field(default_factory=StyleEncoderConfig)
    encoders: Literal["unified", "resblk", "sean"] = "unified"

    def __post_init__(self) -> None:
        if len(self.channels) != len(self.upsample_before) + 1:
            raise ConfigError("channels must have one entry more than upsample_before")
        check_resolution(self.resolution, self.stride)

    @property
    def stride(self) -> int:
        """Picture pixels per pixel of the first feature map; picture sides must be multiples of it."""
        return int(2 ** sum(self.upsample_before))

    @property
    def start(self) -> tuple[int, int]:
        """(height, width) of the first feature map at the trained size."""
        return self.resolution // self.stride, self.resolution // self.stride

    @property
    def edges(self) -> bool:
        """SEAN takes no edges between instances."""
        return False

    @classmethod
    def published(cls, ngf: int = 64, labels: int = 19, resolution: int = 256) -> SEANConfig:
        """The authors' network at generator width `ngf`."""
        channels = tuple(ngf * multiple for multiple in (16, 16, 16, 16, 8, 4, 2, 1))
        return cls(labels=labels, resolution=resolution, channels=channels)


class SEANGenerator(nn.Module):
    """Label map and style codes -> picture, with its style encoder.

    Args:
        config: the network's shape.
        sn: spectral normalisation of the main convolutions, for training (see `engine.nn.spectral`).
    """

    def __init__(self, config: SEANConfig, sn: bool = False) -> None:
        super().__init__()
        self.config = config
        self.start = nn.Conv2d(config.labels, config.channels[0], 3, padding=1)
        blocks, norm_count = [], 0
        for block_index, (fan_in, fan_out) in enumerate(zip(config.channels, config.channels[1:], strict=False)):
            style_width = config.style_width if block_index < config.styled_blocks else 0
            block = SEANResBlk(
                fan_in, fan_out, config.labels, style_width, config.style_hidden, config.spade_hidden, norm_count, sn
            )
            blocks.append(block)
            norm_count += len(block.norms())
        self.blocks = nn.ModuleList(blocks)
        if not config.noise:  # the strengths stay in the file, at zero, so that all SEANs have the same tensors
            for block in blocks:
                for norm in block.norms():
                    norm.noise_strength.requires_grad_(False)
        self.to_image = nn.Conv2d(config.channels[-1], 3, 3, padding=1)
        init_papers(self)
        encoder_count = {"unified": 1, "resblk": self.styled_blocks, "sean": self.styled_norms}[config.encoders]
        self.encoders = nn.ModuleList([StyleEncoder(config.encoder, config.style_width) for _ in range(encoder_count)])

    @property
    def styled_blocks(self) -> int:
        """Number of blocks that take a style: what crossover can set apart."""
        return min(self.config.styled_blocks, len(self.blocks))

    @property
    def styled_norms(self) -> int:
        """Number of SEAN normalisation layers that take a style."""
        return sum(len(block.norms()) for block in self.resblks()[: self.styled_blocks])

    def resblks(self) -> list[SEANResBlk]:
        """The residual blocks, first to last."""
        return cast(list[SEANResBlk], list(self.blocks))

    def encode(self, image: Tensor, hot: Tensor) -> tuple[Tensor, Tensor]:
        """Style codes of a picture's regions.

        Args:
            image: (B, 3, H, W) in [-1, 1].
            hot: (B, L, H, W) its one-hot label map.

        Returns:
            codes (B, E, L, style_width) with E encoders (1 in the unified network); present (B, L) bool. Codes of
            labels that are not in the picture are zero.
        """
        codes, present = [], torch.empty(0)
        for encoder in self.encoders:
            pooled, present = region_average_pool(encoder(image), hot)
            codes.append(pooled)
        return torch.stack(codes, dim=1), present

    def codes_per_norm(self, codes: Tensor) -> list[tuple[Tensor, ...]]:
        """Codes (B, E, L, D), E = 1, blocks or norms -> for each block, those of its normalisation layers.

        Blocks without style get the first code, which they ignore. Raises ValueError for another E.
        """
        code_count = codes.shape[1]
        if code_count not in (1, self.styled_blocks, self.styled_norms):
            raise ValueError(f"{code_count} codes for {self.styled_blocks} blocks and {self.styled_norms} norms")
        codes_by_block, norm_index = [], 0
        for block_index, block in enumerate(self.resblks()):
            block_codes = []
            for _ in block.norms():
                code_index = block_index if code_count == self.styled_blocks else norm_index
                if code_count == 1 or block_index >= self.styled_blocks:
                    code_index = 0
                block_codes.append(codes[:, code_index])
                norm_index += 1
            codes_by_block.append(tuple(block_codes))
        return codes_by_block

    def forward(
        self,
        hot: Tensor,
        codes: Tensor,
        noise: Noise | None = None,
        contracted: bool = False,
        on_block: Callable[[int, int], None] | None = None,
        size: tuple[int, int] | None = None,
        pieces: HotPieces | None = None,
    ) -> Tensor:
        """Paint.

        Args:
            hot: (B, L, h, w) one-hot label map.
            codes: (B, E, L + P, style_width), E = 1 (one style), the number of styled blocks (crossover) or of
                styled norms; behind those of the labels the codes of the pieces.
            noise: where the layers' noise comes from; None paints without.
            contracted: evaluate style branches by contraction (same numbers, less work; see `engine.nn.sean`).
            on_block: called with (blocks done, blocks) before each block; may raise to stop.
            size: (H, W) of the picture, multiples of `config.stride`; the label map's unless given.
            pieces: P parts of regions, each with a code of its own (section 3.1: a style for each region instance).

        Returns:
            (B, 3, H, W) in (-1, 1).

        Raises:
            ValueError: another size, or another number of codes.
        """
        height, width = hot.shape[-2:] if size is None else size
        stride = self.config.stride
        check_size((height, width), stride)
        conditions = LabelConditions(hot, contracted, pieces)
        codes_by_block = self.codes_per_norm(codes)
        # x: (B, channels[0], H / stride, W / stride), doubled before some blocks.
        x = self.start(resize_nearest(hot, height // stride, width // stride))
        for block_index, block in enumerate(self.resblks()):
            if on_block is not None:
                on_block(block_index, len(self.blocks))
            if self.config.upsample_before[block_index]:
                x = upsample(x)
            block_noise = _draw(noise if self.config.noise else None, block.norms(), x)
            x = block(x, conditions, codes_by_block[block_index], block_noise)
        return torch.tanh(self.to_image(F.leaky_relu(x, 0.2)))


def _draw(noise: Noise | None, norms: list[SEAN], x: Tensor) -> tuple[Tensor | None, ...]:
    return tuple(noise(norm.layer, *x.shape[-2:]) if noise is not None else None for norm in norms)
