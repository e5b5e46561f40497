"""SEAN normalisation and its residual block (Zhu et al., CVPR 2020, arXiv 1911.12861, section 3.2, Fig. 4).

The published code calls the normalisation "ACE"; here it carries the paper's name. `SEAN.forward` is the paper,
literally: a style map as wide as a style code, convolved. `SEAN.contracted` gives the same numbers without that
map: the style map is constant in a region, so its convolution is a convolution of the
one-hot map with a kernel of each picture's own.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from engine.nn.blocks import add_noise, modulate
from engine.nn.label_places import LabelConditions, Places
from engine.nn.modulation import ModulationParts, StyleParts
from engine.nn.spade import SPADEModulation
from engine.nn.spectral import spectral


class StyleTransform(nn.Module):
    """A_ij of the paper: for each label its own linear layer and ReLU, one set per SEAN block ("fc_mu" published).

    Args:
        labels: number of labels L.
        width: length of a style code.
        hidden: length of the transformed code (512 published).
    """

    def __init__(self, labels: int, width: int, hidden: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(labels, hidden, width) * (2 / width) ** 0.5)
        self.bias = nn.Parameter(torch.zeros(labels, hidden))

    def forward(self, codes: Tensor, piece_labels: Sequence[int] = ()) -> Tensor:
        """(B, L + P, width) -> (B, L + P, hidden): pieces, behind the labels, as those of their labels."""
        if piece_labels:
            rows = [*range(len(self.weight)), *piece_labels]
            return F.relu(torch.einsum("blw,lhw->blh", codes, self.weight[rows]) + self.bias[rows])
        return F.relu(torch.einsum("blw,lhw->blh", codes, self.weight) + self.bias)


class SEAN(nn.Module):
    """Semantic region-adaptive normalisation.

    out = BN(x + noise * strength) * (1 + gamma) + beta, with gamma = a * gamma_style + (1 - a) * gamma_labels for
    a learned a = sigmoid(blend_gamma), and beta likewise (paper, eq. 2 and 3).

    Args:
        channels: C of the features.
        labels: number of labels.
        style_width: length of a style code; 0 builds a block without the style branch, as the published
            generator's last block has it (plain SPADE modulation, but still noise).
        style_hidden: length of a transformed code.
        spade_hidden: hidden width of the SPADE branch.
        layer: this layer's number, which its noise is drawn from.
    """

    def __init__(
        self, channels: int, labels: int, style_width: int, style_hidden: int, spade_hidden: int, layer: int
    ) -> None:
        super().__init__()
        self.layer = layer
        self.norm = nn.BatchNorm2d(channels, affine=False)
        self.noise_strength = nn.Parameter(torch.zeros(channels))
        self.spade = SPADEModulation(channels, labels, spade_hidden)
        self.styled = style_width > 0
        if self.styled:
            self.style_transform = StyleTransform(labels, style_width, style_hidden)
            self.style_gamma = nn.Conv2d(style_hidden, channels, 3, padding=1)
            self.style_beta = nn.Conv2d(style_hidden, channels, 3, padding=1)
            self.blend_gamma = nn.Parameter(torch.zeros(1))
            self.blend_beta = nn.Parameter(torch.zeros(1))

    def forward(self, x: Tensor, conditions: LabelConditions, codes: Tensor, noise: Tensor | None) -> Tensor:
        """Modulate x.

        Args:
            x: (B, C, H, W).
            conditions: the batch's label maps.
            codes: (B, L + P, style_width) style codes, of labels and then of pieces.
            noise: (B or 1, 1, H, W) standard normal, or None for none.

        Returns:
            (B, C, H, W).
        """
        if noise is not None:
            x = add_noise(x, noise, self.noise_strength)
        places = conditions.places(x)
        if places is not None:
            return places.modulate(self.norm(x), *self.at_places(places, codes))
        if conditions.contracted:
            scale, shift = self.contracted(conditions, codes, *x.shape[-2:])
            return modulate(self.norm(x), scale, shift)
        gamma, beta = self.literal(conditions, codes, *x.shape[-2:])
        return self.norm(x) * (1 + gamma) + beta

    def modulation_parts(self) -> ModulationParts:
        """See `engine.nn.modulation`."""
        styles = None
        if self.styled:
            styles = StyleParts(
                self.style_transform.weight,
                self.style_transform.bias,
                self.style_gamma,
                self.style_beta,
                self.blend_gamma,
                self.blend_beta,
            )
        return ModulationParts(self.norm, self.spade.parts(), styles, self.noise_strength, self.layer)

    def literal(self, conditions: LabelConditions, codes: Tensor, height: int, width: int) -> tuple[Tensor, Tensor]:
        """gamma and beta by way of the style map, as the paper draws it: each (B, C, H, W)."""
        gamma, beta = self.spade(conditions.map(height, width))
        if not self.styled:
            return gamma, beta
        rows = self.style_transform(codes, conditions.piece_labels)  # (B, L + P, hidden)
        style_map = torch.einsum("blh,blyx->bhyx", rows, conditions.style_map(height, width))  # (B, hidden, H, W)
        a_gamma, a_beta = torch.sigmoid(self.blend_gamma), torch.sigmoid(self.blend_beta)
        gamma = a_gamma * self.style_gamma(style_map) + (1 - a_gamma) * gamma
        beta = a_beta * self.style_beta(style_map) + (1 - a_beta) * beta
        return gamma, beta

    def at_places(self, places: Places, codes: Tensor) -> tuple[Tensor, Tensor]:
        """1 + gamma and beta of every place, each (P, C)."""
        gamma, beta = self.spade.at_places(places)
        if not self.styled:
            return 1 + gamma, beta
        rows = self.style_transform(codes)  # (B, L, hidden)
        a_gamma, a_beta = torch.sigmoid(self.blend_gamma), torch.sigmoid(self.blend_beta)
        style_gamma, style_beta = places.style_sums(rows, self.style_gamma), places.style_sums(rows, self.style_beta)
        return 1 + torch.lerp(gamma, style_gamma, a_gamma), torch.lerp(beta, style_beta, a_beta)

    def contracted(self, conditions: LabelConditions, codes: Tensor, height: int, width: int) -> tuple[Tensor, Tensor]:
        """1 + gamma and beta, each (B, C, H, W), with as few passes over the pixels as there can be.

        The style kernels are contracted with the transformed codes first, which leaves L rows per tap and
        picture; blending factors and the 1 are folded into weights and biases.
        """
        hot = conditions.map(height, width)
        hidden = F.relu(self.spade.shared(hot))
        rows = self.style_transform(codes, conditions.piece_labels) if self.styled else None  # (B, L + P, hidden)
        return (
            self._contract(conditions, hidden, rows, self.spade.gamma, "gamma", 1.0),
            self._contract(conditions, hidden, rows, self.spade.beta, "beta", 0.0),
        )

    def _contract(
        self,
        conditions: LabelConditions,
        hidden: Tensor,
        rows: Tensor | None,
        spade: nn.Conv2d,
        which: str,
        offset: float,
    ) -> Tensor:
        assert spade.bias is not None
        if rows is None:
            return F.conv2d(hidden, spade.weight, spade.bias + offset, padding=1)
        style: nn.Conv2d = getattr(self, f"style_{which}")
        assert style.bias is not None
        a = torch.sigmoid(getattr(self, f"blend_{which}"))
        bias = offset + a * style.bias + (1 - a) * spade.bias
        labels_part = F.conv2d(hidden, (1 - a) * spade.weight, bias, padding=1)  # (B, C, H, W)
        batch, labels = rows.shape[:2]
        # Channels-last weights lie as (C, 3, 3, hidden): a view of them is multiplied, nothing as large is copied.
        kernel = style.weight.permute(0, 2, 3, 1).flatten(0, 2)  # (C * 9, hidden)
        taps = F.linear(a * rows.flatten(0, 1), kernel).view(batch, labels, -1, 9)  # (B, L, C, 9)
        taps = taps.permute(0, 3, 1, 2).reshape(batch, 9 * labels, -1).to(labels_part.dtype)
        height, width = labels_part.shape[-2:]
        columns = conditions.columns(height, width, labels_part.dtype).flatten(1, 2)  # (B, H*W, 9L)
        total = torch.baddbmm(labels_part.permute(0, 2, 3, 1).flatten(1, 2), columns, taps)
        return total.view(batch, height, width, -1).permute(0, 3, 1, 2)


class SEANResBlk(nn.Module):
    """SEAN residual block (paper, Fig. 4B; shortcut as in the published code: bare 1 x 1 where widths differ)."""

    def __init__(
        self,
        fan_in: int,
        fan_out: int,
        labels: int,
        style_width: int,
        style_hidden: int,
        spade_hidden: int,
        first_layer: int,
        sn: bool = False,
    ) -> None:
        super().__init__()
        middle = min(fan_in, fan_out)
        widths = (labels, style_width, style_hidden, spade_hidden)
        self.conv_0 = spectral(nn.Conv2d(fan_in, middle, 3, padding=1), sn)
        self.conv_1 = spectral(nn.Conv2d(middle, fan_out, 3, padding=1), sn)
        self.norm_0 = SEAN(fan_in, *widths, layer=first_layer)
        self.norm_1 = SEAN(middle, *widths, layer=first_layer + 1)
        self.learned_shortcut = fan_in != fan_out
        if self.learned_shortcut:
            self.conv_s = spectral(nn.Conv2d(fan_in, fan_out, 1, bias=False), sn)
            self.norm_s = SEAN(fan_in, *widths, layer=first_layer + 2)

    def norms(self) -> list[SEAN]:
        """The block's normalisation layers, in the order of their numbers."""
        return [self.norm_0, self.norm_1] + ([self.norm_s] if self.learned_shortcut else [])

    def forward(
        self,
        x: Tensor,
        conditions: LabelConditions,
        codes: tuple[Tensor, ...],
        noise: tuple[Tensor | None, ...],
    ) -> Tensor:
        """x (B, fan_in, H, W) -> (B, fan_out, H, W).

        codes and noise: one entry per normalisation layer (norm_0, norm_1, norm_s).
        """
        shortcut = x
        if self.learned_shortcut:
            shortcut = self.conv_s(self.norm_s(x, conditions, codes[2], noise[2]))
        dx = self.conv_0(F.leaky_relu(self.norm_0(x, conditions, codes[0], noise[0]), 0.2))
        dx = self.conv_1(F.leaky_relu(self.norm_1(dx, conditions, codes[1], noise[1]), 0.2))
        return shortcut + dx
