"""SPADE: semantic image synthesis with spatially-adaptive normalisation, and its image encoder.

Paper: Park, Liu, Wang, Zhu, "SPADE", CVPR 2019, arXiv 1903.07291. Generator: section 3.1 and appendix A; encoder
for a style image: appendix A, Fig. 14. Where the paper is silent the published code decides (shortcut, depths
"normal", "more" and "most"). Ours: free widths and
numbers of blocks, the encoder inside the generator. Code: MIT, written from the paper. The authors' published weights
are CC BY-NC-SA 4.0.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from engine.errors import ConfigError
from engine.nn.blocks import resize_nearest
from engine.nn.label_places import LabelConditions
from engine.nn.sizes import check_size, first_map_size
from engine.nn.spade import ParameterFreeNorm, SPADEResBlk, doublings, init_papers, init_to_scale, upsample
from engine.nn.spectral import spectral
from engine.systems.spade.system import UPSAMPLINGS

Depth = Literal["normal", "more", "most"]


@dataclass(frozen=True)
class SPADEConfig:
    """Everything that shapes a SPADE generator. The defaults are the published ADE20K network.

    labels: number of labels L, the one for unlabelled pixels included.
    edges: the label map has one more channel, the edges between instances (COCO-Stuff, Cityscapes).
    resolution: width of the picture it was trained for, in pixels; a multiple of `stride`.
    aspect_ratio: width / height of that picture.
    width: channels at full size ("ngf", 64 published).
    multiples: channels before the first block, then after each, in units of `width`.
    depth: doublings: 5 "normal", 6 "more", 7 "most" (the last one with a block of its own, half as wide).
    hidden: width between the two convolutions of a SPADE layer (128 published).
    norm: the parameter-free normalisation before each modulation: "batch" as in the papers' weights
        ("spadesyncbatch3x3"), or "instance", the published code's other choice ("spadeinstance3x3").
    latent: length of the style vector that the picture starts from (256 published); 0: it starts from the label
        map, and there is no style.
    encoder: the image encoder that makes style vectors of `latent` numbers (VSPADE in the SMIS paper); None: there
        is none. Without a latent it is always None.
    """

    labels: int = 151
    edges: bool = False
    resolution: int = 256
    aspect_ratio: float = 1.0
    width: int = 64
    multiples: tuple[float, ...] = (16, 16, 16, 16, 8, 4, 2, 1)
    depth: Depth = "normal"
    hidden: int = 128
    norm: ParameterFreeNorm = "batch"
    latent: int = 0
    encoder: SPADEEncoderConfig | None = field(default_factory=lambda: SPADEEncoderConfig())

    def __post_init__(self) -> None:
        encoder = replace(self.encoder, latent=self.latent) if self.encoder and self.latent else None
        object.__setattr__(self, "encoder", encoder)  # so that a card says what there is
        if len(self.multiples) < 2 or min(self.widths) < 1:
            raise ConfigError("multiples {0} of width {1} leave no channels", self.multiples, self.width)
        doublings(len(self.widths) - 1, UPSAMPLINGS[self.depth])
        first_map_size(self.resolution, self.stride, self.aspect_ratio)
        if self.depth == "most" and int(self.width * self.multiples[-1]) % 2:
            raise ConfigError('width {0} cannot be halved for the last block of depth "most"', self.width)

    @property
    def channels(self) -> int:
        """Channels of the label map that the network takes."""
        return self.labels + self.edges

    @property
    def stride(self) -> int:
        """Picture pixels per pixel of the first feature map; picture sides must be multiples of it."""
        return int(2 ** UPSAMPLINGS[self.depth])

    @property
    def widths(self) -> tuple[int, ...]:
        """Channels before the first block, then after each."""
        widths = tuple(int(self.width * multiple) for multiple in self.multiples)
        return (*widths, widths[-1] // 2) if self.depth == "most" else widths

    @property
    def upsample_before(self) -> tuple[bool, ...]:
        """For each block, whether the features are doubled first."""
        return doublings(len(self.widths) - 1, UPSAMPLINGS[self.depth])

    @property
    def start(self) -> tuple[int, int]:
        """(height, width) of the first feature map at the trained size."""
        return first_map_size(self.resolution, self.stride, self.aspect_ratio)


class SPADEGenerator(nn.Module):
    """Label map (and style vector, with a latent) -> picture.

    Args:
        config: the network's shape.
        sn: spectral normalisation of the main convolutions, for training (see `engine.nn.spectral`).
    """

    def __init__(self, config: SPADEConfig, sn: bool = False) -> None:
        super().__init__()
        self.config = config
        widths = config.widths
        self.start: nn.Conv2d | nn.Linear
        if config.latent:
            self.start = nn.Linear(config.latent, widths[0] * config.start[0] * config.start[1])
        else:
            self.start = nn.Conv2d(config.channels, widths[0], 3, padding=1)
        self.blocks = nn.ModuleList(
            [
                SPADEResBlk(fan_in, fan_out, config.channels, config.hidden, sn, config.norm)
                for fan_in, fan_out in zip(widths, widths[1:])
            ]
        )
        self.to_image = nn.Conv2d(widths[-1], 3, 3, padding=1)
        init_papers(self)
        self.encoder = SPADEEncoder(config.encoder, sn) if config.encoder is not None else None

    def encode(self, image: Tensor, hot: Tensor) -> tuple[Tensor, Tensor]:
        """The style of a picture: image (B, 3, H, W) in [-1, 1] -> mean, log-variance, each (B, latent).

        The label map is not looked at; it is here so that all generators are asked alike. Raises ValueError if there
        is no encoder.
        """
        if self.encoder is None:
            raise ValueError("this network has no image encoder")
        mean, log_variance = self.encoder(image)
        return mean, log_variance

    def forward(
        self,
        hot: Tensor,
        z: Tensor | None = None,
        on_block: Callable[[int, int], None] | None = None,
        size: tuple[int, int] | None = None,
    ) -> Tensor:
        """Paint.

        Args:
            hot: (B, C, h, w) one-hot label map, C = `config.channels` (labels, then edges).
            z: (B, latent) style vector, standard normal; only with a latent.
            on_block: called with (blocks done, blocks) before each block; may raise to stop.
            size: (H, W) of the picture, multiples of `config.stride` (with a latent, the trained size only);
                the label map's unless given.

        Returns:
            (B, 3, H, W) in (-1, 1).

        Raises:
            ValueError: another size, or a style vector missing or not wanted.
        """
        x = self._first_features(hot, z, hot.shape[-2:] if size is None else size)
        conditions = LabelConditions(hot, contracted=self.training and not self.config.edges)
        for block_index, block in enumerate(self.blocks):
            if on_block is not None:
                on_block(block_index, len(self.blocks))
            if self.config.upsample_before[block_index]:
                x = upsample(x)
            x = block(x, conditions)
        return torch.tanh(self.to_image(F.leaky_relu(x, 0.2)))

    def _first_features(self, hot: Tensor, z: Tensor | None, picture_size: tuple[int, ...]) -> Tensor:
        """(B, 16 * width, H / stride, W / stride), from the label map or from z (SPADE, Fig. 4). Raises ValueError."""
        (height, width), stride = picture_size, self.config.stride
        check_size((height, width), stride)
        first_size = (height // stride, width // stride)
        if isinstance(self.start, nn.Conv2d):
            if z is not None:
                raise ValueError("this network takes no style vector: its latent is 0")
            features: Tensor = self.start(resize_nearest(hot, *first_size))
            return features
        if z is None:
            raise ValueError(f"this network needs a style vector of length {self.config.latent}")
        if first_size != self.config.start:
            trained = " x ".join(str(side * stride) for side in self.config.start)
            raise ValueError(f"{height} x {width}: with a style vector this network paints {trained} only")
        return self.start(z).view(len(z), -1, *first_size)


@dataclass(frozen=True)
class SPADEEncoderConfig:
    """Everything that shapes SPADE's image encoder.

    width: channels of the first layer (64 published), doubled up to 8 x.
    latent: length of the style vector (256 published).
    resolution: side of the square that every picture is resized to, 4 * 2 ** layers (256 published: 6 layers).
    norm: "instance" as published, which throws absolute colour away; "none" keeps it (ours).
    """

    width: int = 64
    latent: int = 256
    resolution: int = 256
    norm: Literal["instance", "none"] = "instance"

    def __post_init__(self) -> None:
        if self.resolution < 8 or self.resolution.bit_count() != 1:
            raise ConfigError("an encoder's resolution is a power of two from 8, not {0}", self.resolution)

    @property
    def layers(self) -> int:
        """Halvings down to 4 x 4."""
        return self.resolution.bit_length() - 3


class SPADEEncoder(nn.Module):
    """Style picture -> mean and log-variance of its style vector; always looks at `resolution` x `resolution`."""

    def __init__(self, config: SPADEEncoderConfig, sn: bool = False) -> None:
        super().__init__()
        self.config = config
        widths = [3, *(config.width * min(2**layer_index, 8) for layer_index in range(config.layers))]
        published = config.norm == "instance"  # under it a bias has no effect, and the scale of weights neither
        self.layers = nn.ModuleList(
            [
                spectral(nn.Conv2d(fan_in, fan_out, 3, stride=2, padding=1, bias=not published), sn and published)
                for fan_in, fan_out in zip(widths, widths[1:])
            ]
        )
        self.mean = nn.Linear(widths[-1] * 16, config.latent)
        self.log_variance = nn.Linear(widths[-1] * 16, config.latent)
        if published:
            init_papers(self)
        else:
            init_to_scale(self)

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor]:
        """image (B, 3, H, W) in [-1, 1], any size -> mean, log-variance, each (B, latent)."""
        x, side = image, self.config.resolution
        if x.shape[-2:] != (side, side):
            x = F.interpolate(x, size=(side, side), mode="bilinear", align_corners=False)
        for conv in self.layers:
            x = conv(x)
            if self.config.norm == "instance":
                x = F.instance_norm(x)
            x = F.leaky_relu(x, 0.2)
        x = x.flatten(1)  # (B, widths[-1] * 4 * 4)
        return self.mean(x), self.log_variance(x)
