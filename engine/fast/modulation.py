"""Modulation rows: what one normalisation layer does to a pixel, once per distinct neighbourhood.

With the batch norm's mu and sigma folded in, a layer is `x * A + B` with rows A and B (C each, side by side in one
row of 2C numbers) that depend on the pixel's neighbourhood:

    A = (1 + gamma) / sigma,    B = beta - mu * A,
    gamma = a * gamma_style + (1 - a) * gamma_labels, beta likewise (SEAN, eq. 3; SPADE is the case a = 0).

The part from labels alone ("static") is a small network of the 5 x 5 labels; the part from styles adds nine rows
per neighbourhood (`engine.fast.styles`). Both are kept: a one-label style change needs only the second, and only in
rows whose inner 3 x 3 contains that label.

Same bytes, cached or fresh: a row never depends on which other rows are made with it (`engine.fast.branches`).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from engine.fast.branches import Fold, LabelBranch, SpadeBranch, sum_of_nine
from engine.fast.groups import GroupBranch
from engine.fast.levels import Level, Stamps
from engine.fast.neighbourhoods import Codes, Coding, Index, Inner, Neighbourhoods, on_device
from engine.fast.pixels import Workspace
from engine.fast.styles import StyleBranch, StyleKey
from engine.nn.modulation import Modulating

SUM_ROWS = 256  # rows of nine-tap sums at a time, which stay in the second-level cache
STRETCH = 2048  # neighbourhoods at a time: bounds the memory in which they are evaluated


class Layer:
    """One normalisation layer: rows per slot of its level.

    Args:
        norm: the literal layer, in eval mode, spectral norm folded.
        coding: of the labels.

    Raises ValueError: the layer's statistics are not fixed.
    """

    def __init__(self, norm: Modulating, coding: Coding) -> None:
        parts = norm.modulation_parts()
        statistics, styles = parts.statistics, parts.styles
        assert statistics.running_mean is not None and statistics.running_var is not None
        mean = statistics.running_mean.float()
        scale = torch.rsqrt(statistics.running_var.float() + statistics.eps)
        constant = torch.cat([scale, -mean * scale])
        self.styles: StyleBranch | None = None
        fold = Fold(scale, mean.new_ones(1), mean)
        if styles is not None:
            a_gamma, a_beta = torch.sigmoid(styles.blend_gamma.detach()), torch.sigmoid(styles.blend_beta.detach())
            style_fold = Fold(scale * a_gamma, a_beta, mean)
            constant = constant + style_fold.bias(styles.gamma, styles.beta)
            self.styles = StyleBranch(styles, style_fold.weights(styles.gamma, styles.beta), coding)
            fold = Fold(scale * (1 - a_gamma), 1 - a_beta, mean)
        branch = GroupBranch if parts.labels.grouped else SpadeBranch
        self.labels: LabelBranch = branch(parts.labels, fold, constant, coding)
        self.coding, self.channels = coding, len(mean)
        self.noise = None if parts.noise_strength is None else parts.noise_strength.detach()
        self.number = parts.layer
        self.row_bytes = 2 * self.channels * 4 * (1 if styles is None else 2) + 2 * 8
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

    def forget_style(self) -> None:
        """Let go of the rows that `style` chose; those that are kept are found again."""
        self._rows = None

    def table(self, level: Level, found: Neighbourhoods, slots: Index, now: int, work: Workspace) -> Tensor:
        """The kept rows (capacity, 2C), those of `found`, at `slots`, brought up to date at time `now`."""
        old = slots[self._static_at[slots] < level.born[slots]]
        for start in range(0, len(old), STRETCH):
            some = old[start : start + STRETCH]
            inner = level.inner(some, self.coding)
            if is_run(some):
                self.labels.rows(inner, self._static[some[0] : some[-1] + 1], work)
            else:
                made = work.get("made", len(some), 2 * self.channels, like=self._static)
                self.labels.rows(inner, made, work)
                self._static.index_copy_(0, on_device(some, made.device), made)
        self._static_at[old] = now
        if self.styles is None:
            return self._static
        codes, centre = found.centres
        changed = self.styles.changed[codes].max(axis=1)[centre]
        stale = np.flatnonzero(self._final_at[slots] < np.maximum(level.born[slots], changed))
        if len(stale):
            self._restyle(codes, centre[stale], self._static, slots[stale], self._final)
            self._final_at[slots[stale]] = now
        return self._final

    # ------------------------------------------------------------ rows in passing

    def passing(self, found: Neighbourhoods, which: Index, work: Workspace) -> Tensor:
        """Rows (N, 2C) of `which` of `found`, not kept: valid until the next call."""
        rows = work.get("passing", len(which), 2 * self.channels, like=self._static)
        for start in range(0, len(which), STRETCH):
            some = which[start : start + STRETCH]
            self.labels.rows(Inner.of(found.codes[some], self.coding), rows[start : start + STRETCH], work)
        if self.styles is not None:
            codes, centre = found.centres
            self._restyle(codes, centre[which], rows, np.arange(len(which)), rows)
        return rows

    def _restyle(self, codes: Codes, centre: Index, static: Tensor, where: Index, out: Tensor) -> None:
        """out[where] = static[where] + the nine style rows of the neighbourhoods codes[centre]."""
        assert self._rows is not None
        table, places = self._rows
        needed = np.zeros(len(codes), bool)
        needed[centre] = True
        place = np.cumsum(needed) - 1
        taps = on_device(places[codes[needed]] * 9 + np.arange(9), table.device)
        sums = sum_of_nine(taps, table.view(-1, 2 * self.channels))
        target, source = on_device(where, table.device), on_device(place[centre], table.device)
        if is_run(where):
            run = slice(int(where[0]), int(where[-1]) + 1)
            torch.add(static[run], sums.index_select(0, source), out=out[run])
            return
        for start in range(0, len(where), SUM_ROWS):
            some = target[start : start + SUM_ROWS]
            rows = sums.index_select(0, source[start : start + SUM_ROWS])
            out.index_copy_(0, some, rows.add_(static.index_select(0, some)))


def is_run(slots: Index) -> bool:
    """Whether slots follow one another, as all do in a picture painted afresh."""
    return bool(slots[-1] - slots[0] == len(slots) - 1 and (np.diff(slots) == 1).all())


def _resized(table: Tensor, made: Stamps, slots: int, keep: Index | None) -> tuple[Tensor, Stamps]:
    grown, stamps = table.new_empty(slots, table.shape[1]), np.full(slots, -1, np.int64)
    if keep is not None:
        torch.index_select(table, 0, on_device(keep, table.device), out=grown[: len(keep)])
        stamps[: len(keep)] = made[keep]
    elif len(table):
        count = min(slots, len(table))
        grown[:count] = table[:count]
        stamps[:count] = made[:count]
    return grown, stamps
