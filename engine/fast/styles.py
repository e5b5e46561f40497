"""Style rows: SEAN's style convolution, contracted with one label's style code.

The style map is constant in a region, so its 3 x 3 convolution at a pixel is a sum of nine rows, one per tap, each
of which depends only on the label there, that label's style code and the layer. A row set of a label is (9, 2C):
for every tap, what it adds to the scale and to the shift. Each is computed once per (label, code) and kept, least
recently used out first.

Rows are computed two by two (the last may be alone with zeros; in small layers sixteen), so that each has the same
bytes whether one label's style has changed or all are new. The products go through the weights in blocks that stay
in the cache while all labels that need them take their turn: few labels cost a single pass over the weights, many
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
    array = np.ascontiguousarray(codes.detach().to("cpu", torch.float32).numpy())
    return [
        [(label, hashlib.blake2b(code.tobytes(), digest_size=16).digest()) for label, code in enumerate(entry)]
        for entry in array
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

    @property
    def bytes(self) -> int:
        """Memory of the kept rows."""
        return self._table.numel() * 4

    def use(self, keys: Sequence[StyleKey], codes: Tensor, labels: Sequence[int], now: int) -> tuple[Tensor, Index]:
        """Rows of the picture's labels, made where they are not kept.

        Args:
            keys, codes: of all labels, codes (L, D).
            labels: those in the picture.
            now: the time. `changed[label]` becomes `now` where a label's style is another than at its last use.

        Returns:
            table (R, 9, 2C), whose row 0 is zero; for each code of the coding, its row (0 for those without style).
        """
        for label in labels:
            if self._current.get(label) != keys[label]:
                self._current[label] = keys[label]
                self.changed[label] = now
        places = np.zeros(self.coding.size, np.int64)
        if not self.slots or len(labels) > self.slots:  # more labels than may be kept: made in passing
            table = self._empty(len(labels) + 1)
            self._fill(table, range(1, len(labels) + 1), labels, codes)
            places[list(labels)] = np.arange(1, len(labels) + 1)
            return table, places
        missing = [label for label in labels if keys[label] not in self._places]
        for label in labels:
            if keys[label] in self._places:
                self._places.move_to_end(keys[label])
        self._grow(len(missing))
        if missing:
            rows = self._room(len(missing))
            self._fill(self._table, rows, missing, codes)
            self._places.update((keys[label], row) for label, row in zip(missing, rows, strict=True))
        places[list(labels)] = [self._places[keys[label]] for label in labels]
        return self._table, places

    def _empty(self, rows: int) -> Tensor:
        table = self.weight.new_empty(rows, TAPS, len(self.weight) // TAPS)
        table[0] = 0
        return table

    def _grow(self, more: int) -> None:
        """Grow the table (by a half at least, to the limit at most) if `more` rows may need it."""
        wanted = len(self._places) + more + 1
        if wanted > len(self._table) and len(self._table) < self.slots + 1:
            grown = self._empty(min(self.slots + 1, max(wanted, len(self._table) * 3 // 2)))
            if len(self._table):
                grown[: len(self._table)] = self._table
            self._table = grown

    def _room(self, wanted: int) -> list[int]:
        """`wanted` rows: unused ones first, then those of the least recently used styles."""
        taken = set(self._places.values())
        free = [row for row in range(1, len(self._table)) if row not in taken][:wanted]
        while len(free) < wanted:
            free.append(self._places.popitem(last=False)[1])
        return free

    def _fill(self, table: Tensor, rows: Sequence[int], labels: Sequence[int], codes: Tensor) -> None:
        """Compute the rows of `labels` into `table[rows]`."""
        count = len(labels)
        hidden = self.weight.new_zeros(-(-count // self.together) * self.together, self.weight.shape[1])
        self._transform(hidden[:count], labels, codes)
        step = max(1, BLOCK_BYTES // (self.weight.shape[1] * 4))
        flat = table.view(len(table), -1)
        where = on_device(list(rows), flat.device)
        for start in range(0, len(self.weight), step):
            block = self.weight[start : start + step].t()
            sums = hidden.new_empty(len(hidden), block.shape[1])
            for n in range(0, len(hidden), self.together):
                torch.mm(hidden[n : n + self.together], block, out=sums[n : n + self.together])
            flat[:, start : start + step].index_copy_(0, where, sums[:count])

    def _transform(self, out: Tensor, labels: Sequence[int], codes: Tensor) -> None:
        """The labels' transformed codes -> out (n, H)."""
        if self.small:
            some = on_device(list(labels), out.device)
            made = torch.bmm(self.transform_weight[some], codes[some].unsqueeze(2)).squeeze(2)
            torch.add(made, self.transform_bias[some], out=out).relu_()
            return
        for row, label in zip(out, labels, strict=True):
            torch.mv(self.transform_weight[label], codes[label], out=row)
            row.add_(self.transform_bias[label]).relu_()
