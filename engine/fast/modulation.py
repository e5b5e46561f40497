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

from collections.abc import Callable, Mapping

import numpy as np
import torch
from torch import Tensor

from engine.fast.branches import Fold, LabelBranch, SpadeBranch, sum_of_nine
from engine.fast.groups import GroupBranch
from engine.fast.levels import Level, Stamps
from engine.fast.neighbourhoods import Codes, Coding, Index, Inner, Neighbourhoods, on_device
from engine.fast.pixels import Workspace
from engine.fast.styles import ChosenStyles, StyleBranch
from engine.nn.modulation import LabelParts, Modulating

SUM_ROWS = 256  # rows of nine-tap sums at a time, which stay in the second-level cache
STRETCH = 2048  # neighbourhoods at a time: bounds the memory in which they are evaluated


BRANCHES: Mapping[str, Callable[[LabelParts, Fold, Tensor, Coding], LabelBranch]] = {
    "dense": SpadeBranch,
    "groups": GroupBranch,
}
"""What evaluates the convolutions of labels, by `LabelParts.branch`."""


class Layer:
    """One normalisation layer: rows per slot of its level.

    Args:
        norm_layer: the literal layer, in eval mode, spectral norm folded.
        coding: of the labels.

    Raises ValueError: the layer's statistics are not fixed.
    """

    def __init__(self, norm_layer: Modulating, coding: Coding) -> None:
        modulation_parts = norm_layer.modulation_parts()
        statistics, styles = modulation_parts.statistics, modulation_parts.styles
        assert statistics.running_mean is not None and statistics.running_var is not None
        running_mean = statistics.running_mean.float()
        scale = torch.rsqrt(statistics.running_var.float() + statistics.eps)
        constant = torch.cat([scale, -running_mean * scale])
        self.styles: StyleBranch | None = None
        fold = Fold(scale, running_mean.new_ones(1), running_mean)
        if styles is not None:
            gamma_share = torch.sigmoid(styles.blend_gamma.detach())
            beta_share = torch.sigmoid(styles.blend_beta.detach())
            style_fold = Fold(scale * gamma_share, beta_share, running_mean)
            constant = constant + style_fold.bias(styles.gamma, styles.beta)
            self.styles = StyleBranch(styles, style_fold.weights(styles.gamma, styles.beta), coding)
            fold = Fold(scale * (1 - gamma_share), 1 - beta_share, running_mean)
        branch = BRANCHES[modulation_parts.labels.branch]
        self.labels: LabelBranch = branch(modulation_parts.labels, fold, constant, coding)
        self.coding, self.channels = coding, len(running_mean)
        self.noise = None if modulation_parts.noise_strength is None else modulation_parts.noise_strength.detach()
        self.number = modulation_parts.layer
        self.row_bytes = 2 * self.channels * 4 * (1 if styles is None else 2) + 2 * 8
        self._static = torch.empty(0, 2 * self.channels, device=running_mean.device)
        self._final = self._static
        self._static_at: Stamps = np.empty(0, np.int64)
        self._final_at: Stamps = np.empty(0, np.int64)
        self._rows: tuple[Tensor, Index] | None = None

    # ------------------------------------------------------------ kept rows

    def resize(self, slot_count: int, kept_slots: Index | None) -> None:
        """See `engine.fast.levels.Table`."""
        self._static, self._static_at = _resize_rows(self._static, self._static_at, slot_count, kept_slots)
        if self.styles is None:
            self._final, self._final_at = self._static, self._static_at
        else:
            self._final, self._final_at = _resize_rows(self._final, self._final_at, slot_count, kept_slots)

    def style(self, chosen: ChosenStyles, time_stamp: int) -> None:
        """Choose the styles of the picture's labels and pieces; see `StyleBranch.use`."""
        if self.styles is not None:
            self._rows = self.styles.use(chosen, time_stamp)

    def forget_style(self) -> None:
        """Let go of the rows that `style` chose; those that are kept are found again."""
        self._rows = None

    def table(
        self, level: Level, neighbourhoods: Neighbourhoods, slots: Index, time_stamp: int, workspace: Workspace
    ) -> Tensor:
        """The kept rows (capacity, 2C), those of `neighbourhoods`, at `slots`, brought up to date at this time."""
        outdated_slots = slots[self._static_at[slots] < level.born[slots]]
        for stretch_start in range(0, len(outdated_slots), STRETCH):
            stretch_slots = outdated_slots[stretch_start : stretch_start + STRETCH]
            inner_places = level.inner(stretch_slots, self.coding)
            if is_run(stretch_slots):
                self.labels.rows(inner_places, self._static[stretch_slots[0] : stretch_slots[-1] + 1], workspace)
            else:
                fresh_rows = workspace.get("made", len(stretch_slots), 2 * self.channels, like=self._static)
                self.labels.rows(inner_places, fresh_rows, workspace)
                self._static.index_copy_(0, on_device(stretch_slots, fresh_rows.device), fresh_rows)
        self._static_at[outdated_slots] = time_stamp
        if self.styles is None:
            return self._static
        codes, centre = neighbourhoods.centres
        changed = self.styles.changed[codes].max(axis=1)[centre]
        stale_slots = np.flatnonzero(self._final_at[slots] < np.maximum(level.born[slots], changed))
        if len(stale_slots):
            self._restyle(codes, centre[stale_slots], self._static, slots[stale_slots], self._final)
            self._final_at[slots[stale_slots]] = time_stamp
        return self._final

    # ------------------------------------------------------------ rows in passing

    def passing(self, neighbourhoods: Neighbourhoods, row_indices: Index, workspace: Workspace) -> Tensor:
        """Rows (N, 2C) of `row_indices` of `neighbourhoods`, not kept: valid until the next call."""
        passing_rows = workspace.get("passing", len(row_indices), 2 * self.channels, like=self._static)
        for stretch_start in range(0, len(row_indices), STRETCH):
            stretch_indices = row_indices[stretch_start : stretch_start + STRETCH]
            inner_places = Inner.of(neighbourhoods.codes[stretch_indices], self.coding)
            self.labels.rows(inner_places, passing_rows[stretch_start : stretch_start + STRETCH], workspace)
        if self.styles is not None:
            codes, centre = neighbourhoods.centres
            self._restyle(codes, centre[row_indices], passing_rows, np.arange(len(row_indices)), passing_rows)
        return passing_rows

    def _restyle(
        self, codes: Codes, centre_index: Index, static_rows: Tensor, row_positions: Index, output_rows: Tensor
    ) -> None:
        """out[where] = static[where] + the nine style rows of the neighbourhoods codes[centre]."""
        assert self._rows is not None
        style_table, style_places = self._rows
        needed_centres = np.zeros(len(codes), bool)
        needed_centres[centre_index] = True
        compact_index = np.cumsum(needed_centres) - 1
        tap_rows = on_device(style_places[codes[needed_centres]] * 9 + np.arange(9), style_table.device)
        style_sums = sum_of_nine(tap_rows, style_table.view(-1, 2 * self.channels))
        target = on_device(row_positions, style_table.device)
        source = on_device(compact_index[centre_index], style_table.device)
        if is_run(row_positions):
            row_run = slice(int(row_positions[0]), int(row_positions[-1]) + 1)
            torch.add(static_rows[row_run], style_sums.index_select(0, source), out=output_rows[row_run])
            return
        for start in range(0, len(row_positions), SUM_ROWS):
            target_rows = target[start : start + SUM_ROWS]
            styled_rows = style_sums.index_select(0, source[start : start + SUM_ROWS])
            output_rows.index_copy_(0, target_rows, styled_rows.add_(static_rows.index_select(0, target_rows)))


def is_run(slots: Index) -> bool:
    """Whether slots follow one another, as all do in a first picture."""
    return bool(slots[-1] - slots[0] == len(slots) - 1 and (np.diff(slots) == 1).all())


def _resize_rows(
    old_table: Tensor, old_stamps: Stamps, slot_count: int, kept_slots: Index | None
) -> tuple[Tensor, Stamps]:
    new_table, new_stamps = old_table.new_empty(slot_count, old_table.shape[1]), np.full(slot_count, -1, np.int64)
    if kept_slots is not None:
        torch.index_select(old_table, 0, on_device(kept_slots, old_table.device), out=new_table[: len(kept_slots)])
        new_stamps[: len(kept_slots)] = old_stamps[kept_slots]
    elif len(old_table):
        copied_rows = min(slot_count, len(old_table))
        new_table[:copied_rows] = old_table[:copied_rows]
        new_stamps[:copied_rows] = old_stamps[:copied_rows]
    return new_table, new_stamps
