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
    """A part of the picture. Rows and columns of the core and of what is computed for it; ends are exclusive."""

    core: tuple[int, int, int, int]
    extent: tuple[int, int, int, int]

    @property
    def inside(self) -> tuple[slice, slice]:
        """Where the core lies in what is computed."""
        (core_top, core_bottom, core_left, core_right), (top, _, left, _) = self.core, self.extent
        return slice(core_top - top, core_bottom - top), slice(core_left - left, core_right - left)

    @property
    def target(self) -> tuple[slice, slice]:
        """Where the core lies in the picture."""
        core_top, core_bottom, core_left, core_right = self.core
        return slice(core_top, core_bottom), slice(core_left, core_right)

    def source(self, grain: int) -> tuple[slice, slice]:
        """Where what is computed lies in features of which each pixel stands for `grain` x `grain`."""
        tile_top, tile_bottom, tile_left, tile_right = self.extent
        return slice(tile_top // grain, tile_bottom // grain), slice(tile_left // grain, tile_right // grain)


def levels_whole(height: int, width: int, level_count: int) -> int:
    """How many levels, the smallest features first, are computed for the whole picture; all if it is no large one."""
    if height * width <= TILED_FROM or level_count < 2:
        return level_count
    shrinkings = range(level_count - 1, -1, -1)  # how often the size of each level's features is halved
    fitting_count = sum((height >> halvings) * (width >> halvings) <= WHOLE_FEATURES for halvings in shrinkings)
    return min(level_count - 1, max(1, fitting_count))


def margin(block_levels: Sequence[int], whole_count: int, level_count: int) -> int:
    """Pixels of the picture that a tile needs around its core: a multiple of the whole features' grain.

    block_levels: the level of each block. A doubling rounds up to the next pixel below, the last convolution looks
    one pixel far.
    """
    reach = 1 + sum(BLOCK_REACH << (level_count - 1 - level) for level in block_levels if level >= whole_count)
    grain = 1 << (level_count - whole_count)
    return -(-(reach + grain) // grain) * grain


def tiles(height: int, width: int, margin_pixels: int) -> Iterator[Tile]:
    """The tiles of a picture, row by row; all cores together are the picture."""
    for core_top in range(0, height, CORE):
        for core_left in range(0, width, CORE):
            core_bottom, core_right = min(height, core_top + CORE), min(width, core_left + CORE)
            computed = (
                max(0, core_top - margin_pixels),
                min(height, core_bottom + margin_pixels),
                max(0, core_left - margin_pixels),
                min(width, core_right + margin_pixels),
            )
            yield Tile((core_top, core_bottom, core_left, core_right), computed)
