"""Label maps that are painted on, and their versions: frozen maps that share all tiles in which they are equal.

A live map is one array, as brushes and images need it. A version of it consists of tiles; taking one copies the tiles
that were painted on since the last, and nothing else. So a picture can be rendered of a frozen map in another thread
while the hand paints on, whatever the size of the map.
"""

from __future__ import annotations

import hashlib
from functools import cached_property

import numpy as np

from app.raster.boxes import Box
from app.raster.counting import count_labels
from engine.requests.label_map_data import LabelMapData

TILE = 256  # pixels a side: a copy takes about 10 microseconds


class Tile:
    """A square of a frozen map; smaller at the right and bottom edges. Never changes."""

    def __init__(self, values: bytes, shape: tuple[int, int]) -> None:
        """`values`: the labels row by row, height x width of them."""
        self._values = values  # bytes, not an array: comparing them takes a tenth of the time
        self.pixels = np.frombuffer(values, np.uint8).reshape(shape)  # (height, width), read-only

    def holds(self, values: bytes) -> bool:
        return self._values == values

    def same_as(self, other: Tile) -> bool:
        return self is other or self._values == other._values

    @cached_property
    def digest(self) -> bytes:
        """SHA-256 of the pixels."""
        return hashlib.sha256(self._values).digest()

    @cached_property
    def blank(self) -> bool:
        """Whether it is label 0 everywhere."""
        return self._values == bytes(len(self._values))

    @cached_property
    def areas(self) -> np.ndarray:
        """(256,) int64: how many pixels each label has."""
        return count_labels(self.pixels)


class FrozenMap:
    """A label map, (height, width) uint8, that never changes. Equal maps are equal, whatever they share."""

    __hash__ = None  # type: ignore[assignment]

    def __init__(self, shape: tuple[int, int], tiles: np.ndarray) -> None:
        """`tiles`: (rows, columns) of `Tile`; kept."""
        self.shape = shape
        self._tiles = tiles

    @classmethod
    def of(cls, label_map: np.ndarray) -> FrozenMap:
        """A copy of a label map, (H, W) integers 0-255."""
        height, width = label_map.shape
        tiles = np.empty((-(-height // TILE), -(-width // TILE)), object)
        for row, column in np.ndindex(tiles.shape):
            block = label_map[_span(row), _span(column)].astype(np.uint8, copy=False)
            tiles[row, column] = Tile(block.tobytes(), block.shape)
        return cls((height, width), tiles)

    @classmethod
    def blank(cls, height: int, width: int) -> FrozenMap:
        """Label 0 everywhere; whatever the size, it takes no longer than a few tiles."""
        corner = cls.of(np.zeros((min(height, TILE + height % TILE), min(width, TILE + width % TILE)), np.uint8))
        rows, columns = np.indices((-(-height // TILE), -(-width // TILE)))
        last_row, last_column = rows == rows.max(), columns == columns.max()
        tiles = corner._tiles[np.where(last_row, -1, 0), np.where(last_column, -1, 0)]
        return cls((height, width), tiles)

    @property
    def height(self) -> int:
        return self.shape[0]

    @property
    def width(self) -> int:
        return self.shape[1]

    @property
    def nbytes(self) -> int:
        """What it takes in memory, if it shares nothing."""
        return self.height * self.width

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, FrozenMap):
            return NotImplemented
        if self.shape != other.shape:
            return False
        return self is other or all(a.same_as(b) for a, b in zip(self._tiles.flat, other._tiles.flat, strict=True))

    def array(self) -> np.ndarray:
        """A copy as one array, (height, width) uint8."""
        return self.block(Box(0, 0, self.width, self.height))

    def block(self, box: Box) -> np.ndarray:
        """A copy of the pixels in `box`, which lies inside the map: (box.height, box.width) uint8."""
        pixels = np.zeros((box.height, box.width), np.uint8)  # costs nothing where nothing is written: blank tiles
        for row in range(box.y0 // TILE, -(-box.y1 // TILE)):
            top, bottom = max(box.y0, TILE * row), min(box.y1, TILE * (row + 1))
            for column in range(box.x0 // TILE, -(-box.x1 // TILE)):
                left, right = max(box.x0, TILE * column), min(box.x1, TILE * (column + 1))
                tile = self._tile(row, column)
                if tile.blank:
                    continue
                pixels[top - box.y0 : bottom - box.y0, left - box.x0 : right - box.x0] = tile.pixels[
                    top - TILE * row : bottom - TILE * row, left - TILE * column : right - TILE * column
                ]
        return pixels

    def resized(self, height: int, width: int) -> np.ndarray:
        """The nearest pixels at another size, (height, width) uint8, as `resize_label_map` gives them. Reads no more
        than those: a small copy of a large map is cheap."""
        rows = ((np.arange(height) + 0.5) * self.height / height).astype(np.intp)
        columns = ((np.arange(width) + 0.5) * self.width / width).astype(np.intp)
        row_ends = np.searchsorted(rows, TILE * np.arange(self._tiles.shape[0] + 1))
        column_ends = np.searchsorted(columns, TILE * np.arange(self._tiles.shape[1] + 1))
        pixels = np.empty((height, width), np.uint8)
        for row, column in np.ndindex(self._tiles.shape):
            tile_rows = slice(row_ends[row], row_ends[row + 1])
            tile_columns = slice(column_ends[column], column_ends[column + 1])
            places_inside = rows[tile_rows, None] - TILE * row, columns[None, tile_columns] - TILE * column
            tile = self._tile(row, column)
            pixels[tile_rows, tile_columns] = tile.pixels[places_inside]
        return pixels

    def tile_pixels(self, row: int, column: int) -> np.ndarray:
        """(h, w) uint8, read-only: the pixels of one tile."""
        return self._tile(row, column).pixels

    def _tile(self, row: int, column: int) -> Tile:
        tile: Tile = self._tiles[row, column]
        return tile

    @cached_property
    def data(self) -> LabelMapData:
        """The map as requests hold it, compressed once: tens of milliseconds for some megapixels."""
        return LabelMapData.from_array(self.array())

    @cached_property
    def areas(self) -> np.ndarray:
        """(256,) int64, not to be written: how many pixels each label has. Only tiles are read whose own are not known
        yet: a worker that makes a large map asks for them, so that the window need not count."""
        return sum((tile.areas for tile in self._tiles.flat), start=np.zeros(256, np.int64))

    @property
    def highest(self) -> int:
        """The highest label that is shown."""
        return int(np.flatnonzero(self.areas)[-1])

    def digest(self) -> bytes:
        """Equal for equal maps. Tiles that it shares with a map whose digest is known are not read again."""
        hasher = hashlib.sha256(repr(self.shape).encode("ascii"))
        for tile in self._tiles.flat:
            hasher.update(tile.digest)
        return hasher.digest()

    def repainted(self, live: np.ndarray, touched: np.ndarray) -> FrozenMap:
        """The map with the pixels of `live`, (height, width) uint8, in those tiles that `touched`, (rows, columns)
        bool, names; itself where no pixel differs."""
        tiles = self._tiles.copy()
        changed = False
        for row, column in np.argwhere(touched):
            block = live[_span(row), _span(column)]
            values = block.tobytes()
            if not tiles[row, column].holds(values):
                tiles[row, column] = Tile(values, block.shape)
                changed = True
        return FrozenMap(self.shape, tiles) if changed else self

    @property
    def tiling(self) -> tuple[int, int]:
        """How many rows and columns of tiles there are."""
        rows, columns = self._tiles.shape
        return rows, columns


class LiveMap:
    """A label map that is painted on: `pixels`, (H, W) uint8; code that writes into it says so by `touch`."""

    def __init__(self, frozen: FrozenMap) -> None:
        self.pixels = frozen.array()
        self._frozen = frozen
        self._touched = np.zeros(frozen.tiling, bool)

    def touch(self, box: Box) -> None:
        """The pixels in `box` may be others now."""
        rows = slice(box.y0 // TILE, -(-box.y1 // TILE))
        self._touched[rows, box.x0 // TILE : -(-box.x1 // TILE)] = True

    def take(self, frozen: FrozenMap) -> None:
        """Become another map of the same size, in the same array."""
        for row, column in np.ndindex(frozen.tiling):
            self.pixels[_span(row), _span(column)] = frozen.tile_pixels(row, column)
        self._frozen = frozen
        self._touched[...] = False

    def freeze(self) -> FrozenMap:
        """The map as it is now; the same object as the last one where no pixel is another."""
        if self._touched.any():
            self._frozen = self._frozen.repainted(self.pixels, self._touched)
            self._touched[...] = False
        return self._frozen


def _span(number: int) -> slice:
    return slice(number * TILE, (number + 1) * TILE)
