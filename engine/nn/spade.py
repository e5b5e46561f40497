"""SPADE: spatially-adaptive normalisation and its residual block (Park et al., CVPR 2019, sections 3 and A)."""

from __future__ import annotations

from typing import Any, Literal

import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils import parametrize

from engine.errors import ConfigError
from engine.nn.label_places import LabelConditions, Places, window_rows
from engine.nn.modulation import LabelParts, ModulationParts, fixed_statistics
from engine.nn.spectral import spectral

ParameterFreeNorm = Literal["batch", "instance"]


class SPADEModulation(nn.Module):
    """gamma and beta of SPADE: 3 x 3 convolution of the label map, ReLU, one 3 x 3 convolution to each.

    Args:
        channels: C of the features that are modulated.
        labels: channels of the (one-hot) label map.
        hidden: width between the two convolutions (128 in the paper).
    """

    def __init__(self, channels: int, labels: int, hidden: int = 128) -> None:
        super().__init__()
        self.shared = nn.Conv2d(labels, hidden, 3, padding=1)
        self.gamma = nn.Conv2d(hidden, channels, 3, padding=1)
        self.beta = nn.Conv2d(hidden, channels, 3, padding=1)

    def forward(self, hot: Tensor) -> tuple[Tensor, Tensor]:
        """(B, labels, H, W) -> gamma, beta, each (B, C, H, W)."""
        hidden = F.relu(self.shared(hot))
        return self.gamma(hidden), self.beta(hidden)

    def at_places(self, places: Places) -> tuple[Tensor, Tensor]:
        """The same of every place of a label map, each (P, C)."""
        hidden = F.relu(window_rows(places, self.shared))
        return places.window_sums(hidden, self.gamma), places.window_sums(hidden, self.beta)

    def parts(self) -> LabelParts:
        """See `engine.nn.modulation`."""
        return LabelParts(self.shared, self.gamma, self.beta)


class SPADE(nn.Module):
    """out = norm(x) * (1 + gamma) + beta with a parameter-free normalisation (paper, eq. 1).

    Args:
        channels: C of the features.
        labels: channels of the (one-hot) label map.
        hidden: see `SPADEModulation`.
        norm: "batch", or "instance", whose mean and variance are each picture's own, in use as well as in training.
    """

    def __init__(self, channels: int, labels: int, hidden: int = 128, norm: ParameterFreeNorm = "batch") -> None:
        super().__init__()
        kind = nn.BatchNorm2d if norm == "batch" else nn.InstanceNorm2d
        self.norm = kind(channels, affine=False)
        self.modulation = SPADEModulation(channels, labels, hidden)

    def forward(self, x: Tensor, conditions: LabelConditions) -> Tensor:
        """x (B, C, H, W), the batch's label maps -> (B, C, H, W)."""
        places = conditions.places(x)
        if places is not None:
            gamma, beta = self.modulation.at_places(places)
            return places.modulate(self.norm(x), 1 + gamma, beta)
        gamma, beta = self.modulation(conditions.map(*x.shape[-2:]))
        return self.norm(x) * (1 + gamma) + beta

    def modulation_parts(self) -> ModulationParts:
        """See `engine.nn.modulation`."""
        return ModulationParts(fixed_statistics(self.norm), self.modulation.parts())


class SPADEResBlk(nn.Module):
    """SPADE residual block: two (SPADE, LeakyReLU 0.2, 3 x 3 convolution), learned shortcut where widths differ.

    The shortcut is SPADE then a 1 x 1 convolution without bias or activation (published code).
    """

    def __init__(
        self,
        fan_in: int,
        fan_out: int,
        labels: int,
        hidden: int = 128,
        sn: bool = False,
        norm: ParameterFreeNorm = "batch",
    ) -> None:
        super().__init__()
        middle = min(fan_in, fan_out)
        self.conv_0 = spectral(nn.Conv2d(fan_in, middle, 3, padding=1), sn)
        self.conv_1 = spectral(nn.Conv2d(middle, fan_out, 3, padding=1), sn)
        self.norm_0 = SPADE(fan_in, labels, hidden, norm)
        self.norm_1 = SPADE(middle, labels, hidden, norm)
        self.learned_shortcut = fan_in != fan_out
        if self.learned_shortcut:
            self.conv_s = spectral(nn.Conv2d(fan_in, fan_out, 1, bias=False), sn)
            self.norm_s = SPADE(fan_in, labels, hidden, norm)

    def forward(self, x: Tensor, conditions: LabelConditions) -> Tensor:
        """x (B, fan_in, H, W), the batch's label maps -> (B, fan_out, H, W)."""
        shortcut = self.conv_s(self.norm_s(x, conditions)) if self.learned_shortcut else x
        dx = self.conv_0(F.leaky_relu(self.norm_0(x, conditions), 0.2))
        dx = self.conv_1(F.leaky_relu(self.norm_1(dx, conditions), 0.2))
        return shortcut + dx


def upsample(x: Tensor) -> Tensor:
    """(B, C, H, W) -> (B, C, 2H, 2W), nearest."""
    return F.interpolate(x, scale_factor=2, mode="nearest")


def doublings(blocks: int, upsamplings: int) -> tuple[bool, ...]:
    """For each block, whether the features are doubled first: before all but the first, in SPADE's generators.

    One doubling less (SPADE's "normal", SEAN) leaves out the one before the third block. Raises ValueError for
    other numbers.
    """
    if upsamplings not in (blocks - 1, blocks - 2) or upsamplings < 0:
        raise ConfigError(
            "{0} blocks go with {1} or {2} upsamplings, not with {3}", blocks, blocks - 1, blocks - 2, upsamplings
        )
    left_out = {0} if upsamplings == blocks - 1 else {0, min(2, blocks - 1)}
    return tuple(n not in left_out for n in range(blocks))


def init_to_scale(module: nn.Module) -> None:
    """Weights that keep the features' scale from layer to layer (He et al., ICCV 2015); biases zero.

    For encoders without normalisation: nothing there restores the scale that the papers' small weights take away.
    """
    for layer in module.modules():
        if isinstance(layer, nn.Conv2d | nn.Linear):
            nn.init.kaiming_normal_(layer.weight, a=0.2)
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)


def init_papers(module: nn.Module) -> None:
    """Xavier normal weights with a gain of 0.02, zero biases: the initialisation of SPADE, SEAN and SMIS."""
    for layer in module.modules():
        if isinstance(layer, nn.Conv2d | nn.Linear | nn.ConvTranspose2d):
            normalised: Any = layer.parametrizations if parametrize.is_parametrized(layer, "weight") else None
            weight = layer.weight if normalised is None else normalised.weight.original
            nn.init.xavier_normal_(weight, 0.02)
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)
