"""Pictures of a class out of noise: five residual blocks, attention in the third; a discriminator of five more.

Paper: Wang, Chen, Zhang, Sun, Jia, "Attentive Normalization for Conditional Image Generation", CVPR 2020, arXiv
2004.03828, section 4.1. The article gives the number of blocks, where the module stands and the hinge losses. All else
is as in the networks that it builds on and compares with: conditional batch norm, widths and the projection of the
class in the discriminator as in SN-GAN (Miyato and Koyama, ICLR 2018), spectral norm in both networks and
self-attention as in SAGAN (Zhang et al., ICML 2019). The three differ here in `attention` and in nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import log2
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from engine.errors import ConfigError
from engine.nn.attention import AttentiveConfig, AttentiveNorm, SelfAttention
from engine.nn.spectral import spectral

Attention = Literal["attentive", "self", "none"]
BLOCKS = 5
START = 4  # side of the map that the noise becomes
MULTIPLES = (16, 16, 8, 4, 2, 1)  # channels before the first block and after each, in widths
GENERATOR_ATTENTION, DISCRIMINATOR_ATTENTION = 2, 0  # the third and the first block


@dataclass(frozen=True)
class ClassGeneratorConfig:
    """Everything that shapes a generator of classes.

    classes: how many there are. class_names: what they are called, in the order of their numbers, for people.
    resolution: side of its pictures, 8 to 128: `START` doubled by as many of the blocks as it takes, from the first on.
    width: channels of the last block (64 in SN-GAN at 128 x 128); those before have 2, 4, 8 and 16 times as many.
    latent: numbers of the noise (128 in SN-GAN and SAGAN).
    attention: what stands in the third block: attentive normalization, self-attention (SAGAN) or nothing (SN-GAN).
    attentive: settings of the first.
    """

    classes: int = 6
    resolution: int = 128
    width: int = 64
    latent: int = 128
    attention: Attention = "attentive"
    attentive: AttentiveConfig = field(default_factory=AttentiveConfig)
    class_names: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if min(self.classes, self.width, self.latent) < 1:
            raise ConfigError("classes, width and latent are at least 1")
        if self.class_names and len(self.class_names) != self.classes:
            raise ConfigError(
                "there are {0} classes and {1} names of classes", self.classes, len(self.class_names)
            )
        _doublings(self.resolution)


@dataclass(frozen=True)
class ClassDiscriminatorConfig:
    """Everything that shapes its discriminator; see `ClassGeneratorConfig`.

    width: channels after the first block (64 in SN-GAN), doubled per block up to 16 times.
    """

    classes: int = 6
    resolution: int = 128
    width: int = 64
    attention: Attention = "attentive"
    attentive: AttentiveConfig = field(default_factory=AttentiveConfig)

    def __post_init__(self) -> None:
        if min(self.classes, self.width) < 1:
            raise ConfigError("classes and width are at least 1")
        _doublings(self.resolution)


def _doublings(resolution: int) -> int:
    """How many blocks double (or halve) for pictures of this side. Raises ValueError where no number does."""
    doublings = log2(resolution / START) if resolution > 0 else 0
    if doublings not in range(1, BLOCKS + 1):
        raise ConfigError("resolution {0} is none of 8, 16, 32, 64 and 128", resolution)
    return int(doublings)


def attention_of(attention: Attention, channels: int, config: AttentiveConfig, sn: bool) -> nn.Module:
    """The module that a block has between its first convolution and what follows: (B, C, H, W) -> the same."""
    if attention == "attentive":
        return AttentiveNorm(channels, config)
    return SelfAttention(channels, sn) if attention == "self" else nn.Identity()


class ClassBatchNorm(nn.Module):
    """Batch norm whose scale and offset are the class's own (Dumoulin et al., ICLR 2017)."""

    def __init__(self, channels: int, classes: int) -> None:
        super().__init__()
        self.norm = nn.BatchNorm2d(channels, affine=False)
        self.scale = nn.Parameter(torch.ones(classes, channels))
        self.offset = nn.Parameter(torch.zeros(classes, channels))

    def forward(self, x: Tensor, shares: Tensor) -> Tensor:
        """x (B, C, H, W); shares (B, classes), sum 1: one class, or a mixture -> (B, C, H, W)."""
        scale, offset = shares @ self.scale, shares @ self.offset
        normalised: Tensor = self.norm(x)
        return normalised * scale[:, :, None, None] + offset[:, :, None, None]


class GeneratorBlock(nn.Module):
    """norm, ReLU, doubling, 3 x 3, attention, norm, ReLU, 3 x 3, beside a doubled 1 x 1 shortcut.

    Attention stands between a convolution and the activation, as the article says of its module.
    """

    def __init__(self, fan_in: int, fan_out: int, classes: int, doubles: bool, attention: nn.Module, sn: bool) -> None:
        super().__init__()
        self.doubles = doubles
        self.norm_0, self.norm_1 = ClassBatchNorm(fan_in, classes), ClassBatchNorm(fan_out, classes)
        self.conv_0 = spectral(nn.Conv2d(fan_in, fan_out, 3, padding=1), sn)
        self.conv_1 = spectral(nn.Conv2d(fan_out, fan_out, 3, padding=1), sn)
        self.shortcut = spectral(nn.Conv2d(fan_in, fan_out, 1), sn)
        self.attention = attention

    def forward(self, x: Tensor, shares: Tensor) -> Tensor:
        """x (B, fan_in, H, W), shares (B, classes) -> (B, fan_out, H or 2 H, W or 2 W)."""
        hidden = self._sized(F.relu(self.norm_0(x, shares)))
        hidden = self.attention(self.conv_0(hidden))
        hidden = self.conv_1(F.relu(self.norm_1(hidden, shares)))
        summed: Tensor = hidden + self._sized(self.shortcut(x))
        return summed

    def _sized(self, x: Tensor) -> Tensor:
        return F.interpolate(x, scale_factor=2.0, mode="nearest") if self.doubles else x


class ClassGenerator(nn.Module):
    """Noise and class -> picture."""

    def __init__(self, config: ClassGeneratorConfig, sn: bool = False) -> None:
        """`sn`: spectral normalisation, for training."""
        super().__init__()
        self.config = config
        widths = [config.width * multiple for multiple in MULTIPLES]
        doublings = _doublings(config.resolution)
        self.begin = spectral(nn.Linear(config.latent, widths[0] * START * START), sn)
        self.blocks = nn.ModuleList(
            [
                GeneratorBlock(
                    widths[index],
                    widths[index + 1],
                    config.classes,
                    doubles=index < doublings,
                    attention=attention_of(
                        config.attention if index == GENERATOR_ATTENTION else "none",
                        widths[index + 1],
                        config.attentive,
                        sn,
                    ),
                    sn=sn,
                )
                for index in range(BLOCKS)
            ]
        )
        self.last_norm = nn.BatchNorm2d(widths[-1])
        self.last = spectral(nn.Conv2d(widths[-1], 3, 3, padding=1), sn)

    def forward(self, z: Tensor, shares: Tensor) -> Tensor:
        """z (B, latent) standard normal, shares (B, classes) with sum 1 -> (B, 3, H, W) in (-1, 1)."""
        x = self.begin(z).unflatten(1, (-1, START, START))
        for block in self.blocks:
            x = block(x, shares)
        return torch.tanh(self.last(F.relu(self.last_norm(x))))


class DiscriminatorBlock(nn.Module):
    """ReLU, 3 x 3, attention, ReLU, 3 x 3, mean over 2 x 2, beside a 1 x 1 shortcut; the first begins without ReLU."""

    def __init__(
        self, fan_in: int, fan_out: int, halves: bool, attention: nn.Module, sn: bool, first: bool = False
    ) -> None:
        super().__init__()
        self.halves, self.first = halves, first
        self.conv_0 = spectral(nn.Conv2d(fan_in, fan_out, 3, padding=1), sn)
        self.conv_1 = spectral(nn.Conv2d(fan_out, fan_out, 3, padding=1), sn)
        self.shortcut = spectral(nn.Conv2d(fan_in, fan_out, 1), sn)
        self.attention = attention

    def forward(self, x: Tensor) -> Tensor:
        """(B, fan_in, H, W) -> (B, fan_out, H or H / 2, W or W / 2)."""
        hidden = self.conv_0(x if self.first else F.relu(x))
        hidden = self.conv_1(F.relu(self.attention(hidden)))
        summed: Tensor = self._sized(hidden) + self._sized(self.shortcut(x))
        return summed

    def _sized(self, x: Tensor) -> Tensor:
        return F.avg_pool2d(x, 2) if self.halves else x


class ClassDiscriminator(nn.Module):
    """Picture and class -> how real it looks as one of the class."""

    def __init__(self, config: ClassDiscriminatorConfig, sn: bool = True) -> None:
        super().__init__()
        self.config = config
        widths = [3, *(config.width * min(2**index, MULTIPLES[0]) for index in range(BLOCKS))]
        halvings = _doublings(config.resolution)
        self.blocks = nn.ModuleList(
            [
                DiscriminatorBlock(
                    widths[index],
                    widths[index + 1],
                    halves=index < halvings,
                    attention=attention_of(
                        config.attention if index == DISCRIMINATOR_ATTENTION else "none",
                        widths[index + 1],
                        config.attentive,
                        sn,
                    ),
                    sn=sn,
                    first=index == 0,
                )
                for index in range(BLOCKS)
            ]
        )
        self.judge = spectral(nn.Linear(widths[-1], 1), sn)
        self.of_class = spectral(nn.Embedding(config.classes, widths[-1]), sn)

    def forward(self, image: Tensor, classes: Tensor) -> Tensor:
        """image (B, 3, H, W) in [-1, 1], classes (B,) int64 -> (B,), higher is more real.

        The class counts by an inner product with the picture's features (Miyato and Koyama, equation 6).
        """
        x = image
        for block in self.blocks:
            x = block(x)
        features = F.relu(x).sum(dim=(2, 3))
        scores: Tensor = self.judge(features)[:, 0] + (self.of_class(classes) * features).sum(dim=1)
        return scores
