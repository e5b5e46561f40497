"""SMIS: semantically multi-modal image synthesis with GroupDNet, and the networks that the paper compares it with.

Paper: Zhu, Xu, You, Bai, "Semantically Multi-modal Image Synthesis", CVPR 2020, arXiv 2003.12697. Encoder: section
4.2; decoder of CG-Blocks: section 4.3; MulNet and GroupNet: section 3; GroupEnc: section 5. Where the paper is silent
the published code decides (cropped regions, group schedules, hidden widths). Ours: a rule for any number of labels,
free widths and depths. Code: MIT, written from the paper. The authors' published weights are CC BY-NC-SA 4.0.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from engine.errors import ConfigError
from engine.nn.blocks import resize_nearest
from engine.nn.group_schedule import GroupPlan, Schedule, Wanted, plan_groups
from engine.nn.grouped import CGBlock, interleave_edges, keep_to_regions
from engine.nn.region_encoder import RegionEncoder, RegionEncoderConfig
from engine.nn.sizes import check_size, first_map_size
from engine.nn.spade import doublings, init_papers, init_to_scale, upsample
from engine.nn.spectral import spectral

OnBlock = Callable[[int, int], None]


@dataclass(frozen=True)
class SMISConfig:
    """Everything that shapes a GroupDNet or one of its rivals.

    labels: number of labels L, edges not counted.
    edges: the label map has one more channel, the edges between instances (Cityscapes), which every label sees.
    resolution: width of the picture it was trained for, in pixels; a multiple of `stride`.
    aspect_ratio: width / height of that picture.
    width: unit of the channels ("ngf"; published 160 DeepFashion, 280 Cityscapes, 64 ADE20K).
    multiples: channels before the first block, then after each, in units of `width`; the rule rounds them up until
        the groups divide them.
    upsamplings: doublings from the latent to the picture, one before each block but the first; one less than that
        leaves out the one before the third block (as SPADE's "normal" does).
    latent: channels of each label's latent (8 published).
    schedule: how groups fall: "rule" (ours), as published for "deepfashion", "cityscapes" or "ade20k", or
        "ungrouped": SPADE's blocks on all latents together, which is GroupEnc.
    groups: groups of each block, with "rule" only; by `locality` unless given.
    locality: 0 .. 1: with "rule", the share of the blocks after the first that keep one group per label; at 1
        regions mix in the last convolutions only (GroupNet).
    gated: after the last block with one group per label, keep each label's features in and near its own region only
        (ours). A latent then reaches as far as the convolutions after that block and no farther; without it, how far
        is learnt.
    hidden: width between the two convolutions of a CG-Norm (128 published); the rule rounds it up.
    fusion: ordinary 3 x 3 convolutions after the last block, the fusion module of GroupNet and MulNet.
    separate: one decoder and encoder per label with nothing in common (MulNet); `width` is then each one's own.
    encoder: the image encoder; None: there is none (published generators come without), latents are only sampled.
    """

    labels: int = 19
    edges: bool = False
    resolution: int = 256
    aspect_ratio: float = 1.0
    width: int = 64
    multiples: tuple[float, ...] = (16, 16, 16, 16, 8, 4, 2, 1)
    upsamplings: int = 6
    latent: int = 8
    schedule: Schedule = "rule"
    groups: tuple[int, ...] = ()
    locality: float = 0.2
    gated: bool = False
    hidden: int = 128
    fusion: int = 0
    separate: bool = False
    encoder: RegionEncoderConfig | None = field(default_factory=RegionEncoderConfig)

    def __post_init__(self) -> None:
        if min(self.labels, self.width, self.latent, self.hidden) < 1 or self.fusion < 0:
            raise ConfigError("labels, width, latent and hidden are at least 1")
        if len(self.multiples) < 2 or min(self.multiples) <= 0:
            raise ConfigError("multiples are positive, and at least two")
        if not 0 <= self.locality <= 1:
            raise ConfigError("locality {0} is not between 0 and 1", self.locality)
        doublings(len(self.multiples) - 1, self.upsamplings)
        first_map_size(self.resolution, self.stride, self.aspect_ratio)
        if self.plan().blocks[0].groups != (1 if self.separate else self.labels) and self.gated:
            raise ConfigError("only a network whose first block has one group per label can be gated")

    def plan(self) -> GroupPlan:
        """Widths and groups of the decoder (of one label's, if separate). Raises ValueError: see `plan_groups`."""
        return plan_groups(
            Wanted(
                schedule=self.schedule,
                labels=1 if self.separate else self.labels,
                edges=self.edges,
                latent=self.latent,
                width=self.width,
                multiples=self.multiples,
                groups=self.groups,
                locality=self.locality,
                hidden=self.hidden,
            )
        )

    @property
    def channels(self) -> int:
        """Channels of the label map that the network takes: labels, then edges."""
        return self.labels + self.edges

    @property
    def stride(self) -> int:
        """Picture pixels per pixel of the latent; picture sides must be multiples of it."""
        return 2**self.upsamplings

    @property
    def start(self) -> tuple[int, int]:
        """(height, width) of the latents at the trained size."""
        return first_map_size(self.resolution, self.stride, self.aspect_ratio)

    @property
    def upsample_before(self) -> tuple[bool, ...]:
        """For each block, whether the features are doubled first."""
        return doublings(len(self.multiples) - 1, self.upsamplings)

    @property
    def latent_shape(self) -> tuple[int, int, int]:
        """Channels, height and width of the whole latent: (L * latent, h, w); label by label."""
        return (self.labels * self.latent, *self.start)


class GroupTrunk(nn.Module):
    """GroupDNet without its last convolution: latents and label map -> features; and its encoder."""

    def __init__(self, config: SMISConfig, sn: bool = False) -> None:
        super().__init__()
        self.config = config
        plan = config.plan()
        self.interleaved = plan.interleaved
        self.features = plan.widths[-1]
        label_wise = [index for index, block in enumerate(plan.blocks) if block.groups == config.labels]
        self.gate_after = label_wise[-1] if config.gated else None
        self.start = nn.Conv2d(config.labels * config.latent, plan.widths[0], 3, padding=1, groups=plan.start_groups)
        self.blocks = nn.ModuleList(
            [
                CGBlock(fan_in, fan_out, plan.label_channels, shape, sn)
                for fan_in, fan_out, shape in zip(plan.widths, plan.widths[1:], plan.blocks)
            ]
        )
        init_papers(self)
        self.encoder: RegionEncoder | None = None
        if config.encoder is not None:
            # Without instance norm nothing restores the scale that small weights, and a spectral norm over all groups
            # at once, take away layer by layer: measured, latents of 0.0005. Then the encoder does without both.
            published, layers = config.encoder.norm == "instance", config.upsamplings
            self.encoder = RegionEncoder(
                config.encoder, config.labels, config.latent, config.start, layers, sn and published
            )
            if published:
                init_papers(self.encoder)
            else:
                init_to_scale(self.encoder)

    def encode(self, image: Tensor, hot: Tensor) -> tuple[Tensor, Tensor]:
        """See `SMISGenerator.encode`."""
        if self.encoder is None:
            raise ValueError("these weights came without an image encoder")
        return cast(tuple[Tensor, Tensor], self.encoder(image, hot[:, : self.config.labels]))

    def paint_features(
        self, hot: Tensor, z: Tensor, on_block: OnBlock | None = None, size: tuple[int, int] | None = None
    ) -> Tensor:
        """(B, widths[-1], H, W): see `SMISGenerator.forward` for the arguments."""
        (height, width), stride = (hot.shape[-2:] if size is None else size), self.config.stride
        check_size((height, width), stride)
        if z.ndim != 4 or z.shape[1] != self.config.latent_shape[0]:
            raise ValueError(f"a latent of {tuple(z.shape[1:])} is not of this network, {self.config.latent_shape} is")
        # (B, widths[0], H / stride, W / stride), doubled before some blocks
        x = self.start(resize_nearest(z, height // stride, width // stride))
        conditions = interleave_edges(hot) if self.interleaved else hot
        for block_index, block in enumerate(self.blocks):
            if on_block is not None:
                on_block(block_index, len(self.blocks))
            if self.config.upsample_before[block_index]:
                x = upsample(x)
            x = block(x, conditions)
            if block_index == self.gate_after:
                x = keep_to_regions(x, hot[:, : self.config.labels])
        return x


class SMISGenerator(GroupTrunk):
    """Label map and one latent per label -> picture, with its image encoder.

    Args:
        config: the network's shape.
        sn: spectral normalisation of the main convolutions, for training (see `engine.nn.spectral`).
    """

    def __init__(self, config: SMISConfig, sn: bool = False) -> None:
        if config.separate:
            nn.Module.__init__(self)
            self.config = config
            one_label = replace(config, labels=1, separate=False, fusion=0)
            self.subnets = nn.ModuleList([GroupTrunk(one_label, sn) for _ in range(config.labels)])
            self.features = sum(subnet.features for subnet in self.trunks())
        else:
            super().__init__(config, sn)
        widths = [self.features, *[max(1, int(config.width * config.multiples[-1]))] * config.fusion]
        self.fusion = nn.ModuleList(
            [spectral(nn.Conv2d(fan_in, fan_out, 3, padding=1), sn) for fan_in, fan_out in zip(widths, widths[1:])]
        )
        self.to_image = nn.Conv2d(widths[-1], 3, 3, padding=1)
        init_papers(self.fusion)
        init_papers(self.to_image)

    def trunks(self) -> list[GroupTrunk]:
        """MulNet's sub-networks, one per label; otherwise the one network."""
        return cast(list[GroupTrunk], list(self.subnets)) if self.config.separate else [self]

    def encode(self, image: Tensor, hot: Tensor) -> tuple[Tensor, Tensor]:
        """The latents of a picture's regions.

        Args:
            image: (B, 3, H, W) in [-1, 1], any size.
            hot: (B, L, H, W) its one-hot label map (further channels, edges, are ignored).

        Returns:
            mean and log-variance, each (B, L * latent, h, w), label by label; those of labels that are not in the
            picture are what the encoder makes of black.

        Raises:
            ValueError: the weights have no encoder.
        """
        if not self.config.separate:
            return super().encode(image, hot)
        by_label = [subnet.encode(image, hot[:, label : label + 1]) for label, subnet in enumerate(self.trunks())]
        mean, log_variance = (torch.cat(maps, dim=1) for maps in zip(*by_label))
        return mean, log_variance

    def forward(
        self, hot: Tensor, z: Tensor, on_block: OnBlock | None = None, size: tuple[int, int] | None = None
    ) -> Tensor:
        """Paint.

        Args:
            hot: (B, C, h, w) one-hot label map, C = `config.channels` (labels, then edges).
            z: (B, L * latent, any, any) latents, label by label, standard normal; resized (nearest) to H / stride,
                W / stride.
            on_block: called with (blocks done, blocks) before each block; may raise to stop.
            size: (H, W) of the picture, multiples of `config.stride`; the label map's unless given.

        Returns:
            (B, 3, H, W) in (-1, 1).

        Raises:
            ValueError: another size, or latents of another network.
        """
        x = self._separately(hot, z, on_block, size) if self.config.separate else None
        if x is None:
            x = self.paint_features(hot, z, on_block, size)
        for conv in self.fusion:
            x = conv(F.leaky_relu(x, 0.2))
        return torch.tanh(self.to_image(F.leaky_relu(x, 0.2)))

    def _separately(self, hot: Tensor, z: Tensor, on_block: OnBlock | None, size: tuple[int, int] | None) -> Tensor:
        """MulNet: each label's features from its own sub-network, side by side."""
        labels = self.config.labels
        if z.ndim != 4 or z.shape[1] != self.config.latent_shape[0]:
            raise ValueError(f"a latent of {tuple(z.shape[1:])} is not of this network, {self.config.latent_shape} is")
        features_by_label = []
        for label, subnet in enumerate(self.trunks()):
            if on_block is not None:
                on_block(label, labels)
            own_condition = torch.cat([hot[:, label : label + 1], hot[:, labels:]], dim=1)  # its label, then any edges
            features_by_label.append(subnet.paint_features(own_condition, z.chunk(labels, dim=1)[label], None, size))
        return torch.cat(features_by_label, dim=1)
