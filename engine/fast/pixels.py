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

    def get(self, buffer_name: str, *shape: int, like: Tensor) -> Tensor:
        """A buffer of `shape`, undefined numbers, of `like`'s type and device; valid until its name is next used."""
        number_count = 1
        for side in shape:
            number_count *= side
        flat_buffer = self._buffers.get(buffer_name)
        if (
            flat_buffer is None
            or flat_buffer.numel() < number_count
            or flat_buffer.dtype != like.dtype
            or flat_buffer.device != like.device
        ):
            self._buffers.pop(buffer_name, None)
            self._buffers[buffer_name] = flat_buffer = like.new_empty(number_count)
        return flat_buffer[:number_count].view(shape)

    def clear(self) -> None:
        """Free all buffers."""
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

    def write(self, first_row: int, output_rows: Tensor, workspace: Workspace) -> None:
        """Write the rows from `first_row` on to `output_rows` (rows, W, C). Both ends are even if `doubled`."""
        height, width, channels = output_rows.shape
        piece_height = max(1, PIECE // (width * channels))
        if self.doubled:
            piece_height = max(2, piece_height // 2 * 2)
        for start in range(0, height, piece_height):
            self._write_piece(first_row + start, output_rows[start : start + piece_height], workspace)

    def _write_piece(self, first_row: int, output_rows: Tensor, workspace: Workspace) -> None:
        height, width, channels = output_rows.shape
        table, index = self.rows(first_row * width, (first_row + height) * width)
        fetched_rows = workspace.get("rows", height * width, 2 * channels, like=table)
        torch.index_select(table, 0, index, out=fetched_rows)
        source = self.x[first_row : first_row + height]
        shape: tuple[int, ...] = (height, width, channels)
        if self.doubled:
            source = self.x[first_row // 2 : (first_row + height) // 2, None, :, None]
            shape = (height // 2, 2, width // 2, 2, channels)
        float_output = output_rows
        if output_rows.dtype != table.dtype:
            float_output = workspace.get("exact", height, width, channels, like=table)
        target = float_output.view(shape)
        scale, shift = fetched_rows[:, :channels].view(shape), fetched_rows[:, channels:].view(shape)
        if source.dtype != target.dtype:  # mixed types in one operation are slow
            source = target.copy_(source)
        if self.noise is not None and self.strength is not None:
            noise_rows = self.noise[first_row : first_row + height].view(*shape[:-1], 1)
            torch.addcmul(source, noise_rows, self.strength, out=target)
            source = target
        torch.addcmul(shift, source, scale, out=target)
        if self.slope != 1:
            F.leaky_relu_(float_output, self.slope)
        if float_output is not output_rows:
            output_rows.copy_(float_output)
