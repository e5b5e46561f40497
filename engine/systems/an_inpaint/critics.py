"""Critics of filled holes as the article has them: one that sees the whole picture and one that sees the hole.

Layers are those of the authors' code; both are trained as WGAN-GP (`engine.training.losses`).
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from engine.errors import ConfigError
from engine.nn.sizes import check_size
from engine.training.losses import Features

MULTIPLES = (1, 2, 4, 8, 4, 2)
"""Channels after each convolution, in widths."""


@dataclass(frozen=True)
class CriticConfig:
    """resolution: side of the pictures; width: channels after the first convolution (64 published)."""

    resolution: int = 256
    width: int = 64

    def __post_init__(self) -> None:
        if self.resolution < 1 or self.width < 1:
            raise ConfigError("resolution and width are at least 1")


class Critic(nn.Module):
    """Six 5 x 5 convolutions of stride 2, and one number."""

    def __init__(self, config: CriticConfig) -> None:
        super().__init__()
        self.config = config
        widths = [3, *(config.width * multiple for multiple in MULTIPLES)]
        pairs = zip(widths[:-1], widths[1:], strict=True)
        self.convolutions = nn.ModuleList([nn.Conv2d(a, b, 5, stride=2, padding=2) for a, b in pairs])
        side = config.resolution
        for _ in MULTIPLES:
            side = (side + 1) // 2
        self.judge = nn.Linear(widths[-1] * side * side, 1)

    def forward(self, image: Tensor) -> Tensor:
        """(B, 3, resolution, resolution) in [-1, 1] -> (B,), higher is more real.

        Raises ValueError: the sides are others.
        """
        check_size(image.shape[-2:], self.config.resolution)
        x = image
        for convolution in self.convolutions:
            x = F.leaky_relu(convolution(x), 0.2)
        score: Tensor = self.judge(x.flatten(1))[:, 0]
        return score


class Critics(nn.Module):
    """Both critics; the local one sees a square of half the side around the middle of the hole."""

    def __init__(self, config: CriticConfig) -> None:
        super().__init__()
        self.whole = Critic(config)
        self.local = Critic(CriticConfig(config.resolution // 2, config.width))

    def forward(self, hole: Tensor, image: Tensor) -> Features:
        """hole (B, 1, S, S), image (B, 3, S, S) in [-1, 1] -> scores (B,) of the whole and of the hole, as the features
        of a discriminator with two scales."""
        return [[self.whole(image)], [self.local(around_hole(image, hole))]]


def around_hole(image: Tensor, hole: Tensor) -> Tensor:
    """The square of half the side around the middle of a hole, inside the picture: (B, C, S, S) -> (B, C, S/2, S/2)."""
    side, half = image.shape[-1], image.shape[-1] // 2
    places = torch.arange(side, device=image.device)
    mass = hole.sum(dim=(1, 2, 3)).clamp(min=1)
    window = torch.arange(half, device=image.device)
    starts = []
    for counts in (hole.sum(dim=(1, 3)), hole.sum(dim=(1, 2))):  # (B, S): of each row, of each column
        middle = (counts * places).sum(dim=1) / mass
        starts.append((middle.round().long() - half // 2).clamp(0, side - half))
    rows, columns = (start[:, None] + window for start in starts)  # (B, S/2)
    pictures = torch.arange(len(image), device=image.device)[:, None, None]
    return image.permute(0, 2, 3, 1)[pictures, rows[:, :, None], columns[:, None, :]].permute(0, 3, 1, 2)
