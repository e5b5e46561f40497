"""CG-Norm and CG-Block: SPADE with grouped convolutions (SMIS, CVPR 2020, section 4.3, Fig. 3; published code)."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from engine.nn.blocks import modulate, resize_nearest
from engine.nn.group_schedule import BlockGroups
from engine.nn.grouped_conv import GroupedConv2d
from engine.nn.modulation import LabelParts, ModulationParts
from engine.nn.spectral import spectral


class GroupModulation(nn.Module):
    """gamma and beta of a CG-Norm: grouped 3 x 3 convolution of the label map, ReLU, one grouped 3 x 3 to each.

    Args:
        channels: C of the features that are modulated.
        label_channels: channels of the (one-hot) label map.
        shape: hidden width and groups.
    """

    def __init__(self, channels: int, label_channels: int, shape: BlockGroups) -> None:
        super().__init__()
        self.shared = GroupedConv2d(label_channels, shape.hidden, 3, padding=1, groups=shape.shared_groups)
        self.gamma = GroupedConv2d(shape.hidden, channels, 3, padding=1, groups=shape.norm_groups)
        self.beta = GroupedConv2d(shape.hidden, channels, 3, padding=1, groups=shape.norm_groups)

    def forward(self, hot: Tensor) -> tuple[Tensor, Tensor]:
        """(B, label_channels, H, W) -> gamma, beta, each (B, C, H, W)."""
        hidden = F.relu(self.shared(hot), inplace=True)
        return self.gamma(hidden), self.beta(hidden)


class CGNorm(nn.Module):
    """Conditional group normalisation: out = BN(x) * (1 + gamma) + beta, gamma and beta by grouped convolutions."""

    def __init__(self, channels: int, label_channels: int, shape: BlockGroups) -> None:
        super().__init__()
        self.norm = nn.BatchNorm2d(channels, affine=False)
        self.modulation = GroupModulation(channels, label_channels, shape)

    def forward(self, x: Tensor, hot: Tensor) -> Tensor:
        """x (B, C, H, W); hot (B, label_channels, h, w) is resized (nearest) to x. Returns (B, C, H, W)."""
        gamma, beta = self.modulation(resize_nearest(hot, *x.shape[-2:]))
        return modulate(self.norm(x), 1 + gamma, beta)

    def modulation_parts(self) -> ModulationParts:
        """See `engine.nn.modulation`."""
        convolutions = self.modulation
        labels = LabelParts(convolutions.shared, convolutions.gamma, convolutions.beta, branch="groups")
        return ModulationParts(self.norm, labels)


class CGBlock(nn.Module):
    """Conditional group block: SPADE's residual block with CG-Norms and grouped convolutions.

    Two (CG-Norm, LeakyReLU 0.2, 3 x 3 convolution); where widths differ the shortcut is a CG-Norm and a 1 x 1
    convolution without bias or activation.
    """

    def __init__(self, fan_in: int, fan_out: int, label_channels: int, shape: BlockGroups, sn: bool = False) -> None:
        super().__init__()
        middle, groups = min(fan_in, fan_out), shape.groups
        self.conv_0 = spectral(GroupedConv2d(fan_in, middle, 3, padding=1, groups=groups), sn)
        self.conv_1 = spectral(GroupedConv2d(middle, fan_out, 3, padding=1, groups=groups), sn)
        self.norm_0 = CGNorm(fan_in, label_channels, shape)
        self.norm_1 = CGNorm(middle, label_channels, shape)
        self.learned_shortcut = fan_in != fan_out
        if self.learned_shortcut:
            self.conv_s = spectral(GroupedConv2d(fan_in, fan_out, 1, bias=False, groups=groups), sn)
            self.norm_s = CGNorm(fan_in, label_channels, shape)

    def forward(self, x: Tensor, hot: Tensor) -> Tensor:
        """x (B, fan_in, H, W), hot (B, label_channels, h, w) -> (B, fan_out, H, W)."""
        shortcut = self.conv_s(self.norm_s(x, hot)) if self.learned_shortcut else x
        dx = self.conv_0(F.leaky_relu(self.norm_0(x, hot), 0.2))
        dx = self.conv_1(F.leaky_relu(self.norm_1(dx, hot), 0.2))
        return shortcut + dx


def interleave_edges(hot: Tensor) -> Tensor:
    """(B, L + 1, H, W), labels then edges -> (B, 2 L, H, W): label 0, edges, label 1, edges ... (published code)."""
    labels, edges = hot[:, :-1], hot[:, -1:]
    return torch.stack([labels, edges.expand_as(labels)], dim=2).flatten(1, 2)


def keep_to_regions(x: Tensor, hot: Tensor) -> Tensor:
    """Zero each label's features away from its region.

    Args:
        x: (B, L * n, H, W), n channels per label.
        hot: (B, L, h, w) one-hot label map.

    Returns:
        x where the label is in the pixel or in one of its eight neighbours. A label that is anywhere in a pixel's
        area counts, so that no region is too small for a coarse map.
    """
    height, width = x.shape[-2:]
    if hot.shape[-2] < height or hot.shape[-1] < width:
        neighbourhood = resize_nearest(hot, height, width)
    else:
        neighbourhood = F.adaptive_max_pool2d(hot, (height, width))
    neighbourhood = F.max_pool2d(neighbourhood, 3, stride=1, padding=1).to(x.dtype)
    return x * neighbourhood.repeat_interleave(x.shape[1] // hot.shape[1], dim=1)
