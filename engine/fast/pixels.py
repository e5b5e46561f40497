"""Applying modulation rows to pixels: one gather and one multiply-add, in pieces that stay in the cache.

Features are (H, W, C), channels last in memory. Memory traffic and page faults cost more than arithmetic here, so
buffers are borrowed from a `Workspace` and reused, a layer whose input is to be doubled in size reads the small
input four times, and noise, modulation and activation pass over a piece of rows before the next piece is fetched.
"""

from __future__ import annotations

from collections.abc import Callable

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


def modulate(
    x: Tensor,
    rows: Rows,
    noise: Tensor | None,
    strength: Tensor | None,
    slope: float,
    doubled: bool,
    work: Workspace,
    name: str,
) -> Tensor:
    """leaky_relu((x + noise * strength) * A + B), A and B by pixel.

    Args:
        x: (H, W, C), or (H / 2, W / 2, C) if `doubled`: then each of its pixels stands for 2 x 2.
        rows: where each pixel's A and B are.
        noise: (H, W) or None; strength (C,).
        slope: of the activation; 1 for none.
        work, name: the result is a buffer of this name.

    Returns:
        (H, W, C).
    """
    height, width, channels = x.shape
    if doubled:
        height, width = 2 * height, 2 * width
    out = work.get(name, height, width, channels, like=x)
    step = max(1, PIECE // (width * channels))
    if doubled:
        step = max(2, step // 2 * 2)
    for top in range(0, height, step):
        bottom = min(height, top + step)
        table, index = rows(top * width, bottom * width)
        count = len(index)
        fetched = work.get("rows", count, 2 * channels, like=x)
        torch.index_select(table, 0, index, out=fetched)
        scale, shift = fetched[:, :channels], fetched[:, channels:]
        piece = out[top:bottom]
        if doubled:
            shape: tuple[int, ...] = ((bottom - top) // 2, 2, width // 2, 2, channels)
            source = x[top // 2 : bottom // 2, None, :, None]
        else:
            source, shape = x[top:bottom], (bottom - top, width, channels)
        target, scale, shift = piece.view(shape), scale.view(shape), shift.view(shape)
        if noise is not None and strength is not None:
            torch.addcmul(source, noise[top:bottom].view(*shape[:-1], 1), strength, out=target)
            source = target
        torch.addcmul(shift, source, scale, out=target)
        if slope != 1:
            F.leaky_relu_(piece, slope)
    return out
