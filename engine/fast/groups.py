"""CG-Norm: modulation rows by grouped convolutions (GroupDNet's; engine.nn.grouped).

As SPADE's in `engine.fast.modulation`, group by group. The convolution of the label map becomes table rows of full
width, zero outside the groups that see the label: a sum of nine rows costs the same however many groups there are.
The second convolution multiplies each group's hidden numbers with that group's kernels only. Several
narrow groups, or a part of a wide one, make at most `COLUMNS` columns at a time.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from engine.fast.branches import COLUMNS, Fold, hidden_rows, sum_of_nine
from engine.fast.convolution import bias_of
from engine.fast.neighbourhoods import BATCH, Coding, Inner, upload
from engine.fast.pixels import Workspace
from engine.nn.modulation import LabelParts

Place = tuple[slice, slice, slice]
"""Where numbers go in rows (2, G, C / G): scale or shift or both, which groups, which of their channels."""


@dataclass(frozen=True)
class Piece:
    """Some columns of a layer's second convolution.

    first: their first group.
    weight: (9, groups, h, columns): columns of scale, then of shift, of each group.
    """

    first: int
    weight: Tensor
    place: Place


def label_kernel(convolution: nn.Conv2d, coding: Coding) -> Tensor:
    """The kernel (hidden, labels [+ 1], 3, 3) that an ungrouped convolution would need to do the same.

    The last channel is that of the edges, if there are; interleaved ones (one per label, all alike) are added up.
    """
    weight, group_count = convolution.weight.detach(), convolution.groups
    dense_kernel = weight.new_zeros(convolution.out_channels, convolution.in_channels, 3, 3)
    for group, (group_kernel, group_weight) in enumerate(
        zip(dense_kernel.chunk(group_count), weight.chunk(group_count), strict=True)
    ):
        group_kernel[:, group * weight.shape[1] : (group + 1) * weight.shape[1]] = group_weight
    if coding.edges and convolution.in_channels == 2 * coding.labels:
        dense_kernel = torch.cat([dense_kernel[:, ::2], dense_kernel[:, 1::2].sum(1, keepdim=True)], dim=1)
    if dense_kernel.shape[1] != coding.labels + coding.edges:
        raise ValueError(f"a convolution of {convolution.in_channels} channels is not one of {coding.labels} labels")
    return dense_kernel


class GroupBranch:
    """CG-Norm's two grouped convolutions, each part evaluated once per what it depends on; see `SpadeBranch`."""

    def __init__(self, label_parts: LabelParts, fold: Fold, constant: Tensor, coding: Coding) -> None:
        self.coding = coding
        self.table = coding.weights(label_kernel(label_parts.shared, coding))
        self.hidden_bias = bias_of(label_parts.shared)
        self.shape = 2, label_parts.gamma.groups, label_parts.gamma.out_channels // label_parts.gamma.groups
        self.bias = (constant + fold.bias(label_parts.gamma, label_parts.beta)).view(self.shape)
        weights = fold.weights(label_parts.gamma, label_parts.beta)  # (9, h, 2C), a group's h first inputs
        self.pieces = list(self._pieces(weights.unflatten(2, self.shape).permute(0, 3, 1, 2, 4)))

    def _pieces(self, weights: Tensor) -> Iterator[Piece]:
        """From (9, G, h, 2, C / G)."""
        _, group_count, group_channels = self.shape
        groups_per_piece = COLUMNS // (2 * group_channels)
        if groups_per_piece:
            for first_group in range(0, group_count, groups_per_piece):
                group_slice = slice(first_group, min(group_count, first_group + groups_per_piece))
                place = slice(0, 2), group_slice, slice(0, group_channels)
                yield Piece(first_group, weights[:, group_slice].flatten(3).contiguous(), place)
            return
        for group in range(group_count):
            for scale_or_shift in (0, 1):
                for first_channel in range(0, group_channels, COLUMNS):
                    place = (
                        slice(scale_or_shift, scale_or_shift + 1),
                        slice(group, group + 1),
                        slice(first_channel, min(group_channels, first_channel + COLUMNS)),
                    )
                    yield Piece(group, weights[:, place[1], :, scale_or_shift, place[2]].contiguous(), place)

    def rows(self, inner: Inner, output_rows: Tensor, workspace: Workspace) -> None:
        """See `engine.fast.branches.LabelBranch`."""
        hidden = hidden_rows(inner, self.table, self.hidden_bias, workspace)
        padded_count = len(hidden)
        by_group = hidden.view(padded_count, self.shape[1], -1)
        tap_rows = upload(inner.tap_rows, hidden.device)
        grouped_rows = output_rows.view(len(output_rows), *self.shape)
        for piece in self.pieces:
            group_count, hidden_width, column_count = piece.weight.shape[1:]
            weight = piece.weight.flatten(0, 1)
            products = workspace.get("products", 9, padded_count, group_count, column_count, like=output_rows)
            batch_products = workspace.get("group products", 9 * group_count, BATCH, column_count, like=output_rows)
            batch_hidden = workspace.get("group hidden", 9, group_count, BATCH, hidden_width, like=output_rows)
            for batch_start in range(0, padded_count, BATCH):
                batch = slice(batch_start, batch_start + BATCH)
                batch_hidden.copy_(by_group[batch, piece.first : piece.first + group_count].transpose(0, 1))
                torch.bmm(batch_hidden.flatten(0, 1), weight, out=batch_products)
                products[:, batch] = batch_products.unflatten(0, (9, group_count)).transpose(1, 2)
            tap_sums = sum_of_nine(tap_rows, products.view(-1, group_count * column_count))
            piece_bias, piece_rows = self.bias[piece.place], grouped_rows[(slice(None), *piece.place)]
            tap_sums = tap_sums.view(len(output_rows), group_count, *piece_bias.shape[::2]).transpose(1, 2)
            torch.add(tap_sums, piece_bias, out=piece_rows)
