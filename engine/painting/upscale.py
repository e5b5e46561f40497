"""A small picture at the size of a large label map, with region borders as sharp as the map has them.

A network paints a face well only at about the size it was trained at; a label map may be eight times as large. The
picture is enlarged region by region: each region's colours are first carried on beyond its borders, so that the
smooth enlargement of one region never mixes with its neighbours; then every pixel of the large map takes the colour
of its own region. Where a region has no border near, the result is plain bicubic enlargement.
"""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]
Floats = NDArray[np.float32]

TILE = 128  # pixels of the large picture that are made at a time
REACHES = (5, 11)  # widths, in pixels of the small picture, of the averages that carry colours on beyond a border
SUPPORT = 2  # pixels on either side that bicubic interpolation looks at


def upscale(pixels: Pixels, ids: Pixels, label_map: Pixels, check: Callable[[], None] = lambda: None) -> Pixels:
    """Enlarge a picture along the borders of a larger label map.

    Args:
        pixels: (h, w, 3) uint8, the picture.
        ids: (h, w) uint8, the label map it was painted from.
        label_map: (H, W) uint8, the same regions at full size.
        check: called between tiles; may raise to stop.

    Returns:
        (H, W, 3) uint8.
    """
    height, width = label_map.shape
    rows, columns = _weights(pixels.shape[0], height), _weights(pixels.shape[1], width)
    small = pixels.astype(np.float32)
    filled: dict[int, Floats] = {}
    out = np.empty((height, width, 3), np.uint8)
    for top in range(0, height, TILE):
        check()
        down, from_y, to_y = _band(rows, top)
        for left in range(0, width, TILE):
            across, from_x, to_x = _band(columns, left)
            where = slice(top, top + TILE), slice(left, left + TILE)
            crop = slice(from_y, to_y), slice(from_x, to_x)
            total: Floats | None = None
            for label, share in _shares(label_map, top, left):
                if label not in filled:
                    filled[label] = _carried_on(small, ids == label)
                enlarged = _enlarged(filled[label][crop], down, across)
                if share is not None:
                    enlarged *= share[:, :, None]
                total = enlarged if total is None else total + enlarged
            assert total is not None
            np.rint(total, out=total)
            out[where] = np.clip(total, 0, 255, out=total).astype(np.uint8)
    return out


def _weights(source: int, target: int) -> Floats:
    """(target, source) bicubic interpolation (Keys, a = -0.5; pixel centres at halves), ends repeated."""
    places = (np.arange(target) + 0.5) * source / target - 0.5
    first = np.floor(places).astype(np.int64)
    table = np.zeros((target, source), np.float32)
    for tap in range(1 - SUPPORT, SUPPORT + 1):
        x = np.abs(places - (first + tap))
        near = 1.5 * x**3 - 2.5 * x**2 + 1
        far = -0.5 * x**3 + 2.5 * x**2 - 4 * x + 2
        weight = np.where(x <= 1, near, np.where(x < 2, far, 0))
        np.add.at(table, (np.arange(target), np.clip(first + tap, 0, source - 1)), weight.astype(np.float32))
    return table


def _band(weights: Floats, start: int) -> tuple[Floats, int, int]:
    """The weights of one tile's rows (or columns), and which source pixels they look at."""
    some = weights[start : start + TILE]
    used = np.flatnonzero(some.any(axis=0))
    first, last = int(used[0]), int(used[-1]) + 1
    return np.ascontiguousarray(some[:, first:last]), first, last


def _shares(label_map: Pixels, top: int, left: int) -> list[tuple[int, Floats | None]]:
    """The labels of a tile, each with its share of every pixel: 0 to 1, a pixel wide at borders. None: all of it."""
    y0, x0 = max(0, top - 1), max(0, left - 1)
    around = label_map[y0 : top + TILE + 1, x0 : left + TILE + 1]
    found = np.flatnonzero(np.bincount(around.ravel(), minlength=1))
    if len(found) == 1:
        return [(int(found[0]), None)]
    tile = slice(top - y0, top - y0 + TILE), slice(left - x0, left - x0 + TILE)
    return [(int(label), cv2.GaussianBlur((around == label).astype(np.float32), (3, 3), 0.7)[tile]) for label in found]


def _carried_on(small: Floats, inside: NDArray[np.bool_]) -> Floats:
    """(h, w, 3): the region's own colours inside, the average of those nearby around it, the picture elsewhere."""
    result = small.copy()
    missing = ~inside
    if not missing.any() or not inside.any():
        return result
    mask = inside.astype(np.float32)
    coloured = small * mask[:, :, None]
    for reach in REACHES:
        amount = cv2.blur(mask, (reach, reach))
        colours = cv2.blur(coloured, (reach, reach))
        now = missing & (amount > 1e-4)
        result[now] = colours[now] / amount[now, None]
        missing &= ~now
    return result


def _enlarged(crop: Floats, down: Floats, across: Floats) -> Floats:
    """(h, w, 3) through both sets of weights -> (H, W, 3)."""
    tall = np.tensordot(down, crop, axes=(1, 0))  # (H, w, 3)
    return np.ascontiguousarray(np.matmul(across, tall))
