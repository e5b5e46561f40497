"""Large pictures in bounded memory: the lower levels of the network whole, the upper ones in tiles.

A convolutional generator looks far only where its features are small: a 3 x 3 convolution at a thirty-second of the
size reaches 32 pixels. So the levels whose features are small are computed for the whole picture, which costs little,
and only the upper ones in overlapping tiles, each with so much margin that no pixel of a tile's core depends on where
the tile ends. Tiles are exact, up to the rounding of sums: nothing is blended. Noise is drawn for the whole picture
and cut, so that it does not know of tiles.

Memory beside the network's and the caches': the whole levels' features (at most `WHOLE_FEATURES` pixels of them), one
tile's buffers, the picture, the noise of one row of tiles and, for a moment, one layer's (`engine.fast.large_noise`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

TILED_FROM = 768 * 768
"""Pictures with more pixels are painted in tiles."""
WHOLE_FEATURES = 256 * 256
"""Levels with at most so many feature pixels are computed whole."""
CORE = 512
"""Side of a tile's core in pixels of the picture."""
BLOCK_REACH = 4
"""Pixels of its own level that a block looks at: two convolutions, and a 5 x 5 neighbourhood of labels for each."""


@dataclass(frozen=True)
class Tile:
    """A part of the picture. Rows and columns of the core, and of what is computed for it; ends are exclusive."""

    core: tuple[int, int, int, int]
    whole: tuple[int, int, int, int]

    @property
    def inside(self) -> tuple[slice, slice]:
        """Where the core lies in what is computed."""
        (y0, y1, x0, x1), (top, _, left, _) = self.core, self.whole
        return slice(y0 - top, y1 - top), slice(x0 - left, x1 - left)

    @property
    def target(self) -> tuple[slice, slice]:
        """Where the core lies in the picture."""
        y0, y1, x0, x1 = self.core
        return slice(y0, y1), slice(x0, x1)

    def source(self, grain: int) -> tuple[slice, slice]:
        """Where what is computed lies in features of which each pixel stands for `grain` x `grain`."""
        y0, y1, x0, x1 = self.whole
        return slice(y0 // grain, y1 // grain), slice(x0 // grain, x1 // grain)


def levels_whole(height: int, width: int, levels: int) -> int:
    """How many levels, the smallest features first, are computed for the whole picture; all if it is no large one."""
    if height * width <= TILED_FROM or levels < 2:
        return levels
    fitting = [k for k in range(levels) if (height >> (levels - 1 - k)) * (width >> (levels - 1 - k)) <= WHOLE_FEATURES]
    return min(levels - 1, len(fitting) if fitting else 1)


def margin(block_levels: Sequence[int], whole: int, levels: int) -> int:
    """Pixels of the picture that a tile needs around its core: a multiple of the whole features' grain.

    block_levels: the level of each block. A doubling rounds up to the next pixel below, the last convolution looks
    one pixel far.
    """
    reach = 1 + sum(BLOCK_REACH << (levels - 1 - level) for level in block_levels if level >= whole)
    grain = 1 << (levels - whole)
    return -(-(reach + grain) // grain) * grain


def tiles(height: int, width: int, around: int) -> Iterator[Tile]:
    """The tiles of a picture, row by row; all cores together are the picture."""
    for y0 in range(0, height, CORE):
        for x0 in range(0, width, CORE):
            y1, x1 = min(height, y0 + CORE), min(width, x0 + CORE)
            whole = max(0, y0 - around), min(height, y1 + around), max(0, x0 - around), min(width, x1 + around)
            yield Tile((y0, y1, x0, x1), whole)
