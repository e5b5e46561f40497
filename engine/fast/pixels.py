"""Applying modulation rows to pixels: one gather and one multiply-add, in pieces that stay in the cache.

Features are (H, W, C), channels last in memory. Memory traffic and page faults cost more than arithmetic here, so
buffers are borrowed from a `Workspace` and reused, a layer whose input is to be doubled in size reads the small
input four times, and noise, modulation and activation pass over a piece of rows before the next piece is fetched.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

PIECE = 65536  # numbers per piece and buffer: 256 kB

Rows = Callable[[int, int], tuple[Tensor, Tensor]]
"""(first pixel, last pixel + 1) -> table (R, 2C) and each pixel's row (int64)."""


class Workspace:
    """Named buffers that only grow, so that a render touches no fresh memory after the first."""

    def __init__(self) -> None:
        self._buffers: dict[str, Tensor] = {}

    def get(self, name: str, *shape: int, like: Tensor) -> Tensor:
        """A buffer of `shape`, undefined numbers, of `like`'s type and device; valid until its name is next used."""
        count = 1
        for side in shape:
            count *= side
        flat = self._buffers.get(name)
        if flat is None or flat.numel() < count or flat.dtype != like.dtype or flat.device != like.device:
            self._buffers.pop(name, None)
            self._buffers[name] = flat = like.new_empty(count)
        return flat[:count].view(shape)

    @property
    def bytes(self) -> int:
        """Memory of all buffers."""
        return sum(flat.numel() * flat.element_size() for flat in self._buffers.values())

    def clear(self) -> None:
        """Free them."""
        self._buffers.clear()


@dataclass(frozen=True)
class Modulated:
    """leaky_relu((x + noise * strength) * A + B), A and B by pixel: what a normalisation layer makes of x.

    x: (H, W, C), or (H / 2, W / 2, C) if `doubled`: then each of its pixels stands for 2 x 2.
    rows: where each pixel's A and B are.
    noise, strength: (H, W) and (C,), or None.
    slope: of the activation; 1 for none.
    """

    x: Tensor
    rows: Rows
    noise: Tensor | None
    strength: Tensor | None
    slope: float
    doubled: bool

    @property
    def shape(self) -> tuple[int, int, int]:
        """(H, W, C) of the result."""
        height, width, channels = self.x.shape
        return (2 * height, 2 * width, channels) if self.doubled else (height, width, channels)

    def write(self, top: int, out: Tensor, work: Workspace) -> None:
        """Write rows top .. top + len(out) - 1 to `out` (rows, W, C). Both ends are even if `doubled`."""
        height, width, channels = out.shape
        step = max(1, PIECE // (width * channels))
        if self.doubled:
            step = max(2, step // 2 * 2)
        for start in range(0, height, step):
            self._piece(top + start, out[start : start + step], work)

    def _piece(self, top: int, out: Tensor, work: Workspace) -> None:
        height, width, channels = out.shape
        table, index = self.rows(top * width, (top + height) * width)
        fetched = work.get("rows", height * width, 2 * channels, like=table)
        torch.index_select(table, 0, index, out=fetched)
        source = self.x[top : top + height]
        shape: tuple[int, ...] = (height, width, channels)
        if self.doubled:
            source = self.x[top // 2 : (top + height) // 2, None, :, None]
            shape = (height // 2, 2, width // 2, 2, channels)
        exact = out if out.dtype == table.dtype else work.get("exact", height, width, channels, like=table)
        target = exact.view(shape)
        scale, shift = fetched[:, :channels].view(shape), fetched[:, channels:].view(shape)
        if source.dtype != target.dtype:  # mixed types in one operation are slow
            source = target.copy_(source)
        if self.noise is not None and self.strength is not None:
            torch.addcmul(source, self.noise[top : top + height].view(*shape[:-1], 1), self.strength, out=target)
            source = target
        torch.addcmul(shift, source, scale, out=target)
        if self.slope != 1:
            F.leaky_relu_(exact, self.slope)
        if exact is not out:
            out.copy_(exact)
