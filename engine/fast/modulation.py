"""Modulation rows: what one normalisation layer does to a pixel, once per distinct neighbourhood.

With the batch norm's mu and sigma folded in, a layer is `x * A + B` with rows A and B (C each, side by side in one
row of 2C numbers) that depend on the pixel's neighbourhood:

    A = (1 + gamma) / sigma,    B = beta - mu * A,
    gamma = a * gamma_style + (1 - a) * gamma_labels, beta likewise (SEAN, eq. 3; SPADE is the case a = 0).

The part from labels alone ("static") is a small network of the 5 x 5 labels; the part from styles adds nine rows
per neighbourhood (`engine.fast.styles`). Both are kept: a one-label style change needs only the second, and only in
rows whose inner 3 x 3 contains that label.

Same bytes, cached or fresh: rows are computed by matrix products of exactly `BATCH` rows (the last ones padded), whose
rows do not influence each other, and by elementwise sums in a fixed order.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from engine.fast.convolution import bias_of
from engine.fast.levels import Level, Stamps
from engine.fast.neighbourhoods import INNER, Codes, Coding, Index, Inner
from engine.fast.styles import StyleBranch, StyleKey
from engine.nn.sean import SEAN
from engine.nn.spade import SPADE, SPADEModulation

BATCH = 64
SUM_ROWS = 256  # rows of nine-tap sums at a time: what stays in the second-level cache


class LabelBranch(Protocol):
    """The part of a layer's modulation that depends on labels alone (SPADE's; CG-Norm's when it joins)."""

    def rows(self, inner: Inner) -> Tensor:
        """(N, 2C) scale and shift of each neighbourhood."""


@dataclass
class Fold:
    """Constants of one layer, (C,) each.

    scale = gamma * to_scale + one; shift = beta * to_shift + zero - mean * scale.
    """

    to_scale: Tensor
    one: Tensor
    to_shift: Tensor
    zero: Tensor
    mean: Tensor


def tap_table(weight: Tensor, coding: Coding) -> Tensor:
    """(O, L, 3, 3) kernel -> (9 * codes, O): row tap * codes + code is what that code at that tap adds."""
    table = weight.new_zeros(9, coding.size, weight.shape[0])
    table[:, : coding.labels] = weight.permute(2, 3, 1, 0).flatten(0, 1)
    return table.flatten(0, 1)


def tap_index(codes: Codes, coding: Coding, device: torch.device) -> Tensor:
    """(M, 9) codes -> (M, 9) rows of a `tap_table`."""
    return torch.from_numpy(codes + np.arange(9) * coding.size).to(device)


class SpadeBranch:
    """SPADE's two convolutions per distinct neighbourhood, ending in scale and shift.

    The first is nine table rows (its input is one-hot), zero in the void; the second is one matrix product per
    5 x 5 neighbourhood.
    """

    def __init__(self, spade: SPADEModulation, fold: Fold, coding: Coding) -> None:
        self.coding = coding
        self.table = tap_table(spade.shared.weight, coding)
        self.bias = bias_of(spade.shared)
        self.gamma, self.beta, self.fold = spade.gamma, spade.beta, fold
        self.channels = spade.gamma.out_channels

    def rows(self, inner: Inner) -> Tensor:
        """(N, 2C) of the neighbourhoods of `inner`."""
        device = self.table.device
        taps = tap_index(inner.codes, self.coding, device)
        hidden = F.embedding_bag(taps, self.table, mode="sum").add_(self.bias).relu_()  # (M, hidden)
        hidden[0] = 0
        count, width = len(inner.index), hidden.shape[1] * 9
        padded = -(-count // BATCH) * BATCH
        where = torch.zeros(padded * 9, dtype=torch.long)
        where[: count * 9] = torch.from_numpy(inner.index.reshape(-1))
        where = where.to(device)
        rows = hidden.new_empty(padded, 2 * self.channels)
        gamma, beta = _columns(self.gamma.weight), _columns(self.beta.weight)
        columns = hidden.new_empty(BATCH * 9, hidden.shape[1])
        product = hidden.new_empty(BATCH, self.channels)
        fold = self.fold
        for start in range(0, padded, BATCH):
            torch.index_select(hidden, 0, where[start * 9 : (start + BATCH) * 9], out=columns)
            scale, shift = rows[start : start + BATCH].split(self.channels, dim=1)
            torch.mm(columns.view(BATCH, width), gamma, out=product)
            torch.addcmul(fold.one, product, fold.to_scale, out=scale)
            torch.mm(columns.view(BATCH, width), beta, out=product)
            torch.addcmul(fold.zero, product, fold.to_shift, out=shift)
            shift.addcmul_(scale, fold.mean, value=-1)
        return rows[:count]


def _columns(weight: Tensor) -> Tensor:
    """(C, H, 3, 3), channels last -> (9 * H, C) without copying."""
    return weight.permute(0, 2, 3, 1).flatten(1).t()


def channels_last_(conv: nn.Conv2d) -> None:
    """Store the kernel channels last. Its numbers and their meaning stay the same."""
    conv.weight.data = conv.weight.data.contiguous(memory_format=torch.channels_last)


class Layer:
    """One normalisation layer: rows per slot of its level.

    Args:
        norm: SEAN or SPADE, in eval mode, spectral norm folded.
        coding: of the labels.
    """

    def __init__(self, norm: SEAN | SPADE, coding: Coding) -> None:
        spade = norm.spade if isinstance(norm, SEAN) else norm.modulation
        styled = isinstance(norm, SEAN) and norm.styled
        convs = [spade.gamma, spade.beta]
        if isinstance(norm, SEAN) and styled:
            convs += [norm.style_gamma, norm.style_beta]
        for conv in convs:
            channels_last_(conv)
        assert norm.norm.running_mean is not None and norm.norm.running_var is not None
        mean = norm.norm.running_mean.float()
        scale = torch.rsqrt(norm.norm.running_var.float() + norm.norm.eps)
        a_gamma = a_beta = torch.zeros(1, device=mean.device)
        one, zero = torch.ones_like(mean), torch.zeros_like(mean)
        self.styles: StyleBranch | None = None
        if isinstance(norm, SEAN) and styled:
            a_gamma, a_beta = torch.sigmoid(norm.blend_gamma), torch.sigmoid(norm.blend_beta)
            one, zero = one + a_gamma * bias_of(norm.style_gamma), a_beta * bias_of(norm.style_beta)
            self.styles = StyleBranch(norm, scale, mean, coding)
        fold = Fold(
            to_scale=scale * (1 - a_gamma),
            one=scale * (one + (1 - a_gamma) * bias_of(spade.gamma)),
            to_shift=(1 - a_beta).expand_as(mean).contiguous(),
            zero=zero + (1 - a_beta) * bias_of(spade.beta),
            mean=mean,
        )
        self.labels: LabelBranch = SpadeBranch(spade, fold, coding)
        self.coding, self.channels = coding, len(mean)
        self.noise = norm.noise_strength.detach() if isinstance(norm, SEAN) else None
        self.number = norm.layer if isinstance(norm, SEAN) else -1
        self.row_bytes = 2 * self.channels * 4 * (2 if styled else 1) + 2 * 8
        self._static = torch.empty(0, 2 * self.channels, device=mean.device)
        self._final = self._static
        self._static_at: Stamps = np.empty(0, np.int64)
        self._final_at: Stamps = np.empty(0, np.int64)
        self._rows: tuple[Tensor, Index] | None = None

    # ------------------------------------------------------------ kept rows

    def resize(self, slots: int, keep: Index | None) -> None:
        """See `engine.fast.levels.Table`."""
        self._static, self._static_at = _resized(self._static, self._static_at, slots, keep)
        if self.styles is None:
            self._final, self._final_at = self._static, self._static_at
        else:
            self._final, self._final_at = _resized(self._final, self._final_at, slots, keep)

    def style(self, keys: Sequence[StyleKey], codes: Tensor, labels: Sequence[int], now: int) -> None:
        """Choose the styles of the picture's labels; see `StyleBranch.use`."""
        if self.styles is not None:
            self._rows = self.styles.use(keys, codes, labels, now)

    def table(self, level: Level, slots: Index, now: int) -> Tensor:
        """The kept rows (capacity, 2C), those of `slots` brought up to date."""
        old = slots[self._static_at[slots] < level.born[slots]]
        if len(old):
            made = self.labels.rows(Inner.of(level.codes[old], self.coding))
            self._static.index_copy_(0, torch.from_numpy(old).to(made.device), made)
            self._static_at[old] = now
        if self.styles is None:
            return self._static
        inner = level.codes[slots][:, INNER]
        valid_from = np.maximum(level.born[slots], self.styles.changed[inner].max(axis=1))
        stale = self._final_at[slots] < valid_from
        if stale.any():
            which = slots[stale]
            self._restyle(inner[stale], self._static, torch.from_numpy(which).to(self._static.device), self._final)
            self._final_at[which] = now
        return self._final

    # ------------------------------------------------------------ rows in passing

    def passing(self, codes: Codes) -> Tensor:
        """Rows (N, 2C) of (N, 25) neighbourhoods, not kept."""
        rows = self.labels.rows(Inner.of(codes, self.coding))
        if self.styles is not None:
            where = torch.arange(len(codes), device=rows.device)
            self._restyle(codes[:, INNER], rows, where, rows)
        return rows

    def _restyle(self, inner: Codes, static: Tensor, where: Tensor, out: Tensor) -> None:
        """out[where] = static[where] + nine style rows."""
        assert self._rows is not None
        table, places = self._rows
        taps = torch.from_numpy(places[inner] * 9 + np.arange(9)).to(table.device)
        flat = table.view(-1, 2 * self.channels)
        for start in range(0, len(inner), SUM_ROWS):
            some = where[start : start + SUM_ROWS]
            rows = F.embedding_bag(taps[start : start + SUM_ROWS], flat, mode="sum")
            out.index_copy_(0, some, rows.add_(static.index_select(0, some)))


def _resized(table: Tensor, made: Stamps, slots: int, keep: Index | None) -> tuple[Tensor, Stamps]:
    grown, stamps = table.new_empty(slots, table.shape[1]), np.full(slots, -1, np.int64)
    if keep is not None:
        torch.index_select(table, 0, torch.from_numpy(keep).to(table.device), out=grown[: len(keep)])
        stamps[: len(keep)] = made[keep]
    elif len(table):
        count = min(slots, len(table))
        grown[:count] = table[:count]
        stamps[:count] = made[:count]
    return grown, stamps
