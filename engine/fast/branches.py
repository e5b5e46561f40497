"""What of a layer's modulation depends on labels alone, once per distinct neighbourhood: SPADE's two convolutions.

Same bytes, cached or fresh: a row never depends on which other rows are made with it. Matrix products take exactly
`BATCH` rows (the last ones padded) and a fixed number of columns; sums of nine are taken one by one, in order.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Protocol

import torch
from torch import Tensor, nn

from engine.fast.convolution import bias_of
from engine.fast.neighbourhoods import BATCH, Coding, Inner, upload
from engine.fast.pixels import Workspace
from engine.nn.modulation import LabelParts

COLUMNS = 128
"""Columns of a matrix product (more where the hidden width is small): nine taps of some hundred rows of them stay in
the second-level cache."""
KERNEL = 128 * 128
"""Numbers of one tap's kernel for so many columns."""


class LabelBranch(Protocol):
    """The part of a layer's modulation that depends on labels alone."""

    def rows(self, inner: Inner, output_rows: Tensor, workspace: Workspace) -> None:
        """Write scale and shift of each neighbourhood to `output_rows` (N, 2C)."""


@dataclass(frozen=True)
class Fold:
    """How gamma and beta of one branch become its share of A and B; factors (C,) or (1,).

    scale = gamma * to_scale; shift = beta * to_shift - mean * scale.
    """

    to_scale: Tensor
    to_shift: Tensor
    mean: Tensor

    def weights(self, gamma_conv: nn.Conv2d, beta_conv: nn.Conv2d) -> Tensor:
        """Kernels (C, H, 3, 3) of both -> (9, H, 2C), one matrix per tap."""
        scale = gamma_conv.weight.detach().permute(2, 3, 1, 0).flatten(0, 1) * self.to_scale
        shift = beta_conv.weight.detach().permute(2, 3, 1, 0).flatten(0, 1) * self.to_shift
        return torch.cat([scale, shift.addcmul_(scale, self.mean, value=-1)], dim=2)

    def bias(self, gamma_conv: nn.Conv2d, beta_conv: nn.Conv2d) -> Tensor:
        """Their biases -> (2C,)."""
        scale = bias_of(gamma_conv) * self.to_scale
        return torch.cat([scale, bias_of(beta_conv) * self.to_shift - self.mean * scale])


class SpadeBranch:
    """SPADE's two convolutions, each part evaluated once per what it depends on.

    The hidden activation depends on 3 x 3 labels: nine table rows (the input is one-hot), ReLU, zero in the void.
    What a hidden activation adds through one tap of the second convolution depends on those labels and the tap: a
    matrix product per tap. A 5 x 5 neighbourhood is a sum of nine such rows. Painted maps have two to three times
    fewer 3 x 3 neighbourhoods than 5 x 5 ones.
    """

    def __init__(self, label_parts: LabelParts, fold: Fold, constant: Tensor, coding: Coding) -> None:
        self.coding = coding
        self.table = coding.weights(label_parts.shared.weight)
        self.hidden_bias = bias_of(label_parts.shared)
        weights = fold.weights(label_parts.gamma, label_parts.beta)
        self.bias = constant + fold.bias(label_parts.gamma, label_parts.beta)
        column_count = min(4 * COLUMNS, max(COLUMNS, KERNEL // weights.shape[1]))
        self.blocks = [block.contiguous() for block in weights.split(column_count, dim=2)]

    def rows(self, inner: Inner, output_rows: Tensor, workspace: Workspace) -> None:
        """See `LabelBranch`."""
        hidden = hidden_rows(inner, self.table, self.hidden_bias, workspace)
        padded_count, hidden_width = hidden.shape
        tap_rows = upload(inner.tap_rows, hidden.device)
        first_column = 0
        for kernel_block in self.blocks:
            column_count = kernel_block.shape[2]
            products = workspace.get("products", 9, padded_count, column_count, like=output_rows)
            for batch_start in range(0, padded_count, BATCH):
                hidden_batch = hidden[batch_start : batch_start + BATCH].expand(9, BATCH, hidden_width)
                torch.bmm(hidden_batch, kernel_block, out=products[:, batch_start : batch_start + BATCH])
            tap_sums = sum_of_nine(tap_rows, products.view(-1, column_count))
            columns = slice(first_column, first_column + column_count)
            torch.add(tap_sums, self.bias[columns], out=output_rows[:, columns])
            first_column += column_count


def hidden_rows(inner: Inner, table: Tensor, bias: Tensor, workspace: Workspace) -> Tensor:
    """ReLU of the first convolution at each 3 x 3 neighbourhood: table (9 * codes, I), bias (I,) -> (padded rows, I).

    The rows that fill the last batch up are zero, and so is row 0, the void outside the picture: it must add nothing
    to the second convolution, whose padding it stands for.
    """
    row_count = len(inner.codes)
    hidden = workspace.get("hidden", inner.padded, table.shape[1], like=table)
    sums = sum_of_nine(upload(inner.table_rows, table.device), table)
    torch.add(sums, bias, out=hidden[:row_count]).relu_()
    hidden[0] = 0
    hidden[row_count:] = 0
    return hidden


def sum_of_nine(row_indices: Tensor, table: Tensor) -> Tensor:
    """(N, 9) rows of a table (R, C) -> (N, C), their sums, added up in order."""
    starts = _starts(len(row_indices), row_indices.device)
    sums: Tensor = torch.embedding_bag(table, row_indices.view(-1), starts, False, 0)[0]
    return sums


STARTS = 1 << 15
"""Where nines start is kept for so many of them: a quarter of a megabyte."""


def _starts(nine_count: int, device: torch.device) -> Tensor:
    if nine_count <= STARTS:
        return _first_starts(device)[:nine_count]
    return torch.arange(0, 9 * nine_count, 9, device=device)


@cache
def _first_starts(device: torch.device) -> Tensor:
    return torch.arange(0, 9 * STARTS, 9, device=device)
