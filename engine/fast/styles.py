"""Style rows: SEAN's style convolution, contracted with one label's style code.

The style map is constant in a region, so its 3 x 3 convolution at a pixel is a sum of nine rows, one per tap, each
of which depends only on the label there, that label's style code and the layer. A row set of a label is (9, 2C):
for every tap, what it adds to the scale and to the shift. Each is computed once per (label, code) and kept, least
recently used out first. A piece with a style of its own has a row set as a label has: its label's, with its own code.

Rows are computed two by two (the last may be alone with zeros; in small layers sixteen), so that each has the same
bytes whether one label's style has changed or all are new. The products go through the weights in blocks that stay
in the cache while every label that needs them is computed: few labels cost a single pass over the weights, many
cost arithmetic only.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

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


def style_keys(codes: Tensor, labels: Sequence[int]) -> list[list[StyleKey]]:
    """Keys of (E, R, D) style codes: one list of R for each of the E entries. labels: of the R rows."""
    code_array = np.ascontiguousarray(codes.detach().to("cpu", torch.float32).numpy())
    return [
        [
            (label, hashlib.blake2b(code.tobytes(), digest_size=16).digest())
            for label, code in zip(labels, row_codes, strict=True)
        ]
        for row_codes in code_array
    ]


@dataclass(frozen=True)
class ChosenStyles:
    """The styles that one layer takes for a picture.

    keys, codes: of labels and then pieces; codes (R, D). rows: which of them counts where the picture has a code of the
    coding, for all that have a style.
    """

    keys: Sequence[StyleKey]
    codes: Tensor
    rows: Mapping[int, int]


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

    def use(self, chosen: ChosenStyles, time_stamp: int) -> tuple[Tensor, Index]:
        """Rows of the picture's styles, made where they are not kept.

        Args:
            chosen: the styles, `rows` of the codes that the picture has.
            time_stamp: the time. `changed[code]` becomes it where a code's style is another than at its last use.

        Returns:
            table (R, 9, 2C), whose row 0 is zero; for each code of the coding, its row (0 for those without style).
        """
        style_of = {code: chosen.keys[row] for code, row in chosen.rows.items()}
        beyond = max(style_of, default=0) + 1 - len(self.changed)
        if beyond > 0:
            self.changed = np.concatenate([self.changed, np.full(beyond, -1, np.int64)])
        for code, key in style_of.items():
            if self._current.get(code) != key:
                self._current[code] = key
                self.changed[code] = time_stamp
        code_rows = np.zeros(len(self.changed), np.int64)
        wanted = {chosen.keys[row]: row for row in chosen.rows.values()}  # pieces of one style share its rows
        places: Mapping[StyleKey, int] = self._places
        if not self.slots or len(wanted) > self.slots:  # more styles than may be kept: made in passing
            table = self._empty_table(len(wanted) + 1)
            places = dict(zip(wanted, range(1, len(wanted) + 1), strict=True))
            self._fill(table, list(places.values()), list(wanted.items()), chosen.codes)
        else:
            self._keep(wanted, chosen.codes)
            table = self._table
        code_rows[list(style_of)] = [places[key] for key in style_of.values()]
        return table, code_rows

    def _keep(self, wanted: Mapping[StyleKey, int], codes: Tensor) -> None:
        """Make the rows of styles that are not kept. wanted: the row of each style's code."""
        missing = {key: row for key, row in wanted.items() if key not in self._places}
        for key in wanted:
            if key in self._places:
                self._places.move_to_end(key)
        self._grow(len(missing))
        if missing:
            free_rows = self._free_rows(len(missing))
            self._fill(self._table, free_rows, list(missing.items()), codes)
            self._places.update(zip(missing, free_rows, strict=True))

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

    def _fill(
        self, table: Tensor, row_indices: Sequence[int], styles: Sequence[tuple[StyleKey, int]], codes: Tensor
    ) -> None:
        """Compute the rows of styles, each with the row of its code, into `table[row_indices]`."""
        style_count = len(styles)
        hidden = self.weight.new_zeros(-(-style_count // self.together) * self.together, self.weight.shape[1])
        self._transform(hidden[:style_count], [label for (label, _), _ in styles], codes[[row for _, row in styles]])
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
            table_block.index_copy_(0, target_rows, block_products[:style_count])

    def _transform(self, hidden_codes: Tensor, labels: Sequence[int], codes: Tensor) -> None:
        """Codes (n, D), transformed as those of their labels -> out (n, H)."""
        if self.small:
            twice = 2 if len(labels) == 1 else 1  # a batch of one is summed in another order
            label_indices, codes = on_device([*labels] * twice, hidden_codes.device), codes.repeat(twice, 1)
            products = torch.bmm(self.transform_weight[label_indices], codes.unsqueeze(2)).squeeze(2)
            transformed = products + self.transform_bias[label_indices]
            hidden_codes.copy_(transformed[: len(labels)]).relu_()
            return
        for hidden_code, label, code in zip(hidden_codes, labels, codes, strict=True):
            torch.mv(self.transform_weight[label], code, out=hidden_code)
            hidden_code.add_(self.transform_bias[label]).relu_()
