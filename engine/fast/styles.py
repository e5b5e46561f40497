"""Style rows: SEAN's style convolution, contracted with one label's style code.

The style map is constant in a region, so its 3 x 3 convolution at a pixel is a sum of nine rows, one per tap, each
of which depends only on the label there, that label's style code and the layer. A row set of a label is (9, 2C):
for every tap, what it adds to the scale and to the shift. Each is computed once per (label, code) and kept, least
recently used out first.

Rows are always computed `BATCH` labels at a time, missing ones padded with zeros: a matrix product may round
differently for another number of rows, and cached and fresh pictures must have the same bytes.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Sequence

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from engine.fast.neighbourhoods import Coding, Index
from engine.nn.sean import SEAN

BATCH = 16
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


def as_matrix(weight: Tensor) -> Tensor:
    """(C, H, 3, 3) kernel -> (C * 9, H) without copying, after `channels_last_`."""
    return weight.permute(0, 2, 3, 1).flatten(0, 2)


class StyleBranch:
    """The style branch of one SEAN layer, with the batch norm's 1 / sigma and mu and the blending folded in.

    Args:
        norm: a styled SEAN layer whose convolutions are channels last in memory.
        scale: (C,) 1 / sigma.
        mean: (C,) mu.
        coding: of the labels.
    """

    def __init__(self, norm: SEAN, scale: Tensor, mean: Tensor, coding: Coding) -> None:
        self.transform = norm.style_transform
        self.gamma, self.beta = norm.style_gamma, norm.style_beta
        self.channels = len(scale)
        self.coding = coding
        self.to_scale = scale * torch.sigmoid(norm.blend_gamma)
        self.to_shift = torch.sigmoid(norm.blend_beta)
        self.mean = mean
        self.row_bytes = TAPS * 2 * self.channels * 4
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
        table = torch.empty(rows, TAPS, 2 * self.channels, device=self.mean.device)
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
        weight, bias = self.transform.weight, self.transform.bias
        channels = self.channels
        for start in range(0, len(labels), BATCH):
            some = labels[start : start + BATCH]
            hidden = codes.new_zeros(BATCH, weight.shape[1])
            for n, label in enumerate(some):
                hidden[n] = torch.relu(torch.mv(weight[label], codes[label]) + bias[label])
            gamma = F.linear(hidden, as_matrix(self.gamma.weight)).view(BATCH, channels, TAPS).transpose(1, 2)
            beta = F.linear(hidden, as_matrix(self.beta.weight)).view(BATCH, channels, TAPS).transpose(1, 2)
            scale = gamma[: len(some)] * self.to_scale
            where = torch.as_tensor(list(rows[start : start + BATCH]), device=table.device)
            table[where, :, :channels] = scale
            table[where, :, channels:] = beta[: len(some)] * self.to_shift - scale * self.mean
