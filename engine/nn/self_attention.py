"""Self-attention between all pixels of a feature map (SAGAN, Zhang et al., ICML 2019, section 3)."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from engine.nn.spectral import spectral


class SelfAttention(nn.Module):
    """y = gamma * attended(x) + x (equation 3); a new one changes nothing: gamma begins at 0.

    Time and memory grow with the square of the pixels. As in the published code keys and values are max-pooled to a
    quarter of the pixels, which changes the factor and not the growth.
    """

    def __init__(self, channels: int, sn: bool = False) -> None:
        """`channels`: C of the maps that pass through. `sn`: spectral normalisation, as published."""
        super().__init__()
        reduced, values = max(1, channels // 8), max(1, channels // 2)
        self.query = spectral(nn.Conv2d(channels, reduced, 1, bias=False), sn)
        self.key = spectral(nn.Conv2d(channels, reduced, 1, bias=False), sn)
        self.value = spectral(nn.Conv2d(channels, values, 1, bias=False), sn)
        self.out = spectral(nn.Conv2d(values, channels, 1, bias=False), sn)
        self.residual = nn.Parameter(torch.zeros(()))  # gamma

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) -> the same shape."""
        query = self.query(x).flatten(2).transpose(1, 2)  # (B, HW, C / 8)
        key, value = _quarter(self.key(x)).flatten(2), _quarter(self.value(x)).flatten(2)
        attention = (query @ key).softmax(dim=2)  # (B, HW, HW / 4): each pixel's shares of all positions
        attended = (value @ attention.transpose(1, 2)).unflatten(2, x.shape[2:])
        return self.residual * self.out(attended) + x


def _quarter(x: Tensor) -> Tensor:
    return F.max_pool2d(x, 2) if min(x.shape[2:]) >= 2 else x
