"""A small picture at the size of a large label map, with region borders as sharp as the map has them.

A network paints a face well only at about the size it was trained at; a label map may be eight times as large. The
picture is enlarged region by region: each region's colours are first carried on beyond its borders, so that the
smooth enlargement of one region never mixes with its neighbours; then every pixel of the large map takes the colour
of its own region. Where a region has no border near, the result is plain bicubic enlargement.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]
Regions = NDArray[np.integer[Any]]
Floats = NDArray[np.float32]

TILE = 128  # pixels of the large picture that are made at a time
REACHES = (5, 11)  # widths, in pixels of the small picture, of the averages that carry colours on beyond a border
SUPPORT = 2  # pixels on either side that bicubic interpolation looks at


def upscale(
    pixels: Pixels, painted_map: Regions, label_map: Regions, check: Callable[[], None] = lambda: None
) -> Pixels:
    """Enlarge a picture along the borders of a larger label map.

    Args:
        pixels: (h, w, 3) uint8, the picture.
        painted_map: (h, w), the label map it was painted from, or its regions where pieces have styles of their own.
        label_map: (H, W), the same regions at full size.
        check: called between tiles; may raise to stop.

    Returns:
        (H, W, 3) uint8.
    """
    height, width = label_map.shape
    all_row_weights = _bicubic_weights(pixels.shape[0], height)
    all_column_weights = _bicubic_weights(pixels.shape[1], width)
    colours = pixels.astype(np.float32)
    region_colours: dict[int, Floats] = {}
    enlarged_picture = np.empty((height, width, 3), np.uint8)
    for top in range(0, height, TILE):
        check()
        row_weights, first_row, end_row = _tile_weights(all_row_weights, top)
        for left in range(0, width, TILE):
            column_weights, first_column, end_column = _tile_weights(all_column_weights, left)
            tile = slice(top, top + TILE), slice(left, left + TILE)
            source_crop = slice(first_row, end_row), slice(first_column, end_column)
            tile_colours: Floats | None = None
            for label, label_share in _label_shares(label_map, top, left):
                if label not in region_colours:
                    region_colours[label] = _extend_colours(colours, painted_map == label)
                label_colours = _enlarge(region_colours[label][source_crop], row_weights, column_weights)
                if label_share is not None:
                    label_colours *= label_share[:, :, None]
                tile_colours = label_colours if tile_colours is None else tile_colours + label_colours
            assert tile_colours is not None
            np.rint(tile_colours, out=tile_colours)
            enlarged_picture[tile] = np.clip(tile_colours, 0, 255, out=tile_colours).astype(np.uint8)
    return enlarged_picture


def _bicubic_weights(source_size: int, target_size: int) -> Floats:
    """(target, source) bicubic interpolation (Keys, a = -0.5; pixel centres at halves), ends repeated."""
    positions = (np.arange(target_size) + 0.5) * source_size / target_size - 0.5
    source_pixels = np.floor(positions).astype(np.int64)
    table = np.zeros((target_size, source_size), np.float32)
    for tap_offset in range(1 - SUPPORT, SUPPORT + 1):
        distance = np.abs(positions - (source_pixels + tap_offset))
        inner_weight = 1.5 * distance**3 - 2.5 * distance**2 + 1
        outer_weight = -0.5 * distance**3 + 2.5 * distance**2 - 4 * distance + 2
        weight = np.where(distance <= 1, inner_weight, np.where(distance < 2, outer_weight, 0))
        columns = np.clip(source_pixels + tap_offset, 0, source_size - 1)
        np.add.at(table, (np.arange(target_size), columns), weight.astype(np.float32))
    return table


def _tile_weights(weights: Floats, tile_start: int) -> tuple[Floats, int, int]:
    """The weights of one tile's rows (or columns), and which source pixels they look at."""
    tile_weights = weights[tile_start : tile_start + TILE]
    used_pixels = np.flatnonzero(tile_weights.any(axis=0))
    first_pixel, end_pixel = int(used_pixels[0]), int(used_pixels[-1]) + 1
    return np.ascontiguousarray(tile_weights[:, first_pixel:end_pixel]), first_pixel, end_pixel


def _label_shares(label_map: Regions, top: int, left: int) -> list[tuple[int, Floats | None]]:
    """The labels of a tile, each with its share of every pixel: 0 to 1, a pixel wide at borders. None: all of it."""
    first_row, first_column = max(0, top - 1), max(0, left - 1)
    padded_tile = label_map[first_row : top + TILE + 1, first_column : left + TILE + 1]
    present_labels = np.flatnonzero(np.bincount(padded_tile.ravel(), minlength=1))
    if len(present_labels) == 1:
        return [(int(present_labels[0]), None)]
    tile = slice(top - first_row, top - first_row + TILE), slice(left - first_column, left - first_column + TILE)
    shares = [cv2.GaussianBlur((padded_tile == label).astype(np.float32), (3, 3), 0.7) for label in present_labels]
    return [(int(label), share[tile]) for label, share in zip(present_labels, shares, strict=True)]


def _extend_colours(colours: Floats, in_region: NDArray[np.bool_]) -> Floats:
    """(h, w, 3): the region's own colours inside, the average of those nearby around it, the picture elsewhere."""
    filled_colours = colours.copy()
    missing = ~in_region
    if not missing.any() or not in_region.any():
        return filled_colours
    region_mask = in_region.astype(np.float32)
    region_colours = colours * region_mask[:, :, None]
    for blur_width in REACHES:
        region_share = cv2.blur(region_mask, (blur_width, blur_width))
        blurred_colours = cv2.blur(region_colours, (blur_width, blur_width))
        reached = missing & (region_share > 1e-4)
        filled_colours[reached] = blurred_colours[reached] / region_share[reached, None]
        missing &= ~reached
    return filled_colours


def _enlarge(source_crop: Floats, row_weights: Floats, column_weights: Floats) -> Floats:
    """(h, w, 3) through both sets of weights -> (H, W, 3)."""
    enlarged_rows = np.tensordot(row_weights, source_crop, axes=(1, 0))  # (H, w, 3)
    return np.ascontiguousarray(np.matmul(column_weights, enlarged_rows))
