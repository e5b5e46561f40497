"""Style rows: SEAN's style convolution, contracted with one label's style code.

The style map is constant in a region, so its 3 x 3 convolution at a pixel is a sum of nine rows, one per tap, each
of which depends only on the label there, that label's style code and the layer. A row set of a label is (9, 2C):
for every tap, what it adds to the scale and to the shift. Each is computed once per (label, code) and kept, least
recently used out first.

Rows are computed two by two (the last may be alone with zeros; in small layers sixteen), so that each has the same
bytes whether one label's style has changed or all are new. The products go through the weights in blocks that stay
in the cache while every label that needs them is computed: few labels cost a single pass over the weights, many
cost arithmetic only.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from engine.fast.neighbourhoods import Coding, Index, on_device
from engine.nn.modulation import StyleParts

BLOCK_BYTES = 1 << 20
TOGETHER, TOGETHER_SMALL = 4, 16  # styles per product: one costs little more than alone, many less than one by one
SMALL_BYTES = 2 << 20  # of a layer's style weights: time goes into calls, not into reading them
TAPS = 9

StyleKey = tuple[int, bytes]
"""(label, digest of its style code)."""


def style_keys(codes: Tensor) -> list[list[StyleKey]]:
    """Keys of (E, L, D) style codes: one list of L for each of the E entries."""
    code_array = np.ascontiguousarray(codes.detach().to("cpu", torch.float32).numpy())
    return [
        [(label, hashlib.blake2b(code.tobytes(), digest_size=16).digest()) for label, code in enumerate(label_codes)]
        for label_codes in code_array
    ]


class StyleBranch:
    """The style branch of one SEAN layer.

    Args:
        styles: the layer's parts.
        weights: (9, H, 2C) its folded kernels (`engine.fast.modulation.Fold`).
        coding: of the labels.
    """

    def __init__(self, styles: StyleParts, weights: Tensor, coding: Coding) -> None:
        self.transform_weight = styles.weight.detach()
        self.transform_bias = styles.bias.detach()
        self.weight = weights.transpose(1, 2).flatten(0, 1).contiguous()  # (9 * 2C, H)
        self.coding = coding
        self.row_bytes = len(self.weight) * 4
        self.small = self.weight.numel() * 4 <= SMALL_BYTES
        self.together = TOGETHER_SMALL if self.small else TOGETHER
        self.slots = 0
        self.clear()

    def clear(self) -> None:
        """Forget everything and free the memory."""
        self._table = torch.empty(0)
        self._places: OrderedDict[StyleKey, int] = OrderedDict()
        self._current: dict[int, StyleKey] = {}
        self.changed = np.full(self.coding.size, -1, np.int64)

    def use(
        self, style_keys: Sequence[StyleKey], codes: Tensor, labels: Sequence[int], time_stamp: int
    ) -> tuple[Tensor, Index]:
        """Rows of the picture's labels, made where they are not kept.

        Args:
            style_keys, codes: of all labels, codes (L, D).
            labels: those in the picture.
            time_stamp: the time. `changed[label]` becomes it where a label's style is another than at its last use.

        Returns:
            table (R, 9, 2C), whose row 0 is zero; for each code of the coding, its row (0 for those without style).
        """
        for label in labels:
            if self._current.get(label) != style_keys[label]:
                self._current[label] = style_keys[label]
                self.changed[label] = time_stamp
        code_rows = np.zeros(self.coding.size, np.int64)
        if not self.slots or len(labels) > self.slots:  # more labels than may be kept: made in passing
            passing_table = self._empty_table(len(labels) + 1)
            self._fill(passing_table, range(1, len(labels) + 1), labels, codes)
            code_rows[list(labels)] = np.arange(1, len(labels) + 1)
            return passing_table, code_rows
        missing_labels = [label for label in labels if style_keys[label] not in self._places]
        for label in labels:
            if style_keys[label] in self._places:
                self._places.move_to_end(style_keys[label])
        self._grow(len(missing_labels))
        if missing_labels:
            free_rows = self._free_rows(len(missing_labels))
            self._fill(self._table, free_rows, missing_labels, codes)
            missing_keys = [style_keys[label] for label in missing_labels]
            self._places.update(zip(missing_keys, free_rows, strict=True))
        code_rows[list(labels)] = [self._places[style_keys[label]] for label in labels]
        return self._table, code_rows

    def _empty_table(self, row_count: int) -> Tensor:
        table = self.weight.new_empty(row_count, TAPS, len(self.weight) // TAPS)
        table[0] = 0
        return table

    def _grow(self, added_rows: int) -> None:
        """Grow the table (by a half at least, to the limit at most) if `added_rows` rows may need it."""
        wanted_rows = len(self._places) + added_rows + 1
        if wanted_rows > len(self._table) and len(self._table) < self.slots + 1:
            larger_table = self._empty_table(min(self.slots + 1, max(wanted_rows, len(self._table) * 3 // 2)))
            if len(self._table):
                larger_table[: len(self._table)] = self._table
            self._table = larger_table

    def _free_rows(self, wanted_count: int) -> list[int]:
        """`wanted_count` rows: unused ones first, then those of the least recently used styles."""
        taken_rows = set(self._places.values())
        free_rows = [row for row in range(1, len(self._table)) if row not in taken_rows][:wanted_count]
        while len(free_rows) < wanted_count:
            free_rows.append(self._places.popitem(last=False)[1])
        return free_rows

    def _fill(self, table: Tensor, row_indices: Sequence[int], labels: Sequence[int], codes: Tensor) -> None:
        """Compute the rows of `labels` into `table[rows]`."""
        label_count = len(labels)
        hidden = self.weight.new_zeros(-(-label_count // self.together) * self.together, self.weight.shape[1])
        self._transform(hidden[:label_count], labels, codes)
        block_size = max(1, BLOCK_BYTES // (self.weight.shape[1] * 4))
        flat_table = table.view(len(table), -1)
        target_rows = on_device(list(row_indices), flat_table.device)
        for block_start in range(0, len(self.weight), block_size):
            weight_block = self.weight[block_start : block_start + block_size].t()
            block_products = hidden.new_empty(len(hidden), weight_block.shape[1])
            for group_start in range(0, len(hidden), self.together):
                group = slice(group_start, group_start + self.together)
                torch.mm(hidden[group], weight_block, out=block_products[group])
            table_block = flat_table[:, block_start : block_start + block_size]
            table_block.index_copy_(0, target_rows, block_products[:label_count])

    def _transform(self, hidden_codes: Tensor, labels: Sequence[int], codes: Tensor) -> None:
        """The labels' transformed codes -> out (n, H)."""
        if self.small:
            several = labels if len(labels) > 1 else [*labels, *labels]  # a batch of one is summed in another order
            label_indices = on_device(list(several), hidden_codes.device)
            products = torch.bmm(self.transform_weight[label_indices], codes[label_indices].unsqueeze(2)).squeeze(2)
            transformed = products + self.transform_bias[label_indices]
            hidden_codes.copy_(transformed[: len(labels)]).relu_()
            return
        for hidden_code, label in zip(hidden_codes, labels, strict=True):
            torch.mv(self.transform_weight[label], codes[label], out=hidden_code)
            hidden_code.add_(self.transform_bias[label]).relu_()
