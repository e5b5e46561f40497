"""The noise of large pictures, without ever holding all of it: a row of tiles has its own, cut from the picture's."""

from __future__ import annotations

import torch
from torch import Tensor

from engine.fast.large import Tile
from engine.nn.blocks import Noise


class RowNoise:
    """Noise that does not know of tiles, for tiles that come row by row.

    A layer's noise is drawn for the whole picture and let go of, but for the lines that this row of tiles wants; the
    next row draws it again.

    Args:
        noise: of the whole picture.
        height, width: of the whole picture.
    """

    def __init__(self, noise: Noise, height: int, width: int) -> None:
        self._noise, self._size = noise, (height, width)
        self._lines = (0, 0)
        self._kept: dict[int, Tensor] = {}

    def of(self, tile: Tile) -> Noise:
        """The noise of a tile: what the whole picture's would be there."""
        tile_lines = tile.extent[:2]
        if tile_lines != self._lines:
            self._lines = tile_lines
            self._kept.clear()

        def draw(layer_number: int, tile_height: int, tile_width: int) -> Tensor:
            grain = (tile_lines[1] - tile_lines[0]) // tile_height
            tile_rows, tile_columns = tile.source(grain)
            if layer_number not in self._kept:
                layer_noise = self._noise(layer_number, self._size[0] // grain, self._size[1] // grain)
                self._kept[layer_number] = layer_noise[..., tile_rows, :].clone(memory_format=torch.contiguous_format)
            return self._kept[layer_number][..., tile_columns]

        return draw
