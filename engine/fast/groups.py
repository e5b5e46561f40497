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


def label_kernel(conv: nn.Conv2d, coding: Coding) -> Tensor:
    """The kernel (hidden, labels [+ 1], 3, 3) that an ungrouped convolution would need to do the same.

    The last channel is that of the edges, if there are; interleaved ones (one per label, all alike) are added up.
    """
    weight, groups = conv.weight.detach(), conv.groups
    dense = weight.new_zeros(conv.out_channels, conv.in_channels, 3, 3)
    for group, (part, own) in enumerate(zip(dense.chunk(groups), weight.chunk(groups), strict=True)):
        part[:, group * weight.shape[1] : (group + 1) * weight.shape[1]] = own
    if coding.edges and conv.in_channels == 2 * coding.labels:
        dense = torch.cat([dense[:, ::2], dense[:, 1::2].sum(1, keepdim=True)], dim=1)
    if dense.shape[1] != coding.labels + coding.edges:
        raise ValueError(f"a convolution of {conv.in_channels} channels is not one of {coding.labels} labels")
    return dense


class GroupBranch:
    """CG-Norm's two grouped convolutions, each part evaluated once per what it depends on; see `SpadeBranch`."""

    def __init__(self, labels: LabelParts, fold: Fold, constant: Tensor, coding: Coding) -> None:
        self.coding = coding
        self.table = coding.weights(label_kernel(labels.shared, coding))
        self.hidden_bias = bias_of(labels.shared)
        self.shape = 2, labels.gamma.groups, labels.gamma.out_channels // labels.gamma.groups
        self.bias = (constant + fold.bias(labels.gamma, labels.beta)).view(self.shape)
        weights = fold.weights(labels.gamma, labels.beta)  # (9, h, 2C), a group's h first inputs
        self.pieces = list(self._pieces(weights.unflatten(2, self.shape).permute(0, 3, 1, 2, 4)))

    def _pieces(self, weights: Tensor) -> Iterator[Piece]:
        """From (9, G, h, 2, C / G)."""
        _, groups, each = self.shape
        some = COLUMNS // (2 * each)
        if some:
            for first in range(0, groups, some):
                which = slice(first, min(groups, first + some))
                yield Piece(first, weights[:, which].flatten(3).contiguous(), (slice(0, 2), which, slice(0, each)))
            return
        for group in range(groups):
            for half in (0, 1):
                for left in range(0, each, COLUMNS):
                    place = slice(half, half + 1), slice(group, group + 1), slice(left, min(each, left + COLUMNS))
                    yield Piece(group, weights[:, place[1], :, half, place[2]].contiguous(), place)

    def rows(self, inner: Inner, out: Tensor, work: Workspace) -> None:
        """See `engine.fast.branches.LabelBranch`."""
        hidden = hidden_rows(inner, self.table, self.hidden_bias, work)
        padded = len(hidden)
        by_group = hidden.view(padded, self.shape[1], -1)
        taps = upload(inner.tap_rows, hidden.device)
        target = out.view(len(out), *self.shape)
        for piece in self.pieces:
            groups, deep, columns = piece.weight.shape[1:]
            weight = piece.weight.flatten(0, 1)
            products = work.get("products", 9, padded, groups, columns, like=out)
            made = work.get("group products", 9 * groups, BATCH, columns, like=out)
            fed = work.get("group hidden", 9, groups, BATCH, deep, like=out)
            for start in range(0, padded, BATCH):
                fed.copy_(by_group[start : start + BATCH, piece.first : piece.first + groups].transpose(0, 1))
                torch.bmm(fed.flatten(0, 1), weight, out=made)
                products[:, start : start + BATCH] = made.unflatten(0, (9, groups)).transpose(1, 2)
            total = sum_of_nine(taps, products.view(-1, groups * columns))
            bias, rows = self.bias[piece.place], target[(slice(None), *piece.place)]
            torch.add(total.view(len(out), groups, *bias.shape[::2]).transpose(1, 2), bias, out=rows)
